"""Sorting, the greatest elements, and order statistics."""

from __future__ import annotations
