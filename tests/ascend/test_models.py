"""Loading, describing and executing models with the simulated acl."""

from __future__ import annotations

import dataclasses
import threading
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

import offline
from mindferry.ascend import simulator
from mindferry.formats.om import reader, writer
from mindferry.formats.om.introduction import Introduction
from offline import Program, affine_of

X = np.float32([[1, 2, 3], [-1, 0.5, 0]])


def test_a_model_is_executed(acl: ModuleType, model: Path) -> None:
    program = Program(acl, model)
    program.write(0, X)
    assert program.execute() == 0, acl.get_recent_err_msg()
    np.testing.assert_allclose(program.read(0, np.float32, (2, 4)), affine_of(X), rtol=1e-6)
    program.close()
    assert simulator.live() == {"context": 1}
    assert acl.rt.reset_device(0) == 0 and acl.finalize() == 0
    assert not simulator.live() and simulator.leaks() == []


def test_a_model_describes_itself(acl: ModuleType, model: Path) -> None:
    program = Program(acl, model)
    mdl, desc = acl.mdl, program.desc
    assert (mdl.get_num_inputs(desc), mdl.get_num_outputs(desc)) == (1, 1)
    assert mdl.get_input_dims(desc, 0) == ({"name": "x", "dimCount": 2, "dims": [2, 3]}, 0)
    assert mdl.get_input_dims_v2(desc, 0) == mdl.get_input_dims(desc, 0)
    assert mdl.get_output_dims(desc, 0) == ({"name": "relu:0:y", "dimCount": 2, "dims": [2, 4]}, 0)
    assert mdl.get_cur_output_dims(desc, 0) == mdl.get_output_dims(desc, 0)
    assert mdl.get_input_dims(desc, 1) == ({}, 100000)
    assert (mdl.get_input_size_by_index(desc, 0), mdl.get_output_size_by_index(desc, 0)) == (24, 32)
    assert mdl.get_input_size_by_index(desc, 1) == 0
    assert (mdl.get_input_name_by_index(desc, 0), mdl.get_output_name_by_index(desc, 0)) == ("x", "relu:0:y")
    assert mdl.get_input_index_by_name(desc, "x") == (0, 0)
    assert mdl.get_output_index_by_name(desc, "y") == (0, 100000)
    assert (mdl.get_input_data_type(desc, 0), mdl.get_output_data_type(desc, 0)) == (0, 0)
    assert (mdl.get_input_format(desc, 0), mdl.get_output_format(desc, 0)) == (2, 2)
    assert mdl.get_dynamic_batch(desc) == ({"batchCount": 0, "batch": []}, 0)
    assert mdl.get_input_dynamic_gear_count(desc, -1) == (0, 0)
    empty = mdl.create_desc()
    assert mdl.get_num_inputs(empty) == 0
    assert mdl.get_desc_from_file(empty, str(model)) == 0
    assert mdl.get_num_inputs(empty) == 1


def test_loading_in_each_way(ready: ModuleType, model: Path) -> None:
    work, weights, code = ready.mdl.query_size(str(model))
    assert code == 0 and weights == 64 and work > 0
    raw = model.read_bytes()
    host, _ = ready.rt.malloc_host(len(raw))
    assert ready.rt.memcpy(host, len(raw), ready.util.bytes_to_ptr(raw), len(raw), 0) == 0
    work_memory, weight_memory = ready.rt.malloc(work, 0)[0], ready.rt.malloc(weights, 0)[0]
    memory = (work_memory, work, weight_memory, weights)
    ids = [
        ready.mdl.load_from_mem(host, len(raw)),
        ready.mdl.load_from_file_with_mem(str(model), *memory),
        ready.mdl.load_from_mem_with_mem(host, len(raw), *memory),
        ready.mdl.load_from_file_with_mem(str(model), 0, 0, 0, 0),
    ]
    assert [code for _, code in ids] == [0, 0, 0, 0]
    assert len({number for number, _ in ids}) == 4
    assert ready.mdl.load_from_file_with_mem(str(model), work_memory, work - 1, 0, 0) == (0, 145000)
    assert ready.mdl.load_from_file_with_mem(str(model), work_memory, work + 1, 0, 0) == (0, 145000)


