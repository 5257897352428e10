"""A checkpoint's parameters in a model."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import mindferry
from mindferry import weights
from mindferry.errors import ConvertError
from mindferry.formats.ckpt import reader
from mindferry.graph import Graph, Model, Tensor
from mindferry.types import DType

RECORDED = Path(__file__).parent / "formats" / "ckpt" / "recorded"


def tensor(name: str, shape: tuple[int, ...], dtype: DType = DType.FLOAT32, fill: int = 0) -> Tensor:
    return Tensor(name, dtype, shape, np.full(shape, fill, dtype.numpy()).tobytes())


def model(*parameters: Tensor) -> Model:
    graph = Graph("main", (), {f"main:{one.name}": one for one in parameters}, (), None)
    return Model("MindIR", "G3", "MindSpore", "2.10.0", graph)


def checkpoint(*parameters: Tensor) -> dict[str, Tensor]:
    return {one.name: one for one in parameters}


def test_values_are_replaced_by_name() -> None:
    source = model(tensor("a", (2,)), tensor("b", (3,)))
    filled, state = weights.replace(source, checkpoint(tensor("b", (3,), fill=2), tensor("a", (2,), fill=1)))
    assert {name: one.numpy()[0] for name, one in filled.main.parameters.items()} == {"main:a": 1, "main:b": 2}
    assert state == ()
    assert source.main.parameters["main:a"].numpy()[0] == 0


def test_training_state_is_left_out_and_named() -> None:
    source = model(tensor("weight", (2, 3)), tensor("bias", (2,)))
    _, state = weights.replace(source, reader.read(RECORDED / "momentum.ckpt"))
    assert state == ("global_step", "learning_rate", "momentum", "moments.weight", "moments.bias")


def test_all_problems_are_told_at_once() -> None:
    source = model(tensor("a", (2,)), tensor("b", (3,)), tensor("c", (4,)), tensor("d", (5,)))
    given = checkpoint(
        tensor("b", (3, 1)),
        tensor("c", (4,), DType.FLOAT16),
        tensor("d", (5,)),
        tensor("x", ()),
        tensor("moments.d", (1,)),
    )
    with pytest.raises(ConvertError) as caught:
        weights.replace(source, given, source="other.ckpt")
    assert str(caught.value) == (
        "other.ckpt does not fit the model: missing: a; not in the model: x, moments.d; of another form: "
        "b is float32[3, 1] instead of float32[3], c is float16[4] instead of float32[4]"
    )


def test_a_wrapper_s_name_before_all_others_is_pointed_out() -> None:
    given = checkpoint(tensor("network.a", (2,)), tensor("network.b", (3,)))
    with pytest.raises(ConvertError, match=r"; its names start with 'network\.': save the network inside the wrapper$"):
        weights.replace(model(tensor("a", (2,)), tensor("b", (3,))), given)


def test_long_lists_are_cut() -> None:
    with pytest.raises(ConvertError, match=r"missing: p0, .*, p19 and 5 more$"):
        weights.replace(model(*(tensor(f"p{index}", ()) for index in range(25))), {})


def test_a_converted_model_has_the_checkpoint_s_values(tmp_path: Path) -> None:
    graph = mindferry.demo.path("lenet5.mindir")
    other = reader.read(mindferry.demo.path("lenet5.ckpt"))
    mindferry.convert(graph, tmp_path / "a.onnx", weights=mindferry.demo.path("lenet5.ckpt"), level=0)
    loaded = mindferry.load(tmp_path / "a.onnx")
    np.testing.assert_array_equal(loaded.graph.initializers["fc3.bias"].const_value.numpy(), other["fc3.bias"].numpy())
