"""The group of commands; a command's module is imported when its name is asked for."""

from __future__ import annotations

import importlib
import os
import sys
from collections.abc import Sequence
from difflib import get_close_matches

import click
from click.shell_completion import shell_complete

from mindferry import __version__
from mindferry.cli.command import report_failure, report_usage, silence_closed_pipe

NAMES = (
    "demo",
    "inspect",
    "convert",
    "check",
    "run",
    "verify",
    "bench",
    "tune",
    "export",
    "ascend",
    "platforms",
    "doctor",
    "completion",
)
"""The commands in the order of the help; each is `mindferry/cli/NAME.py` with a `command`."""

COMPLETE = "_MINDFERRY_COMPLETE"
"""The variable through which a shell asks for completions."""

_HELP = """Carries models trained with MindSpore to every hardware platform.

Start with `mindferry demo`; `mindferry COMMAND --help` shows examples."""


class Group(click.Group):
    """Looks commands up by module name."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(NAMES)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in NAMES:
            return None
        command: click.Command = importlib.import_module(f"mindferry.cli.{cmd_name}").command
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args and not args[0].startswith("-") and args[0] not in NAMES and not ctx.resilient_parsing:
            near = get_close_matches(args[0], NAMES, 1)
            raise click.UsageError(
                f"there is no command {args[0]!r}" + (f"; did you mean {near[0]}?" if near else ""), ctx
            )
        return super().resolve_command(ctx, args)


group = Group(
    "mindferry",
    help=_HELP,
    no_args_is_help=False,
    invoke_without_command=True,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110},
)
click.version_option(__version__, message="%(prog)s %(version)s")(group)


@group.result_callback()
@click.pass_context
def _without_command(ctx: click.Context, result: object) -> object:
    """The command's own result; where no command is given, the help is printed."""
    if ctx.invoked_subcommand is None:
        click.echo(ctx.get_help())
    return result


def run(arguments: Sequence[str]) -> int:
    """Runs one command line and returns its exit code."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")
    try:
        if instruction := os.environ.get(COMPLETE):
            return shell_complete(group, {}, "mindferry", COMPLETE, instruction)
        with group.make_context("mindferry", list(arguments)) as context:
            code = group.invoke(context)
        sys.stdout.flush()
        return code if isinstance(code, int) else 0
    except click.exceptions.Exit as done:
        return done.exit_code
    except click.UsageError as error:
        return report_usage(error)
    except BrokenPipeError:
        return silence_closed_pipe()
    except Exception as error:
        return report_failure(error, "mindferry", verbose=False)
