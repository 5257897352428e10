"""The configurations that `tune` tries, the most promising first.

Only settings are tried that made some network faster when they were measured; docs/performance.md lists the others.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence

from mindferry.benchmarking.configurations import Configuration

_NO_SPINNING = {"config": {"session.intra_op.allow_spinning": "0"}}
_NO_PINNING = {"config": {"ENABLE_CPU_PINNING": False}}
_PARTS = (1, 2, 4)


@dataclasses.dataclass(frozen=True, slots=True)
class Space:
    """What may be tried.

    Attributes:
        runtimes: their names; the first one's default is what all others are compared with.
        precisions: of `configurations.PRECISIONS`.
        batch: rows of a run, or None where the model has no rows.
        frozen: the model's fixed batch, or None.
        cores: of this machine.
        throughput: rows per second count, not the time of one run.
    """

    runtimes: Sequence[str]
    precisions: Sequence[str]
    batch: int | None
    frozen: int | None
    cores: int
    throughput: bool = False


def defaults(space: Space) -> list[Configuration]:
    """Each runtime in each precision that it has, as it is by default."""
    rows = space.frozen if space.frozen is not None and space.frozen != space.batch else 0
    return [
        Configuration(runtime=runtime, precision=precision, rows=rows or 0)
        for precision in space.precisions
        for runtime in space.runtimes
        if precision == "fp32" or runtime == "openvino"
    ]


def variants(space: Space) -> list[Configuration]:
    """Further configurations, without the defaults."""
    found: list[Configuration] = []
    for default in defaults(space):
        found += _split(default, space)
    for default in defaults(space):
        found += _settings(default, space)
    known = set(map(str, defaults(space)))
    return list({str(one): one for one in found if str(one) not in known}.values())


def _split(default: Configuration, space: Space) -> Iterator[Configuration]:
    """Parts of the batch: in turn on all threads, or as many at once as there are cores."""
    if space.batch is None or space.batch == 1:
        return
    usual = {1, *_PARTS, -(-space.batch // space.cores)}
    sizes = {space.frozen} if space.frozen is not None else {size for size in usual if size < space.batch}
    for size in sorted(sizes):
        if size < space.batch:
            yield _side_by_side(dataclasses.replace(default, rows=size, at_once=space.cores), space)
            yield dataclasses.replace(default, rows=size)
    if space.frozen is None:
        yield dataclasses.replace(default, rows=space.batch)


def _side_by_side(one: Configuration, space: Space) -> Configuration:
    """The configuration with one thread for each part or caller."""
    if one.runtime == "openvino":
        return dataclasses.replace(one, threads=space.cores, options={"streams": space.cores})
    return dataclasses.replace(one, threads=1)


def _settings(default: Configuration, space: Space) -> Iterator[Configuration]:
    if default.rows == 0 and space.frozen is None and space.batch == 1:
        yield dataclasses.replace(default, rows=1)
    if default.runtime == "onnxruntime":
        yield dataclasses.replace(default, threads=1)
        yield dataclasses.replace(default, options=_NO_SPINNING)
        yield dataclasses.replace(default, options={"optimization": "extended"})
    if default.runtime == "openvino":
        yield dataclasses.replace(default, threads=1)
        yield dataclasses.replace(default, options=_NO_PINNING)
    if space.throughput and space.cores > 1:
        yield _side_by_side(dataclasses.replace(default, callers=space.cores), space)
