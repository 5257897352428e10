"""The options that set shapes: --input_shape, and the three that give shapes to choose from."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from mindferry.ascend.compiler.arguments import Failure
from mindferry.ascend.profiles import BATCH, DIMS, IMAGE, Profiles
from mindferry.ascend.socs import Soc

_KINDS = {"dynamic_batch_size": BATCH, "dynamic_image_size": IMAGE, "dynamic_dims": DIMS}
_FEWEST = 2
_RANGE = re.compile(r"(\d+)~(\d+|-1)")


@dataclass(frozen=True, slots=True)
class Shapes:
    """What the options say of the inputs.

    Attributes:
        inputs: the shape of each, -1 for what is not fixed.
        ranges: lowest and highest size of each dimension, for inputs that were given one.
        profiles: the shapes to choose from.
    """

    inputs: Mapping[str, tuple[int, ...]]
    ranges: Mapping[str, tuple[tuple[int, int], ...]] = field(default_factory=dict)
    profiles: Profiles = field(default_factory=Profiles)


def read(options: Mapping[str, str], own: Mapping[str, tuple[int, ...] | None], soc: Soc) -> Shapes:
    """The shapes of all inputs.

    Args:
        options: ATC's options.
        own: the model's own shapes, -1 for what is free, None for an unknown rank.

    Raises:
        Failure: the options are broken, or fit neither each other nor the model.
    """
    given, ranges = _input_shape(options.get("input_shape", ""), own, soc)
    inputs = {}
    for name, shape in own.items():
        chosen = given.get(name, shape)
        if chosen is None:
            raise Failure("E10001", f"Value for parameter --input_shape is invalid. Reason: {name} has no known rank.")
        inputs[name] = chosen
    profiles = _profiles(options, soc)
    _check_free(inputs, profiles)
    return Shapes(inputs, ranges, profiles)


def _input_shape(
    text: str, own: Mapping[str, tuple[int, ...] | None], soc: Soc
) -> tuple[dict[str, tuple[int, ...]], dict[str, tuple[tuple[int, int], ...]]]:
    shapes: dict[str, tuple[int, ...]] = {}
    ranges: dict[str, tuple[tuple[int, int], ...]] = {}
    for part in filter(None, text.split(";")):
        name, colon, sizes = part.rpartition(":")
        if not colon:
            raise Failure(
                "E10002", f"Value {part} for parameter --input_shape is invalid. Reason: expected NAME:N,C,H,W."
            )
        if name not in own:
            raise Failure(
                "E10016", f"Opname [{name}] specified in [--input_shape] is not found in the model: {', '.join(own)}."
            )
        pairs = tuple(_size(item.strip(), part, soc) for item in sizes.split(",") if item.strip())
        shapes[name] = tuple(low if low == high else -1 for low, high in pairs)
        if any(low != high for low, high in pairs):
            ranges[name] = pairs
        _check_own(name, shapes[name], own[name])
    return shapes, ranges


def _size(item: str, part: str, soc: Soc) -> tuple[int, int]:
    """The lowest and highest size that a dimension may have; -1 is no limit."""
    if found := _RANGE.fullmatch(item):
        if not soc.shape_ranges:
            raise Failure(
                "E10001", f"Value {part} for parameter --input_shape is invalid. Reason: {soc.name} takes no ranges."
            )
        return int(found[1]), int(found[2])
    if item == "-1":
        return 0, -1
    if not item.isdecimal():
        raise Failure("E10002", f"Value {part} for parameter --input_shape is invalid. Reason: {item} is not a size.")
    if int(item) < 1:
        raise Failure("E10011", f"Shape {part} in --input_shape must be positive.")
    return int(item), int(item)


def _check_own(name: str, given: tuple[int, ...], own: tuple[int, ...] | None) -> None:
    if own is None:
        return
    if len(given) != len(own):
        raise Failure(
            "E10049", f"Dimension count {len(given)} of {name} in --input_shape differs from the model's {len(own)}."
        )
    if any(a != b and b >= 0 for a, b in zip(given, own, strict=True)):
        raise Failure(
            "E10001", f"Value {given} for parameter --input_shape is invalid. Reason: {name} is {own} in the model."
        )


def _profiles(options: Mapping[str, str], soc: Soc) -> Profiles:
    given = [name for name in _KINDS if options.get(name)]
    if len(given) > 1:
        raise Failure("E10009", f"--{' and --'.join(given)} cannot be used together.")
    if not given:
        return Profiles()
    name = given[0]
    separator = "," if name == "dynamic_batch_size" else ";"
    rows = tuple(_row(item, name) for item in options[name].split(separator) if item.strip())
    if len(rows) < _FEWEST:
        raise Failure("E10035", f"--{name} has {len(rows)} profiles; the minimum is {_FEWEST}.")
    if len(rows) > soc.most_profiles:
        raise Failure("E10036", f"--{name} has {len(rows)} profiles; the maximum is {soc.most_profiles}.")
    if len(set(rows)) != len(rows):
        raise Failure("E10039", f"--{name} has the same profile twice.")
    if name == "dynamic_image_size" and any(len(row) != 2 for row in rows):
        raise Failure("E10020", "--dynamic_image_size takes pairs of height and width, such as 224,224;448,448.")
    if len({len(row) for row in rows}) > 1:
        raise Failure("E10045", f"--{name} has profiles of different lengths.")
    return Profiles(_KINDS[name], rows)


def _row(item: str, name: str) -> tuple[int, ...]:
    try:
        row = tuple(int(size) for size in item.split(","))
    except ValueError:
        raise Failure(
            "E10003", f"Value {item} for parameter --{name} is invalid. Reason: it is not a row of sizes."
        ) from None
    if any(size < 1 for size in row):
        raise Failure("E10003", f"Value {item} for parameter --{name} is invalid. Reason: sizes are positive.")
    return row


def _check_free(inputs: Mapping[str, tuple[int, ...]], profiles: Profiles) -> None:
    """Raises Failure where what is free is not what the profiles set."""
    free = [[place for place, size in enumerate(shape) if size < 0] for shape in inputs.values()]
    count = sum(map(len, free))
    if not profiles.kind:
        return
    if not count:
        raise Failure("E10031", "There are profiles, but no size in --input_shape is -1.")
    if profiles.kind == BATCH and any(places not in ([], [0]) for places in free):
        raise Failure("E10018", "With --dynamic_batch_size only the first dimension may be -1.")
    if profiles.kind == IMAGE and not _images_only(list(inputs.values()), free):
        raise Failure(
            "E10019", "With --dynamic_image_size only height and width of an input with 4 dimensions may be -1."
        )
    if profiles.kind == DIMS and count != profiles.width:
        raise Failure(
            "E10046", f"--dynamic_dims has {profiles.width} sizes in a profile, --input_shape has {count} of -1."
        )


def _images_only(shapes: Sequence[tuple[int, ...]], free: Sequence[list[int]]) -> bool:
    return all(not places or (places == [2, 3] and len(shape) == 4) for shape, places in zip(shapes, free, strict=True))
