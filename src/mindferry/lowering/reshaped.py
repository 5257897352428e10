"""Shapes that a file froze, where the user has replaced an input's shape.

A file that was exported for batch 1 holds literals such as Reshape(x, (1, 196, 768)), although the network computed them
from x's shape. Where a replaced size, recorded as n, is an axis of x, the literal's axis that holds the same elements takes
its place. A replaced size that Reshape has merged with others is written as an ordered product, "batch*196", so that a later
Reshape can take it apart again; given as a number, it counts as the outermost factor. What cannot be decided is refused.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import onnx_ir as ir

from mindferry.errors import LoweringError
from mindferry.graph import TensorType
from mindferry.lowering.context import Context
from mindferry.lowering.layouts import count

_END = 2**63 - 1


@dataclass(frozen=True, slots=True)
class Factor:
    """A part of an axis.

    Attributes:
        axis: the axis.
        recorded: the size in the file.
        present: the size now: the same, another number, a symbol, or None where it is not known.
        inner: how many elements of the recorded tensor one step of the factor passes over.
    """

    axis: int
    recorded: int
    present: int | str | None
    inner: int

    @property
    def changed(self) -> bool:
        """True where the size is not the recorded one."""
        return self.present != self.recorded


def recorded_shape(op: Context, index: int = 0) -> tuple[int | None, ...] | None:
    """The recorded shape of an operand, None in it where the file leaves a size open; None where it has none."""
    kind = op.operand_types[index] if index < len(op.operand_types) else None
    if not isinstance(kind, TensorType) or kind.shape is None:
        return None
    return tuple(size if isinstance(size, int) else None for size in kind.shape)


def changed_axes(op: Context, x: ir.Value, index: int = 0) -> dict[int, int]:
    """The axes of an operand whose size is not the recorded one, with the recorded size.

    Raises:
        LoweringError: input shapes were replaced, and the file does not record this operand's.
    """
    if not op.overrides:
        return {}
    recorded = recorded_shape(op, index)
    if recorded is None or x.shape is None or len(x.shape) != len(recorded):
        raise LoweringError("holds sizes as literals, and whether they follow from a replaced input shape is not known")
    return {
        axis: size
        for axis, (size, now) in enumerate(zip(recorded, x.shape, strict=True))
        if size is not None and not (isinstance(now, int) and now == size)
    }


def frozen(axis: int, size: int, literal: Any) -> LoweringError:
    """The refusal of a literal that fixes a replaced size."""
    return LoweringError(
        f"fixes axis {axis}, recorded with size {size}, to {literal}, but the input shapes were replaced;"
        " export the network with that axis dynamic"
    )


def free_range(axis: int, part: tuple[Any, Any, Any], changed: dict[int, int]) -> tuple[Any, Any, Any]:
    """A slice (begin, end, step) of an axis, with ends that are the recorded size of a changed axis freed from it.

    Raises:
        LoweringError: an end is a position that could have been computed from the recorded size.
    """
    begin, end, step = part
    size = changed.get(axis)
    if size is None:
        return part
    if not isinstance(step, int):
        raise frozen(axis, size, "a range whose step is only known at run time")
    if step > 0:
        if not isinstance(end, int) or end < 0:
            return part
        if end >= size and not (isinstance(begin, int) and begin >= size):
            return begin, _END, step
    elif not isinstance(begin, int) or begin < 0 or begin >= size - 1:
        first = _END if isinstance(begin, int) and begin >= size - 1 else begin
        return first, -_END if isinstance(end, int) and end < -size else end, step
    raise frozen(axis, size, f"the range {begin}:{end}:{step}")


def free_broadcast(op: Context, x: ir.Value, sizes: Sequence[Any]) -> list[Any]:
    """The sizes to broadcast x to, with 1 (which keeps a size) for the axes of x whose size was replaced.

    Raises:
        LoweringError: such an axis was recorded with size 1 and is broadcast.
    """
    free, behind = list(sizes), len(sizes) - op.rank(x)
    for axis, size in changed_axes(op, x).items():
        if isinstance(free[behind + axis], int) and free[behind + axis] not in (1, size):
            raise frozen(axis, size, free[behind + axis])
        free[behind + axis] = 1
    return free


def free_sizes(op: Context, values: Sequence[ir.Value], along: int) -> list[ir.Value]:
    """The values, those of size 1 where others have a replaced size repeated to it, but for the axis `along`."""
    if not op.overrides:
        return list(values)
    free = list(values)
    for axis in range(op.rank(values[0])):
        sizes = [None if value.shape is None else value.shape[axis] for value in values]
        model = next((value for value, size in zip(values, sizes, strict=True) if size != 1), None)
        if axis == along or model is None or 1 not in sizes:
            continue
        shape = op.ints([op.dim(model, axis) if place == axis else 1 for place in range(op.rank(model))])
        free = [op.Expand(value, shape) if size == 1 else value for value, size in zip(free, sizes, strict=True)]
    return free


def free_target(op: Context, x: ir.Value, target: Sequence[int]) -> tuple[Any, list[str | None]] | None:
    """A Reshape's target with replaced sizes in their places, and the names of its symbolic axes; None if nothing changed.

    Raises:
        LoweringError: the literal has no axis, or more than one, that can hold a replaced size.
    """
    changed = changed_axes(op, x)
    if not changed:
        return None
    shape = recorded_shape(op)
    if shape is None or None in shape or 0 in shape or 0 in target:
        raise LoweringError(f"the literal shape {tuple(target)} cannot be freed from the replaced input shapes")
    sizes = [size for size in shape if size is not None]
    wanted = _without_rest(sizes, target)
    factors = _factors(op, x, sizes)
    steps = [math.prod(wanted[axis + 1 :]) for axis in range(len(wanted))]
    landed: dict[int, list[Factor]] = {}
    for factor in factors:
        if factor.changed:
            place = _landing(factor, factors, wanted, steps)
            if place is None or not _proven(op, factor, steps[place] * wanted[place], target[place]):
                raise frozen(factor.axis, factor.recorded, f"a part of the shape {tuple(target)}")
            landed.setdefault(place, []).append(factor)
    return _target(op, x, wanted, steps, factors, landed)


def _without_rest(sizes: Sequence[int], target: Sequence[int]) -> list[int]:
    """The target with its -1 replaced by what is left."""
    rest = math.prod(sizes) // max(1, math.prod(size for size in target if size != -1))
    return [rest if size == -1 else size for size in target]


def _factors(op: Context, x: ir.Value, sizes: Sequence[int]) -> list[Factor]:
    """Every axis of x taken apart, outermost first."""
    found = []
    for axis, size in enumerate(sizes):
        now = x.shape[axis] if x.shape is not None else None
        inner = math.prod(sizes[axis:])
        for recorded, present in _parts(
            op.overrides, size, now if isinstance(now, int) else getattr(now, "value", None)
        ):
            inner //= recorded
            found.append(Factor(axis, recorded, present, inner))
    return found


def _parts(
    overrides: Iterable[tuple[int, int | str]], size: int, now: int | str | None
) -> list[tuple[int, int | str | None]]:
    """(recorded, present) for each factor of an axis of the recorded size."""
    if now == size or now is None:
        return [(size, now)]
    if isinstance(now, int):
        numbers = [pair for pair in overrides if isinstance(pair[1], int)]
        for old, new in numbers:
            if len(numbers) == 1 and now * old == size * new and size % old == 0 and size != old:
                return [(old, new), (size // old, size // old)]
        return [(size, now)]
    known = {new: old for old, new in overrides if isinstance(new, str)}
    parts: list[tuple[int, int | str | None]] = []
    for part in now.split("*"):
        if not part.isdigit() and part not in known:
            return [(size, None)]
        parts.append((int(part), int(part)) if part.isdigit() else (known[part], part))
    return parts if math.prod(recorded for recorded, _ in parts) == size else [(size, None)]


def _landing(factor: Factor, factors: Sequence[Factor], wanted: Sequence[int], steps: Sequence[int]) -> int | None:
    """The axis of the target that holds a factor of the source."""
    axes = range(len(wanted))
    same = [axis for axis in axes if steps[axis] == factor.inner and wanted[axis] == factor.recorded]
    if len(same) == 1:
        return same[0]
    if same:
        alike = [one for one in factors if (one.recorded, one.inner) == (factor.recorded, factor.inner)]
        if len(alike) == len(same):
            return same[alike.index(factor)]
        return 0 if factor.axis == 0 and same[0] == 0 else None
    outer = factor.inner * factor.recorded
    around = [axis for axis in axes if steps[axis] <= factor.inner and outer <= steps[axis] * wanted[axis]]
    around = [axis for axis in around if wanted[axis] > 1]
    return around[0] if len(around) == 1 else None


def _proven(op: Context, factor: Factor, outer: int, literal: int) -> bool:
    """False for an unknown size in place of a number, and for a replaced number that is not its axis's outermost factor."""
    pair: tuple[Any, Any] = (factor.recorded, factor.present)
    if factor.present is None:
        return literal == -1
    return isinstance(factor.present, str) or pair not in op.overrides or factor.inner * factor.recorded == outer


