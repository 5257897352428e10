"""The configurations that `tune` tries, the most promising first.

Only settings are tried that made some network faster when they were measured; docs/performance.md lists the others.
"""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Iterator, Sequence
from typing import Any

from mindferry.benchmarking.configurations import Configuration

_SETTINGS: dict[str, tuple[dict[str, Any], ...]] = {
    "onnxruntime": (
        {"attributes": {"enable_cpu_mem_arena": False}},
        {"config": {"session.dynamic_block_base": "4"}},
        {"config": {"session.intra_op.allow_spinning": "0"}},
        {"optimization": "extended"},
    ),
    "openvino": ({"config": {"ENABLE_CPU_PINNING": False}},),
}
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
    """Each runtime in the first precision, as it is by default."""
    return _defaults(space, space.precisions[0])


def _defaults(space: Space, precision: str) -> list[Configuration]:
    """Each runtime that has the precision, as it is by default."""
    rows = space.frozen if space.frozen is not None and space.frozen != space.batch else 0
    return [
        Configuration(runtime=runtime, precision=precision, rows=rows)
        for runtime in space.runtimes
        if precision == "fp32" or runtime == "openvino"
    ]


def variants(space: Space) -> list[Configuration]:
    """Further configurations: other precisions, then settings, every runtime's first ones before any second one."""
    known = [one for precision in space.precisions for one in _defaults(space, precision)]
    queues = [[*_split(one, space), *_settings(one, space)] for one in known]
    further = (one for place in itertools.zip_longest(*queues) for one in place if one is not None)
    found = [*known, *further]
    names = set(map(str, defaults(space)))
    return list({str(one): one for one in found if str(one) not in names}.values())


def _split(default: Configuration, space: Space) -> Iterator[Configuration]:
    """Parts of the batch, as many at once as there are cores, and the whole batch with its size fixed."""
    if space.batch is None or space.batch == 1:
        return
    sizes = {space.frozen} if space.frozen is not None else {*_PARTS, -(-space.batch // space.cores)}
    found = [
        _side_by_side(dataclasses.replace(default, rows=size, at_once=space.cores), space)
        for size in sorted(size for size in sizes if size < space.batch)
    ]
    if space.frozen is None:
        found.insert(1, dataclasses.replace(default, rows=space.batch))
    yield from found


def _side_by_side(one: Configuration, space: Space) -> Configuration:
    """The configuration with one thread for each part or caller."""
    if one.runtime == "openvino":
        return dataclasses.replace(one, threads=space.cores, options={"streams": space.cores})
    return dataclasses.replace(one, threads=1)


def _settings(default: Configuration, space: Space) -> Iterator[Configuration]:
    if space.frozen is None and space.batch == 1:
        yield dataclasses.replace(default, rows=1)
    if space.throughput and space.cores > 1:
        yield _side_by_side(dataclasses.replace(default, callers=space.cores), space)
    yield dataclasses.replace(default, threads=1)
    for options in _SETTINGS.get(default.runtime, ()):
        yield dataclasses.replace(default, options=options)
