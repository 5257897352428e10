"""`mindferry completion`: the script that completes commands, options and files in a shell."""

from __future__ import annotations

import os
from pathlib import PurePath

import click

from mindferry.cli.command import command as make

SHELLS = ("bash", "zsh", "fish")


@make(
    examples=[
        ('eval "$(mindferry completion bash)"', "complete in this shell; put the line into ~/.bashrc to keep it"),
        ("mindferry completion fish | source", "the same in fish"),
    ]
)
@click.argument("shell", type=click.Choice(SHELLS), required=False)
def command(shell: str | None) -> None:
    """Print the script with which a shell completes commands.

    Commands, options and file names are completed. The shell is the one that runs now where none is given.
    """
    from click.shell_completion import get_completion_class

    from mindferry.cli.group import COMPLETE, group

    name = shell or PurePath(os.environ.get("SHELL", "")).name
    if name not in SHELLS:
        raise click.UsageError(f"this shell is not known; choose {', '.join(SHELLS)}", click.get_current_context())
    completion = get_completion_class(name)
    assert completion is not None, name
    click.echo(completion(group, {}, "mindferry", COMPLETE).source())
