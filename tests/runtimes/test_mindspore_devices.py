"""MindSpore on GPU and Ascend, on a double: what is set, in which order, and what is refused."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import mindferry
from mindferry import networks
from mindferry.errors import NoDevice, OptionError
from mindferry.runtimes.base import Session
from runtimes.fake_mindspore import FakeMindSpore

GRAPH = mindferry.demo.path("lenet5.mindir")
IMAGE = np.ones((1, 1, 32, 32), np.float32)

Machine = Callable[..., FakeMindSpore]


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch) -> Machine:
    """Puts MindSpore's double in the place of MindSpore."""

    def put(**devices: int) -> FakeMindSpore:
        fake = FakeMindSpore(**devices)
        monkeypatch.setattr(networks, "library", lambda: fake)
        return fake

    return put


def opened(device: str, **options: Any) -> Session:
    return mindferry.open(GRAPH, device=device, runtime="mindspore", options=options)


def test_an_ascend_910_computes_in_the_types_of_the_model(machine: Machine) -> None:
    fake = machine(Ascend=8)
    with mindferry.open(GRAPH, device="ascend910:3") as session:
        assert (session.runtime, str(session.device)) == ("mindspore", "ascend910:3")
        np.testing.assert_array_equal(session.run(IMAGE)["output"], 2 * IMAGE)
    assert fake.calls == [
        ("set_device", "Ascend", 3),
        ("precision_mode", "must_keep_origin_dtype"),
        ("conv_allow_hf32", False),
        ("matmul_allow_hf32", False),
        ("load",),
    ]


@pytest.mark.parametrize(
    ("precision", "mode", "rounded"),
    [
        ("hf32", "must_keep_origin_dtype", True),
        ("mixed", "allow_mix_precision", False),
        ("fp16", "force_fp16", False),
    ],
)
def test_lower_precisions_of_ascend_are_asked_for(machine: Machine, precision: str, mode: str, rounded: bool) -> None:
    fake = machine(Ascend=1)
    opened("ascend910", precision=precision, jit_level="O2").close()
    assert fake.calls[1:-1] == [
        ("precision_mode", mode),
        ("conv_allow_hf32", rounded),
        ("matmul_allow_hf32", rounded),
        ("jit_config", {"jit_level": "O2"}),
    ]


@pytest.mark.parametrize("precision", ["origin", "tf32"])
def test_a_gpu_rounds_only_where_that_is_asked_for(machine: Machine, precision: str) -> None:
    fake = machine(GPU=2)
    opened("gpu:1", precision=precision).close()
    rounded = precision == "tf32"
    assert fake.calls[:3] == [
        ("set_device", "GPU", 1), ("conv_allow_tf32", rounded), ("matmul_allow_tf32", rounded),
    ]  # fmt: skip


def test_a_device_that_is_absent(machine: Machine) -> None:
    machine(Ascend=8)
    with pytest.raises(NoDevice, match=r"^MindSpore cannot use ascend910:8: device id must be in \[0, 7\], but got 8$"):
        opened("ascend910:8")
    with pytest.raises(NoDevice, match=r"^MindSpore 2\.10\.0 finds no GPU here: install its GPU build"):
        opened("gpu")


def test_the_first_session_of_a_process_decides(machine: Machine) -> None:
    machine(Ascend=2)
    opened("ascend910").close()
    opened("ascend910", precision="origin").close()
    with pytest.raises(
        OptionError, match=r"^precision fp16 comes too late in this process: The 'precision_mode' can not be set"
    ):
        opened("ascend910", precision="fp16")
    with pytest.raises(NoDevice, match=r"^MindSpore cannot use ascend910:1: The runtime has been initialized"):
        opened("ascend910:1")


@pytest.mark.parametrize(
    ("device", "options", "text"),
    [
        ("cpu", {"precision": "fp16"}, "MindSpore has no precision 'fp16' on cpu; choose origin"),
        ("gpu", {"precision": "hf32"}, "MindSpore has no precision 'hf32' on gpu; choose origin, tf32"),
        ("ascend910", {"jit_level": "O3"}, "there is no jit_level 'O3'; choose O0, O1, O2"),
        ("ascend910", {"amp": "O4"}, "there is no amp 'O4'; choose O0, O1, O2, O3, auto"),
        ("ascend910", {"amp": "O2"}, r"amp is for networks \(Cells\)"),
    ],
)
def test_options_that_cannot_be_meant(machine: Machine, device: str, options: dict[str, str], text: str) -> None:
    fake = machine(Ascend=1, GPU=1)
    with pytest.raises(OptionError, match=text):
        opened(device, **options)
    assert fake.calls == []