def _target(
    op: Context, x: ir.Value, wanted: Sequence[int], steps: Sequence[int], factors: Sequence[Factor],
    landed: dict[int, list[Factor]],
) -> tuple[Any, list[str | None]]:  # fmt: skip
    sizes: list[Any] = list(wanted)
    names: list[str | None] = [None] * len(wanted)
    open_axes = []
    for axis, here in landed.items():
        if all(isinstance(factor.present, int) for factor in here):
            new = math.prod(factor.present for factor in here if isinstance(factor.present, int))
            sizes[axis] = wanted[axis] // math.prod(factor.recorded for factor in here) * new
        else:
            names[axis] = _name(here, wanted[axis] * steps[axis], steps[axis])
            open_axes.append(axis)
    for axis in open_axes[1:]:
        sizes[axis] = _size(op, x, wanted[axis], landed[axis], factors)
    if open_axes:
        sizes[open_axes[0]] = -1
    return tuple(sizes), names


def _name(factors: Sequence[Factor], outer: int, inner: int) -> str | None:
    """The ordered product of an axis that spans the elements from inner to outer, or None where a size has no name."""
    parts: list[str] = []
    for factor in factors:
        if factor.present is None:
            return None
        parts += [str(one) for one in (outer // (factor.inner * factor.recorded), factor.present) if one != 1]
        outer = factor.inner
    return "*".join([*parts, *([str(outer // inner)] if outer != inner else [])])


def _size(op: Context, x: ir.Value, wanted: int, factors: Sequence[Factor], every: Sequence[Factor]) -> Any:
    """The size of an axis of the target at run time, from the axes of the source that its factors are parts of."""
    total: Any = wanted // math.prod(factor.recorded for factor in factors)
    for factor in factors:
        beside = [one for one in every if one.axis == factor.axis and one is not factor]
        if any(one.changed for one in beside):
            raise frozen(factor.axis, factor.recorded, "a part of an axis that several replaced sizes share")
        size = count(op, "Div", op.dim(x, factor.axis), math.prod(one.recorded for one in beside))
        total = count(op, "Mul", total, size)
    return total
