"""The table and the plot of what `inference.py` measured."""

from __future__ import annotations

import re
import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

DOCS = Path(__file__).resolve().parent.parent / "docs"
PAGE, PLOT = DOCS / "performance.md", DOCS / "inference.svg"
MARKS = "<!-- inference -->", "<!-- end of inference -->"

BATCHES = (1, 8)
TOLERANCES = {"exact": 0.0, "loose": 1e-2}
MINDSPORE = ("mindspore", "mindspore_avx2")


@dataclass(frozen=True)
class Row:
    """A network at a batch: milliseconds by side, and times faster than a side, paired by rounds."""

    network: str
    batch: int
    milliseconds: dict[str, float]
    exact_over: dict[str, float]
    loose_over: dict[str, float]
    chosen: str


def rows(results: Sequence[dict[str, Any]]) -> list[Row]:
    """The numbers of the table, batch by batch, without what failed."""
    return [
        row(result, batch)
        for batch in BATCHES
        for result in results
        if "turns" in result["batches"].get(str(batch), {})
    ]


def failures(results: Sequence[dict[str, Any]]) -> list[str]:
    """What failed, and why."""
    kept = [(*result["batches"].values(), *(result.get(kind, {}) for kind in MINDSPORE)) for result in results]
    parts = [part for parts in kept for part in parts]
    return [part["error"] for part in parts if "error" in part]


def row(result: dict[str, Any], batch: int) -> Row:
    """The medians of one network, and the ratios."""
    measured = result["batches"][str(batch)]
    turns: dict[str, list[float]] = dict(measured["turns"])
    turns["fastest_fp32"] = min((turns[name] for name in ("onnxruntime", "openvino_fp32")), key=statistics.median)
    milliseconds = {name: statistics.median(times) * 1000 for name, times in turns.items()}

    def over(side: str) -> dict[str, float]:
        ratios = {
            name: statistics.median(other / mine for other, mine in zip(times, turns[side], strict=True))
            for name, times in turns.items()
        }
        for kind in MINDSPORE:
            if times := result.get(kind, {}).get(str(batch)):
                ratios[kind] = statistics.median(times) / statistics.median(turns[side])
                milliseconds[kind] = statistics.median(times) * 1000
        return ratios

    exact, loose = over("exact"), over("loose")
    chosen = (next(one["name"] for one in measured["choices"][name]["evidence"] if one["outcome"] == "chosen")
              for name in TOLERANCES)  # fmt: skip
    return Row(result["network"], batch, milliseconds, exact, loose, " / ".join(dict.fromkeys(chosen)))


def table(found: Sequence[Row]) -> str:
    """The rows in markdown, with geometric means."""
    sides = ("onnxruntime", "openvino_fp32", "openvino", *MINDSPORE, "exact", "loose")
    lines = [
        "| network, batch | ONNX Runtime | OpenVINO fp32 | OpenVINO | MindSpore | MindSpore, AVX2 | tuned, 0 | tuned, 1e-2 "
        "| 0: over the faster fp32 | 1e-2: over ONNX Runtime | 0: over MindSpore | over its AVX2 | chosen |",
        "| --- |" + " ---: |" * (len(sides) + 4) + " --- |",
    ]
    for batch in BATCHES:
        group = [one for one in found if one.batch == batch]
        for one in group:
            times = (f"{one.milliseconds[side]:,.1f}" if side in one.milliseconds else "" for side in sides)
            over_mindspore = (one.exact_over.get(kind) for kind in MINDSPORE)
            ratios = (one.exact_over["fastest_fp32"], one.loose_over["onnxruntime"], *over_mindspore)
            texts = ("" if ratio is None else f"{ratio:.2f}" for ratio in ratios)
            lines.append(f"| {one.network}, {batch} | {' | '.join((*times, *texts))} | `{one.chosen}` |")
        lines.append(means(f"batch {batch}", group))
    return "\n".join([*lines, means("all", found)])


