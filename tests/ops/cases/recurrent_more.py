"""Recurrent primitives in forms that layers do not build: projections, stacks, both directions in one."""

from __future__ import annotations

from ops.case import Case
from ops.inputs import normal, uniform

SEQUENCE, STATE = normal(4, 2, 3), normal(1, 2, 5)


def weights(count: int) -> object:
    """A flat weight."""
    return uniform(count, 1, 1, low=-0.5, high=0.5)


CASES = (
    Case(
        "LSTM",
        "self.net(x, h, c, w)[:3]",
        init="self.net = P.LSTM(3, 5, 1, True, False, 0.0)",
        x=SEQUENCE,
        h=STATE,
        c=STATE,
        w=weights(180),
    ),
    Case(
        "LSTM",
        "self.net(x, h, c, w)[:3]",
        init="self.net = P.LSTM(3, 5, 1, False, False, 0.0)",
        x=SEQUENCE,
        h=STATE,
        c=STATE,
        w=weights(160),
    ),
    Case(
        "LSTM",
        "self.net(x, h, c, w)[:3]",
        init="self.net = P.LSTM(3, 5, 1, True, False, 0.0, 2)",
        x=SEQUENCE,
        h=normal(1, 2, 2),
        c=STATE,
        w=weights(130),
    ),
    Case(
        "LSTM",
        "self.net(x, h, c, w)[:3]",
        init="self.net = P.LSTM(3, 5, 1, True, True, 0.0)",
        x=SEQUENCE,
        h=normal(2, 2, 5),
        c=normal(2, 2, 5),
        w=weights(360),
    ),
    Case(
        "LSTM",
        "self.net(x, h, c, w)[:3]",
        init="self.net = P.LSTM(5, 5, 2, True, False, 0.0)",
        x=normal(4, 2, 5),
        h=normal(2, 2, 5),
        c=normal(2, 2, 5),
        w=weights(440),
    ),
    Case(
        "LSTM",
        "self.net(x, (h, c))",
        init="self.net = nn.LSTM(3, 5, 2, bidirectional=True, batch_first=True)",
        x=normal(2, 4, 3),
        h=normal(4, 2, 5),
        c=normal(4, 2, 5),
    ),
    Case(
        "LSTM",
        "self.net(x)",
        init="self.net = nn.LSTM(3, 5, has_bias=False)",
        dynamic={"x": (None, 2, 3)},
        x=[normal(4, 2, 3), normal(7, 2, 3)],
    ),
    Case(
        "GRUV2",
        "self.net(x, h, w, n)[:2]",
        init="self.net = rnn.GRUV2(3, 5, 1, True, False, 0.0)",
        x=SEQUENCE,
        h=STATE,
        w=weights(135),
        n=uniform(2, low=1, high=4, dtype="int32"),
    ),
    Case(
        "GRUV2",
        "self.net(x, h, w, n)[:2]",
        init="self.net = rnn.GRUV2(3, 5, 1, False, False, 0.0)",
        x=SEQUENCE,
        h=STATE,
        w=weights(120),
        n=uniform(2, low=1, high=4, dtype="int32"),
    ),
    Case(
        "GRUV2",
        "self.net(x, h, w, n)[:2]",
        init="self.net = rnn.GRUV2(3, 5, 1, True, True, 0.0)",
        x=SEQUENCE,
        h=normal(2, 2, 5),
        w=weights(300),
        n=uniform(2, low=1, high=4, dtype="int32"),
    ),
)
