"""Sparse tensors as triples of indices, values and shape."""

from __future__ import annotations
