"""ONNX files: written whole or not at all, the same bytes each time, weights beside the model where they are many."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import onnx
import onnx_ir as ir
import pytest

from mindferry.errors import ConvertError, FileProblem, FormatError
from mindferry.formats import onnx as onnx_files

ROOT_IGNORES_PERMISSIONS = os.geteuid() == 0


def model(size: int = 1000, name: str = "w") -> ir.Model:
    """x + w, with w of the given number of float32."""
    x = ir.Value(name="x", type=ir.TensorType(ir.DataType.FLOAT), shape=ir.Shape([size]))
    array = np.arange(size, dtype=np.float32)
    w = ir.Value(
        name=name,
        type=ir.TensorType(ir.DataType.FLOAT),
        shape=ir.Shape([size]),
        const_value=ir.tensor(array, name=name),
    )
    node = ir.node("Add", [x, w])
    node.outputs[0].name, node.outputs[0].type, node.outputs[0].shape = "y", x.type, x.shape
    graph = ir.Graph([x], [node.outputs[0]], nodes=[node], initializers=[w], opset_imports={"": 18}, name="g")
    return ir.Model(graph, ir_version=8)


def test_a_model_goes_there_and_back(tmp_path: Path) -> None:
    onnx_files.save(model(), tmp_path / "a.onnx")
    assert [path.name for path in tmp_path.iterdir()] == ["a.onnx"]
    loaded = onnx_files.load(tmp_path / "a.onnx")
    np.testing.assert_array_equal(loaded.graph.initializers["w"].const_value.numpy(), np.arange(1000, dtype=np.float32))


def test_strings_are_kept(tmp_path: Path) -> None:
    source = model()
    held = ir.Value(name="names", const_value=ir.StringTensor([b"a", b"bc"], shape=ir.Shape([2]), name="names"))
    held.type, held.shape = ir.TensorType(ir.DataType.STRING), ir.Shape([2])
    source.graph.register_initializer(held)
    onnx_files.save(source, tmp_path / "a.onnx")
    found = onnx_files.load(tmp_path / "a.onnx").graph.initializers
    assert found["names"].const_value.numpy().tolist() == [b"a", b"bc"]
    assert found["w"].const_value.nbytes == 4000


def test_many_weights_go_beside_the_model(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(onnx_files, "EXTERNAL_FROM", 4000)
    source = model()
    onnx_files.save(source, tmp_path / "a.onnx")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.onnx", "a.onnx.data"]
    assert (tmp_path / "a.onnx").stat().st_size < 1000
    assert (tmp_path / "a.onnx.data").read_bytes() == np.arange(1000, dtype=np.float32).tobytes()
    onnx.checker.check_model(str(tmp_path / "a.onnx"), full_check=True)
    assert not isinstance(source.graph.initializers["w"].const_value, ir.ExternalTensor)


def test_the_same_model_gives_the_same_bytes_in_every_process(tmp_path: Path) -> None:
    script = "import sys, mindferry; mindferry.convert(mindferry.demo.path('lenet5.mindir'), sys.argv[1])"
    found = []
    for seed in ("1", "2"):
        target = tmp_path / f"{seed}.onnx"
        environment = os.environ | {"PYTHONHASHSEED": seed}
        subprocess.run([sys.executable, "-c", script, str(target)], env=environment, check=True, timeout=120)
        found.append(target.read_bytes())
    assert found[0] == found[1]


def test_a_refused_model_leaves_nothing_and_keeps_the_earlier_file(tmp_path: Path) -> None:
    target = tmp_path / "a.onnx"
    target.write_bytes(b"earlier")
    broken = model()
    broken.graph[0].op_type = "NoSuchOperator"
    with pytest.raises(ConvertError, match="ONNX's checker refuses the result"):
        onnx_files.save(broken, target)
    assert [path.name for path in tmp_path.iterdir()] == ["a.onnx"]
    assert target.read_bytes() == b"earlier"


@pytest.mark.parametrize("external_from", [0, 1 << 30])
def test_a_full_disk_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, external_from: int) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(onnx_files, "EXTERNAL_FROM", external_from)
    monkeypatch.setattr(ir.Tensor, "tofile", full)
    with pytest.raises(FileProblem, match=r"a\.onnx: cannot be written \(No space left on device\)$"):
        onnx_files.save(model(), tmp_path / "a.onnx")
    assert list(tmp_path.iterdir()) == []


def test_targets_that_cannot_be_written(tmp_path: Path) -> None:
    with pytest.raises(FileProblem, match=f"^{tmp_path}: cannot be written: it is a folder$"):
        onnx_files.save(model(), tmp_path)
    with pytest.raises(FileProblem, match=r"cannot be written: there is no folder .*/none$"):
        onnx_files.save(model(), tmp_path / "none" / "a.onnx")


@pytest.mark.skipif(ROOT_IGNORES_PERMISSIONS, reason="root may write everywhere")
def test_a_read_only_folder(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    with pytest.raises(FileProblem, match="cannot be written: no permission for the folder"):
        onnx_files.save(model(), tmp_path / "a.onnx")


def test_a_symbolic_link_is_followed_but_for_weights_beside_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "real").mkdir()
    link, real = tmp_path / "link.onnx", tmp_path / "real" / "a.onnx"
    link.symlink_to(real)
    onnx_files.save(model(), link)
    assert link.is_symlink()
    assert real.is_file()
    monkeypatch.setattr(onnx_files, "EXTERNAL_FROM", 4000)
    with pytest.raises(FileProblem, match="is a symbolic link, but the weights need a file beside the model"):
        onnx_files.save(model(), link)


@pytest.mark.parametrize(
    ("raw", "text"),
    [
        (b"", "the file is empty"),
        (b"\x08\x08garbage", "not a readable ONNX file"),
        (b"\xff" * 10, "not a readable ONNX file"),
    ],
)
def test_files_that_are_not_onnx(tmp_path: Path, raw: bytes, text: str) -> None:
    path = tmp_path / "a.onnx"
    path.write_bytes(raw)
    with pytest.raises(FormatError, match=text):
        onnx_files.load(path)


def test_external_data_stays_inside_the_folder(tmp_path: Path) -> None:
    onnx_files.save(model(), tmp_path / "a.onnx")
    proto = onnx.load(tmp_path / "a.onnx")
    tensor = proto.graph.initializer[0]
    tensor.ClearField("raw_data")
    tensor.data_location = onnx.TensorProto.EXTERNAL
    for key, value in (("location", "../secret"), ("offset", "0"), ("length", "4000")):
        tensor.external_data.add(key=key, value=value)
    (tmp_path / "a.onnx").write_bytes(proto.SerializeToString())
    with pytest.raises(FormatError, match=r"w: external data '\.\./secret' is not inside the model's folder"):
        onnx_files.load(tmp_path / "a.onnx")
