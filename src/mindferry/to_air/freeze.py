"""Drafts -> the frozen graph that is written, with the format of every tensor."""

from __future__ import annotations

from collections.abc import Sequence

from mindferry.formats.air.model import UNKNOWN_RANK, Attribute, Constant, Descriptor, Graph, Input, Op, Output
from mindferry.to_air.builder import Draft
from mindferry.to_air.values import Value

_BY_IMAGE = frozenset({
    "BNInfer", "DepthToSpace", "GridSampler2D", "LRN", "Resize", "ResizeBilinearV2", "ResizeNearestNeighborV2", "SpaceToDepth",
})  # fmt: skip
"""Operators that take the dimensions of their tensors for image and channel, besides those with an attribute data_format."""

_IMAGE_FORMATS = {4: "NCHW", 5: "NCDHW"}


def freeze(drafts: Sequence[Draft], outputs: Sequence[Value], name: str) -> Graph:
    """The graph of all drafts."""
    images = _images(drafts)
    return Graph(name, tuple(_op(draft, images) for draft in drafts), tuple(_source(value) for value in outputs))


def _images(drafts: Sequence[Draft]) -> set[int]:
    """The values (by identity) that an operator reads or gives as images, so that producer and readers agree."""
    found: set[int] = set()
    for draft in drafts:
        name = draft.definition.name
        if name in _BY_IMAGE or "data_format" in draft.attributes:
            found.update(id(value) for _, value, _ in draft.inputs if value is not None)
            found.update(id(value) for value in draft.results)
        if name == "Data":
            found.update(id(value) for value in draft.results)
    return found


def _op(draft: Draft, images: set[int]) -> Op:
    outputs = tuple(
        Output(name, _descriptor(value, images))
        for name, value in zip(_output_names(draft), draft.results, strict=True)
    )
    attributes = dict(draft.attributes)
    if draft.definition.name == "Const":
        tensor = draft.results[0].tensor
        attributes["value"] = Attribute("Tensor", Constant(outputs[0].descriptor, tensor))  # type: ignore[arg-type]
    inputs = tuple(
        Input(name, "" if value is None else _source(value), _of_input(draft, value, images), optional)
        for name, value, optional in draft.inputs
    )
    return Op(draft.name, draft.definition.name, inputs, outputs, attributes)


def _of_input(draft: Draft, value: Value | None, images: set[int]) -> Descriptor | None:
    """An input's descriptor; the input of Data is not connected, but has that of its output."""
    if draft.definition.name == "Data":
        value = draft.results[0]
    return None if value is None else _descriptor(value, images)


def _output_names(draft: Draft) -> list[str]:
    slots = draft.definition.outputs
    if slots[0].dynamic:
        return [f"{slots[0].name}{index}" for index in range(len(draft.results))]
    return [slot.name for slot in slots]


def _source(value: Value) -> str:
    assert value.draft is not None
    return f"{value.draft.name}:{value.index}"


def _descriptor(value: Value, images: set[int]) -> Descriptor:
    shape = UNKNOWN_RANK if value.shape is None else value.shape
    format_ = _IMAGE_FORMATS.get(len(shape), "ND") if id(value) in images else "ND"
    return Descriptor(value.dtype, shape, format_)
