"""float32 models -> float16 models, examined on ONNX Runtime: a model that overflows in float16 compiles all the same.

ONNX Runtime's CPU kernels compute most float16 operators in float32 and do not always round in between, so the outputs
alone do not show an overflow. The largest absolute value of every float16 tensor on the way does.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from mindferry.compilers import tensorrt_profiles
from mindferry.errors import ConvertError, NotInstalled, OptionError
from mindferry.formats import onnx as onnx_files
from mindferry.types import TensorSpec

if TYPE_CHECKING:
    import onnx
    import onnx_ir as ir

_MOST_BYTES = 2**31 - 1
_LARGEST = float(np.finfo(np.float16).max)
_SMALLEST = float(np.finfo(np.float16).smallest_subnormal)
_SEEDS = (0, 1)
_MOST_NAMES = 3


def converted(model: ir.Model, profiles: Mapping[str, Sequence[Sequence[int]]]) -> tuple[ir.Model, float]:
    """The model in float16 but for its inputs and outputs, and the largest difference on random inputs.

    The difference is that of outputs over their largest absolute value, on standard normal numbers (zeros and ones where
    the model takes integers) in the profiles' usual shapes. Constants beyond float16 become its largest number.

    Raises:
        NotInstalled: ONNX Runtime, whose converter this is, is missing.
        OptionError: the model is too large for the converter.
        ConvertError: values that are finite in float32 overflow.
    """
    import onnx_ir as ir

    try:
        from onnxruntime.transformers.float16 import convert_float_to_float16
    except ImportError as error:
        raise NotInstalled(f"the precision fp16 needs ONNX Runtime ({error}): pip install 'mindferry[cpu]'") from error
    if onnx_files.weights_size(model) > _MOST_BYTES:
        raise OptionError("the precision fp16 takes at most 2 GB of weights")
    full = ir.to_proto(model)
    half = convert_float_to_float16(
        ir.to_proto(model), keep_io_types=True, max_finite_val=_LARGEST, min_positive_val=_SMALLEST
    )
    return ir.from_proto(half), _difference(full, half, tensorrt_profiles.usual(model, profiles))


def _difference(full: onnx.ModelProto, half: onnx.ModelProto, shapes: Mapping[str, tuple[int, ...]]) -> float:
    largest, overflows = 0.0, set()
    for seed in _SEEDS:
        wanted, bounds = _observed(full, shapes, seed)
        found, half_bounds = _observed(half, shapes, seed)
        overflows |= {
            name for name, bound in half_bounds.items() if not bound <= _LARGEST and np.isfinite(bounds.get(name, 0))
        }
        largest = max([largest, *(_relative(array, found[name]) for name, array in wanted.items())])
    if overflows:
        shown = ", ".join(sorted(overflows)[:_MOST_NAMES])
        more = f" and {len(overflows) - _MOST_NAMES} more" if len(overflows) > _MOST_NAMES else ""
        raise ConvertError(
            f"float16 cannot hold this model: on random inputs {shown}{more} overflow; choose the precision fp32 or tf32"
        )
    return float(f"{largest:.2g}")


def _observed(
    model: onnx.ModelProto, shapes: Mapping[str, tuple[int, ...]], seed: int
) -> tuple[dict[str, npt.NDArray[Any]], dict[str, float]]:
    """The outputs on random inputs, and the largest absolute value of each floating-point tensor on the way."""
    import onnx_ir as ir

    from mindferry import runtimes
    from mindferry.runtimes.base import Device, Source

    watched, names = _watched(model)
    random = np.random.default_rng(seed)
    source = Source("onnx", Path("the model"), model=ir.from_proto(watched))
    with runtimes.get("onnxruntime").prepare(source, Device("cpu")) as session:
        found = session.run({spec.name: _drawn(random, spec, shapes[spec.name]) for spec in session.inputs})
    bounds = {name: float(found.pop(output)) for output, name in names.items()}
    return {name: np.asarray(array) for name, array in found.items()}, bounds


def _watched(model: onnx.ModelProto) -> tuple[onnx.ModelProto, dict[str, str]]:
    """A copy with an output for the largest absolute value of each floating-point tensor, and whose it is."""
    import onnx

    floats = (onnx.TensorProto.FLOAT, onnx.TensorProto.FLOAT16)
    watched = onnx.shape_inference.infer_shapes(model)
    types = {value.name: value.type.tensor_type for value in (*watched.graph.value_info, *watched.graph.output)}
    names: dict[str, str] = {}
    for index, name in enumerate(name for node in model.graph.node for name in node.output):
        kind = types.get(name)
        if kind is None or kind.elem_type not in floats or _is_empty(kind):
            continue
        cast, size, output = (f"mindferry.{part}.{index}" for part in ("float", "size", "largest"))
        watched.graph.node.extend((
            onnx.helper.make_node("Cast", [name], [cast], to=onnx.TensorProto.FLOAT),
            onnx.helper.make_node("Abs", [cast], [size]),
            onnx.helper.make_node("ReduceMax", [size], [output], keepdims=0),
        ))  # fmt: skip
        watched.graph.output.append(onnx.helper.make_tensor_value_info(output, onnx.TensorProto.FLOAT, []))
        names[output] = name
    return watched, names


def _is_empty(kind: onnx.TypeProto.Tensor) -> bool:
    return any(dim.HasField("dim_value") and dim.dim_value == 0 for dim in kind.shape.dim)


def _drawn(random: np.random.Generator, spec: TensorSpec, shape: tuple[int, ...]) -> npt.NDArray[Any]:
    assert spec.dtype is not None
    dtype = spec.dtype.numpy()
    if dtype.kind in "iub":
        return random.integers(0, 2, shape).astype(dtype)
    return random.standard_normal(shape).astype(dtype)


def _relative(wanted: npt.NDArray[Any], found: npt.NDArray[Any]) -> float:
    if wanted.dtype.kind != "f" or not wanted.size:
        return 0.0
    finite = np.isfinite(wanted)
    scale = float(np.max(np.abs(wanted), where=finite, initial=0.0)) or 1.0
    return float(np.max(np.abs(wanted - found), where=finite, initial=0.0)) / scale
