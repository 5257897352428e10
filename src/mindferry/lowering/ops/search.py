"""Positions of values in sorted sequences."""

from __future__ import annotations
