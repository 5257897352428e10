"""Which configurations are tried."""

from __future__ import annotations

from mindferry.tuning.candidates import Space, defaults, variants

BOTH = ("onnxruntime", "openvino")


def names(space: Space) -> tuple[list[str], list[str]]:
    return [str(one) for one in defaults(space)], [str(one) for one in variants(space)]


def test_full_precision_alone_is_tried_where_nothing_else_is_allowed() -> None:
    first, further = names(Space(BOTH, ("fp32",), 1, 1, 2))
    assert first == ["onnxruntime fp32", "openvino fp32"]
    assert further and all("fp32" in name and "rows" not in name for name in further)


def test_half_precision_is_openvinos() -> None:
    first, further = names(Space(BOTH, ("fp32", "bf16", "fp16"), None, None, 2))
    assert first == ["onnxruntime fp32", "openvino fp32"]
    assert further[:2] == ["openvino bf16", "openvino fp16"]
    assert "openvino bf16 threads=1" in further


def test_a_free_batch_is_split() -> None:
    _, further = names(Space(("onnxruntime",), ("fp32",), 8, None, 2))
    assert further[:5] == [
        "onnxruntime fp32 threads=1 rows=1 at_once=2", "onnxruntime fp32 rows=8",
        "onnxruntime fp32 threads=1 rows=2 at_once=2", "onnxruntime fp32 threads=1 rows=4 at_once=2",
        "onnxruntime fp32 threads=1",
    ]  # fmt: skip


def test_runtimes_take_turns() -> None:
    _, further = names(Space(BOTH, ("fp32",), 8, None, 2))
    assert further[:3] == [
        "onnxruntime fp32 threads=1 rows=1 at_once=2",
        "openvino fp32 threads=2 streams=2 rows=1 at_once=2",
        "onnxruntime fp32 rows=8",
    ]


def test_a_frozen_model_runs_other_batches_in_parts_alone() -> None:
    first, further = names(Space(BOTH, ("fp32",), 8, 1, 2))
    assert first == ["onnxruntime fp32 rows=1", "openvino fp32 rows=1"]
    assert all("rows=1" in name for name in further)


def test_a_free_batch_of_one_row_is_also_made_static() -> None:
    assert "onnxruntime fp32 rows=1" in names(Space(BOTH, ("fp32",), 1, None, 2))[1]


def test_several_callers_are_tried_for_throughput() -> None:
    assert any("callers=2" in name for name in names(Space(BOTH, ("fp32",), 1, 1, 2, throughput=True))[1])
    assert not any("callers" in name for name in names(Space(BOTH, ("fp32",), 1, 1, 2))[1])


def test_nothing_is_tried_twice() -> None:
    for batch, frozen in ((1, 1), (1, None), (8, None), (8, 8), (8, 1), (3, None), (None, None)):
        first, further = names(Space(BOTH, ("fp32", "bf16"), batch, frozen, 4, throughput=True))
        assert len(set(first + further)) == len(first + further)
