"""ONNX -> TensorRT engines. TensorRT-RTX compiles for named GPUs on a machine without one, full TensorRT for its own.

TensorRT does two things silently that are refused here: it takes float64 for float32, and it returns nothing, without
an exception, where it fails. Its own words are then in the error.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from mindferry.compilers import tensorrt_library, tensorrt_profiles
from mindferry.compilers.tensorrt_library import Library
from mindferry.errors import BackendFailed, ConvertError, OptionError
from mindferry.formats import _files
from mindferry.formats.onnx_weights import detached

if TYPE_CHECKING:
    import onnx
    import onnx_ir as ir

Progress = Callable[[int, int], None]

PRECISIONS = ("fp32", "tf32", "fp16")

_HALF_FOR_TURING = "compute capability 7.5 has no matrix product in float32: add the precision fp16, or leave 7.5 out"


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """How TensorRT compiles a model.

    Attributes:
        compute_capabilities: of the GPUs to compile for, such as ("8.6", "8.9", "12.0"); () are those that TensorRT-RTX
            itself chooses, or this machine's GPU for full TensorRT.
        profiles: for each input with free dimensions its smallest, usual and largest shape.
        precision: "fp32"; "tf32" lets matrix products round their operands to 10 bits of mantissa; "fp16" converts the
            model to float16 but for its inputs and outputs, and compares it on ONNX Runtime.
        flags: further flags by the names of TensorRT's BuilderFlag, such as ("SPARSE_WEIGHTS",).
        config: attributes of TensorRT's IBuilderConfig, such as {"builder_optimization_level": 5}.
    """

    compute_capabilities: Sequence[str] = ()
    profiles: Mapping[str, Sequence[Sequence[int]]] = field(default_factory=dict)
    precision: str = "fp32"
    flags: Sequence[str] = ()
    config: Mapping[str, Any] = field(default_factory=dict)


def write(model: ir.Model, target: Path, options: Options, progress: Progress | None = None) -> dict[str, Any]:
    """Compiles a model in memory; the target appears whole or not at all.

    Returns:
        TensorRT's version, compute capabilities, precision, profiles, layers, bytes and seconds.

    Raises:
        OptionError: options cannot be meant.
        ConvertError: TensorRT does not take the model; its reasons are listed.
        BackendFailed: TensorRT fails to compile it; its words are in the text.
        NotInstalled: there is no TensorRT.
        FileProblem: the target cannot be written.
    """
    _files.check_target(target)
    engine, facts = build(model, options, progress)
    _files.write(target, engine)
    return facts


def build(model: ir.Model, options: Options, progress: Progress | None = None) -> tuple[memoryview, dict[str, Any]]:
    """The engine's bytes, and facts as `write` returns them."""
    started, library = time.perf_counter(), tensorrt_library.find()
    settings = _Settings(_capabilities(library, options), _flags(library, options), options)
    tensorrt_profiles.require(model, options.profiles)
    facts: dict[str, Any] = {"tensorrt": library.title, "precision": options.precision}
    if options.precision == "fp16":
        from mindferry.compilers import half

        model, facts["fp16_difference"] = half.converted(model, options.profiles)
    message, tensors = detached(model)
    _refuse_float64(message)
    weights = {name: np.ascontiguousarray(tensor.numpy()) for name, tensor in tensors.items()}
    with library.listening():
        engine, facts["layers"] = _compiled(library, message, weights, settings, progress)
    facts["compute_capabilities"] = list(options.compute_capabilities) or "chosen by TensorRT"
    if options.profiles:
        facts["profiles"] = {name: [list(shape) for shape in shapes] for name, shapes in options.profiles.items()}
    facts |= {"bytes": engine.nbytes, "seconds": round(time.perf_counter() - started, 3)}
    return engine, facts


@dataclass(frozen=True, slots=True)
class _Settings:
    """Options in TensorRT's own terms."""

    capabilities: tuple[Any, ...]
    flags: tuple[Any, ...]
    options: Options


def _compiled(
    library: Library,
    message: onnx.ModelProto,
    weights: Mapping[str, npt.NDArray[Any]],
    settings: _Settings,
    progress: Progress | None,
) -> tuple[memoryview, int]:
    """The engine's bytes, and how many layers the network had."""
    trt = library.trt
    builder = trt.Builder(library.logger)
    network = builder.create_network(_creation_flags(trt))
    parser = trt.OnnxParser(network, library.logger)
    _parse(library, parser, message, weights)
    _require_types(trt, network, message)
    config = _config(library, builder, settings)
    tensorrt_profiles.add(builder, config, settings.options.profiles)
    monitor = _monitor(trt, progress)
    config.progress_monitor = monitor
    engine = builder.build_serialized_network(network, config)
    if engine is None:
        raise BackendFailed(f"{library.title} cannot compile this model: {_reason(library.errors)}")
    return memoryview(engine), network.num_layers


def _creation_flags(trt: Any) -> int:
    """Element types are the model's own; TensorRT 10 has to be told."""
    flag = getattr(trt.NetworkDefinitionCreationFlag, "STRONGLY_TYPED", None)
    return 0 if flag is None else 1 << int(flag)


def _parse(library: Library, parser: Any, message: onnx.ModelProto, weights: Mapping[str, npt.NDArray[Any]]) -> None:
    """Reads the model into the parser's network; the weights must outlive both."""
    loaded = parser.load_model_proto(message.SerializeToString()) and all(
        parser.load_initializer(name, array.ctypes.data, array.nbytes) for name, array in weights.items()
    )
    if loaded and parser.parse_model_proto():
        return
    found = [parser.get_error(index) for index in range(parser.num_errors)]
    problems = dict.fromkeys(_problem(error) for error in found)
    raise ConvertError(f"{library.title} does not take this model: {'; '.join(problems) or 'it gives no reason'}")


