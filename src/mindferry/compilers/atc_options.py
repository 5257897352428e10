"""ATC's options: what they are, what is wrong with them, and the command line that they make."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from mindferry.ascend import socs
from mindferry.errors import OptionError
from mindferry.types import Shape

if TYPE_CHECKING:
    import onnx_ir as ir

PRECISIONS = {"origin": "must_keep_origin_dtype", "fp16": "force_fp16", "mixed": "allow_mix_precision"}
"""How ATC's --precision_mode calls each."""

OUTPUT_TYPES = ("FP32", "FP16", "INT8", "UINT8", "INT16", "UINT16", "INT32", "UINT32", "INT64", "UINT64", "DOUBLE")

_OURS = (
    "mode", "model", "weight", "framework", "output", "soc_version", "input_shape", "input_format", "dynamic_batch_size",
    "dynamic_image_size", "dynamic_dims", "insert_op_conf", "precision_mode", "precision_mode_v2", "output_type",
)  # fmt: skip
_OTHER_FILES = ("external_weight", "om", "json", "singleop")
_PATH = re.compile(r"[\w./\u4e00-\u9fa5-]*", re.ASCII)
_FEWEST_PROFILES = 2
_IMAGE_RANK = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """How ATC compiles a model.

    Attributes:
        soc: the processor, as `mindferry.ascend.socs` names them.
        batch_sizes: the sizes that the free first dimension of every input may take, such as (1, 2, 4, 8).
        image_sizes: (height, width) pairs that the free last two dimensions of an NCHW input may take.
        dims: profiles: for each, the sizes of all free dimensions in order.
        input_shapes: by input name; a dimension that is no number is free.
        aipp: a description (TOML) of the images; the processor then takes their pixels.
        aipp_nv12: they come in NV12, as the device's media units decode JPEG files.
        precision: "origin" keeps the model's element types, "fp16" computes in float16 wherever there is such an
            operator (ATC's own default), "mixed" does so where little is lost.
        output_type: element type of all outputs, such as "FP32"; None keeps the model's.
        extra: further arguments, such as ("--op_select_implmode=high_precision",).
        atc: the command to run; None looks for CANN.
        seconds: after which ATC is ended; None waits as long as it takes.
        line: called with each line that ATC prints; they go to the log of this module in any case.
    """

    soc: str
    batch_sizes: Sequence[int] = ()
    image_sizes: Sequence[Sequence[int]] = ()
    dims: Sequence[Sequence[int]] = ()
    input_shapes: Mapping[str, Shape] = field(default_factory=dict)
    aipp: Path | None = None
    aipp_nv12: bool = False
    precision: str = "origin"
    output_type: str | None = None
    extra: Sequence[str] = ()
    atc: str | None = None
    seconds: float | None = None
    line: Callable[[str], None] | None = None

    @property
    def profiles(self) -> int:
        """How many profiles there are."""
        return len(self.batch_sizes) + len(self.image_sizes) + len(self.dims)


def problems(options: Options, paths: Sequence[Path]) -> list[str]:
    """What is wrong with the options by themselves, and with the paths of the files."""
    return [*_choices(options), *_profiles(options), *_extra(options), *_paths(options, paths)]


def _choices(options: Options) -> Iterator[str]:
    try:
        socs.find(options.soc)
    except OptionError as error:
        yield str(error)
    if options.precision not in PRECISIONS:
        yield f"there is no precision {options.precision!r}; choose {', '.join(PRECISIONS)}"
    if options.output_type is not None and options.output_type not in OUTPUT_TYPES:
        yield f"there is no output type {options.output_type!r}; choose {', '.join(OUTPUT_TYPES)}"
    if options.seconds is not None and not 0 < options.seconds < math.inf:
        yield f"the time-out is {options.seconds}; it must be a positive number of seconds"


def _profiles(options: Options) -> Iterator[str]:
    kinds = {"batch sizes": options.batch_sizes, "image sizes": options.image_sizes, "dimension profiles": options.dims}
    given = {name: list(values) for name, values in kinds.items() if values}
    if len(given) > 1:
        yield f"{' and '.join(given)} exclude each other"
    if options.dims and options.aipp:
        yield "dimension profiles and AIPP exclude each other; use batch sizes or image sizes"
    if options.aipp_nv12 and options.aipp is None:
        yield "images in NV12 need AIPP; name their description"
    if options.aipp_nv12 and options.image_sizes:
        yield "image sizes to choose from and images in NV12 exclude each other; use batch sizes"
    try:
        most = socs.find(options.soc).most_profiles
    except OptionError:
        most = 100
    for name, values in given.items():
        flat = [tuple(value) if isinstance(value, Sequence) else (value,) for value in values]
        if not _FEWEST_PROFILES <= len(flat) <= most:
            yield f"{name}: {len(flat)} given; ATC takes {_FEWEST_PROFILES} to {most} (for one, give --input-shape)"
        if len(set(flat)) < len(flat):
            yield f"{name} are given twice: {_listed(one for one in dict.fromkeys(flat) if flat.count(one) > 1)}"
        if wrong := [one for one in flat if any(not isinstance(size, int) or size < 1 for size in one)]:
            yield f"{name} must be positive: {_listed(wrong)}"
        if name == "image sizes" and any(len(one) != 2 for one in flat):
            yield "an image size is a height and a width"
        if len({len(one) for one in flat}) > 1:
            yield f"{name} differ in how many sizes they have"


