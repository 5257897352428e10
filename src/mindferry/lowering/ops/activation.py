"""Activation functions."""

from __future__ import annotations

from mindferry.lowering.registry import direct

direct({"ReLU": "Relu", "Sigmoid": "Sigmoid", "Tanh": "Tanh"})
