"""Colour spaces and image adjustments."""

from __future__ import annotations