def test_loading_with_options(ready: ModuleType, model: Path) -> None:
    mdl, raw = ready.mdl, model.read_bytes()
    host, _ = ready.rt.malloc_host(len(raw))
    assert ready.rt.memcpy(host, len(raw), ready.util.bytes_to_ptr(raw), len(raw), 0) == 0
    work, weights, _ = mdl.query_size(str(model))
    memory = {7: ready.rt.malloc(work, 0)[0], 8: work, 5: ready.rt.malloc(weights, 0)[0], 6: weights}
    ways = [{1: 1, 2: str(model)}, {1: 2, 2: str(model), **memory}, {1: 3, 3: host, 4: len(raw)}]
    for values in [*ways, {1: 4, 3: host, 4: len(raw), **memory}]:
        handle = mdl.create_config_handle()
        assert mdl.load_with_config(handle) == (0, 100000)
        for option, value in values.items():
            assert mdl.load_with_config(handle) == (0, 100000)
            assert mdl.set_config_opt(handle, option, value) == 0
        number, code = mdl.load_with_config(handle)
        assert code == 0, ready.get_recent_err_msg()
        assert mdl.unload(number) == mdl.destroy_config_handle(handle) == 0
        assert mdl.destroy_config_handle(handle) == 100000
    handle = mdl.create_config_handle()
    assert mdl.set_config_opt(handle, 99, 1) == 100000
    with pytest.raises(TypeError, match="args parse failed"):
        mdl.set_config_opt(handle, 2, 5)
    desc = mdl.create_desc()
    assert mdl.get_desc_from_mem(desc, host, len(raw)) == 0
    assert mdl.get_num_inputs(desc) == 1


def test_loading_that_is_refused(ready: ModuleType, model: Path, tmp_path: Path) -> None:
    mdl = ready.mdl
    assert mdl.load_from_file(str(tmp_path / "none.om")) == (0, 145002)
    (tmp_path / "short.om").write_bytes(b"IMOD")
    assert mdl.load_from_file(str(tmp_path / "short.om")) == (0, 145006)
    (tmp_path / "torn.om").write_bytes(model.read_bytes()[:-100])
    assert mdl.load_from_file(str(tmp_path / "torn.om")) == (0, 545001)
    assert mdl.load_from_mem(0, 10) == (0, 100000)
    data = bytes(1000)
    assert mdl.load_from_mem(ready.util.bytes_to_ptr(data), 1000) == (0, 545001)
    assert mdl.unload(77) == 145003
    number, _ = mdl.load_from_file(str(model))
    assert mdl.unload(number) == 0
    assert mdl.unload(number) == 145003
    desc = mdl.create_desc()
    assert mdl.get_desc(desc, number) == 145003
    assert "was destroyed at" in ready.get_recent_err_msg()


def test_files_that_do_not_fit_themselves_are_refused(ready: ModuleType, model: Path, tmp_path: Path) -> None:
    held = reader.read(model)
    entries = {entry["key"]: entry["value"] for entry in held.model["attr"]}
    path = tmp_path / "m.om"

    def load(known: Introduction = held.introduction, without: str = "", **changed: object) -> tuple[int, str]:
        kept = {key: value for key, value in {**entries, **changed}.items() if key != without}
        body = {**held.model, "attr": [{"key": key, "value": value} for key, value in sorted(kept.items())]}
        writer.write(path, body, [held.partitions[1]], known)
        return ready.mdl.load_from_file(str(path))[1], str(ready.get_recent_err_msg())

    assert load()[0] == 0
    tensor = held.introduction.inputs[0]
    wrong = {
        "other inputs or outputs than the graph": load(dataclasses.replace(held.introduction, inputs=(tensor, tensor))),
        "the element type of x is not known": load(
            dataclasses.replace(held.introduction, inputs=(dataclasses.replace(tensor, dtype=99),))
        ),
        "the preparation that the file records is broken": load(mindferry_aipp={"s": b'{"x": {"rank": 0}}'}),
        "onnxruntime refuses the model": load(mindferry_onnx={"bt": b"\x0a\xff"}),
        "only what `mindferry ascend atc` wrote can be simulated": load(without="mindferry_onnx"),
    }
    for text, (code, message) in wrong.items():
        assert code == 545004 and text in message, (text, code, message)


