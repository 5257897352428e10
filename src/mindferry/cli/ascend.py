"""`mindferry ascend`: a simulated Ascend to develop against."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import cast

import click

from mindferry.cli import options, screen
from mindferry.cli.command import Command
from mindferry.errors import FileProblem

_PYTHONS = ("python", "python3")
_RUN_MODES = {"device": "0", "host": "1"}
_PASSED_ON = {"ignore_unknown_options": True}


class _Family(click.Group):
    """Commands of one subject, with an example of each at the end of the help."""

    @property
    def examples(self) -> list[tuple[str, str]]:
        """The first example of each command."""
        return [cast(Command, self.commands[name]).examples[0] for name in sorted(self.commands)]

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Examples"):
            for line, meaning in self.examples:
                formatter.write(f"  {line}\n      {meaning}\n")


@click.group(cls=_Family, no_args_is_help=True)
def command() -> None:
    """Run and compile for an Ascend processor that is simulated on this machine's CPU.

    `atc` compiles as Ascend's compiler does, into a file that only the simulator loads; `simulate` runs a program, and
    `import acl` gives it a simulated processor. Both compute with ONNX Runtime.
    """


@command.command(
    cls=Command,
    context_settings={**_PASSED_ON, "allow_interspersed_args": False},
    examples=[
        ("mindferry ascend simulate -- python app.py", "app.py finds the simulator when it imports acl"),
        (
            "mindferry ascend simulate --soc Ascend310 --tell -- python app.py --images photos",
            "another processor; every call that is refused is told on stderr",
        ),
    ],
)
@click.option("--soc", metavar="NAME", default="Ascend310P3", show_default=True, help="The processor.")
@click.option("--devices", type=click.IntRange(1, 64), default=1, show_default=True, help="How many there are.")
@click.option(
    "--run-mode",
    type=click.Choice(list(_RUN_MODES)),
    default="host",
    show_default=True,
    help="Whether the program runs on a host beside the device, or on the device itself.",
)
@click.option("--tell", is_flag=True, help="Tell every call that is refused, and why, on stderr.")
@click.argument("program", nargs=-1, required=True, type=click.UNPROCESSED)
def simulate(soc: str, devices: int, run_mode: str, tell: bool, program: Sequence[str]) -> int:
    """Run PROGRAM with a simulated Ascend behind `import acl` and behind the command `atc`.

    The exit code is the program's own. `python` and `python3` mean the Python that MindFerry runs in. What the program
    leaves behind on the device is told on stderr.
    """
    from mindferry.ascend import simulator, socs

    folder = Path(simulator.__file__).with_name("on_path")
    environment = dict(os.environ)
    environment["PYTHONPATH"] = os.pathsep.join(filter(None, [str(folder), os.environ.get("PYTHONPATH", "")]))
    environment["PATH"] = os.pathsep.join([str(folder / "bin"), os.environ.get("PATH", os.defpath)])
    environment["MINDFERRY_PYTHON"] = sys.executable
    settings = {"SOC": socs.find(soc).name, "DEVICES": str(devices), "RUN_MODE": _RUN_MODES[run_mode]}
    settings["VERBOSE"] = str(int(tell))
    environment |= {simulator.ENVIRONMENT + name: value for name, value in settings.items()}
    words = [sys.executable, *program[1:]] if program[0] in _PYTHONS else list(program)
    if shutil.which(words[0], path=environment["PATH"]) is None:
        raise FileProblem(f"{words[0]}: there is no such program")
    done = subprocess.run(words, env=environment, check=False).returncode
    return done if done >= 0 else 128 - done


@command.command(
    cls=Command,
    context_settings=_PASSED_ON,
    examples=[
        (
            "mindferry ascend atc --model=lenet5.onnx --framework=5 --output=lenet5 --soc_version=Ascend310P3",
            "makes lenet5.om, computed in float16 as ATC does where it is not told otherwise",
        ),
        (
            "mindferry ascend atc --model=lenet5.air --framework=1 --output=lenet5 --soc_version=Ascend310P3 "
            "--precision_mode=must_keep_origin_dtype",
            "AIR, computed in float32",
        ),
        (
            'mindferry ascend atc --model=n.onnx --framework=5 --output=n --soc_version=Ascend310 --input_shape="x:-1,3,32,32" '
            '--dynamic_batch_size="1,2,4"',
            "batches of 1, 2 or 4",
        ),
    ],
)
@options.as_json
@click.argument("arguments", nargs=-1, required=True, type=click.UNPROCESSED)
def atc(arguments: Sequence[str], as_json: bool) -> int:
    """Compile an ONNX or AIR model for the simulator, with ATC's own ARGUMENTS.

    Options, messages, error codes and the exit code 255 are those of ATC; options that change the result in a way that
    is not simulated are refused.
    """
    from mindferry.ascend.compiler import command as compiler

    lines: list[str] = []
    code, report = compiler.run(arguments, lines.append if as_json else click.echo)
    if as_json:
        screen.print_json({"exit_code": code, "lines": lines, "report": report.as_dict() if report else None})
    return code
