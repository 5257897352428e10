"""Sampling at the points of a grid, and the affine grids that describe them."""

from __future__ import annotations
