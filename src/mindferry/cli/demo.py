"""`mindferry demo`: the whole way of a real model, on the screen."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from mindferry.cli import options, screen
from mindferry.cli.command import command as make
from mindferry.errors import FileProblem, VerifyError

if TYPE_CHECKING:
    from rich.console import Console

    from mindferry.demo import steps as demo

_DIGITS_SHOWN = 6
_SHADES = " ░▒▓█"


@make(
    examples=[
        ("mindferry demo", "needs the extra `cpu` (ONNX Runtime) and takes some seconds"),
        ("mindferry demo --keep out", "keeps out/lenet5.onnx"),
    ]
)
@click.option("--keep", type=click.Path(), metavar="DIR", help="Keep the files that are made in this folder.")
@options.as_json
def command(keep: str | None, as_json: bool) -> None:
    """Carry a real model from its file to verified predictions.

    A LeNet-5 that MindSpore trained on scanned digits is read, converted to ONNX without MindSpore, run on this
    machine's CPU on 360 test images, and compared with MindSpore's own answers. Exit code 3 where they differ.
    """
    from mindferry.demo.steps import Verified, steps

    with _folder(keep) as folder:
        found = []
        for number, step in enumerate(steps(folder), 1):
            found.append(step)
            if not as_json:
                _show(screen.console(), number, step)
    verified = next(step for step in found if isinstance(step, Verified))
    if as_json:
        screen.print_json(_data(found, keep))
    if not verified.passed:
        text = f"{_verdict(verified)}; {'; '.join(verified.faults())}"
        raise VerifyError(text, verification=verified.network)
    if not as_json:
        screen.console().print(f"\n[bold green]{_verdict(verified)}[/]")


@contextmanager
def _folder(keep: str | None) -> Iterator[Path]:
    if keep is None:
        with tempfile.TemporaryDirectory(prefix="mindferry-demo-") as temporary:
            yield Path(temporary)
        return
    folder = Path(keep)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise FileProblem(f"{keep}: cannot be made a folder ({error.strerror})") from None
    yield folder


def _verdict(verified: demo.Verified) -> str:
    return f"{verified.equal} of {verified.total} predictions equal"


def _show(out: Console, number: int, step: demo.Step) -> None:
    if number == 1:
        out.print("[bold]A LeNet-5, trained with MindSpore on handwritten digits[/]")
    out.print()
    title, lines = _lines(step, colored=out.color_system is not None)
    for place, line in enumerate(lines):
        head = f"[bold cyan]{number}[/] [bold]{title:<8}[/]" if place == 0 else " " * 10
        out.print(f"{head} {line}", soft_wrap=True)


def _lines(step: demo.Step, *, colored: bool) -> tuple[str, list[str]]:
    from mindferry.demo import steps as demo

    match step:
        case demo.Inspected():
            return "inspect", _inspected(step)
        case demo.Converted():
            return "convert", _converted(step)
        case demo.Checked():
            return "check", [f"ONNX's own checker accepts it (IR version {step.ir_version}, opset {step.opset})"]
        case demo.Predicted():
            return "run", _predicted(step, colored=colored)
        case demo.Verified():
            return "verify", _verified(step)
        case demo.Timed():
            return "time", _timed(step)


def _inspected(step: demo.Inspected) -> list[str]:
    summary = step.summary
    size = screen.size_text(summary.file_bytes)
    return [
        f"lenet5.mindir, {size}, written by {summary.producer} {summary.producer_version}",
        f"takes {screen.escape(', '.join(map(str, summary.inputs)))}, "
        f"gives {screen.escape(', '.join(map(str, summary.outputs)))}",
        f"{screen.count_text(summary.elements, 'trained number')} in {screen.count_text(summary.parameters, 'tensor')}",
    ]


def _converted(step: demo.Converted) -> list[str]:
    nodes = screen.count_text(step.report.operators.total(), "node")
    kinds = " ".join(sorted(step.report.operators))
    return [
        f"{step.path.name}, {screen.size_text(step.path.stat().st_size)}, in {screen.seconds_text(step.seconds)}, "
        "without MindSpore",
        f"{nodes}: {kinds}",
    ]


def _predicted(step: demo.Predicted, *, colored: bool) -> list[str]:
    total = len(step.labels)
    share = f"{step.correct / total:.1%}"
    scans = step.images[:_DIGITS_SHOWN, 0, ::4, ::4]
    return [
        f"{total} test images, {step.device}: {step.correct} of {total} digits read rightly ({share})",
        *(_drawn(scans) if colored else _shaded(scans)),
        "  ".join(f"   [bold]{digit}[/]    " for digit in step.digits[:_DIGITS_SHOWN]),
    ]


def _drawn(scans: Any) -> list[str]:
    """Scans of 8 x 8 pixels, side by side; a character holds two pixels, one above the other."""

    def pair(upper: float, lower: float) -> str:
        above, below = (f"rgb({grey},{grey},{grey})" for grey in (int(upper * 255), int(lower * 255)))
        return f"[{above} on {below}]▀[/]"

    rows = range(0, scans.shape[1], 2)
    return ["  ".join("".join(map(pair, scan[row], scan[row + 1])) for scan in scans) for row in rows]


def _shaded(scans: Any) -> list[str]:
    """Scans of 8 x 8 pixels, side by side, a character for each."""
    shades = (scans * (len(_SHADES) - 1)).round().astype(int)
    return [
        "  ".join("".join(_SHADES[shade] for shade in scan[row]) for scan in shades) for row in range(scans.shape[1])
    ]


def _verified(step: demo.Verified) -> list[str]:
    from mindferry.demo import steps as demo

    lines = []
    for name, verification in (("lenet5.mindir", step.network), ("lenet5.ckpt in its graph", step.checkpoint)):
        fault = verification.outputs[0].fault(demo.TOLERANCE)
        largest = verification.outputs[0].max_relative
        good = f"differs by {largest:.1e} of the largest logit, [green]within {demo.TOLERANCE:g}[/]"
        lines.append(f"{name} {f'[red]{fault}[/]' if fault else good}")
    return ["against the logits that MindSpore computed", *lines]


def _timed(step: demo.Timed) -> list[str]:
    one, every = screen.seconds_text(step.one), screen.seconds_text(step.all)
    return [f"one image {one}; {step.total} at once {every}, {step.total / step.all:,.0f} images a second"]


def _data(found: Sequence[demo.Step], keep: str | None) -> dict[str, Any]:
    from mindferry.demo import steps as demo

    data: dict[str, Any] = {}
    for step in found:
        match step:
            case demo.Inspected():
                data["inspect"] = step.summary.as_dict()
            case demo.Converted():
                data["convert"] = {"seconds": step.seconds, **step.report.as_dict()} | (
                    {"file": str(step.path)} if keep else {}
                )
            case demo.Checked():
                data["check"] = {"ir_version": step.ir_version, "opset": step.opset}
            case demo.Predicted():
                data["run"] = {"images": len(step.labels), "correct": step.correct, "on": step.device}
            case demo.Verified():
                data["verify"] = {
                    "equal": step.equal, "total": step.total, "passed": step.passed,
                    "mindir": step.network.as_dict(), "ckpt": step.checkpoint.as_dict(),
                }  # fmt: skip
            case demo.Timed():
                data["time"] = {"one_image_seconds": step.one, "all_images_seconds": step.all}
    return data
