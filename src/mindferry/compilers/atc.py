"""ONNX and AIR -> OM through ATC, the compiler in Ascend's CANN toolkit.

What ATC would refuse is found before it runs, which takes minutes; everything that is found is told at once. ATC works
in a folder beside the target; the file that it makes, whatever suffix it gives it, then takes the target's place.
"""

from __future__ import annotations

import logging
import re
import shlex
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mindferry import formats
from mindferry.ascend import socs
from mindferry.compilers import atc_errors, atc_options, cann, process
from mindferry.compilers.atc_options import Options
from mindferry.data import aipp, description, nv12
from mindferry.errors import ConvertError, FileProblem, FormatError, OptionError
from mindferry.formats import _files, onnx
from mindferry.targets import Finding
from mindferry.targets.ascend import findings_for, findings_of_air
from mindferry.types import Shape

if TYPE_CHECKING:
    import onnx_ir as ir

FILES = ("onnx", "air")
"""Formats whose files are compiled as they are."""

__all__ = ["FILES", "Options", "write", "write_file"]

_FRAMEWORKS = {"air": 1, "onnx": 5}
_LARGEST_FILE = 2**31 - 1
_WARNING = re.compile(r"^note:|\bW[0-9A-Z]\d{4}\b|\[WARNING\]")
_LOG = logging.getLogger(__name__)


def write(
    model: ir.Model, target: Path, options: Options, progress: Callable[[int, int], None] | None = None
) -> dict[str, Any]:
    """Compiles a model in memory; the target appears whole or not at all.

    Returns:
        The processor, precision, ATC's command, the number of profiles, its warnings, and how long it took.

    Raises:
        OptionError: options cannot be meant, all of them listed.
        ConvertError: ATC would refuse the model, for the reasons listed, or did.
        NotInstalled: there is no ATC on this machine.
        FileProblem: a file cannot be read or written.
    """
    place = _files.check_target(target)
    _require(target, options, (place,), _problems(model, options), _refusals(model, options))
    atc = cann.find(options.atc)
    with _work_folder(place) as folder:
        source = Path(folder) / f"{place.stem}.onnx"
        onnx.save(model, source)
        return _compile(atc, _Job("onnx", source, place, Path(folder), _shapes(model), target), options)


def write_file(
    source: Path, target: Path, options: Options, progress: Callable[[int, int], None] | None = None
) -> dict[str, Any]:
    """Compiles an .onnx or .air file as it is; as `write` otherwise."""
    kind = formats.sniff(source)
    place, origin = _files.check_target(target), source.resolve()
    shapes: dict[str, Shape | None] = {}
    if kind == "air":
        _require(source, options, (origin, place), _ignored(options), _refusals_of_air(source, options))
    elif len(_files.map_file(source)) > _LARGEST_FILE:
        raise ConvertError(f"{source}: has more than 2 GB in one file; keep its weights in a file of their own")
    else:
        model = onnx.load(source)
        shapes = _shapes(model)
        _require(source, options, (origin, place), _problems(model, options), _refusals(model, options))
    atc = cann.find(options.atc)
    with _work_folder(place) as folder:
        return _compile(atc, _Job(kind, origin, place, Path(folder), shapes, source), options)


@dataclass(frozen=True, slots=True)
class _Job:
    """A file to compile.

    Attributes:
        kind: one of FILES.
        place: where the OM goes; folder: where ATC works.
        shapes: of the model's inputs.
        shown: what an error names.
    """

    kind: str
    source: Path
    place: Path
    folder: Path
    shapes: Mapping[str, Shape | None]
    shown: Path


def _work_folder(place: Path) -> tempfile.TemporaryDirectory[str]:
    return tempfile.TemporaryDirectory(prefix=".atc-", dir=place.parent)


def _require(
    shown: Path, options: Options, paths: Sequence[Path], wrong: Sequence[str], refused: Sequence[Finding]
) -> None:
    """Raises one error with everything that is wrong with options and paths, and with the model."""
    texts = [*atc_options.problems(options, paths), *wrong]
    texts += [f"{finding} ({finding.cure})" if finding.cure else str(finding) for finding in refused]
    if texts:
        kind = ConvertError if refused else OptionError
        raise kind(f"{shown}: ATC would not take this: {'; '.join(texts)}")


