"""A free batch dimension for a network that was exported with a fixed one, and the proof that it is one.

The literals of a static graph are followed by `lowering.reshaped`; whether every node treats the samples of a batch
independently is then seen by running: two different batches, each alone in the static model, must give what the free
model gives for both of them in one.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx_ir as ir

from mindferry import runtimes
from mindferry.errors import ConvertError, NotInstalled, OptionError
from mindferry.graph import Model, TensorType
from mindferry.runtimes.base import Device, Session, Source
from mindferry.types import Shape

SYMBOL = "batch"
TOLERANCE = 1e-4
"""Largest difference over the largest output."""

Array = npt.NDArray[Any]


@dataclass(frozen=True, slots=True)
class Batch:
    """The batch that a file froze.

    Attributes:
        size: the recorded batch size.
        shapes: input -> its shape with the batch dimension free.
    """

    size: int
    shapes: Mapping[str, Shape]


def is_free(model: Model) -> bool:
    """Whether every input with dimensions has a free first one already."""
    shapes = [item.type.shape for item in model.main.inputs if isinstance(item.type, TensorType) and item.type.shape]
    return bool(shapes) and not any(isinstance(shape[0], int) for shape in shapes)


def frozen_batch(model: Model) -> Batch:
    """The first dimension of the first input, and every input that starts with the same size.

    Raises:
        OptionError: no input has a fixed first dimension.
    """
    shapes = {
        item.title: item.type.shape
        for item in model.main.inputs
        if isinstance(item.type, TensorType) and item.type.shape and isinstance(item.type.shape[0], int)
    }
    if not shapes:
        raise OptionError("no input has a fixed batch dimension that could be made free")
    size = next(iter(shapes.values()))[0]
    assert isinstance(size, int)
    return Batch(size, {name: (SYMBOL, *shape[1:]) for name, shape in shapes.items() if shape[0] == size})


def verify(static: ir.Model, free: ir.Model, batch: Batch, *, path: Path) -> None:
    """Checks by running that the free model computes each batch as the static one does.

    Args:
        static, free: the same network with its recorded and with a free batch dimension.
        path: the source file, for messages.

    Raises:
        NotInstalled: ONNX Runtime is missing.
        ConvertError: an output differs, or has no batch dimension.
    """
    try:
        runtime = runtimes.get("onnxruntime")
    except NotInstalled as error:
        raise NotInstalled(f"a free batch dimension is only given after it was verified by running: {error}") from None
    place = Device("cpu")
    with (
        runtime.prepare(Source("onnx", path, model=static), place, None) as alone,
        runtime.prepare(Source("onnx", path, model=free), place, None) as together,
    ):
        feeds = [_feeds(alone, seed) for seed in (0, 1)]
        feeds[1] |= {name: array for name, array in feeds[0].items() if name not in batch.shapes}
        wanted = [alone.run(one) for one in feeds]
        joined = {
            name: np.concatenate([one[name] for one in feeds]) if name in batch.shapes else feeds[0][name]
            for name in feeds[0]
        }
        found = together.run(joined)
    for index, name in enumerate(found):
        parts = [list(one.values())[index] for one in wanted]
        _compare(name, found[name], parts, batch.size)


def _feeds(session: Session, seed: int) -> dict[str, Array]:
    generator = np.random.default_rng(seed)
    feeds = {}
    for item in session.inputs:
        assert item.dtype is not None
        shape = [size if isinstance(size, int) else 1 for size in item.shape or ()]
        if item.dtype.is_floating:
            feeds[item.name] = generator.standard_normal(shape).astype(item.dtype.numpy())
        else:
            feeds[item.name] = generator.integers(0, 2, shape).astype(item.dtype.numpy())
    return feeds


def _compare(name: str, found: Array, parts: list[Array], size: int) -> None:
    if parts[0].ndim == 0 or parts[0].shape[0] != size:
        raise ConvertError(
            f"output {name} has shape {list(parts[0].shape)}, without a batch dimension of {size} in front"
        )
    wanted = np.concatenate(parts)
    if found.shape != wanted.shape:
        raise ConvertError(f"with a free batch, output {name} has shape {list(found.shape)}, not {list(wanted.shape)}")
    scale = float(np.max(np.abs(wanted), initial=0.0)) or 1.0
    worst = float(np.max(np.abs(found.astype(np.float64) - wanted), initial=0.0)) / scale
    if not worst <= TOLERANCE:
        raise ConvertError(
            f"the samples of a batch are not independent: output {name} differs by {worst:.2g} of its largest value "
            "between a batch of its own and a larger one"
        )
