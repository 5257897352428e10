"""Regions of interest: suppression, cropping, boxes and their overlaps."""

from __future__ import annotations