def test_another_processor_s_model_is_refused(ready: ModuleType, tmp_path: Path) -> None:
    other = offline.compiled(offline.affine(tmp_path), soc="Ascend310")
    assert ready.mdl.load_from_file(str(other)) == (0, 507008)
    assert "supported socVersion=Ascend310P3, but the model socVersion=Ascend310" in ready.get_recent_err_msg()


def test_execution_that_is_refused(acl: ModuleType, model: Path) -> None:
    program = Program(acl, model)
    mdl, (handle, address, size) = acl.mdl, program.buffers[0]
    assert mdl.execute(99, program.inputs, program.outputs) == 145003
    assert mdl.execute(program.model, 0, program.outputs) == 100000
    assert mdl.execute(program.model, program.outputs, program.inputs) == 145000  # sizes do not fit
    assert acl.update_data_buffer(handle, 0, 0) == 0
    assert program.execute() == 100000
    assert acl.update_data_buffer(handle, address, size - 4) == 0
    assert program.execute() == 145000
    assert "needs 24 bytes, not 20" in acl.get_recent_err_msg()
    assert acl.update_data_buffer(handle, address, size + 4) == 0
    assert program.execute() == 507015  # the buffer says more than the memory has
    host, _ = acl.rt.malloc_host(size)
    assert acl.update_data_buffer(handle, host, size) == 0
    assert program.execute() == 507015
    assert "is host memory, which the device cannot read" in acl.get_recent_err_msg()
    assert acl.update_data_buffer(handle, address, size) == 0
    assert program.execute() == 0
    extra = program.buffer(program.inputs, 24)
    assert program.execute() == 145000
    assert acl.destroy_data_buffer(extra[0]) == 0
    assert program.execute() == 100000
    assert "data buffer that was destroyed at" in acl.get_recent_err_msg()


def test_memory_that_was_freed_is_not_read(acl: ModuleType, model: Path) -> None:
    program = Program(acl, model)
    assert acl.rt.free(program.buffers[0][1]) == 0
    assert program.execute() == 507015
    assert "is in no live allocation" in acl.get_recent_err_msg()


def test_data_sets(acl: ModuleType, model: Path) -> None:
    program = Program(acl, model)
    mdl, dataset = acl.mdl, program.inputs
    assert mdl.get_dataset_num_buffers(dataset) == 1
    assert mdl.get_dataset_buffer(dataset, 0) == program.buffers[0][0]
    assert mdl.get_dataset_buffer(dataset, 1) == 0
    assert mdl.add_dataset_buffer(dataset, 12345) == (dataset, 100000)
    desc = acl.create_tensor_desc(0, [2, 3], 2)
    assert mdl.set_dataset_tensor_desc(dataset, desc, 0) == (dataset, 0)
    assert mdl.set_dataset_tensor_desc(dataset, desc, 5) == (dataset, 100000)
    assert mdl.get_dataset_tensor_desc(dataset, 0) == desc
    assert mdl.destroy_dataset(dataset) == 0
    assert mdl.destroy_dataset(dataset) == 100000
    assert acl.destroy_data_buffer(program.inputs) == 100000


