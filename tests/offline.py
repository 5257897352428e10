"""Small models compiled for the simulated Ascend, and a pyACL program around them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from mindferry.ascend.compiler import command

SOC = "Ascend310P3"


def affine(folder: Path, shape: Sequence[int | str] = (2, 3), opset: int = 17) -> Path:
    """y = relu(x W + b) for x of this shape, with a W of 3 x 4 that tells rows apart."""
    weights = {"w": np.arange(12, dtype=np.float32).reshape(3, 4) / 8, "b": np.float32([-1, 0, 1, 2])}
    nodes = [
        helper.make_node("MatMul", ["x", "w"], ["product"], "product"),
        helper.make_node("Add", ["product", "b"], ["sum"], "sum"),
        helper.make_node("Relu", ["sum"], ["y"], "relu"),
    ]
    inputs = [helper.make_tensor_value_info("x", TensorProto.FLOAT, shape)]
    outputs = [helper.make_tensor_value_info("y", TensorProto.FLOAT, [*shape[:-1], 4])]
    initializers = [numpy_helper.from_array(array, name) for name, array in weights.items()]
    return save(folder / "affine.onnx", nodes, inputs, outputs, initializers, opset)


def affine_of(x: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """What `affine` computes."""
    weights = np.arange(12, dtype=np.float32).reshape(3, 4) / 8
    return np.maximum(x @ weights + np.float32([-1, 0, 1, 2]), 0)


def save(path: Path, nodes: Any, inputs: Any, outputs: Any, initializers: Any = (), opset: int = 17) -> Path:
    """Writes an ONNX file."""
    graph = helper.make_graph(nodes, path.stem, inputs, outputs, list(initializers))
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=8)
    onnx.checker.check_model(model)
    onnx.save(model, path)
    return path


def atc(
    model: Path, *more: str, soc: str = SOC, target: str = "model", framework: int = 5
) -> tuple[int, list[str], Path]:
    """The exit code, the lines and the file of the simulated compiler; float32 unless the precision is given."""
    target_path = model.parent / target
    words = [f"--model={model}", f"--framework={framework}", f"--output={target_path}", f"--soc_version={soc}"]
    if not any(word.startswith("--precision_mode") for word in more):
        words.append("--precision_mode=must_keep_origin_dtype")
    words += more
    lines: list[str] = []
    code, _ = command.run(words, lines.append)
    return code, lines, target_path.with_name(f"{target_path.name}.om")


def compiled(model: Path, *more: str, **settings: Any) -> Path:
    """The offline model that the simulated compiler makes."""
    code, lines, path = atc(model, *more, **settings)
    assert code == 0, lines
    return path


class Program:
    """A pyACL program in one thread: a device, a model and its buffers."""

    def __init__(self, acl: ModuleType, path: Path) -> None:
        self.acl = acl
        assert acl.init() in (0, 100002)
        assert acl.rt.set_device(0) == 0
        self.model = self.value(acl.mdl.load_from_file(str(path)))
        self.desc = acl.mdl.create_desc()
        assert acl.mdl.get_desc(self.desc, self.model) == 0
        self.inputs, self.outputs = acl.mdl.create_dataset(), acl.mdl.create_dataset()
        mdl, desc = acl.mdl, self.desc
        sizes = [mdl.get_input_size_by_index(desc, index) for index in range(mdl.get_num_inputs(desc))]
        self.buffers = [self.buffer(self.inputs, size) for size in sizes]
        sizes = [mdl.get_output_size_by_index(desc, index) for index in range(mdl.get_num_outputs(desc))]
        self.buffers += [self.buffer(self.outputs, size) for size in sizes]

    def value(self, result: tuple[Any, int]) -> Any:
        """The value of a call that succeeded."""
        found, code = result
        assert code == 0, (code, self.acl.get_recent_err_msg())
        return found

    def buffer(self, dataset: int, size: int) -> tuple[int, int, int]:
        """A data buffer on the device in a data set: its handle, address and size."""
        address = self.value(self.acl.rt.malloc(size, 0))
        handle = self.acl.create_data_buffer(address, size)
        self.value(self.acl.mdl.add_dataset_buffer(dataset, handle))
        return handle, address, size

    def write(self, index: int, array: np.ndarray[Any, Any]) -> None:
        """Copies an array into an input."""
        raw = array.tobytes()
        _, address, size = self.buffers[index]
        assert self.acl.rt.memcpy(address, size, self.acl.util.bytes_to_ptr(raw), len(raw), 1) == 0

    def read(self, index: int, dtype: type, shape: Sequence[int]) -> np.ndarray[Any, Any]:
        """An output's content."""
        _, address, _ = self.buffers[self.acl.mdl.get_num_inputs(self.desc) + index]
        size = int(np.prod(shape)) * np.dtype(dtype).itemsize
        host = self.value(self.acl.rt.malloc_host(size))
        assert self.acl.rt.memcpy(host, size, address, size, 2) == 0
        raw = self.acl.util.ptr_to_bytes(host, size)
        assert self.acl.rt.free_host(host) == 0
        return np.frombuffer(raw, dtype).reshape(shape)

    def execute(self) -> int:
        """Runs the model."""
        code: int = self.acl.mdl.execute(self.model, self.inputs, self.outputs)
        return code

    def close(self) -> None:
        """Releases everything but the device."""
        acl = self.acl
        for handle, address, _ in self.buffers:
            assert acl.destroy_data_buffer(handle) == 0
            assert acl.rt.free(address) == 0
        assert acl.mdl.destroy_dataset(self.inputs) == 0
        assert acl.mdl.destroy_dataset(self.outputs) == 0
        assert acl.mdl.unload(self.model) == 0
        assert acl.mdl.destroy_desc(self.desc) == 0
