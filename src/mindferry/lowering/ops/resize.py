"""Resizing by interpolation, in MindSpore's coordinate conventions."""

from __future__ import annotations