def test_outputs_without_memory_get_it(acl: ModuleType, model: Path) -> None:
    program = Program(acl, model)
    program.write(0, X)
    handle = program.buffers[1][0]
    assert acl.update_data_buffer(handle, 0, 0) == 0
    stream, _ = acl.rt.create_stream()
    assert acl.mdl.execute_async(program.model, program.inputs, program.outputs, stream) == 100000
    assert program.execute() == 0
    address, size = acl.get_data_buffer_addr(handle), acl.get_data_buffer_size(handle)
    assert size == 32 and address != program.buffers[1][1]
    program.buffers[1] = (handle, address, size)
    np.testing.assert_allclose(program.read(0, np.float32, (2, 4)), affine_of(X), rtol=1e-6)


def test_execution_on_streams(acl: ModuleType, model: Path) -> None:
    program = Program(acl, model)
    stream, _ = acl.rt.create_stream()
    for scale in (1, -1, 2):
        program.write(0, X * scale)
        assert acl.mdl.execute_async(program.model, program.inputs, program.outputs, stream) == 0
        assert acl.rt.synchronize_stream(stream) == 0
        np.testing.assert_allclose(program.read(0, np.float32, (2, 4)), affine_of(X * scale), rtol=1e-6)
    options = acl.mdl.create_exec_config_handle()
    assert acl.mdl.set_exec_config_opt(options, 0, 60_000) == 0
    assert acl.mdl.set_exec_config_opt(options, 9, 1) == 100000
    assert acl.mdl.execute_v2(program.model, program.inputs, program.outputs, stream, options) == 0
    assert acl.mdl.destroy_exec_config_handle(options) == 0
    assert acl.mdl.execute_v2(program.model, program.inputs, program.outputs, stream, options) == 100000
    assert acl.mdl.execute_async(program.model, program.inputs, program.outputs, 0) == 0  # the context's own stream
    assert acl.rt.synchronize_stream(0) == 0


def test_an_asynchronous_failure_is_told_when_the_stream_is_synchronised(acl: ModuleType, model: Path) -> None:
    program = Program(acl, model)
    stream, _ = acl.rt.create_stream()
    assert acl.update_data_buffer(program.buffers[0][0], program.buffers[0][1], 4096) == 0
    assert acl.mdl.execute_async(program.model, program.inputs, program.outputs, stream) == 0
    assert acl.rt.synchronize_stream(stream) == 507015


