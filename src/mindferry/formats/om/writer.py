"""Simulated offline models -> files in the OM layout; see the package."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import cast

from mindferry.formats import _files
from mindferry.formats._wire import Message, encode
from mindferry.formats.air.fields import GE_IR
from mindferry.formats.om import container, fields, introduction
from mindferry.formats.om.introduction import Introduction


def write(
    path: str | Path,
    model: Message,
    weights: Sequence[bytes | memoryview],
    known: Introduction,
    *,
    dynamic: bool = False,
) -> None:
    """Writes a file of one model without TASK_INFO, which every device needs.

    Args:
        path: the file, whose folder is there.
        model: the ModelDef.
        weights: the chunks of WEIGHTS_DATA.
        known: inputs, outputs and profiles.
        dynamic: True where shapes are unknown until a run.

    Raises:
        FileProblem: the file cannot be written.
    """
    parts: dict[int, Sequence[bytes | memoryview]] = {
        fields.MODEL_DEF: cast("list[bytes | memoryview]", encode(model, "Model", GE_IR)),
        fields.WEIGHTS_DATA: weights,
        fields.MODEL_INOUT_INFO: [introduction.write(known)],
    }
    target = _files.check_target(path)
    temporary = target.with_name(f".{target.name}.partial")
    with temporary.open("wb") as file:
        file.writelines(container.pack(parts, name=str(model.get("name", "")), dynamic=dynamic))
    temporary.replace(target)
