"""Arguments, order of calls and status codes of the simulated acl."""

from __future__ import annotations

import inspect
from types import ModuleType

import numpy as np
import pytest

from mindferry.ascend import simulator
from mindferry.ascend.simulator import call


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("rt.malloc", (10,)),
        ("rt.malloc", (10, 0, 0)),
        ("rt.malloc", (10.0, 0)),
        ("rt.malloc", (None, 0)),
        ("rt.malloc", (np.int64(10), 0)),
        ("rt.set_device", ("0",)),
        ("rt.set_device", (1 << 31,)),
        ("rt.memcpy", (1, 2, 3, 4)),
        ("mdl.load_from_file", (b"model.om",)),
        ("mdl.load_from_file", ("model\0.om",)),
        ("mdl.execute", (1, 2)),
        ("mdl.set_input_dynamic_dims", (1, 2, 3, [4])),
        ("util.numpy_to_ptr", ([1, 2],)),
        ("create_tensor_desc", (0, "12", 2)),
        ("init", ("a", "b")),
    ],
)
def test_arguments_are_counted_and_typed(ready: ModuleType, name: str, arguments: tuple[object, ...]) -> None:
    with pytest.raises(TypeError, match=rf"^acl\.{name} args parse failed!$"):
        call.API[name](*arguments)


def test_keywords_are_refused(ready: ModuleType) -> None:
    with pytest.raises(TypeError):
        ready.rt.malloc(size=10, policy=0)


def test_integers_like_numpy_s_are_taken_where_c_takes_an_index(ready: ModuleType) -> None:
    assert ready.rt.set_device(np.int32(0)) == 0
    assert ready.rt.malloc(8, np.int8(0))[1] == 0


def test_bytes_to_ptr_takes_bytes_only(acl: ModuleType) -> None:
    with pytest.raises(ValueError, match="not bytes"):
        acl.util.bytes_to_ptr(bytearray(4))


def test_modules_hold_calls_and_nothing_else(acl: ModuleType) -> None:
    for module in (acl, acl.rt, acl.mdl, acl.util, acl.op):
        names = [name for name in dir(module) if not name.startswith("__")]
        assert names and all(
            callable(getattr(module, name)) or inspect.ismodule(getattr(module, name)) for name in names
        )
    assert not hasattr(acl.rt, "no_such_call")


def test_every_call_but_the_free_ones_needs_init(acl: ModuleType) -> None:
    """With arguments of the right kind, a call before `acl.init` is 100001, or a bare nothing."""
    free = {"init", "finalize", "get_version", "get_recent_err_msg", "data_type_size"}
    for name, function in call.API.items():
        if name in free or name.startswith("util."):
            continue
        for count in range(18):
            for value in (0, "x"):
                try:
                    found = function(*([value] * count))
                except (TypeError, ValueError):
                    continue
                code = found[-1] if isinstance(found, tuple) else found
                assert code in (100001, 0, -1, None, ""), (name, found)
                assert "acl.init has not been called" in str(acl.get_recent_err_msg()), name


def test_start_and_end(acl: ModuleType) -> None:
    assert acl.finalize() == 100037
    assert acl.init() == 0
    assert acl.init() == 100002
    assert acl.finalize() == 0  # ends the second init
    assert acl.rt.get_device_count() == (1, 0)
    assert acl.finalize() == 0
    assert acl.finalize() == 100037
    assert acl.rt.get_device_count() == (0, 100001)


def test_versions_and_names(ready: ModuleType) -> None:
    assert ready.get_soc_name() == "Ascend310P3"
    *version, code = ready.get_version()
    assert code == 0 and len(version) == 3
    assert ready.get_cann_version(0)[0]["version"] == "" and ready.get_cann_version(0)[1] == 100003
    assert ready.rt.get_run_mode() == (1, 0)
    sizes = [ready.data_type_size(kind) for kind in (0, 1, 2, 3, 4, 9, 11, 12, 27, 99)]
    assert sizes == [4, 2, 1, 4, 1, 8, 8, 1, 2, 0]


def test_the_last_error_is_told_once(ready: ModuleType) -> None:
    assert ready.get_recent_err_msg() is None
    assert ready.rt.free(1234) == 107000
    assert ready.get_recent_err_msg() == "acl.rt.free: 0x4d2 was never given out as a block"
    assert ready.get_recent_err_msg() is None


def test_tensor_descriptions(ready: ModuleType) -> None:
    desc = ready.create_tensor_desc(1, [2, 3, 4], 2)
    assert ready.get_tensor_desc_type(desc) == 1
    assert ready.get_tensor_desc_format(desc) == 2
    assert ready.get_tensor_desc_num_dims(desc) == 3
    assert ready.get_tensor_desc_element_count(desc) == 24
    assert ready.get_tensor_desc_size(desc) == 48
    assert ready.get_tensor_desc_dim_v2(desc, 1) == (3, 0)
    assert ready.get_tensor_desc_dim_v2(desc, 3) == (0, 100000)
    assert ready.destroy_tensor_desc(desc) is None
    assert ready.get_tensor_desc_size(desc) == 0
    assert "was destroyed at" in ready.get_recent_err_msg()


def test_a_call_is_made_to_fail_once(ready: ModuleType) -> None:
    fault = simulator.faults(fail_call="rt.malloc", nth=2, code=207001)
    assert ready.rt.malloc(8, 0)[1] == 0
    assert not fault.happened
    assert ready.rt.malloc(8, 0) == (0, 207001)
    assert fault.happened
    assert ready.get_recent_err_msg() == "acl.rt.malloc: made to fail by simulator.faults"
    assert ready.rt.malloc(8, 0)[1] == 0
    assert simulator.calls()["rt.malloc"] == 3
    with pytest.raises(ValueError, match=r"there is no acl\.rt\.mallok"):
        simulator.faults(fail_call="rt.mallok")


def test_other_processors_and_devices() -> None:
    acl = simulator.install(soc="Ascend910B4", devices=2)
    assert acl.init() == 0
    assert acl.get_soc_name() == "Ascend910B4"
    assert acl.rt.get_device_count() == (2, 0)
    assert acl.rt.set_device(1) == 0
    assert acl.rt.get_device() == (1, 0)
    assert acl.rt.set_device(2) == 107001
    simulator.uninstall()


def test_announcement(capsys: pytest.CaptureFixture[str]) -> None:
    simulator.install(announce=True)
    assert capsys.readouterr().err == "acl simulator: no device; 1 x Ascend310P3 simulated on ONNX Runtime's CPU\n"
    simulator.uninstall()