def _extra(options: Options) -> Iterator[str]:
    for argument in options.extra:
        name = argument.removeprefix("--").partition("=")[0]
        if not argument.startswith("--") or "=" not in argument:
            yield f"the argument {argument!r} is not --NAME=VALUE"
        elif name in _OURS:
            yield f"--{name} is set by MindFerry's own options"
        elif name in _OTHER_FILES:
            yield f"--{name} makes other files than one OM"


def _paths(options: Options, paths: Sequence[Path]) -> Iterator[str]:
    for path in paths:
        if not _PATH.fullmatch(str(path)):
            bad = "".join(dict.fromkeys(one for one in str(path) if not _PATH.fullmatch(one)))
            yield f"{path}: ATC refuses {bad!r} in a path; it takes letters, digits, _ - . and Chinese"


def shape_problems(model: ir.Model, options: Options) -> list[str]:
    """What is wrong with the shapes and profiles for this model's inputs."""
    inputs = {str(value.name): value for value in model.graph.inputs}
    found = [
        f"{name} is not an input; the model takes {', '.join(inputs)}"
        for name in options.input_shapes.keys() - inputs.keys()
    ]
    shapes: dict[str, Shape | None] = {name: _declared(value) for name, value in inputs.items()}
    for name, shape in options.input_shapes.items():
        declared = shapes.get(name)
        if name in shapes and declared is not None and len(declared) != len(shape):
            found.append(f"{name} has {len(declared)} dimensions, its input shape {len(shape)}")
        shapes[name] = shape
    free = {name: _free(shape) for name, shape in shapes.items() if name in inputs}
    return found + list(_profile_fit(options, shapes, free))


def _profile_fit(
    options: Options, shapes: Mapping[str, Shape | None], free: Mapping[str, tuple[int, ...] | None]
) -> Iterator[str]:
    if not options.profiles:
        return
    if any(axes is None for axes in free.values()):
        yield "profiles need to know the rank of every input; give --input-shape"
        return
    axes = {name: found for name, found in free.items() if found}
    if not axes:
        yield "profiles are given, but every dimension is fixed; free some with --input-shape NAME:batch,3,224,224"
    if options.batch_sizes and (wrong := [name for name, found in axes.items() if found != (0,)]):
        yield f"batch sizes need the first dimension alone to be free, which is not so for {', '.join(wrong)}"
    if options.image_sizes:
        wrong = [name for name, found in axes.items() if len(shapes[name] or ()) != _IMAGE_RANK or found != (2, 3)]
        if wrong:
            yield f"image sizes need height and width of NCHW alone to be free, which is not so for {', '.join(wrong)}"
    count = sum(len(found or ()) for found in free.values())
    if axes and any(len(profile) != count for profile in options.dims):
        yield f"dimension profiles need a size for each of the {count} free dimensions of {', '.join(axes)}"


def _declared(value: ir.Value) -> Shape | None:
    if value.shape is None:
        return None
    return tuple(size if isinstance(size, int) else size.value for size in value.shape)


def _free(shape: Shape | None) -> tuple[int, ...] | None:
    """The axes without a number, or None for an unknown rank."""
    return None if shape is None else tuple(axis for axis, size in enumerate(shape) if not isinstance(size, int))


def _listed(values: Iterator[Sequence[int]] | Sequence[Sequence[int]]) -> str:
    return ", ".join("x".join(map(str, value)) for value in values)


def arguments(options: Options, shapes: Mapping[str, Shape | None], aipp: Path | None) -> list[str]:
    """The arguments of ATC but for the files.

    Args:
        shapes: of the model's inputs, as declared; () in the place of names for a format that has none.
        aipp: the AIPP configuration, or None.
    """
    found = [f"--soc_version={options.soc}", f"--precision_mode={PRECISIONS[options.precision]}"]
    wanted = {name: options.input_shapes.get(name, shape) for name, shape in shapes.items()}
    told = {name: shape for name, shape in wanted.items() if name in options.input_shapes or _free(shape)}
    if options.profiles or told:
        told = told if not options.profiles else wanted
        found.append(
            f"--input_shape={';'.join(f'{name}:{_sizes(shape)}' for name, shape in told.items() if shape is not None)}"
        )
    if options.batch_sizes:
        found.append(f"--dynamic_batch_size={','.join(map(str, options.batch_sizes))}")
    if options.image_sizes:
        found += ["--input_format=NCHW", f"--dynamic_image_size={_profiles_text(options.image_sizes)}"]
    if options.dims:
        found += ["--input_format=ND", f"--dynamic_dims={_profiles_text(options.dims)}"]
    if aipp is not None:
        found.append(f"--insert_op_conf={aipp}")
    if options.output_type is not None:
        found.append(f"--output_type={options.output_type}")
    return [*found, *options.extra]


def _sizes(shape: Shape) -> str:
    return ",".join(str(size) if isinstance(size, int) else "-1" for size in shape)


def _profiles_text(profiles: Sequence[Sequence[int]]) -> str:
    return ";".join(",".join(map(str, profile)) for profile in profiles)
