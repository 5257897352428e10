"""Why one array does not fit its place in a run."""

from __future__ import annotations


class Misfit(Exception):
    """What is wrong with an array, as a sentence without its subject: the name of the input or output goes in front."""
