"""Everything that MindFerry raises.

MindFerryError
  FileProblem                a file cannot be opened, found or written
  FormatError                a model file breaks its format, at a byte offset
  OptionError                an option or argument that cannot be meant
  ConvertError               a model cannot be converted
    UnsupportedPrimitives    primitives without a lowering, all of them at once
    LoweringError            a primitive whose arguments have no exact ONNX form
    OpsetTooLow              operators that need a newer opset
  RuntimeUnavailable         a runtime cannot be used on this machine
    NotInstalled             its package is missing
    NoDevice                 the device asked for is not there
  RunError                   a run fails
    BadFeed                  inputs that do not fit the model, all of them at once
    BackendFailed            the runtime itself gave up
  VerifyError                two sides differ by more than the tolerance
"""

from __future__ import annotations

from collections.abc import Sequence
from os import PathLike, fspath
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mindferry.verification import Verification


class MindFerryError(Exception):
    """The root of every error that reaches a user; its text is one sentence or a short list."""

    exit_code = 1


class FileProblem(MindFerryError):
    """A file that cannot be opened, found or written."""


class FormatError(MindFerryError):
    """A model file that breaks its format.

    Attributes:
        path: the file, as the caller named it.
        offset: byte offset of the fault from the start of the file, or None where it has no place.
        reason: what was found and what was expected.
    """

    def __init__(self, reason: str, *, path: str | PathLike[str] = "", offset: int | None = None) -> None:
        self.reason, self.path, self.offset = reason, fspath(path), offset
        super().__init__(reason, path, offset)

    def __str__(self) -> str:
        place = f" (at byte {self.offset})" if self.offset is not None else ""
        return f"{self.path}: {self.reason}{place}" if self.path else f"{self.reason}{place}"


class OptionError(MindFerryError):
    """An option or argument that cannot be meant."""

    exit_code = 2


class ConvertError(MindFerryError):
    """A model that cannot be converted."""


class UnsupportedPrimitives(ConvertError):
    """Primitives without a lowering.

    Attributes:
        problems: one `Problem`-like line per primitive: name, count, first place, nearest known name.
    """

    def __init__(self, problems: Sequence[str]) -> None:
        self.problems = tuple(problems)
        head = "1 primitive has" if len(problems) == 1 else f"{len(problems)} primitives have"
        super().__init__(f"{head} no ONNX lowering: " + "; ".join(problems))


class LoweringError(ConvertError):
    """A node whose arguments have no exact ONNX form, or whose lowering disagrees with the recorded type."""


class OpsetTooLow(ConvertError):
    """Operators that need a newer opset than the one asked for.

    Attributes:
        needed: the lowest opset that would do.
    """

    def __init__(self, message: str, *, needed: int) -> None:
        self.needed = needed
        super().__init__(message)


class RuntimeUnavailable(MindFerryError):
    """A runtime that cannot be used on this machine."""


class NotInstalled(RuntimeUnavailable):
    """A runtime or reader whose package is missing."""


class NoDevice(RuntimeUnavailable):
    """A device that is not there."""


class RunError(MindFerryError):
    """A run that fails."""


class BadFeed(RunError):
    """Inputs that do not fit the model."""


class BackendFailed(RunError):
    """A runtime that gave up; its own words are in the text."""


class VerifyError(MindFerryError):
    """Two sides that differ by more than the stated tolerance.

    Attributes:
        verification: the comparison of all outputs.
    """

    exit_code = 3

    def __init__(self, message: str, *, verification: Verification) -> None:
        self.verification = verification
        super().__init__(message)


def words(error: BaseException) -> str:
    """The first line of a foreign error's text that says something, else the error's type."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return lines[0] if lines else type(error).__name__
