"""What `tune` chose for a model, in `NAME.mindferry.toml` beside it, for as long as it holds.

The file is TOML: `schema`, `date`, `model` and `sha256` of the model's files; `machine` with processor, cores,
instructions and versions; `request`; `choice` with what `mindferry.open` takes; `evidence`, a table for each
configuration that was tried. A choice holds while the model's bytes, the machine and the versions of MindFerry and of
the chosen runtime are the same.
"""

from __future__ import annotations

import hashlib
import logging
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from mindferry.benchmarking.machine import Machine, versions
from mindferry.errors import FileProblem
from mindferry.formats import _files

SCHEMA = 1
SUFFIX = ".mindferry.toml"

_logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Choice:
    """How to run a model, as `mindferry.open` takes it.

    Attributes:
        runtime, device, options: of `mindferry.open`.
        batch: rows of a run for which it was chosen, or None where the model has no rows.
        callers: how many runs should be under way at once.
    """

    runtime: str
    device: str
    options: Mapping[str, Any] = field(default_factory=dict)
    batch: int | None = None
    callers: int = 1

    @property
    def library(self) -> str:
        """The runtime that computes, which `split` only gives work to."""
        return str(self.options.get("runtime", "onnxruntime")) if self.runtime == "split" else self.runtime


def path_for(model: Path) -> Path:
    """Where the choice for a model is kept.

    Example:
        >>> path_for(Path("models/net.mindir")).as_posix()
        'models/net.mindferry.toml'
    """
    return model.with_name(f"{model.stem}{SUFFIX}")


def save(
    model: Path, choice: Choice, *, date: str, request: Mapping[str, Any], evidence: Sequence[Mapping[str, Any]]
) -> Path:
    """Writes the file in one step, and returns its path.

    Raises:
        FileProblem: it cannot be written.
    """
    import tomli_w

    content = {
        "schema": SCHEMA,
        "date": date,
        "model": model.name,
        "sha256": sha256(model),
        "machine": Machine.here().as_dict() | {"versions": versions()},
        "request": request,
        "choice": {
            "runtime": choice.runtime, "device": choice.device, "batch": choice.batch, "callers": choice.callers,
            "options": choice.options,
        },
        "evidence": list(evidence),
    }  # fmt: skip
    path = path_for(model)
    _files.write(path, tomli_w.dumps(_without_none(content)).encode())
    return path


def _without_none(data: Any) -> Any:
    """The data without what is None, for which TOML has no word."""
    if isinstance(data, Mapping):
        return {str(key): _without_none(value) for key, value in data.items() if value is not None}
    return [_without_none(item) for item in data] if isinstance(data, list | tuple) else data


def lookup(model: Path) -> Choice | None:
    """What was chosen for this model, or None where nothing was or it no longer holds; the log says why."""
    kept = _kept(model)
    if isinstance(kept, str):
        _logger.warning("%s is not used: %s", path_for(model), kept)
        return None
    return None if kept is None else _read(kept)


def earlier_speeds(model: Path, batch: int | None) -> dict[str, float]:
    """How many times faster than the first default each configuration was when the choice for that batch was made.

    Empty where there is no choice, or it no longer holds.
    """
    kept = _kept(model)
    if not isinstance(kept, dict) or kept["choice"].get("batch") != batch:
        return {}
    rows = kept.get("evidence")
    found = [row for row in rows if isinstance(row, dict)] if isinstance(rows, list) else []
    return {str(row.get("name")): row["speed"] for row in found if isinstance(row.get("speed"), float)}


def _kept(model: Path) -> dict[str, Any] | str | None:
    """The file's content, or why it does not hold, or None where there is none."""
    path = path_for(model)
    if not path.is_file():
        return None
    try:
        content = tomllib.loads(path.read_text("utf-8"))
        stale = _stale(content, _read(content), model)
    except (OSError, ValueError, KeyError, TypeError, FileProblem) as error:
        return f"it cannot be read ({error})"
    return f"{stale}; run mindferry tune again" if stale else content


def _read(content: Mapping[str, Any]) -> Choice:
    if content["schema"] != SCHEMA:
        raise ValueError(f"schema {content['schema']}, not {SCHEMA}")
    chosen = content["choice"]
    return Choice(
        str(chosen["runtime"]), str(chosen["device"]), dict(chosen.get("options", {})), chosen.get("batch"),
        int(chosen.get("callers", 1)),
    )  # fmt: skip


def _stale(content: Mapping[str, Any], choice: Choice, model: Path) -> str:
    """Why the choice no longer holds, or ""."""
    recorded, here = dict(content["machine"]), Machine.here().as_dict()
    for name, value in here.items():
        if recorded[name] != value:
            return f"it was made on other {name} ({recorded[name]}, now {value})"
    installed = versions()
    for name in ("mindferry", choice.library):
        if recorded["versions"][name] != installed.get(name):
            return f"it was made with {recorded['versions'][name]}, now there is {installed.get(name, 'none')}"
    return "" if content["sha256"] == sha256(model) else "the model has changed since"


def sha256(model: Path) -> str:
    """The hash of the model's file and of those that hold its weights."""
    digest = hashlib.sha256()
    for path in _parts(model):
        with path.open("rb") as file:
            digest.update(hashlib.file_digest(file, "sha256").digest())
    return digest.hexdigest()


def _parts(model: Path) -> Iterator[Path]:
    yield model
    data = model.with_name(f"{model.name}.data")
    if data.is_file():
        yield data
    yield from sorted(model.with_name(f"{model.stem.removesuffix('_graph')}_variables").glob("data_*"))
