"""Recurrent layers and cells, and attention layers built of smaller primitives."""

from __future__ import annotations

from ops.case import Case
from ops.inputs import array, integers, normal

SEQUENCE = normal(4, 2, 3)
BATCH_FIRST = normal(2, 4, 3)
LENGTHS = array([4, 2], "int32")


def layer(primitive: str, arguments: str, x: object, *, call: str = "x", **more: object) -> Case:
    """A layer of ``nn``."""
    return Case(primitive, f"self.op({call})", init=f"self.op = nn.{arguments}", x=x, **more)


CASES = (
    layer("LSTM", "LSTM(3, 5)", SEQUENCE),
    layer("LSTM", "LSTM(3, 5, batch_first=True)", BATCH_FIRST),
    layer("LSTM", "LSTM(3, 5, has_bias=False)", SEQUENCE),
    layer("LSTM", "LSTM(3, 5, num_layers=2)", SEQUENCE),
    layer("LSTM", "LSTM(3, 5, bidirectional=True)", SEQUENCE),
    layer("LSTM", "LSTM(3, 5, num_layers=2, bidirectional=True)", SEQUENCE),
    layer("LSTM", "LSTM(3, 5)", SEQUENCE, call="x, (h, c)", h=normal(1, 2, 5), c=normal(1, 2, 5)),
    layer("LSTM", "LSTM(3, 5)", [SEQUENCE, normal(4, 3, 3)], dynamic={"x": (4, None, 3)}),
    layer("Sigmoid", "LSTM(3, 5)", SEQUENCE, call="x, None, n", n=LENGTHS),
    layer("Sigmoid", "LSTM(3, 5, bidirectional=True)", SEQUENCE, call="x, None, n", n=LENGTHS),
    layer("Sigmoid", "GRU(3, 5)", SEQUENCE),
    layer("Sigmoid", "GRU(3, 5, num_layers=2, bidirectional=True, batch_first=True)", BATCH_FIRST),
    layer("Sigmoid", "GRU(3, 5, has_bias=False)", SEQUENCE, call="x, h", h=normal(1, 2, 5)),
    layer("Sigmoid", "GRU(3, 5)", SEQUENCE, call="x, None, n", n=LENGTHS),
    layer("Tanh", "RNN(3, 5)", SEQUENCE),
    layer("Tanh", "RNN(3, 5, num_layers=2, bidirectional=True)", SEQUENCE),
    layer("ReLU", "RNN(3, 5, nonlinearity='relu')", SEQUENCE),
    layer("Tanh", "RNN(3, 5)", SEQUENCE, call="x, None, n", n=LENGTHS),
    layer("Sigmoid", "LSTMCell(3, 5)", normal(2, 3), call="x, (h, c)", h=normal(2, 5), c=normal(2, 5)),
    layer("Sigmoid", "GRUCell(3, 5)", normal(2, 3), call="x, h", h=normal(2, 5)),
    layer("Tanh", "RNNCell(3, 5)", normal(2, 3), call="x, h", h=normal(2, 5)),
    layer("ReLU", "RNNCell(3, 5, nonlinearity='relu')", normal(2, 3), call="x, h", h=normal(2, 5)),
    layer("Softmax", "MultiheadAttention(6, 2)", normal(4, 2, 6), call="x, x, x"),
    layer(
        "Softmax",
        "MultiheadAttention(6, 3, batch_first=True, kdim=4, vdim=5)",
        normal(2, 4, 6),
        call="x, y, z",
        y=normal(2, 5, 4),
        z=normal(2, 5, 5),
    ),
    layer("Softmax", "TransformerEncoderLayer(6, 2, 8, dropout=0.1)", normal(4, 2, 6)),
    layer("Softmax", "TransformerDecoderLayer(6, 2, 8, dropout=0.1)", normal(4, 2, 6), call="x, y", y=normal(5, 2, 6)),
    layer("Softmax", "Transformer(4, 2, 1, 1, 8)", normal(3, 2, 4), call="x, y", y=normal(2, 2, 4)),
    layer("EmbeddingLookup", "EmbeddingLookup(7, 3)", integers(0, 7, 2, 4)),
)
