"""What a model file holds and whether it can be converted, without importing onnx and without touching weights."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from os import PathLike
from pathlib import Path
from typing import Any

from mindferry import formats
from mindferry.errors import FormatError
from mindferry.graph import Model, OtherType, ScalarType, SequenceType, TensorType, Type
from mindferry.lowering.catalogue import Outlook, outlook
from mindferry.types import Shape, format_shape

GENERATIONS = {
    "G0": "MindSpore 1.0",
    "G1": "MindSpore 1.1 to 1.10",
    "G2": "MindSpore 2.0 to 2.6",
    "G3": "MindSpore 2.7 on",
}


@dataclass(frozen=True, slots=True)
class Port:
    """An input or output of a model; shape None is an unknown rank."""

    name: str
    dtype: str
    shape: Shape | None

    def __str__(self) -> str:
        return f"{self.name}: {self.dtype}{format_shape(self.shape)}"


@dataclass(frozen=True, slots=True)
class Compiled:
    """What an offline model (OM) tells beside inputs, outputs, weights and operators.

    Attributes:
        soc: the processor that it runs on; simulated: True where no device loads it.
        command: the compiler's command line.
        work_bytes, weight_bytes: what it needs on the device.
        batches, images, dims: the shapes that a call chooses from.
        preparation: what AIPP, the unit that prepares images, does to inputs.
        partitions: the bytes of each part of the file.
    """

    soc: str
    simulated: bool
    command: str
    work_bytes: int
    weight_bytes: int
    batches: tuple[int, ...] = ()
    images: tuple[tuple[int, ...], ...] = ()
    dims: tuple[tuple[int, ...], ...] = ()
    preparation: Mapping[str, str] = field(default_factory=dict)
    partitions: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Summary:
    """A model file's content.

    Attributes:
        format: "mindir", "air", "ckpt", "safetensors", "onnx" or "om".
        generation: the MindIR generation (a key of GENERATIONS), or "".
        opsets: of ONNX files: domain -> version.
        parameters: how many tensors; elements and parameter_bytes: of all of them; dtypes: tensors by element type.
        operators: how often each occurs; for MindIR and AIR those that the result depends on.
        outlook: whether MindFerry has lowerings for a MindIR's or AIR file's operators; None for other formats.
        metadata: what the exporting user recorded.
        compiled: of OM files alone.
    """

    path: str
    file_bytes: int
    format: str
    generation: str = ""
    producer: str = ""
    producer_version: str = ""
    opsets: Mapping[str, int] = field(default_factory=dict)
    inputs: tuple[Port, ...] = ()
    outputs: tuple[Port, ...] = ()
    parameters: int = 0
    elements: int = 0
    parameter_bytes: int = 0
    dtypes: Mapping[str, int] = field(default_factory=dict)
    operators: Mapping[str, int] = field(default_factory=dict)
    outlook: Outlook | None = None
    metadata: Mapping[str, str] = field(default_factory=dict)
    compiled: Compiled | None = None

    @property
    def convertible(self) -> bool | None:
        """True where every primitive has an exact lowering; None for a file that is no source of a conversion."""
        return None if self.outlook is None else not self.outlook.unsupported

    def as_dict(self) -> dict[str, Any]:
        """Plain data, for JSON."""
        data = asdict(self)
        if self.compiled is None:
            del data["compiled"]
        plain = data.pop("outlook")
        if plain is not None:
            plain.pop("primitives")
            data["conversion"] = {"possible": self.convertible, "lowest_opset": plain.pop("opset"), **plain}
        return data


def summarize(path: str | PathLike[str], *, key: bytes | None = None) -> Summary:
    """The summary of a model file.

    Args:
        path: MindIR, AIR, a checkpoint, safetensors, ONNX or OM.
        key: for an encrypted file.

    Raises:
        FileProblem: the file is missing, a folder or unreadable.
        FormatError: it is none of these, broken, or encrypted and the key is missing or wrong.

    Example:
        >>> import mindferry
        >>> summary = summarize(mindferry.demo.path("lenet5.mindir"))
        >>> summary.producer_version, summary.parameters, summary.convertible
        ('2.10.0', 10, True)
    """
    place = Path(path)
    kind = formats.sniff(place)
    if kind == "onnx":
        return _onnx(place)
    if kind == "om":
        return _offline(place)
    if kind == "engine":
        reason = (
            "a TensorRT engine, which only TensorRT on its own GPU reads; inspect the model that it was compiled from"
        )
        raise FormatError(reason, path=place)
    if kind == "mindir":
        from mindferry.formats.mindir import reader

        return _source(place, kind, reader.read(place, key=key))
    if kind == "air":
        from mindferry.formats.air import reader as air

        return _source(place, kind, air.read(place, key=key))
    return _checkpoint(place, kind, key)


def _source(path: Path, kind: str, model: Model) -> Summary:
    expected = outlook(model)
    tensors = [(str(tensor.dtype), tensor.shape, tensor.nbytes) for tensor in model.parameters().values()]
    outputs = [one for one in _tensor_types(model.main.output_type) if not isinstance(one, OtherType)]
    names = ["output"] if len(outputs) == 1 else [f"output_{index}" for index in range(len(outputs))]
    return Summary(
        str(path), path.stat().st_size, kind, model.generation, model.producer, model.producer_version,
        inputs=tuple(_port(item.title, item.type) for item in model.main.inputs if item.type != OtherType("monad")),
        outputs=tuple(_port(name, one) for name, one in zip(names, outputs, strict=True)),
        operators=dict(expected.primitives.most_common()),
        outlook=expected, metadata=dict(model.metadata), **_totals(tensors),
    )  # fmt: skip


def _onnx(path: Path) -> Summary:
    from mindferry.formats.onnx_outline import outline

    found = outline(path)
    return Summary(
        str(path), path.stat().st_size, "onnx", "", found.producer, found.producer_version, found.opsets,
        inputs=tuple(Port(item.name, item.dtype, item.shape) for item in found.inputs),
        outputs=tuple(Port(item.name, item.dtype, item.shape) for item in found.outputs),
        operators=dict(found.operators.most_common()), metadata=found.metadata,
        **_totals((item.dtype, item.shape or (), item.nbytes) for item in found.parameters),
    )  # fmt: skip


def _offline(path: Path) -> Summary:
    from mindferry.formats.om import reader
    from mindferry.formats.om.fields import PARTITIONS

    held = reader.read(path)
    compiler = "the simulated ATC" if held.simulated else "ATC"
    known = held.introduction
    compiled = Compiled(
        held.soc_version, held.simulated, held.text("atc_cmdline"), held.number("memory_size"), held.number("weight_size"),
        known.batches, known.images, known.dims, held.preprocessing,
        {PARTITIONS.get(kind, str(kind)): len(data) for kind, data in held.partitions.items()},
    )  # fmt: skip
    return Summary(
        str(path), path.stat().st_size, "om", producer=compiler, producer_version=held.text("atc_version"),
        inputs=tuple(Port(item.name, item.type, item.shape) for item in known.inputs),
        outputs=tuple(Port(item.name, item.type, item.shape) for item in known.outputs),
        operators=held.operators, compiled=compiled, **_totals(held.constants()),
    )  # fmt: skip


def _checkpoint(path: Path, kind: str, key: bytes | None) -> Summary:
    from mindferry.formats.ckpt import reader, safetensors

    tensors = (reader if kind == "ckpt" else safetensors).read(path, key=key).values()
    totals = _totals((str(tensor.dtype), tensor.shape, tensor.nbytes) for tensor in tensors)
    return Summary(str(path), path.stat().st_size, kind, **totals)


def _totals(tensors: Iterable[tuple[str, Shape, int]]) -> dict[str, Any]:
    dtypes: Counter[str] = Counter()
    elements = size = 0
    for dtype, shape, nbytes in tensors:
        dtypes[dtype] += 1
        elements += math.prod(dim for dim in shape if isinstance(dim, int))
        size += nbytes
    return {
        "parameters": dtypes.total(),
        "elements": elements,
        "parameter_bytes": size,
        "dtypes": dict(dtypes.most_common()),
    }


def _tensor_types(recorded: Type | None) -> Iterator[Type]:
    """The types of a result, tuples taken apart as the converter does."""
    if isinstance(recorded, SequenceType):
        for item in recorded.items or ():
            yield from _tensor_types(item)
    elif recorded is not None:
        yield recorded


def _port(name: str, recorded: Type) -> Port:
    if isinstance(recorded, TensorType):
        return Port(name, str(recorded.dtype), recorded.shape)
    return Port(name, str(recorded), () if isinstance(recorded, ScalarType) else None)
