"""ONNX -> ONNX: rewrites that keep the meaning and make the graph smaller.

| level | what it does |
| --- | --- |
| 0 | nothing: one lowering after the other, as they came |
| 1 | folds constants, BatchNormalization and biases into what is before them; merges equal nodes and transposes; \
recognises GELU and layer normalisation in their definitions, and for ONNX Runtime attention |
"""

from __future__ import annotations

from collections.abc import Callable

import onnx_ir as ir
from onnx_ir.passes import common

from mindferry.errors import OptionError
from mindferry.optimize.rules import (
    attention,
    constants,
    conv_bias,
    conv_scale,
    gelu,
    gemm_bias,
    identities,
    layer_norm,
    transposes,
)

HIGHEST_LEVEL = 1

Rule = Callable[[ir.Graph], int]

RULES: dict[str, Rule] = {
    # Constants first: what they make constant is what the fusions look for.
    "constants": constants.apply,
    "identities": identities.apply,
    "transposes": transposes.apply,
    # A scale before a bias: BatchNormalization leaves a bias that conv_bias need not see.
    "conv_scale": conv_scale.apply,
    "conv_bias": conv_bias.apply,
    "gemm_bias": gemm_bias.apply,
    "gelu": gelu.apply,
    "layer_norm": layer_norm.apply,
}

RULES_FOR: dict[str, dict[str, Rule]] = {"ort": {"attention": attention.apply}}
"""By target: rules whose result is better there, and is not known to be elsewhere."""


def optimize(model: ir.Model, level: int, target: str | None = None) -> dict[str, int]:
    """Rewrites the model in place; how often each rule applied.

    Raises:
        OptionError: there is no such level.
    """
    if not 0 <= level <= HIGHEST_LEVEL:
        raise OptionError(f"optimisation level {level} is unknown; levels are 0 to {HIGHEST_LEVEL}")
    if level == 0:
        return {}
    rules = RULES | RULES_FOR.get(target or "", {})
    counts = {name: rule(model.graph) for name, rule in rules.items()}
    common.CommonSubexpressionEliminationPass()(model)
    common.RemoveUnusedNodesPass()(model)
    return {name: count for name, count in counts.items() if count}
