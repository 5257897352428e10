"""A benchmark as a picture: a bar of latency for each configuration, a panel for each batch."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mindferry.benchmarking.results import Benchmark, Row
from mindferry.errors import NotInstalled, OptionError
from mindferry.formats import _files

if TYPE_CHECKING:
    from matplotlib.axes import Axes

SUFFIXES = (".png", ".svg")
_COLORS = {"onnxruntime": "#4477aa", "openvino": "#ee6677", "mindspore": "#228833", "tensorrt": "#ccbb44"}
_OTHER = "#888888"
_BAR_INCHES, _HEAD_INCHES, _WIDTH_INCHES = 0.42, 1.1, 9.0


def check(path: Path) -> None:
    """Does nothing where a plot can be written there.

    Raises:
        OptionError: the suffix names no format that can be written.
        FileProblem: the place cannot be written.
        NotInstalled: matplotlib is missing.
    """
    if path.suffix.lower() not in SUFFIXES:
        raise OptionError(f"{path}: a plot is written as {' or '.join(SUFFIXES)}")
    _files.check_target(path)
    _figure_class()


def _figure_class() -> Any:
    try:
        from matplotlib.figure import Figure
    except ImportError as error:
        raise NotInstalled(f"a plot needs matplotlib ({error}): pip install 'mindferry[report]'") from None
    return Figure


def save(benchmark: Benchmark, path: Path) -> None:
    """Writes the plot; the format is that of the suffix."""
    check(path)
    batches = list(dict.fromkeys(row.batch for row in benchmark.rows))
    groups = [[row for row in benchmark.rows if row.batch == batch] for batch in batches]
    heights = [len(rows) * _BAR_INCHES + _HEAD_INCHES for rows in groups]
    figure = _figure_class()(figsize=(_WIDTH_INCHES, sum(heights) + 0.5), layout="constrained")
    panels = figure.subplots(len(groups), 1, squeeze=False, height_ratios=heights)
    for panel, batch, rows in zip(panels[:, 0], batches, groups, strict=True):
        _draw(panel, rows)
        panel.set_title(f"batch {batch}" if batch else "", loc="left", fontsize=10)
    panels[-1, 0].set_xlabel("ms a run: bar to the median, line to the 90th percentile")
    cores = benchmark.machine.get("cores")
    figure.suptitle(f"{Path(benchmark.model).name} on {benchmark.machine.get('processor')}, {cores} cores", fontsize=11)
    figure.savefig(path, dpi=110, metadata={"Date": None} if path.suffix.lower() == ".svg" else None)


def _draw(panel: Axes, rows: Sequence[Row]) -> None:
    places = range(len(rows))
    medians = [row.p50 * 1000 for row in rows]
    above = [(row.p90 - row.p50) * 1000 for row in rows]
    colors = [_COLORS.get(row.configuration.runtime, _OTHER) for row in rows]
    panel.barh(places, medians, color=colors, height=0.62)
    panel.errorbar(medians, places, xerr=[[0.0] * len(rows), above], fmt="none", ecolor="#333333", capsize=2, lw=1)
    longest = max(median + more for median, more in zip(medians, above, strict=True))
    for place, row, end in zip(places, rows, above, strict=True):
        text = f"{row.p50 * 1000:.3g} ms, {row.speed.median:.2f}x"
        panel.text(row.p50 * 1000 + end + longest * 0.015, place, text, va="center", fontsize=8)
    panel.set_yticks(places, [str(row.configuration) for row in rows], fontsize=8)
    panel.invert_yaxis()
    panel.set_xlim(0, longest * 1.28)
    panel.spines[["top", "right"]].set_visible(False)
    panel.tick_params(axis="x", labelsize=8)
