"""Options that several commands share, and how their texts are read."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:
    from mindferry.types import Shape

Function = TypeVar("Function", bound=Callable[..., Any])

_DIMENSION = re.compile(r"[A-Za-z_]\w*")
_KEY_SIZES = (16, 24, 32)


class ShapeType(click.ParamType):  # type: ignore[type-arg]
    """`x:1,3,224,224` or `x:batch,3,224,224` -> ("x", (1, 3, 224, 224)); a word is a free dimension of that name."""

    name = "NAME:SHAPE"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[str, Shape]:
        if not isinstance(value, str):
            return value  # type: ignore[no-any-return]
        name, colon, text = value.rpartition(":")
        if not colon or not name:
            self.fail(f"{value!r} is not NAME:SHAPE, such as x:1,3,224,224 or x:batch,3,224,224", param, ctx)
        return name, tuple(self._dimension(item.strip(), value, param, ctx) for item in text.split(",") if text)

    def _dimension(self, item: str, value: str, param: click.Parameter | None, ctx: click.Context | None) -> int | str:
        if item.isascii() and item.isdecimal():
            return int(item)
        if not _DIMENSION.fullmatch(item):
            self.fail(
                f"{value!r} has the dimension {item!r}; a dimension is a size (224) or a name (batch)", param, ctx
            )
        return item


class KeyType(click.ParamType):  # type: ignore[type-arg]
    """32, 48 or 64 hexadecimal digits, or a file that holds them or the 16, 24 or 32 bytes themselves."""

    name = "HEX|FILE"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> bytes:
        if isinstance(value, bytes):
            return value
        path = Path(value)
        if path.is_file():
            content = path.read_bytes()
            key = content if len(content) in _KEY_SIZES else _from_hex(content.decode("ascii", "replace"))
        else:
            key = _from_hex(value)
        if key is None:
            self.fail("is neither 32, 48 or 64 hexadecimal digits nor a file that holds a key", param, ctx)
        return key


def _from_hex(text: str) -> bytes | None:
    try:
        key = bytes.fromhex(text.strip())
    except ValueError:
        return None
    return key if len(key) in _KEY_SIZES else None


def _option(*names: str, **settings: Any) -> Callable[[Function], Function]:
    return click.option(*names, **settings)


as_json = _option("--json", "as_json", is_flag=True, help="Print JSON.")
key = _option("--key", type=KeyType(), help="Key of an encrypted file; a file keeps it out of the list of processes.")
opset = _option(
    "--opset",
    metavar="N",
    type=click.IntRange(13, 23),
    help="ONNX opset of the result, 13 to 23; 18 where not given (17 on the way to an OM).",
)
approximate = _option("--approximate", is_flag=True, help="Allow lowerings that are not exact; the report names them.")
input_shapes = _option(
    "--input-shape",
    "input_shapes",
    type=ShapeType(),
    multiple=True,
    help="Shape of an input, such as x:8,3,224,224 or x:batch,3,224,224.",
)
input_dtypes = _option(
    "--input-dtype",
    "input_dtypes",
    multiple=True,
    metavar="NAME:DTYPE",
    help="Element type of an input of NETWORK that is not float32.",
)
device = _option(
    "--device",
    default="cpu",
    show_default=True,
    help="cpu, gpu, gpu:1, ascend310, ascend910, or auto: as tuned, else the best that is present.",
)
settings = _option(
    "--option",
    "settings",
    multiple=True,
    metavar="NAME=VALUE",
    help="Option of the runtime, such as threads=2; VALUE is JSON or a text; repeatable.",
)
weights = _option("--weights", type=click.Path(), help="Checkpoint whose parameters replace the model's, by name.")
plugins = _option(
    "--plugin", "plugins", multiple=True, metavar="FILE.py|MODULE", help="Load lowerings of your own; repeatable."
)
network = _option(
    "--net", "network", metavar="NETWORK", help="MindSpore Cell, as FILE.py:CLASS, MODULE:CALLABLE or mindcv:NAME."
)


class ListType(click.ParamType):  # type: ignore[type-arg]
    """`1,2,4` -> (1, 2, 4), and with rows `224,224;448,448` -> ((224, 224), (448, 448))."""

    name = "N,N"

    def __init__(self, *, rows: bool = False) -> None:
        self.rows = rows
        self.name = "N,N;N,N" if rows else "N,N"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[Any, ...]:
        if not isinstance(value, str):
            return value  # type: ignore[no-any-return]
        try:
            rows = tuple(tuple(int(item) for item in row.split(",")) for row in value.split(";"))
        except ValueError:
            rows = ((0,),)
        if any(size < 1 for row in rows for size in row) or (len(rows) > 1 and not self.rows):
            self.fail(f"{value!r} is not {self.name}, positive numbers", param, ctx)
        return rows if self.rows else rows[0]


class ProfileType(click.ParamType):  # type: ignore[type-arg]
    """`x:1,3,32,32:4,3,32,32:16,3,32,32` -> ("x", (smallest, usual, largest))."""

    name = "NAME:MIN:OPT:MAX"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[str, Any]:
        if not isinstance(value, str):
            return value  # type: ignore[no-any-return]
        name, *texts = value.rsplit(":", 3)
        if len(texts) != 3 or not name:
            self.fail(f"{value!r} is not NAME:MIN:OPT:MAX, such as x:1,3,32,32:4,3,32,32:16,3,32,32", param, ctx)
        return name, tuple(ListType().convert(text, param, ctx) for text in texts)


def load_plugins(named: Sequence[str]) -> None:
    """Loads the lowerings that a user names."""
    if named:
        from mindferry.plugins import load

        for plugin in named:
            load(plugin)


def dtypes(texts: Sequence[str]) -> dict[str, str] | None:
    """The element types by input name, or None where there are none."""
    return dict(_pair(text, ":", "--input-dtype", "NAME:DTYPE") for text in texts) or None


def values(texts: Sequence[str]) -> dict[str, Any] | None:
    """The runtime's options by name, or None where there are none."""
    return {name: _value(text) for name, text in (_pair(one, "=", "--option", "NAME=VALUE") for one in texts)} or None


def _pair(text: str, sign: str, option: str, form: str) -> tuple[str, str]:
    name, found, value = text.partition(sign) if sign == "=" else text.rpartition(sign)
    if not found or not name:
        raise click.UsageError(f"{option} {text!r} is not {form}", click.get_current_context())
    return name, value


def _value(text: str) -> Any:
    try:
        return json.loads(text)
    except json.JSONDecodeError:
        return text


def shapes(pairs: Sequence[tuple[str, Any]], option: str = "--input-shape") -> dict[str, Any] | None:
    """The shapes by input name, or None where there are none.

    Raises:
        click.UsageError: an input has two.
    """
    found: dict[str, Shape] = {}
    for name, shape in pairs:
        if name in found:
            raise click.UsageError(f"{option} gives {name} twice", click.get_current_context())
        found[name] = shape
    return found or None
