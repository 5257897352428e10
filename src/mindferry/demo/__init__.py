"""The files of the demonstration: a LeNet-5 trained on handwritten digits, and 360 test images."""

from __future__ import annotations

from pathlib import Path

from mindferry.errors import FileProblem

_FOLDER = Path(__file__).with_name("digits")


def path(name: str) -> Path:
    """The path of `lenet5.mindir`, `lenet5.ckpt` or `test.npz`.

    Raises:
        FileProblem: the demonstration has no such file.

    Example:
        >>> path("lenet5.mindir").stat().st_size > 200_000
        True
    """
    place = _FOLDER / name
    if not place.is_file():
        present = ", ".join(sorted(item.name for item in _FOLDER.iterdir()))
        raise FileProblem(f"the demonstration has no file {name!r}; it has {present}")
    return place
