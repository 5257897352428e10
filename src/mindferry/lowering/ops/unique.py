"""Distinct elements, non-zero positions and set operations."""

from __future__ import annotations
