"""Any number of rows through a model of some batch size: split, fill up the last batch, run, put together.

The batch is the first dimension of the first input, and of every input that starts with the same size or symbol.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator, Sequence
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from mindferry.errors import BadFeed, OptionError
from mindferry.runtimes.feeds import check_feeds
from mindferry.types import Dim, TensorSpec, format_shape

Arrays: TypeAlias = "dict[str, npt.NDArray[Any]]"

_ROWS = "number of rows"


@dataclasses.dataclass(frozen=True, slots=True)
class Size:
    """Rows in one run, None for all of them at once; filled where every run must have exactly as many."""

    rows: int | None
    filled: bool


def batched(specs: Sequence[TensorSpec]) -> tuple[str, ...]:
    """The inputs whose first dimension is the batch."""
    first = _first(specs)
    return tuple(spec.name for spec in specs if spec.shape != () and _leading(spec) == first)


def unbatched(specs: Sequence[TensorSpec]) -> tuple[TensorSpec, ...]:
    """The inputs with one symbol for the batch."""
    names = batched(specs)
    return tuple(
        dataclasses.replace(spec, shape=(_ROWS, *spec.shape[1:])) if spec.shape and spec.name in names else spec
        for spec in specs
    )


def size(inputs: Sequence[TensorSpec], outputs: Sequence[TensorSpec], wanted: int | None) -> Size:
    """How many rows go into one run.

    Raises:
        OptionError: the model has another batch size or none, or an output has no batch dimension.
    """
    if wanted is not None and wanted < 1:
        raise OptionError(f"the batch size must be at least 1: {wanted}")
    if not batched(inputs):
        raise OptionError("the model has no input with a batch dimension: run it as it is")
    first = _first(inputs)
    fixed = first if isinstance(first, int) else None
    if fixed is not None and wanted not in (None, fixed):
        spec = next(spec for spec in inputs if spec.name in batched(inputs))
        free = ",".join(["batch", *(str(dim) for dim in (spec.shape or ())[1:])])
        raise OptionError(
            f"the model takes batches of {fixed}, not {wanted}; the input shape {spec.name}:{free} may free it"
        )
    for spec in inputs:
        if isinstance(first, str) and first in (spec.shape or ())[1:]:
            raise OptionError(f"{spec} has the batch dimension twice, so its rows cannot be told apart")
    for output in outputs:
        leading = _leading(output)
        if output.shape == () or (isinstance(leading, int) and leading != fixed):
            raise _no_rows(output.name, format_shape(output.shape), fixed)
    return Size(fixed or wanted, filled=fixed is not None)


def run(
    call: Callable[[Arrays], Arrays],
    arrays: Arrays,
    names: Sequence[str],
    size: Size,
    progress: Callable[[int, int], None] | None,
) -> Arrays:
    """The outputs for all rows.

    Args:
        call: runs one batch.
        arrays: the checked inputs; those in `names` have the same number of rows.

    Raises:
        BadFeed: the numbers of rows differ, or there are no rows.
        OptionError: an output has not one row for each row of the batch.
    """
    total = _total(arrays, names)
    parts = []
    for start, rows, part in _pieces(arrays, names, size, total):
        outputs = call(part)
        given = len(part[names[0]])
        for name, array in outputs.items():
            if not array.ndim or len(array) != given:
                raise _no_rows(name, format_shape(array.shape), given)
        parts.append({name: array[:rows] for name, array in outputs.items()})
        if progress is not None:
            progress(start + rows, total)
    return parts[0] if len(parts) == 1 else {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


def hint(specs: Sequence[TensorSpec], feeds: Sequence[Any], complex_inputs: frozenset[str]) -> str:
    """What helps where refused feeds differ from what the model takes in their number of rows alone, else nothing."""
    first = _first(specs)
    if not isinstance(first, int):
        return ""
    try:
        check_feeds(unbatched(specs), feeds, complex_inputs)
    except BadFeed:
        return ""
    return f" (run_batched, or --batch {first} on the command line, takes any number of rows)"


def _total(arrays: Arrays, names: Sequence[str]) -> int:
    counts = {name: len(arrays[name]) if arrays[name].ndim else 0 for name in names}
    if len(set(counts.values())) > 1:
        listed = ", ".join(f"{name} {count}" for name, count in counts.items())
        raise BadFeed(f"a batch needs inputs with the same number of rows; they have {listed}")
    if not (total := counts[names[0]]):
        raise BadFeed(f"there are no rows in {', '.join(names)}")
    return total


def _pieces(arrays: Arrays, names: Sequence[str], size: Size, total: int) -> Iterator[tuple[int, int, Arrays]]:
    """(first row, rows, inputs) of each run."""
    step = size.rows or total
    for start in range(0, total, step):
        rows = min(step, total - start)
        part = {name: array[start : start + rows] if name in names else array for name, array in arrays.items()}
        if size.filled and rows < step:
            for name in names:
                part[name] = np.concatenate([part[name], np.repeat(part[name][-1:], step - rows, axis=0)])
        yield start, rows, part


def _first(specs: Sequence[TensorSpec]) -> Dim:
    """The batch dimension, as the first input that can have one tells it."""
    return next((_leading(spec) for spec in specs if spec.shape != ()), None)


def _leading(spec: TensorSpec) -> Dim:
    return spec.shape[0] if spec.shape else None


def _no_rows(name: str, shape: str, rows: int | None) -> OptionError:
    count = "the batch" if rows is None else f"{rows} rows"
    return OptionError(
        f"output {name} has shape {shape}, without a row for each of {count}, so batches cannot be put together: "
        "run the model as it is"
    )
