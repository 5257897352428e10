"""A free batch dimension is given only where it was shown to be one."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from mindferry import batching, conversion
from mindferry.errors import ConvertError, OptionError
from mindferry.graph import Graph, Input, Model, Node, Ref, TensorType
from mindferry.lowering.context import Options
from mindferry.lowering.lower import lower
from mindferry.types import DType

X = TensorType(DType.FLOAT32, (1, 6))


def model(*nodes: Node, output: str) -> Model:
    return Model("MindIR", "G3", "MindSpore", "2.10.0", Graph("main", (Input("x", X, "x"),), {}, nodes, Ref(output)))


def both(source: Model):
    batch = batching.frozen_batch(source)
    static, _ = lower(source, Options(18))
    free, _ = lower(source, Options(18, reshaped=True), input_shapes=batch.shapes)
    return static, free, batch


def test_literals_follow_the_batch() -> None:
    source = model(
        Node("a", "Reshape", (Ref("x"), (1, 2, 3)), {}, TensorType(DType.FLOAT32, (1, 2, 3))),
        Node("b", "Reshape", (Ref("a"), (1, 6)), {}, X),
        output="b",
    )
    static, free, batch = both(source)
    batching.verify(static, free, batch, path=Path("x.mindir"))
    assert [str(size) for size in free.graph.outputs[0].shape] == ["batch", "6"]


def test_a_network_that_mixes_samples_is_refused() -> None:
    mean = TensorType(DType.FLOAT32, (1, 6))
    source = model(
        Node("a", "ReduceMean", (Ref("x"), (0,), True), {}, mean),
        Node("b", "Sub", (Ref("x"), Ref("a")), {}, X),
        output="b",
    )
    static, free, batch = both(source)
    with pytest.raises(ConvertError, match="not independent"):
        batching.verify(static, free, batch, path=Path("x.mindir"))


def test_inputs_without_the_batch_are_the_same_for_every_batch() -> None:
    row = TensorType(DType.FLOAT32, (2, 6))
    x, w = Input("x", X, "x"), Input("w", row, "w")
    sums = TensorType(DType.FLOAT32, (6,))
    nodes = (
        Node("a", "ReduceSum", (Ref("w"), (0,), False, False), {}, sums),
        Node("b", "Mul", (Ref("x"), Ref("a")), {}, X),
    )
    source = Model("MindIR", "G3", "MindSpore", "2.10.0", Graph("main", (x, w), {}, nodes, Ref("b")))
    batching.verify(*both(source), path=Path("x.mindir"))


def test_an_output_without_a_batch_is_refused() -> None:
    source = model(Node("a", "ReduceSum", (Ref("x"), (), False, False), {}, TensorType(DType.FLOAT32, ())), output="a")
    with pytest.raises(ConvertError, match="without a batch dimension of 1"):
        batching.verify(*both(source), path=Path("x.mindir"))


def test_a_model_without_a_fixed_batch_is_refused() -> None:
    free = TensorType(DType.FLOAT32, (None, 6))
    source = Model("MindIR", "", "", "", Graph("main", (Input("x", free, "x"),), {}, (), Ref("x")))
    with pytest.raises(OptionError, match="no input has a fixed batch"):
        batching.frozen_batch(source)


def test_a_real_network_runs_at_two_sizes(tmp_path: Path) -> None:
    source = Path(__file__).parents[1] / "examples" / "photos" / "efficientnet_lite0.mindir"
    target = tmp_path / "free.onnx"
    conversion.convert(source, target, opset=18, dynamic_batch=True)
    import mindferry

    with np.load(source.with_name("photos.npz")) as recorded, mindferry.open(target) as session:
        found = session.run(recorded["x0"])
        assert session.inputs[0].shape[0] == "batch"
        np.testing.assert_allclose(found["output"], recorded["y0"], atol=1e-4 * np.abs(recorded["y0"]).max())
