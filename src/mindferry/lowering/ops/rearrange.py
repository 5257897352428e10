"""Data formats, shifts and aliases."""

from __future__ import annotations
