"""Primitive names of MindSpore 1.x -> today's names."""

from __future__ import annotations

import dataclasses

from mindferry.graph import Graph, Model

RENAMED = {
    "tuple_getitem": "TupleGetItem",
    "make_tuple": "MakeTuple",
    "list_getitem": "TupleGetItem",
    "depend": "Depend",
    "TensorAdd": "Add",
    "Pack": "Stack",
    "Unpack": "Unstack",
    "GatherV2": "Gather",
    "Gelu": "GeLU",
}


def rename_legacy(model: Model) -> Model:
    """The model with primitives under the names that MindSpore 2.x gives them."""
    if not any(node.primitive in RENAMED for graph in model.graphs() for node in graph.nodes):
        return model
    functions = {name: _rename(graph) for name, graph in model.functions.items()}
    return dataclasses.replace(model, main=_rename(model.main), functions=functions)


def _rename(graph: Graph) -> Graph:
    nodes = tuple(
        dataclasses.replace(node, primitive=RENAMED.get(node.primitive, node.primitive)) for node in graph.nodes
    )
    return dataclasses.replace(graph, nodes=nodes)
