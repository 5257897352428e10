"""Counts of values per bin."""

from __future__ import annotations