def test_threads_share_a_model(acl: ModuleType, model: Path) -> None:
    number = Program(acl, model).model
    context, _ = acl.rt.get_context()
    wrong: list[object] = []

    def work(seed: int) -> None:
        x = np.random.default_rng(seed).standard_normal((2, 3)).astype(np.float32)
        if acl.rt.set_context(context):
            wrong.append("context")
        stream, _ = acl.rt.create_stream()
        sets, places = [], []
        for size in (24, 32):
            dataset, (address, _) = acl.mdl.create_dataset(), acl.rt.malloc(size, 0)
            acl.mdl.add_dataset_buffer(dataset, acl.create_data_buffer(address, size))
            sets.append(dataset)
            places.append(address)
        raw, host = x.tobytes(), acl.rt.malloc_host(32)[0]
        for _ in range(50):
            acl.rt.memcpy_async(places[0], 24, acl.util.bytes_to_ptr(raw), 24, 1, stream)
            acl.mdl.execute_async(number, *sets, stream)
            acl.rt.memcpy_async(host, 32, places[1], 32, 2, stream)
            code = acl.rt.synchronize_stream(stream)
            found = np.frombuffer(acl.util.ptr_to_bytes(host, 32), np.float32).reshape(2, 4)
            if code or not np.allclose(found, affine_of(x), rtol=1e-5, atol=1e-5):
                wrong.append((seed, code))

    threads = [threading.Thread(target=work, args=(seed,)) for seed in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert wrong == []


def test_ten_thousand_runs_leave_nothing(acl: ModuleType, model: Path) -> None:
    program = Program(acl, model)
    program.write(0, X)
    before = simulator.live()
    for _ in range(10_000):
        size = 24
        address, _ = acl.rt.malloc(size, 0)
        buffer = acl.create_data_buffer(address, size)
        dataset = acl.mdl.create_dataset()
        acl.mdl.add_dataset_buffer(dataset, buffer)
        assert acl.rt.memcpy(address, size, program.buffers[0][1], size, 3) == 0
        assert acl.mdl.execute(program.model, dataset, program.outputs) == 0
        assert acl.mdl.destroy_dataset(dataset) == acl.destroy_data_buffer(buffer) == acl.rt.free(address) == 0
    assert simulator.live() == before
    np.testing.assert_allclose(program.read(0, np.float32, (2, 4)), affine_of(X), rtol=1e-6)
    program.close()
    assert acl.rt.reset_device(0) == 0 and acl.finalize() == 0
    assert not simulator.live() and simulator.leaks() == []


@pytest.mark.parametrize("kind", ["Relu", "RealDiv", "MatMulV2"])
def test_single_operators(ready: ModuleType, kind: str) -> None:
    a, b = np.float32([[1, -2], [3, 4]]), np.float32([[2, 4], [-1, 0.5]])
    expected = {"Relu": np.maximum(a, 0), "RealDiv": a / b, "MatMulV2": a @ b.T}[kind]
    attributes = ready.op.create_attr()
    if kind == "MatMulV2":
        assert ready.op.set_attr_bool(attributes, "transpose_x1", 0) == 0
        assert ready.op.set_attr_bool(attributes, "transpose_x2", 1) == 0
    arrays = [a] if kind == "Relu" else [a, b]
    descs = [ready.create_tensor_desc(0, [2, 2], 2) for _ in range(len(arrays) + 1)]
    places = [ready.rt.malloc(16, 0)[0] for _ in descs]
    buffers = [ready.create_data_buffer(address, 16) for address in places]
    for address, array in zip(places, arrays, strict=False):
        raw = array.tobytes()
        assert ready.rt.memcpy(address, 16, ready.util.bytes_to_ptr(raw), 16, 1) == 0
    stream, _ = ready.rt.create_stream()
    sides = (descs[:-1], buffers[:-1], descs[-1:], buffers[-1:])
    assert ready.op.execute_v2(kind, *sides, attributes, stream) == 0, ready.get_recent_err_msg()
    assert ready.rt.synchronize_stream(stream) == 0, ready.get_recent_err_msg()
    host, _ = ready.rt.malloc_host(16)
    assert ready.rt.memcpy(host, 16, places[-1], 16, 2) == 0
    found = np.frombuffer(ready.util.ptr_to_bytes(host, 16), np.float32).reshape(2, 2)
    np.testing.assert_allclose(found, expected, rtol=1e-6)
    assert ready.op.execute_v2("NoSuchOperator", *sides, attributes, stream) == 100024
    with pytest.raises(TypeError, match="is not list"):
        ready.op.execute_v2(kind, *map(tuple, sides), attributes, stream)


def test_casts(ready: ModuleType) -> None:
    source = ready.rt.malloc(8, 0)[0]
    target = ready.rt.malloc(4, 0)[0]
    raw = np.float32([1.5, -2]).tobytes()
    assert ready.rt.memcpy(source, 8, ready.util.bytes_to_ptr(raw), 8, 1) == 0
    descs = ready.create_tensor_desc(0, [2], 2), ready.create_tensor_desc(1, [2], 2)
    buffers = ready.create_data_buffer(source, 8), ready.create_data_buffer(target, 4)
    assert ready.op.cast(descs[0], buffers[0], descs[1], buffers[1], 0, 0) == 0
    assert ready.rt.synchronize_stream(0) == 0
    host, _ = ready.rt.malloc_host(4)
    assert ready.rt.memcpy(host, 4, target, 4, 2) == 0
    assert np.frombuffer(ready.util.ptr_to_bytes(host, 4), np.float16).tolist() == [1.5, -2]
