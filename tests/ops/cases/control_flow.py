"""Branches, loops, functions as values, and side effects on parameters.

MindSpore keeps a parameter's value between runs and ONNX does not, so a case that writes has one run.
"""

from __future__ import annotations

from ops.case import Case
from ops.inputs import array, normal

SIGNS = [array(1.0), array(-1.0)]
PLACES = [array(place, "int32") for place in (0, 1, -1, -2)]
COUNTS = [array(3, "int32"), array(0, "int32"), array(1, "int32")]
STATE = "self.state = ms.Parameter(ms.Tensor(np.arange(6, dtype=np.float32).reshape(2, 3)), name='state')"

CASES = (
    Case("Switch", "if c > 0:\n    y = x * 2\nelse:\n    y = x - 1\ny + 1", x=normal(2, 3), c=SIGNS),
    Case("Switch", "if c > 0:\n    return x * 2\nx - 1", x=normal(2, 3), c=SIGNS),
    Case("Switch", "if c > 1:\n    y = x * 2\nelif c > -1:\n    y = x - 1\nelse:\n    y = ops.exp(x)\n(y, y + c)",
         x=normal(2, 3), c=[array(2.0), array(0.0), array(-2.0)]),
    Case("Switch", "if c > 0:\n    if c > 1:\n        y = x + 1\n    else:\n        y = x + 2\nelse:\n    y = x + 3\ny * y",
         x=normal(2, 3), c=[array(2.0), array(0.5), array(-2.0)]),
    Case("Switch", "if c > 0:\n    y = self.a(x)\nelse:\n    y = self.b(x)\ny", init="self.a = nn.Dense(3, 4)\nself.b = nn.Dense(3, 4)",
         x=normal(2, 3), c=SIGNS),
    Case("Switch", "y = x\nif c > 0:\n    y = y + 1\nif c > -2:\n    y = y * 3\nif c > -3:\n    y = y - 5\nif c < 0:\n    y = -y\ny",
         x=normal(2, 3), c=[array(2.0), array(-1.0), array(-5.0)]),
    Case("Switch", "y = x\nif c > 0:\n    y = ops.concat((x, x), 0)\nelse:\n    y = ops.concat((x + 1, x), 0)\nops.relu(y)",
         x=normal(2, 3), c=SIGNS),
    Case("Switch", "while c < n:\n    x = x * 2\n    c = c + 1\nx", x=normal(2, 3), c=array(0, "int32"), n=COUNTS),
    Case("Switch", "s = x\nwhile c < n:\n    s = self.d(s)\n    c = c + 1\ns + x", init="self.d = nn.Dense(3, 3)",
         x=normal(2, 3), c=array(0, "int32"), n=COUNTS),
    Case("Switch", "while c < n:\n    x = x + 1\n    if x.sum() > 12:\n        break\n    c = c + 1\n(x, c)",
         x=normal(2, 3), c=array(0, "int32"), n=[array(9, "int32"), array(1, "int32"), array(0, "int32")]),
    Case("Switch", "while c < n:\n    c = c + 1\n    if c == 2:\n        continue\n    x = x + c\nx",
         x=normal(2, 3), c=array(0, "int32"), n=COUNTS),
    Case("Switch", "while c < n:\n    k = c\n    while k < n:\n        x = x + k\n        k = k + 1\n    c = c + 1\nx",
         x=normal(2, 3), c=array(0, "int32"), n=COUNTS),
    Case("Switch", "while c < n:\n    if x.sum() > 0:\n        x = x - 2\n    else:\n        x = x + 3\n    c = c + 1\nx * 2",
         x=normal(2, 3), c=array(0, "int32"), n=COUNTS),
    Case("Switch", "while c < n:\n    if x.sum() > 4:\n        return x - 100\n    x = x + 1\n    c = c + 1\nx * 2",
         x=normal(2, 3), c=array(0, "int32"), n=[array(9, "int32"), array(1, "int32"), array(0, "int32")]),
    Case("Switch", "if n > 0:\n    while c < n:\n        x = x * 2\n        c = c + 1\nelse:\n    x = x + 1\nx",
         x=normal(2, 3), c=array(0, "int32"), n=COUNTS),
    Case("Switch", "while c < n:\n    x = x * 2\n    c = c + 1\nwhile c < 5:\n    x = x - 1\n    c = c + 1\nx",
         x=normal(2, 3), c=array(0, "int32"), n=COUNTS),
    Case("Switch", "a = x\nb = x + 1\nwhile c < n:\n    a, b = b, a + b\n    c = c + 1\n(a, b)", x=normal(2, 3), c=array(0, "int32"), n=COUNTS),
    Case("switch_layer", "self.f[i](x)", init="self.f = nn.CellList([nn.ReLU(), nn.Sigmoid(), nn.Dense(3, 3)])",
         x=normal(2, 3), i=PLACES),
    Case("switch_layer", "self.f[i](x) + self.f[i](x * 2)", init="self.f = nn.CellList([nn.Tanh(), nn.Dense(3, 3)])",
         x=normal(2, 3), i=PLACES),
    Case("Assign", "ops.assign(self.state, x)\nself.state + 1", init=STATE, x=normal(2, 3)),
    Case("Assign", "before = self.state * 1\nops.assign(self.state, x)\n(before, self.state + 0)", init=STATE, x=normal(2, 3)),
    Case("AssignAdd", "ops.assign_add(self.state, x)\ny = self.state * 2\nops.assign_add(self.state, x)\n(y, self.state + 0)",
         init=STATE, x=normal(2, 3)),
    Case("Assign", "if c > 0:\n    self.state = self.state + x\nelse:\n    self.state = self.state * x\nself.state - 1",
         init=STATE, x=normal(2, 3), c=array(1.0)),
    Case("Assign", "if c > 0:\n    self.state = self.state + x\nelse:\n    self.state = self.state * x\nself.state - 1",
         init=STATE, x=normal(2, 3), c=array(-1.0)),
    Case("Assign", "while c < n:\n    self.state = self.state + x\n    c = c + 1\nself.state * 2",
         init=STATE, x=normal(2, 3), c=array(0, "int32"), n=array(3, "int32")),
)  # fmt: skip