def _problem(error: Any) -> str:
    """What the parser says of a node; `false` is how it says that it has no such operator."""
    place = " ".join(part for part in (error.node_operator(), error.node_name()) if part)
    text = error.desc()
    reason = "there is no such operator in TensorRT" if text in ("", "false") else " ".join(text.split())
    return f"{place}: {reason}" if place else reason


def _refuse_float64(message: onnx.ModelProto) -> None:
    import onnx

    graph = onnx.shape_inference.infer_shapes(message).graph
    values = (*graph.input, *graph.value_info, *graph.output)
    if wide := [value.name for value in values if value.type.tensor_type.elem_type == onnx.TensorProto.DOUBLE]:
        shown = ", ".join(wide[:3]) + (f" and {len(wide) - 3} more" if len(wide) > 3 else "")
        raise ConvertError(f"TensorRT has no float64 and would silently take float32: {shown}")


def _require_types(trt: Any, network: Any, message: onnx.ModelProto) -> None:
    """Raises where TensorRT gave an input or output another element type than the model."""
    import onnx

    names = {trt.DataType.FLOAT: "FLOAT", trt.DataType.HALF: "FLOAT16", trt.DataType.BF16: "BFLOAT16"}
    tensors = [network.get_input(i) for i in range(network.num_inputs)]
    tensors += [network.get_output(i) for i in range(network.num_outputs)]
    ports = {value.name: value for value in (*message.graph.input, *message.graph.output)}
    wrong = []
    for tensor in tensors:
        declared = onnx.TensorProto.DataType.Name(ports[tensor.name].type.tensor_type.elem_type)
        if (found := names.get(tensor.dtype, tensor.dtype.name)) != declared:
            wrong.append(f"{tensor.name} from {declared} to {found}")
    if wrong:
        raise ConvertError(f"TensorRT would silently change element types: {', '.join(wrong)}")


def _config(library: Library, builder: Any, settings: _Settings) -> Any:
    config = builder.create_builder_config()
    if settings.capabilities:
        config.num_compute_capabilities = len(settings.capabilities)
        for index, capability in enumerate(settings.capabilities):
            config.set_compute_capability(capability, index)
    if settings.options.precision != "tf32":
        config.clear_flag(library.trt.BuilderFlag.TF32)
    for flag in settings.flags:
        config.set_flag(flag)
    for name, value in settings.options.config.items():
        if not hasattr(config, name):
            raise OptionError(f"{library.title}'s IBuilderConfig has no attribute {name!r}")
        setattr(config, name, value)
    return config


def _capabilities(library: Library, options: Options) -> tuple[Any, ...]:
    if options.precision not in PRECISIONS:
        raise OptionError(f"there is no precision {options.precision!r}; choose {', '.join(PRECISIONS)}")
    if not options.compute_capabilities:
        return ()
    if not hasattr(library.trt, "ComputeCapability"):
        raise OptionError(
            f"{library.title} compiles for the GPU of this machine; for named compute capabilities install "
            "TensorRT-RTX: pip install 'mindferry[tensorrt]'"
        )
    known = {_dotted(name): value for name, value in library.trt.ComputeCapability.__members__.items()}
    if unknown := [item for item in options.compute_capabilities if item not in known]:
        has = ", ".join(compute_capabilities(library))
        raise OptionError(f"{library.title} has no compute capability {', '.join(unknown)}; it has {has}")
    return tuple(known[item] for item in dict.fromkeys(options.compute_capabilities))


def compute_capabilities(library: Library) -> tuple[str, ...]:
    """What can be named to compile for; () for full TensorRT, which compiles for the GPU that is there."""
    members = getattr(getattr(library.trt, "ComputeCapability", None), "__members__", {})
    return tuple(name for name in map(_dotted, members) if name[0].isdecimal())


def _dotted(name: str) -> str:
    """`SM86` -> `8.6`, `CURRENT` -> `current`."""
    digits = name.removeprefix("SM")
    return f"{digits[:-1]}.{digits[-1]}" if digits.isdecimal() else name.lower()


def _flags(library: Library, options: Options) -> tuple[Any, ...]:
    known = library.trt.BuilderFlag.__members__
    if unknown := [name for name in options.flags if name not in known or name == "TF32"]:
        has = ", ".join(name for name in known if name != "TF32")
        raise OptionError(f"{library.title} has no flag {', '.join(unknown)}; it has {has}; TF32 is a precision here")
    return tuple(known[name] for name in options.flags)


def _monitor(trt: Any, progress: Progress | None) -> Any:
    """What tells the progress of the outermost phase, the only one whose length is known beforehand."""
    if progress is None:
        return None
    tell: Progress = progress
    base: Any = trt.IProgressMonitor

    class Monitor(base):  # type: ignore[misc]
        """Called by TensorRT, perhaps from several threads."""

        def __init__(self) -> None:
            base.__init__(self)
            self._steps: dict[str, int] = {}

        def phase_start(self, name: str, parent: str | None, steps: int) -> None:
            if parent is None:
                self._steps[name] = steps

        def phase_finish(self, name: str) -> None:
            if steps := self._steps.pop(name, None):
                tell(steps, steps)

        def step_complete(self, name: str, step: int) -> bool:
            if name in self._steps:
                tell(step + 1, self._steps[name])
            return True

    return Monitor()


def _reason(errors: str) -> str:
    return f"{errors}; {_HALF_FOR_TURING}" if "SM75" in errors and "FP32 GEMM" in errors else errors
