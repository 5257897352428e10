"""Options of `mindferry convert` for what is compiled: engines (TensorRT) and OM files (ATC)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar

import click

from mindferry.cli.options import ListType, ProfileType, shapes

Function = TypeVar("Function", bound=Callable[..., Any])

_OPTIONS = (
    click.option(
        "--precision", metavar="NAME", help="Of the compiled model. .engine: fp32, tf32, fp16. .om: origin, fp16, mixed."
    ),
    click.option(
        "--compute-capability", "compute_capabilities", metavar="N.N,N.N",
        help=".engine: of the GPUs to compile for, such as 8.6,8.9,12.0.",
    ),
    click.option(
        "--profile", "profiles", type=ProfileType(), multiple=True,
        help=".engine: smallest, usual and largest shape of an input with free dimensions.",
    ),
    click.option("--soc", metavar="NAME", help=".om: the processor, such as Ascend310P3."),
    click.option(
        "--dynamic-image-size", "image_sizes", type=ListType(rows=True), metavar="H,W;H,W",
        help=".om: the heights and widths that the model accepts.",
    ),
    click.option(
        "--dynamic-dims", "dims", type=ListType(rows=True), metavar="N,N;N,N",
        help=".om: the sizes of all free dimensions, one row for each profile.",
    ),
    click.option("--aipp", type=click.Path(path_type=Path), help=".om: preprocessing on the device, from a TOML file."),
    click.option(
        "--aipp-nv12", is_flag=True, default=None, help=".om: with --aipp, the device decodes the images, JPEG files, itself."
    ),
    click.option("--output-type", metavar="NAME", help=".om: element type of the outputs, such as FP32."),
    click.option("--atc", metavar="COMMAND", help=".om: the ATC to run; that of the installed CANN where not given."),
    click.option(
        "--atc-argument", "extra", multiple=True, metavar="TEXT", help=".om: a further argument of ATC; repeatable."
    ),
)  # fmt: skip


def build_options(function: Function) -> Function:
    """Adds the options to a command; `collect` takes their values."""
    for option in reversed(_OPTIONS):
        function = option(function)
    return function


def collect(given: Mapping[str, Any]) -> dict[str, Any]:
    """The values that were given, as `mindferry.convert` takes them for its `build`."""
    found = {name: value for name, value in given.items() if value not in (None, ())}
    if text := found.get("compute_capabilities"):
        found["compute_capabilities"] = tuple(item.strip() for item in text.split(","))
    if profiles := found.get("profiles"):
        found["profiles"] = shapes(profiles, option="--profile")
    return found
