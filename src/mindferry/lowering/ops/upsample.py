"""Upsampling by nearest, linear and cubic interpolation to a size or by factors."""

from __future__ import annotations
