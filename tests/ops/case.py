"""What an operator case is, and the loader of the declared families.

A family is a file ``cases/<family>.py`` that assigns ``CASES``, a sequence of `Case`. Declarations are data: they
import neither MindSpore nor MindFerry, so that the recorder (which has only MindSpore) and the replay (which has only
MindFerry) read the same file.
"""

from __future__ import annotations

import hashlib
import importlib
import zlib
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

from ops.inputs import Input, Mutable

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    import numpy as np

CASES_DIRECTORY = Path(__file__).parent / "cases"
GOLDENS_DIRECTORY = Path(__file__).parent / "goldens"

Declared = Input | Mutable
Shape = tuple[int | None, ...]


class Case:
    """One network around one primitive: what `construct` computes, over which inputs.

    The last line of `expression` is returned, the lines before it are statements. `init` holds the statements that give
    the cell its state. `dynamic` maps an input to the shape under which it is exported, with None for an unknown
    dimension, or to None for an unknown rank; an input given as a list yields one run for each of its entries.
    `tolerance` replaces the replay's bound on the error.
    """

    def __init__(
        self,
        primitive: str,
        expression: str,
        *,
        init: str = "",
        dynamic: Mapping[str, Shape | None] | None = None,
        tolerance: float | None = None,
        **inputs: Declared | Sequence[Declared],
    ) -> None:
        self.primitive = primitive
        self.expression = expression
        self.init = init
        self.dynamic = dict(dynamic or {})
        self.tolerance = tolerance
        self.inputs = {key: [value] if isinstance(value, Declared) else list(value) for key, value in inputs.items()}
        self.name = primitive

    @property
    def runs(self) -> int:
        """The number of times that the network is run."""
        return max((len(declared) for declared in self.inputs.values()), default=1)

    def make_inputs(self, run: int) -> dict[str, np.ndarray | Mutable]:
        """The inputs of one run, in the order of `construct`."""
        chosen = {key: declared[run % len(declared)] for key, declared in self.inputs.items()}
        return {
            key: value if isinstance(value, Mutable) else value.make(seed_of(self.name, key, str(run)))
            for key, value in chosen.items()
        }

    def digest(self) -> str:
        """A text that changes when anything that determines the recording changes."""
        declaration = (self.name, self.primitive, self.expression, self.init, self.dynamic, self.inputs)
        return hashlib.sha256(repr(declaration).encode()).hexdigest()[:16]


def each(primitive: str, expression: str, *inputs: Declared) -> Iterator[Case]:
    """One case for each value of the single input ``x``."""
    return (Case(primitive, expression, x=value) for value in inputs)


def pairs(primitive: str, expression: str, *inputs: tuple[Declared, Declared]) -> Iterator[Case]:
    """One case for each pair of values of the inputs ``x`` and ``y``."""
    return (Case(primitive, expression, x=first, y=second) for first, second in inputs)


def seed_of(*names: str) -> int:
    """A seed that depends on the names alone."""
    return zlib.crc32("/".join(names).encode())


def families() -> list[str]:
    """The names of the declared families, sorted."""
    return sorted(path.stem for path in CASES_DIRECTORY.glob("*.py") if path.stem != "__init__")


def load_family(family: str) -> list[Case]:
    """The cases of one family, named ``<primitive>_<index>`` in the order of declaration."""
    cases: list[Case] = list(importlib.import_module(f"ops.cases.{family}").CASES)
    counts: Counter[str] = Counter()
    for case in cases:
        case.name = f"{case.primitive}_{counts[case.primitive]}"
        counts[case.primitive] += 1
    return cases