def means(title: str, found: Sequence[Row]) -> str:
    """A line of geometric means."""
    columns = (
        [one.exact_over["fastest_fp32"] for one in found],
        [one.loose_over["onnxruntime"] for one in found],
        *([one.exact_over[kind] for one in found if kind in one.exact_over] for kind in MINDSPORE),
    )
    texts = (f"**{statistics.geometric_mean(values):.2f}**" if values else "" for values in columns)
    return f"| **geometric mean, {title}** |" + " |" * 7 + f" {' | '.join(texts)} | |"


def text(results: Sequence[dict[str, Any]]) -> str:
    """The table with what it was measured on."""
    found = rows(results)
    machine = results[0]["machine"]
    worst = min(found, key=lambda one: one.exact_over["fastest_fp32"])
    lost = [f"- {failure}" for failure in failures(results)]
    return "\n\n".join([
        f"{len(results)} networks on {machine['processor']}, {machine['cores']} cores "
        f"({', '.join(machine['instructions'])}); {', '.join(machine['versions'].values())}. Milliseconds of the median "
        "run; ratios are medians of pairs within a round, times faster. Least at tolerance 0: "
        f"{worst.exact_over['fastest_fp32']:.2f} ({worst.network}, batch {worst.batch}).",
        table(found),
        *(["Not measured:\n\n" + "\n".join(lost)] if lost else []),
        f"![Times faster than ONNX Runtime]({PLOT.name})",
    ])  # fmt: skip


def draw(results: Sequence[dict[str, Any]], path: Path) -> None:
    """The ratios over ONNX Runtime's defaults as points, a panel for each batch."""
    import matplotlib
    from matplotlib.figure import Figure

    matplotlib.rcParams["svg.hashsalt"] = "mindferry"
    figure = Figure(figsize=(9.5, 1.6 + 0.24 * len(results)), layout="constrained")
    panels = figure.subplots(1, len(BATCHES), sharey=True, squeeze=False)[0]
    names = [result["network"] for result in results]
    for panel, batch in zip(panels, BATCHES, strict=True):
        group = [one for one in rows(results) if one.batch == batch]
        places = [names.index(one.network) for one in group]
        for label, color, marker, speeds in (
            ("OpenVINO fp32", "#bbbbbb", "s", [one.exact_over["onnxruntime"] / one.exact_over["openvino_fp32"] for one in group]),
            ("tuned, tolerance 0", "#4477aa", "o", [one.exact_over["onnxruntime"] for one in group]),
            ("tuned, tolerance 1e-2", "#ee6677", "d", [one.loose_over["onnxruntime"] for one in group]),
        ):  # fmt: skip
            panel.scatter(speeds, places, c=color, marker=marker, s=26, label=label, zorder=3)
        panel.axvline(1, color="#333333", lw=0.8)
        panel.set_title(f"batch {batch}", fontsize=10)
        panel.set_xlabel("times faster than ONNX Runtime's defaults", fontsize=8)
        panel.grid(axis="y", color="#eeeeee")
        panel.spines[["top", "right"]].set_visible(False)
    panels[0].set_yticks(range(len(names)), names, fontsize=8)
    panels[0].invert_yaxis()
    figure.legend(*panels[0].get_legend_handles_labels(), loc="outside upper center", ncols=3, fontsize=8)
    figure.savefig(path, metadata={"Date": None})


def write_report(results: Sequence[dict[str, Any]]) -> None:
    """Puts the table between the marks of the page, and the plot beside it."""
    page = PAGE.read_text("utf-8")
    pattern = re.compile(f"{re.escape(MARKS[0])}.*?{re.escape(MARKS[1])}", re.DOTALL)
    if not pattern.search(page):
        raise SystemExit(f"{PAGE} has no {MARKS[0]} ... {MARKS[1]}")
    block = f"{MARKS[0]}\n{text(results)}\n{MARKS[1]}"
    PAGE.write_text(pattern.sub(lambda _: block, page), "utf-8")
    draw(results, PLOT)
