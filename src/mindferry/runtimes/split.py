"""Rows in parts, several at once, on another runtime.

A run of many rows on all threads spends time where its threads wait for each other, and its intermediate tensors leave
the caches. Parts of few rows on one thread each avoid both. The model gets the size of a part as its fixed batch; the
last part is filled up with its last row. As with `Session.run_batched`, rows must not influence each other.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar, TypeAlias

import numpy as np
import numpy.typing as npt

from mindferry import runtimes
from mindferry.errors import OptionError
from mindferry.runtimes import batches
from mindferry.runtimes.base import DEVICES, Device, Runtime, Session, Source
from mindferry.runtimes.declared import declared
from mindferry.types import TensorSpec

if TYPE_CHECKING:
    import onnx_ir as ir

Arrays: TypeAlias = "dict[str, npt.NDArray[Any]]"

_BATCH = "batch"


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """Options of the runtime that splits.

    Attributes:
        runtime: which runs the parts.
        options: of that runtime.
        rows: in a part; a model with a fixed batch takes no other number.
        at_once: how many parts run side by side.
    """

    runtime: str = "onnxruntime"
    options: Mapping[str, Any] = field(default_factory=dict)
    rows: int = 1
    at_once: int = 1


class Split(Runtime):
    """Prepares sessions that split."""

    name: ClassVar[str] = "split"
    formats: ClassVar[tuple[str, ...]] = ("onnx",)
    devices: ClassVar[tuple[str, ...]] = DEVICES
    options: ClassVar[type[Any]] = Options

    def _prepare_impl(self, source: Source, device: Device, options: Options) -> Session:
        if options.runtime == self.name or options.rows < 1 or options.at_once < 1:
            raise OptionError(
                "split takes at least one row, at least one part at once, and another runtime than itself"
            )
        ports = declared(source)
        names = batches.batched(ports.inputs)
        size = batches.size(ports.inputs, ports.outputs, options.rows)
        runtime = runtimes.get(options.runtime)
        if size.filled:
            inner = runtime.prepare(source, device, options.options)
        else:
            model = source.model or _loaded(source)
            with _fixed(model, names, options.rows):
                inner = runtime.prepare(dataclasses.replace(source, model=model), device, options.options)
        return SplitSession(inner, names, options)


class SplitSession(Session):
    """A session that gives parts of its rows to another one."""

    def __init__(self, inner: Session, names: tuple[str, ...], options: Options) -> None:
        inputs = tuple(_freed(spec) if spec.name in names else spec for spec in inner.inputs)
        outputs = tuple(map(_freed, inner.outputs))
        super().__init__("split", inner.device, inputs, outputs, complex_inputs=inner._complex_inputs)
        self._inner, self._names, self._rows = inner, names, options.rows
        self._pool = ThreadPoolExecutor(options.at_once) if options.at_once > 1 else None

    def _run_impl(self, feeds: Arrays) -> Arrays:
        total = len(feeds[self._names[0]])
        if not total:
            raise OptionError("split takes at least one row")
        starts = range(0, total, self._rows)
        part = partial(self._part, feeds, total)
        found = list(map(part, starts) if self._pool is None else self._pool.map(part, starts))
        return (
            found[0] if len(found) == 1 else {name: np.concatenate([one[name] for one in found]) for name in found[0]}
        )

    def _part(self, feeds: Arrays, total: int, start: int) -> Arrays:
        """The outputs of the rows from `start` on."""
        places = np.arange(start, start + self._rows)
        count = min(self._rows, total - start)
        given = {
            name: (array[start : start + count] if count == self._rows else array[np.minimum(places, total - 1)])
            if name in self._names
            else array
            for name, array in feeds.items()
        }
        return {name: array[:count] for name, array in self._inner.run(given).items()}

    def _close_impl(self) -> None:
        if self._pool is not None:
            self._pool.shutdown()
        self._inner.close()


def _loaded(source: Source) -> ir.Model:
    """The model in a file; weights in a file beside it are mapped, since runtimes only find them from the model's file."""
    import onnx_ir as ir

    from mindferry.formats import onnx

    model = onnx.load(source.path)
    for value in model.graph.initializers.values():
        tensor = value.const_value
        if isinstance(tensor, ir.ExternalTensor):
            value.const_value = ir.Tensor(tensor.numpy(), tensor.dtype, name=tensor.name)
    return model


def _freed(spec: TensorSpec) -> TensorSpec:
    return dataclasses.replace(spec, shape=(_BATCH, *spec.shape[1:])) if spec.shape else spec


@contextmanager
def _fixed(model: ir.Model, names: tuple[str, ...], rows: int) -> Iterator[None]:
    """Gives a model with a free batch a fixed one, and takes it back."""
    import onnx_ir as ir

    inputs = [value for value in model.graph.inputs if value.name in names and value.shape is not None]
    symbols = {value.shape[0].value for value in inputs if value.shape and isinstance(value.shape[0], ir.SymbolicDim)}
    symbols.discard(None)
    values = {*inputs, *model.graph.outputs, *(output for node in model.graph for output in node.outputs)}
    before = {value: value.shape for value in values if value.shape is not None}
    try:
        for value, shape in before.items():
            sizes = [rows if isinstance(size, ir.SymbolicDim) and size.value in symbols else size for size in shape]
            value.shape = ir.Shape([rows, *sizes[1:]] if value in inputs else sizes)
        yield
    finally:
        for value, shape in before.items():
            value.shape = shape
