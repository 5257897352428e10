"""TensorRT's optimisation profiles: for each input with free dimensions its smallest, usual and largest shape."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from mindferry.errors import BackendFailed, OptionError
from mindferry.types import Shape, format_shape

if TYPE_CHECKING:
    import onnx_ir as ir

Profiles = Mapping[str, Sequence[Sequence[int]]]

_SHAPES = 3


def require(model: ir.Model, profiles: Profiles) -> None:
    """Checks the profiles against the model's inputs.

    Raises:
        OptionError: they do not fit, or one is missing; all problems are listed.
    """
    inputs = {str(value.name): _shape(value) for value in model.graph.inputs}
    problems = [
        f"there is no input {name}; the model takes {', '.join(inputs)}" for name in profiles if name not in inputs
    ]
    for name, shape in inputs.items():
        if name in profiles:
            problems += _problems(name, shape, profiles[name])
        elif shape is None or not all(isinstance(size, int) for size in shape):
            problems.append(f"{name} has free dimensions {format_shape(shape)}: add {_example(name, shape)}")
    if problems:
        raise OptionError(f"profiles: {'; '.join(problems)}")


def _shape(value: ir.Value) -> Shape | None:
    if value.shape is None:
        return None
    return tuple(size if isinstance(size, int) else size.value for size in value.shape)


def _problems(name: str, declared: Shape | None, shapes: Sequence[Sequence[int]]) -> Iterator[str]:
    if len(shapes) != _SHAPES:
        yield f"{name} needs three shapes (smallest, usual, largest), got {len(shapes)}"
        return
    for shape in shapes:
        fits = declared is None or (
            len(shape) == len(declared)
            and all(not isinstance(size, int) or size == given for size, given in zip(declared, shape, strict=True))
        )
        if not fits:
            yield f"{name} cannot have the shape {format_shape(shape)}, the model takes {format_shape(declared)}"
    if len({len(shape) for shape in shapes}) != 1:
        yield f"{name} has shapes of different ranks"
    elif not all(0 <= low <= usual <= high for low, usual, high in zip(*shapes, strict=True)):
        yield f"{name} must have smallest <= usual <= largest in every dimension"


def _example(name: str, shape: Shape | None) -> str:
    """The option that would do, with 1, 4 and 16 for each free dimension."""
    texts = [",".join(str(size if isinstance(size, int) else free) for size in shape or (None,)) for free in (1, 4, 16)]
    return f"--profile {name}:{':'.join(texts)} (smallest, usual and largest shape)"


def add(builder: Any, config: Any, profiles: Profiles) -> None:
    """Gives checked profiles to TensorRT."""
    if not profiles:
        return
    profile = builder.create_optimization_profile()
    for name, shapes in profiles.items():
        profile.set_shape(name, *(tuple(shape) for shape in shapes))
    if config.add_optimization_profile(profile) < 0:
        raise BackendFailed(f"TensorRT refuses the profiles for {', '.join(profiles)}")


def usual(model: ir.Model, profiles: Profiles) -> dict[str, tuple[int, ...]]:
    """The usual shape of every input."""
    return {
        str(value.name): tuple(profiles[str(value.name)][1])
        if str(value.name) in profiles
        else tuple(size for size in _shape(value) or () if isinstance(size, int))
        for value in model.graph.inputs
    }
