"""Models that are called with one of several shapes, or with any."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from types import ModuleType

import numpy as np
from onnx import TensorProto, helper

import offline
from offline import Program, affine_of


def test_batches(acl: ModuleType, batches: Path) -> None:
    program = Program(acl, batches)
    mdl, desc = acl.mdl, program.desc
    assert mdl.get_dynamic_batch(desc) == ({"batchCount": 3, "batch": [1, 2, 4]}, 0)
    assert mdl.get_input_dims(desc, 0)[0]["dims"] == [-1, 3]
    assert mdl.get_input_size_by_index(desc, 0) == 48
    index, _ = mdl.get_input_index_by_name(desc, "ascend_mbatch_shape_data")
    assert (index, mdl.get_input_size_by_index(desc, 1), mdl.get_input_data_type(desc, 1)) == (1, 8, 9)
    assert program.execute() == 145013
    for rows in (4, 1, 2):
        x = np.random.default_rng(rows).standard_normal((rows, 3)).astype(np.float32)
        program.write(0, x)
        assert mdl.set_dynamic_batch_size(program.model, program.inputs, index, rows) == 0
        assert program.execute() == 0
        assert mdl.get_cur_output_dims(desc, 0)[0]["dims"] == [rows, 4]
        np.testing.assert_allclose(program.read(0, np.float32, (rows, 4)), affine_of(x), rtol=1e-5, atol=1e-6)
    assert mdl.set_dynamic_batch_size(program.model, program.inputs, index, 3) == 145013
    assert mdl.set_dynamic_batch_size(program.model, program.inputs, index, 0) == 100000
    assert mdl.set_dynamic_batch_size(program.model, program.inputs, 0, 4) == 145000
    assert mdl.set_dynamic_batch_size(program.model, program.inputs, 9, 4) == 100000
    assert mdl.set_dynamic_batch_size(77, program.inputs, index, 4) == 145003
    assert mdl.set_dynamic_hw_size(program.model, program.inputs, index, 4, 4) == 145000
    assert acl.update_data_buffer(program.buffers[1][0], program.buffers[1][1], 4) == 0
    assert mdl.set_dynamic_batch_size(program.model, program.inputs, index, 4) == 145012


def pooled(folder: Path, shape: Sequence[int | str]) -> Path:
    """The mean of each channel."""
    nodes = [helper.make_node("GlobalAveragePool", ["image"], ["mean"], "pool")]
    inputs = [helper.make_tensor_value_info("image", TensorProto.FLOAT, shape)]
    outputs = [helper.make_tensor_value_info("mean", TensorProto.FLOAT, [shape[0], shape[1], 1, 1])]
    return offline.save(folder / "pooled.onnx", nodes, inputs, outputs)


def test_image_sizes(acl: ModuleType, tmp_path: Path) -> None:
    source = pooled(tmp_path, (1, 3, "h", "w"))
    path = offline.compiled(source, "--input_shape=image:1,3,-1,-1", "--dynamic_image_size=8,8;4,6")
    program = Program(acl, path)
    assert acl.mdl.get_dynamic_hw(program.desc, -1) == ({"hwCount": 2, "hw": [[8, 8], [4, 6]]}, 0)
    assert acl.mdl.get_input_size_by_index(program.desc, 0) == 3 * 64 * 4
    image = np.random.default_rng(0).random((1, 3, 4, 6), np.float32)
    program.write(0, image)
    assert acl.mdl.set_dynamic_hw_size(program.model, program.inputs, 1, 4, 6) == 0
    assert program.execute() == 0
    np.testing.assert_allclose(program.read(0, np.float32, (3,)), image.mean((0, 2, 3)), rtol=1e-5)
    assert acl.mdl.set_dynamic_hw_size(program.model, program.inputs, 1, 6, 4) == 145013


def test_profiles_of_all_free_dimensions(acl: ModuleType, tmp_path: Path) -> None:
    source = pooled(tmp_path, ("n", 2, "h", "w"))
    path = offline.compiled(source, "--input_shape=image:-1,2,-1,-1", "--dynamic_dims=1,4,4;2,3,5")
    program = Program(acl, path)
    mdl = acl.mdl
    assert mdl.get_input_dynamic_gear_count(program.desc, -1) == (2, 0)
    gears, code = mdl.get_input_dynamic_dims(program.desc, -1, 2)
    assert code == 0 and [gear["dims"] for gear in gears] == [[1, 2, 4, 4], [2, 2, 3, 5]]
    assert mdl.get_input_dynamic_dims(program.desc, -1, 1) == (None, 100000)
    image = np.random.default_rng(0).random((2, 2, 3, 5), np.float32)
    program.write(0, image)
    dims = {"name": "image", "dimCount": 4, "dims": [2, 2, 3, 5]}
    assert mdl.set_input_dynamic_dims(program.model, program.inputs, 1, dims) == 0
    assert program.execute() == 0
    np.testing.assert_allclose(program.read(0, np.float32, (2, 2)), image.mean((2, 3)), rtol=1e-5)
    for wrong, code in (([2, 2, 4, 4], 145013), ([2, 3, 3, 5], 145000), ([2, 3, 5], 145000)):
        dims = {"name": "image", "dimCount": len(wrong), "dims": wrong}
        assert mdl.set_input_dynamic_dims(program.model, program.inputs, 1, dims) == code


def test_free_shapes_come_with_descriptions(acl: ModuleType, tmp_path: Path) -> None:
    path = offline.compiled(offline.affine(tmp_path, ("rows", 3)))
    program_acl = acl
    assert program_acl.init() == 0 and acl.rt.set_device(0) == 0
    number, code = acl.mdl.load_from_file(str(path))
    assert code == 0
    desc = acl.mdl.create_desc()
    assert acl.mdl.get_desc(desc, number) == 0
    assert acl.mdl.get_input_size_by_index(desc, 0) == 0
    inputs, outputs = acl.mdl.create_dataset(), acl.mdl.create_dataset()
    x = np.random.default_rng(0).standard_normal((5, 3)).astype(np.float32)
    raw = x.tobytes()
    address, _ = acl.rt.malloc(len(raw), 0)
    assert acl.rt.memcpy(address, len(raw), acl.util.bytes_to_ptr(raw), len(raw), 1) == 0
    acl.mdl.add_dataset_buffer(inputs, acl.create_data_buffer(address, len(raw)))
    output = acl.create_data_buffer(0, 0)
    acl.mdl.add_dataset_buffer(outputs, output)
    assert acl.mdl.execute(number, inputs, outputs) == 145000
    assert "acl.mdl.set_dataset_tensor_desc" in acl.get_recent_err_msg()
    acl.mdl.set_dataset_tensor_desc(inputs, acl.create_tensor_desc(0, [5, 3], 2), 0)
    assert acl.mdl.execute(number, inputs, outputs) == 0, acl.get_recent_err_msg()
    assert acl.get_data_buffer_size(output) == 80
    assert acl.mdl.get_cur_output_dims(desc, 0)[0]["dims"] == [5, 4]
    acl.mdl.set_dataset_tensor_desc(inputs, acl.create_tensor_desc(0, [5, 4], 2), 0)
    assert acl.mdl.execute(number, inputs, outputs) == 145000
