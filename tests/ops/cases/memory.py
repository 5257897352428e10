"""Who sees that a tensor was changed in place: everybody who reads the memory later, by whatever name."""

from __future__ import annotations

from ops.case import Case
from ops.inputs import array, normal

ROW = normal(3)
ONE = "self.p = Parameter(Tensor(np.ones((3,), np.float32)), name='p')"


def case(primitive: str, *lines: str, init: str = "", x: object = ROW) -> Case:
    """A network of several lines over one input."""
    return Case(primitive, "\n".join(lines), init=init, x=x)


CASES = (
    case("InplaceAddExt", "y = x * 2.0", "y.add_(x)", "y"),
    case("InplaceAddExt", "y = x * 2.0", "z = y", "y += x", "(y, z)"),
    case("InplaceAddExt", "y = x * 2.0", "z = y + 1.0", "y.add_(x)", "w = y * 1.0", "(y, z, w)"),
    case("InplaceAddExt", "y = x * 2.0", "z = y.reshape(-1)", "y.add_(x)", "(z, y)"),
    case("InplaceAddExt", "x.add_(x)", "x * 1.0"),
    case("InplaceAddExt", "y = self.p * 1.0", "self.p.add_(x)", "(y, self.p * 1.0)", init=ONE),
    case("InplaceAddExt", "y = self.p", "y.add_(x).mul_(x)", "(y * 1.0, self.p + 0.0)", init=ONE),
    case("InplaceMul", "y = x * 2.0", "z = y", "y = y + 1.0", "y += x", "y.mul_(x)", "(z, y)"),
    case("InplaceAddExt", "y = x * 2.0", "z = (y, x)", "y.add_(x)", "z[0] * 1.0"),
    case("InplaceAddExt", "y = x * 2.0", "z = (y, x + 1.0)", "y += x", "(z, (y, z))"),
    case("InplaceSubExt", "y = x * 2.0", "z = y.sum()", "y.mul_(x)", "w = y.sum()", "y -= z", "(y, z, w)"),
    case("InplaceAddExt", "for i in range(3):", "    y = x * 2.0", "    z = y", "    y += x", "    x = y + z", "x"),
    case("InplaceAddExt", "y = x * 2.0", "if x.sum() > 1:", "    y.add_(x)", "y", x=array([1.0, 2.0, 3.0])),
    case("InplaceAddExt", "y = x * 2.0", "if x.sum() > 1:", "    y += x", "y", x=array([1.0, -2.0, 0.5])),
    case(
        "InplaceAddExt",
        "y = x * 2.0",
        "i = 0",
        "while x.sum() > i:",
        "    y += x",
        "    i += 2",
        "y",
        x=array([1.0, 2.0, 3.0]),
    ),
    case(
        "InplaceAddExt",
        "y = x * 2.0",
        "i = ops.zeros((), ms.int32)",
        "while i < 3:",
        "    y.add_(x)",
        "    i = i + 1",
        "y",
    ),
)
