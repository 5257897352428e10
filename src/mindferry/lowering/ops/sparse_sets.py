"""Sets, edit distances and ragged ranges."""

from __future__ import annotations
