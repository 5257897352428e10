"""The demonstration: a real MindSpore model from its file to verified predictions, without MindSpore."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mindferry import demo

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from mindferry.lowering.report import Report
    from mindferry.runtimes.base import Session
    from mindferry.summary import Summary
    from mindferry.verification import Verification

TOLERANCE = 1e-5
"""The largest difference allowed, over MindSpore's largest output."""

_SINGLE_RUNS = 300
_BATCH_RUNS = 20


@dataclass(frozen=True, slots=True)
class Inspected:
    """What the MindIR holds."""

    summary: Summary


@dataclass(frozen=True, slots=True)
class Converted:
    """The ONNX file that was written."""

    path: Path
    report: Report
    seconds: float


@dataclass(frozen=True, slots=True)
class Checked:
    """ONNX's own checker with full shape inference accepts the file."""

    ir_version: int
    opset: int


@dataclass(frozen=True, slots=True)
class Predicted:
    """The digits read from the test images, and the true ones."""

    device: str
    images: npt.NDArray[np.float32]
    digits: npt.NDArray[np.int64]
    labels: npt.NDArray[np.int64]

    @property
    def correct(self) -> int:
        """How many digits are read rightly."""
        return int((self.digits == self.labels).sum())


@dataclass(frozen=True, slots=True)
class Verified:
    """The logits against those that MindSpore computed; from the MindIR's weights and from the checkpoint's."""

    network: Verification
    checkpoint: Verification
    equal: int
    total: int

    @property
    def passed(self) -> bool:
        """True where every prediction is equal and every logit within the tolerance."""
        return self.equal == self.total and not self.faults()

    def faults(self) -> list[str]:
        """How the logits miss the tolerance."""
        sides = {"lenet5.mindir": self.network, "lenet5.ckpt": self.checkpoint}
        found = {name: output.fault(TOLERANCE) for name, side in sides.items() for output in side.outputs}
        return [f"{name} {fault}" for name, fault in found.items() if fault]


@dataclass(frozen=True, slots=True)
class Timed:
    """Median seconds of a run with one image, and with all test images at once."""

    one: float
    all: float
    total: int


Step = Inspected | Converted | Checked | Predicted | Verified | Timed


def steps(folder: Path) -> Iterator[Step]:
    """Does one step after the other and yields what each one found; files go to the folder.

    Raises:
        NotInstalled: ONNX Runtime is missing.
    """
    import mindferry
    from mindferry.data.sources import read_npz
    from mindferry.summary import summarize
    from mindferry.verification import compare

    graph, checkpoint, test = (demo.path(name) for name in ("lenet5.mindir", "lenet5.ckpt", "test.npz"))
    yield Inspected(summarize(graph))

    target = folder / "lenet5.onnx"
    started = time.perf_counter()
    report = mindferry.convert(graph, target)
    yield Converted(target, report, time.perf_counter() - started)

    yield _check(target)

    data = read_npz(test)
    with mindferry.open(target) as session:
        logits = session.run(data["x"])["output"]
        digits = logits.argmax(axis=1)
        yield Predicted(f"{session.runtime} on {session.device}", data["x"], digits, data["label"])

        reference = {"output": data["logits"]}
        with mindferry.open(checkpoint, graph=graph) as filled:
            other = compare(filled.run(data["x"]), reference, tolerance=TOLERANCE)
        equal = int((digits == data["logits"].argmax(axis=1)).sum())
        yield Verified(compare({"output": logits}, reference, tolerance=TOLERANCE), other, equal, len(digits))

        yield Timed(
            _median(session, data["x"][:1], _SINGLE_RUNS), _median(session, data["x"], _BATCH_RUNS), len(digits)
        )


def _check(path: Path) -> Checked:
    import onnx

    onnx.checker.check_model(str(path), full_check=True)
    model = onnx.load(path)
    return Checked(model.ir_version, model.opset_import[0].version)


def _median(session: Session, images: Any, runs: int) -> float:
    session.run(images)
    seconds = []
    for _ in range(runs):
        started = time.perf_counter()
        session.run(images)
        seconds.append(time.perf_counter() - started)
    return sorted(seconds)[runs // 2]
