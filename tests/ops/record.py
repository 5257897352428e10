"""Records the operator goldens with MindSpore: ``python tests/ops/record.py [FAMILY...] [--case NAME] [--list]``.

Runs in an environment that has MindSpore and numpy. A case is recorded again only when its declaration or the version
of MindSpore has changed. The exit code is 1 when a case could not be recorded.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

sys.path.insert(0, str(Path(__file__).parents[1]))
os.environ.setdefault("GLOG_v", "4")

from ops import coverage
from ops.case import GOLDENS_DIRECTORY, Case, families, load_family
from ops.worker import serve

if TYPE_CHECKING:
    from collections.abc import Iterator

CASE_SECONDS = 60.0
START_SECONDS = 120.0


class Worker:
    """A process that records cases one after another; `record` outlives its crashes and hangs."""

    def __init__(self) -> None:
        self.version = ""
        self._start()

    def _start(self) -> None:
        context = multiprocessing.get_context("spawn")
        self._connection, theirs = context.Pipe()
        self._process = context.Process(target=serve, args=(theirs,), daemon=True)
        self._process.start()
        theirs.close()
        if not self._connection.poll(START_SECONDS):
            raise SystemExit("MindSpore did not start")
        self.version = self._connection.recv()

    def record(self, family: str, index: int, directory: Path) -> tuple[list[str] | None, str | None]:
        """The primitives that the recorded MindIR contains, or the reason why there is none."""
        self._connection.send((family, index, str(directory)))
        try:
            if self._connection.poll(CASE_SECONDS):
                return self._connection.recv()
            reason = f"no answer within {CASE_SECONDS:.0f} s"
        except EOFError:
            self._process.join()
            reason = f"MindSpore crashed (exit code {self._process.exitcode})"
        self.stop()
        self._start()
        return None, reason

    def stop(self) -> None:
        """End the process."""
        self._process.kill()
        self._process.join()
        self._connection.close()


def main(arguments: list[str] | None = None) -> int:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("families", nargs="*", metavar="FAMILY", help="the families to record; all by default")
    parser.add_argument("--case", action="append", metavar="NAME", help="record this case alone, changed or not")
    parser.add_argument("--list", action="store_true", help="print the cases and whether each is recorded")
    parser.add_argument("--coverage", action="store_true", help="print which primitives have how many cases")
    options = parser.parse_args(arguments)
    unknown = sorted(set(options.families) - set(families()))
    if unknown:
        parser.error(f"no such family: {', '.join(unknown)}; there are {', '.join(families())}")
    chosen = options.families or families()
    if options.coverage:
        return coverage.report()
    if options.list:
        return print_cases(chosen)
    return record_families(chosen, options.case)


def print_cases(chosen: list[str]) -> int:
    """One line for each case."""
    for family in chosen:
        index = read_index(family)
        for case in load_family(family):
            state = "recorded" if index.get(case.name, {}).get("digest") == case.digest() else "missing"
            print(f"{family}/{case.name}\t{state}\t{case.expression!r}")
    return 0


def record_families(chosen: list[str], names: list[str] | None) -> int:
    """Record what has changed in the families, or the named cases; print the failures last."""
    worker = Worker()
    failures = []
    recorded = 0
    for family in chosen:
        index = read_index(family)
        cases = load_family(family)
        for position, case in enumerate(cases):
            if not is_wanted(case, index.get(case.name), worker.version, names):
                continue
            contained, reason = worker.record(family, position, GOLDENS_DIRECTORY / family)
            if contained is None:
                failures.append(f"{family}/{case.name}: {case.expression!r}: {reason}")
                index.pop(case.name, None)
            else:
                recorded += 1
                index[case.name] = entry(case, contained, worker.version)
        write_index(family, {case.name: index[case.name] for case in cases if case.name in index})
    worker.stop()
    print("\n".join([*failures, f"{recorded} recorded, {len(failures)} failed"]))
    return 1 if failures else 0


def is_wanted(case: Case, recorded: dict[str, Any] | None, version: str, names: list[str] | None) -> bool:
    """Whether a case is to be recorded now."""
    if names is not None:
        return case.name in names
    return recorded is None or (recorded["digest"], recorded["mindspore"]) != (case.digest(), version)


def entry(case: Case, contained: list[str], version: str) -> dict[str, Any]:
    """What the index says of a recorded case."""
    found = {"primitive": case.primitive, "contains": contained, "mindspore": version, "digest": case.digest()}
    return found if case.tolerance is None else found | {"tolerance": case.tolerance}


def read_index(family: str) -> dict[str, dict[str, Any]]:
    """The recorded cases of a family by name."""
    path = GOLDENS_DIRECTORY / family / "index.json"
    return dict(json.loads(path.read_text())) if path.exists() else {}


def write_index(family: str, index: dict[str, dict[str, Any]]) -> None:
    """Write the index of a family and remove the files of cases that it does not name."""
    directory = GOLDENS_DIRECTORY / family
    directory.mkdir(parents=True, exist_ok=True)
    for path in stale_files(directory, set(index)):
        path.unlink()
    lines = ",\n".join(f"{json.dumps(name)}: {json.dumps(found)}" for name, found in index.items())
    (directory / "index.json").write_text(f"{{\n{lines}\n}}\n")


def stale_files(directory: Path, names: set[str]) -> Iterator[Path]:
    """The goldens in a directory whose case is gone."""
    return (path for path in directory.iterdir() if path.suffix in {".npz", ".mindir"} and path.stem not in names)


if __name__ == "__main__":
    sys.exit(main())
