"""The command `atc` as a whole: it prints what ATC prints, ends with ATC's codes, and writes the file."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import onnx_ir as ir

from mindferry.ascend import aipp, socs
from mindferry.ascend.aipp import Operation
from mindferry.ascend.compiler import arguments, build, profiles, source
from mindferry.ascend.compiler.arguments import Failure
from mindferry.ascend.compiler.build import Options, Report
from mindferry.ascend.compiler.profiles import Shapes
from mindferry.ascend.profiles import DIMS
from mindferry.errors import ConvertError, FileProblem, FormatError, OptionError

FAILED = 255

_MODES = {
    "force_fp16": "fp16", "allow_fp32_to_fp16": "cube", "force_fp32": "cube", "cube_fp16in_fp32out": "cube",
    "must_keep_origin_dtype": "origin", "allow_mix_precision": "mixed", "allow_mix_precision_fp16": "mixed",
}  # fmt: skip
_MODES_V2 = {
    "fp16": "fp16", "origin": "origin", "cube_fp16in_fp32out": "cube", "mixed_float16": "mixed",
}  # fmt: skip
"""Values of --precision_mode and --precision_mode_v2 -> levels of `precision`."""

_OUTPUT_TYPES = {
    "FP32": ir.DataType.FLOAT, "FP16": ir.DataType.FLOAT16, "UINT8": ir.DataType.UINT8, "INT8": ir.DataType.INT8,
    "INT16": ir.DataType.INT16, "UINT16": ir.DataType.UINT16, "INT32": ir.DataType.INT32, "UINT32": ir.DataType.UINT32,
    "INT64": ir.DataType.INT64, "UINT64": ir.DataType.UINT64, "DOUBLE": ir.DataType.DOUBLE,
}  # fmt: skip
_LAYOUTS = ("NCHW", "ND", "NCDHW")


def run(words: Sequence[str], say: Callable[[str], None]) -> tuple[int, Report | None]:
    """Compiles as a command line says; the exit code, and what was made.

    Args:
        words: ATC's arguments.
        say: prints a line.
    """
    say("ATC start working now, please wait for a moment.")
    say(f"note: this is not ATC: {build.NOTICE}")
    try:
        report = compile_model(words)
    except Failure as failure:
        say("ATC run failed, Please check the detail log, Try 'atc --help' for more information")
        say(str(failure))
        return FAILED, None
    say(f"weights: {report.weight_bytes:,} bytes, {report.source_weight_bytes:,} in the model")
    rest = f", and {len(report.unknown)} results whose size only a run can tell" if report.unknown else ""
    say(f"work memory: {report.peak_bytes:,} bytes, {report.naive_bytes:,} without sharing{rest}")
    say("ATC run success, welcome to the next use.")
    return 0, report


def compile_model(words: Sequence[str]) -> Report:
    """Compiles as a command line says.

    Raises:
        Failure: what ATC refuses.
    """
    options = arguments.parse(words)
    soc = _soc(options["soc_version"])
    path, target = (source.check_path(name, options[name]) for name in ("model", "output"))
    level, layout = _level(options), _layout(options)
    model = source.load(path, options["framework"])
    shapes = profiles.read(options, source.own_shapes(model), soc)
    source.check(model, shapes, soc)
    preparation = _preparation(options, shapes, model)
    output_types = _output_types(options.get("output_type", ""), model)
    try:
        return build.build(
            model, _target(target), Options(
                soc=soc.name, inputs=shapes.inputs, ranges=shapes.ranges, profiles=shapes.profiles, precision=level,
                layout=layout, preparation=preparation, output_types=output_types,
                share_memory=options.get("disable_reuse_memory", "0") != "1", command=shlex.join(["atc", *words]),
                titles=options["framework"] == source.ONNX,
            ),
        )  # fmt: skip
    except FileProblem as error:
        raise Failure("E13004", str(error)) from error
    except ConvertError as error:
        raise Failure("E10052" if preparation else "E19999", str(error)) from error


def _soc(name: str) -> socs.Soc:
    try:
        return socs.find(name)
    except OptionError as error:
        raise Failure("E10001", f"Value {name} for parameter --soc_version is invalid. Reason: {error}.") from error


def _target(path: Path) -> Path:
    return path.with_name(f"{path.name}.om")


def _level(options: Mapping[str, str]) -> str:
    mode, second = options.get("precision_mode", ""), options.get("precision_mode_v2", "")
    if mode and second:
        raise Failure("E10047", "--precision_mode and --precision_mode_v2 cannot be used together.")
    table, value, name = (
        (_MODES_V2, second, "precision_mode_v2") if second else (_MODES, mode or "force_fp16", "precision_mode")
    )
    if value not in table:
        raise Failure(
            "E10001", f"Value {value} for parameter --{name} is invalid. Reason: simulated are {', '.join(table)}."
        )
    return table[value]


def _layout(options: Mapping[str, str]) -> str:
    layout = options.get("input_format", "NCHW")
    if layout not in _LAYOUTS:
        raise Failure(
            "E10001", f"Value {layout} for parameter --input_format is invalid. Reason: choose {', '.join(_LAYOUTS)}."
        )
    return layout


def _preparation(options: Mapping[str, str], shapes: Shapes, model: ir.Model) -> dict[str, Operation]:
    """What AIPP does, by input."""
    if not options.get("insert_op_conf"):
        return {}
    path = source.check_path("insert_op_conf", options["insert_op_conf"])
    if options["framework"] == source.AIR:
        raise Failure("E10001", "Value for parameter --insert_op_conf is invalid. Reason: ATC ignores it for AIR.")
    if shapes.profiles.kind == DIMS:
        raise Failure("E10047", "--insert_op_conf and --dynamic_dims cannot be used together.")
    if not path.is_file():
        raise Failure("E10410", f"File {path} does not exist.")
    try:
        operations = aipp.parse(path.read_text("utf-8"))
    except (FormatError, UnicodeDecodeError) as error:
        raise Failure("E10052", f"The AIPP configuration {path} is invalid: {error}") from error
    names = [str(value.name) for value in model.graph.inputs]
    if wrong := [one.rank for one in operations if one.rank >= len(names)]:
        raise Failure("E10052", f"related_input_rank {wrong[0]} is not among the {len(names)} inputs")
    if floats := [names[one.rank] for one in operations if _is_no_float(model, one.rank)]:
        raise Failure("E10034", f"AIPP makes numbers in float16, but the model takes no float32 as {', '.join(floats)}")
    return {names[one.rank]: one for one in operations}


def _is_no_float(model: ir.Model, rank: int) -> bool:
    return model.graph.inputs[rank].dtype is not ir.DataType.FLOAT


def _output_types(text: str, model: ir.Model) -> dict[int, ir.DataType]:
    """The element types that outputs are given, by their place."""
    if not text:
        return {}
    if ":" not in text:
        return dict.fromkeys(range(len(model.graph.outputs)), _output_type(text))
    nodes = build.places(model)
    found = {}
    for part in filter(None, text.split(";")):
        name, _, kind = part.rpartition(":")
        if name not in nodes:
            raise Failure("E10016", f"[{name}] in --output_type is no output of the model: {', '.join(nodes)}.")
        found[nodes[name]] = _output_type(kind)
    return found


def _output_type(text: str) -> ir.DataType:
    if text not in _OUTPUT_TYPES:
        raise Failure(
            "E10001", f"Value {text} for parameter --output_type is invalid. Reason: choose {', '.join(_OUTPUT_TYPES)}."
        )
    return _OUTPUT_TYPES[text]
