"""Runs a session over a user's inputs, in batches, and keeps the results of whatever could be read."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from mindferry.data import aipp, images, nv12
from mindferry.data.description import Description, ImageInput
from mindferry.data.sources import Feed
from mindferry.errors import FileProblem, OptionError
from mindferry.runtimes import batches

if TYPE_CHECKING:
    from mindferry.runtimes.base import Session
    from mindferry.types import TensorSpec

Array = npt.NDArray[Any]
Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Predictions:
    """Outputs by name, and of which rows.

    Attributes:
        names: a name for each row, in order: the image files; () for arrays.
        problems: the images that could not be used, and why.
    """

    outputs: Mapping[str, Array]
    names: tuple[str, ...] = ()
    problems: tuple[str, ...] = field(default=())


def predict_arrays(
    session: Session, feeds: Mapping[str, Feed], *, batch: int | None = None, progress: Progress | None = None
) -> Predictions:
    """The outputs for arrays: in one run, or row by row in batches where a batch size is given.

    Raises:
        BadFeed: the arrays do not fit the model, or do not have the same number of rows.
        OptionError: the model's batch size is another one, or an output has no rows.
    """
    if batch is None:
        return Predictions(session.run(feeds))
    return Predictions(session.run_batched(feeds, batch_size=batch, progress=progress))


def predict_images(
    session: Session,
    paths: Sequence[Path],
    description: Description,
    *,
    batch: int | None = None,
    progress: Progress | None = None,
) -> Predictions:
    """The outputs for images; those that cannot be read are reported and left out.

    Raises:
        OptionError: the model's input cannot be told, or its batch size is not the one asked for.
        BadFeed: the described arrays do not fit the model.
    """
    spec = _image_spec(session.inputs, description)
    size = batches.size(session.inputs, session.outputs, batch).rows or 1
    parts: list[dict[str, Array]] = []
    names: list[str] = []
    problems: list[str] = []
    waiting: list[Array] = []
    with _loader(session, spec, description.input) as load:
        for done, path in enumerate(paths, 1):
            try:
                array = load(path)
                if waiting and waiting[0].shape != array.shape:
                    others = list(waiting[0].shape)
                    raise FileProblem(f"{path}: gives {list(array.shape)}, others {others}; set resize and crop")
            except FileProblem as problem:
                problems.append(str(problem))
            else:
                waiting.append(array)
                names.append(str(path))
            if waiting and (len(waiting) == size or done == len(paths)):
                parts.append(session.run_batched({spec.name: np.stack(waiting)}))
                waiting.clear()
            if progress is not None:
                progress(done, len(paths))
    return Predictions(_joined(parts) if parts else {}, tuple(names), tuple(problems))


@contextmanager
def _loader(session: Session, spec: TensorSpec, image: ImageInput) -> Iterator[Callable[[Path], Array]]:
    """What makes the model's input of an image file: the host, or the device where the model takes NV12."""
    if session.runtime != "acl" or not nv12.taken(spec, image):
        yield partial(images.load, wanted=aipp.for_input(image, spec))
        return
    from mindferry.ascend.media import Images

    with Images(image, device=session.device.index) as decoder:
        yield decoder.load


def _image_spec(specs: Sequence[TensorSpec], description: Description) -> TensorSpec:
    wanted = description.input.name
    found = [spec for spec in specs if wanted is None or spec.name == wanted]
    if len(found) == 1 and len(specs) == 1:
        return found[0]
    listed = ", ".join(map(str, specs))
    if not found:
        raise OptionError(f"{description.path}: input.name is {wanted!r}; the model takes {listed}")
    raise OptionError(f"images feed one input, the model takes {listed}; give it arrays")


def _joined(parts: Sequence[Mapping[str, Array]]) -> dict[str, Array]:
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