def _problems(model: ir.Model, options: Options) -> list[str]:
    """Which options do not fit the model."""
    found = atc_options.shape_problems(model, options)
    if options.aipp is not None:
        shapes = {**_shapes(model), **options.input_shapes}
        known = description.read(options.aipp)
        found += aipp.problems(known, shapes, crop=not options.image_sizes)
        found += [f"{known.path}: {one}" for one in (nv12.problems(known.input) if options.aipp_nv12 else ())]
    return found


def _ignored(options: Options) -> list[str]:
    """Which options ATC ignores for AIR."""
    names = ("input_shapes", "batch_sizes", "image_sizes", "dims", "aipp")
    given = [name for name in names if getattr(options, name)]
    return [f"{name} is ignored by ATC for AIR; compile the ONNX model instead" for name in given]


def _refusals(model: ir.Model, options: Options) -> list[Finding]:
    return findings_for(model, _soc(options), options.input_shapes, profiles=options.profiles > 0)


def _refusals_of_air(source: Path, options: Options) -> list[Finding]:
    """What is known against an AIR file; one that MindFerry cannot read is left to ATC."""
    from mindferry.formats.air import reader

    try:
        return findings_of_air(reader.read(source), _soc(options))
    except FormatError as error:
        _LOG.info("%s", error)
        return []


def _soc(options: Options) -> socs.Soc | None:
    try:
        return socs.find(options.soc)
    except OptionError:  # told among the problems of the options
        return None


def _shapes(model: ir.Model) -> dict[str, Shape | None]:
    return {
        str(value.name): None
        if value.shape is None
        else tuple(size if isinstance(size, int) else size.value for size in value.shape)
        for value in model.graph.inputs
    }


def _compile(atc: cann.Atc, job: _Job, options: Options) -> dict[str, Any]:
    configuration = None
    if options.aipp is not None:
        configuration = job.folder / "aipp.cfg"
        image = description.read(options.aipp).input
        rank = list(job.shapes).index(image.name) if image.name else 0
        crop = not options.image_sizes
        text = (
            nv12.configuration(image, rank=rank)
            if options.aipp_nv12
            else aipp.configuration(image, rank=rank, crop=crop)
        )
        configuration.write_text(text, "utf-8")
    made = job.folder / "made"
    made.mkdir()
    command = [
        *atc.command,
        f"--model={job.source}",
        f"--framework={_FRAMEWORKS[job.kind]}",
        f"--output={made / job.place.stem}",
        *atc_options.arguments(options, job.shapes, configuration),
    ]
    started = time.perf_counter()
    lines = _run(atc, command, job, options)
    _take(made, job)
    facts: dict[str, Any] = {"soc": options.soc, "precision": options.precision, "atc": atc.place}
    if options.profiles:
        facts["profiles"] = options.profiles
    if warnings := [line for line in lines if _WARNING.search(line)]:
        facts["warnings"] = warnings
    return {**facts, "seconds": round(time.perf_counter() - started, 3)}


def _run(atc: cann.Atc, command: Sequence[str], job: _Job, options: Options) -> list[str]:
    """What ATC printed; raises where it failed."""

    def pass_on(line: str) -> None:
        _LOG.info("%s", line)
        if options.line is not None:
            options.line(line)

    _LOG.info("running %s", shlex.join(command))
    try:
        code, lines, late = process.run(command, folder=job.folder, seconds=options.seconds, line=pass_on)
    except OSError as error:
        raise FileProblem(f"{atc.place}: cannot be run ({error.strerror or error})") from None
    if late and code:
        raise ConvertError(f"{job.shown}: ATC was ended after {options.seconds:g} seconds; allow it more time")
    if code:
        raise ConvertError(f"{job.shown}: ATC failed: {atc_errors.explain(code, lines)}")
    return lines


def _take(made: Path, job: _Job) -> None:
    """Moves the OM to its place; ATC adds the system's name to a file with libraries, such as _linux_aarch64."""
    found = sorted(made.glob("*.om"))
    if len(found) != 1:
        names = ", ".join(path.name for path in made.iterdir()) or "nothing"
        raise ConvertError(f"{job.shown}: ATC ended well but made {names} instead of one .om file")
    try:
        found[0].replace(job.place)
    except OSError as error:
        raise FileProblem(f"{job.place}: cannot be written ({error.strerror or error})") from None
