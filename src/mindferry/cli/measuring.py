"""What `bench` and `tune` share: the options for runtimes and inputs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import click

runtimes = click.option(
    "--runtime",
    "runtimes",
    multiple=True,
    metavar="NAME",
    help="onnxruntime, openvino; repeatable. By default those that are installed.",
)
inputs = click.option(
    "--input", "inputs", multiple=True, metavar="[NAME=]FILE", help="Inputs: .npz, .npy, .json, -; drawn by default."
)


def feeds(texts: Sequence[str], model: str) -> dict[str, Any] | None:
    """The arrays that a command line names for a model's inputs, or None where it names none."""
    if not texts:
        return None
    from mindferry.data.sources import gather
    from mindferry.summary import summarize
    from mindferry.types import TensorSpec

    specs = [TensorSpec(port.name, None, None) for port in summarize(model).inputs]
    given = gather(texts, specs)
    if given.images:
        raise click.UsageError("--input takes arrays here, not images", click.get_current_context())
    return dict(given.feeds)
