"""One GE operator in an AIR file that protobuf classes make, what it must give, and what it does give."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

import mindferry
from formats.air import protos

Array = npt.NDArray[Any]

PROTO_TYPES = {
    "float32": 1, "float16": 2, "int8": 3, "uint8": 4, "int16": 5, "uint16": 6, "int32": 7, "int64": 8, "uint32": 9,
    "uint64": 10, "bool": 11, "float64": 12,
}  # fmt: skip
ENGINE_TYPES = {"float32": 0, "float16": 1, "int8": 2, "int32": 3, "uint8": 4, "int64": 9, "float64": 11, "bool": 12}


@dataclass(frozen=True, slots=True)
class Kind:
    """An attribute of the type Type."""

    number: int


@dataclass(frozen=True, slots=True)
class Case:
    """An operator applied to arrays.

    Attributes:
        inputs: by GE's names, in the order of the operator's definition; None is an input that is not connected.
        outputs: what it must give; None is an output that nobody asks for.
        constants: the inputs that are Const.
        layouts: of inputs, where it is not ND.
        tolerance: largest difference over the largest element.
        recorded: whether the file records the outputs' types.
    """

    operator: str
    inputs: Mapping[str, Array | None]
    outputs: tuple[Array | None, ...]
    attributes: Mapping[str, Any] = field(default_factory=dict)
    constants: tuple[str, ...] = ()
    layouts: Mapping[str, str] = field(default_factory=dict)
    tolerance: float = 1e-5
    recorded: bool = True

    def __str__(self) -> str:
        shapes = ",".join("-" if one is None else f"{one.dtype}{list(one.shape)}" for one in self.inputs.values())
        return f"{self.operator}({shapes}){dict(self.attributes) or ''}"

    def feeds(self) -> dict[str, Array]:
        return {
            f"in_{name}": array
            for name, array in self.inputs.items()
            if array is not None and name not in self.constants
        }

    def message(self) -> Any:
        """The AIR model: Data and Const ops, and the operator."""
        classes = protos.classes()
        graph = classes["Graph"](name="g")
        op = classes["Op"](name="node", type=self.operator)
        index = 0
        for name, array in self.inputs.items():
            if array is None:
                op.input.append("")
                op.input_desc.add(layout="FORMAT_RESERVED")
                continue
            desc = descriptor(array, self.layouts.get(name, "ND"))
            op.input.append(f"in_{name}:0")
            op.input_desc.append(desc)
            if name in self.constants:
                source = graph.op.add(name=f"in_{name}", type="Const", output_desc=[desc])
                source.attr["value"].t.CopyFrom(classes["Tensor"](desc=desc, data=array.tobytes()))
            else:
                source = graph.op.add(name=f"in_{name}", type="Data", input=[""], input_desc=[desc], output_desc=[desc])
                source.attr["index"].i = index
                index += 1
        name_map(op, "_input_name", list(self.inputs))
        for name, value in self.attributes.items():
            set_attribute(op.attr[name], value)
        for place, array in enumerate(self.outputs):
            op.output_desc.append(
                descriptor(array) if array is not None and self.recorded else classes["Desc"](dtype=1, layout="ND")
            )
            if array is not None:
                graph.output.append(f"node:{place}")
        graph.op.append(op)
        return classes["Model"](graph=[graph])

    def run(self, folder: Path, opset: int) -> list[Array]:
        """What the product makes of the file, on ONNX Runtime."""
        path = folder / "case.air"
        path.write_bytes(self.message().SerializeToString(deterministic=True))
        with mindferry.open(path, opset=opset) as session:
            return list(session.run(self.feeds()).values())

    def wanted(self) -> list[Array]:
        return [one for one in self.outputs if one is not None]


def descriptor(array: Array, layout: str = "ND") -> Any:
    """A tensor's descriptor as the vendor writes it."""
    classes = protos.classes()
    desc = classes["Desc"](
        dtype=PROTO_TYPES[array.dtype.name], shape=classes["Shape"](dim=array.shape), layout=layout, has_out_attr=True,
        device_type="NPU", real_dim_cnt=array.ndim,
    )  # fmt: skip
    desc.attr["origin_format"].s = layout.encode()
    desc.attr["origin_shape"].list.CopyFrom(classes["List"](i=array.shape, val_type=2))
    return desc


def name_map(op: Any, prefix: str, names: list[str]) -> None:
    """Names and places of inputs or outputs, sorted by name."""
    order = sorted(range(len(names)), key=names.__getitem__)
    op.attr[f"{prefix}_key"].list.s.extend(names[place].encode() for place in order)
    op.attr[f"{prefix}_value"].list.i.extend(order)


def set_attribute(attribute: Any, value: Any) -> None:
    """Stores a Python value as an AttrDef."""
    if isinstance(value, bool):
        attribute.b = value
    elif isinstance(value, int):
        attribute.i = value
    elif isinstance(value, float):
        attribute.f = value
    elif isinstance(value, str):
        attribute.s = value.encode()
    elif isinstance(value, Kind):
        attribute.dt = value.number
    elif value and isinstance(value[0], list | tuple):
        for row in value:
            attribute.list_list_int.list_list_i.add(list_i=row)
    elif value and isinstance(value[0], float):
        attribute.list.f.extend(value)
        attribute.list.val_type = 3
    elif value and isinstance(value[0], str):
        attribute.list.s.extend(one.encode() for one in value)
        attribute.list.val_type = 1
    else:
        attribute.list.i.extend(value)
        attribute.list.val_type = 2


def numbers(*shape: int, seed: int = 0, dtype: str = "float32", low: float = -2.0, high: float = 2.0) -> Array:
    """Reproducible random numbers."""
    generator = np.random.default_rng(seed)
    if np.dtype(dtype).kind == "f":
        return generator.uniform(low, high, shape).astype(dtype)
    return generator.integers(int(low), int(high) + 1, shape).astype(dtype)


def vector(*values: int, dtype: str = "int32") -> Array:
    return np.array(values, dtype)
