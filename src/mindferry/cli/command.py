"""What all commands share: examples in the help, `--verbose`, and one line for every error."""

from __future__ import annotations

import os
import re
import sys
import traceback
from collections.abc import Callable, Sequence
from typing import Any

import click

from mindferry.errors import MindFerryError


class OptionalValue(click.Option):
    """An option whose value may be left out, even before an argument: what matches the pattern is its value.

    Attributes:
        pattern: of values; any other text after the option is not its own.
        default_value: the value where it is left out.
    """

    def __init__(self, *args: Any, pattern: str, default_value: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.pattern, self.default_value = re.compile(pattern), default_value

    def completed(self, args: list[str]) -> list[str]:
        """The command line with the value where it is left out."""
        result: list[str] = []
        for index, text in enumerate(args):
            following = args[index + 1] if index + 1 < len(args) else ""
            bare = text in self.opts and "--" not in args[:index] and not self.pattern.fullmatch(following)
            result.append(f"{text}={self.default_value}" if bare else text)
        return result


class Command(click.Command):
    """A command whose errors end in one line on stderr and an exit code.

    Attributes:
        examples: command lines with what each one does, shown at the end of the help.
    """

    def __init__(self, *args: Any, examples: Sequence[tuple[str, str]] = (), **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.examples = tuple(examples)
        self.params.append(
            click.Option(
                ["-v", "--verbose"],
                is_flag=True,
                expose_value=False,
                callback=_remember,
                help="Show the trace of an error.",
            )
        )

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        for param in self.params:
            if isinstance(param, OptionalValue):
                args = param.completed(args)
        return super().parse_args(ctx, args)

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        if self.examples:
            with formatter.section("Examples"):
                for line, meaning in self.examples:
                    formatter.write(f"  {line}\n      {meaning}\n")

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except (click.ClickException, click.exceptions.Exit, BrokenPipeError):
            raise
        except Exception as error:
            ctx.exit(report_failure(error, ctx.command_path, verbose=ctx.meta.get(_VERBOSE, False)))


_VERBOSE = "mindferry.verbose"


def _remember(ctx: click.Context, parameter: click.Parameter, value: bool) -> None:
    ctx.meta[_VERBOSE] = value


def command(*, examples: Sequence[tuple[str, str]] = ()) -> Callable[[Callable[..., Any]], Command]:
    """Makes a function a command named after it; its docstring is the help."""

    def decorate(function: Callable[..., Any]) -> Command:
        made: Command = click.command(cls=Command, examples=examples)(function)
        return made

    return decorate


def silence_closed_pipe() -> int:
    """Sends what Python still holds for a pipe without a reader nowhere, so that it does not fail at exit."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return 141


def report_usage(error: click.UsageError) -> int:
    """One line for a command line that cannot be meant."""
    path = error.ctx.command_path if error.ctx else "mindferry"
    message = error.format_message().rstrip(".")
    sys.stderr.write(f"{path}: {_one_line(message)} (see {path} --help)\n")
    return 2


def report_failure(error: Exception, path: str, *, verbose: bool) -> int:
    """One line for an error, after its trace where asked; returns the exit code."""
    if verbose:
        traceback.print_exception(error)
    code = 1
    if isinstance(error, MindFerryError):
        text, code = str(error), error.exit_code
    elif isinstance(error, OSError):
        text = f"{error.filename}: {error.strerror}" if error.filename else str(error)
    elif isinstance(error, MemoryError):
        text = "there is not enough memory"
    else:
        text = f"a fault of MindFerry: {type(error).__name__}: {error} (please report what --verbose shows)"
    sys.stderr.write(f"{path}: {_one_line(text)}\n")
    return code


def _one_line(text: str) -> str:
    return " ".join(text.split())
