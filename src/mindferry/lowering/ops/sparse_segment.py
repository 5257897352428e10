"""Totals and means of selected rows by segments."""

from __future__ import annotations
