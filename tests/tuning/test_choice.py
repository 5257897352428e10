"""The file beside the model: written, read again, and no longer believed."""

from __future__ import annotations

import logging
import shutil
import tomllib
from pathlib import Path

import numpy as np
import pytest

import mindferry
from command_line import MINDIR
from mindferry.benchmarking.machine import Machine, versions
from mindferry.errors import BackendFailed, FileProblem, OptionError
from mindferry.tuning import candidates, choice, tuner
from mindferry.tuning.choice import Choice, lookup, path_for, sha256

CHOICE = Choice(
    "split",
    "cpu",
    {
        "runtime": "onnxruntime",
        "options": {"config": {"session.intra_op.allow_spinning": "0"}},
        "rows": 1,
        "at_once": 2,
    },
    batch=8,
)


@pytest.fixture
def model(tmp_path: Path) -> Path:
    return Path(shutil.copy(MINDIR, tmp_path))


def save(model: Path) -> Path:
    return choice.save(model, CHOICE, date="2026-01-02T03:04:05+00:00", request={"tolerance": 0.0}, evidence=[
        {"name": "onnxruntime fp32", "outcome": "chosen", "p50_ms": 1.5, "error": 1e-7, "reason": None}
    ])  # fmt: skip


def edit(path: Path, old: str, new: str) -> None:
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


def test_what_is_written_is_read(model: Path) -> None:
    path = save(model)
    assert path == path_for(model) == model.with_name("lenet5.mindferry.toml")
    assert lookup(model) == CHOICE and CHOICE.library == "onnxruntime"
    content = tomllib.loads(path.read_text())
    assert content["schema"] == 1 and content["sha256"] == sha256(model)
    assert content["machine"] == Machine.here().as_dict() | {"versions": versions()}
    assert content["evidence"] == [{"name": "onnxruntime fp32", "outcome": "chosen", "p50_ms": 1.5, "error": 1e-7}]
    assert sorted(item.name for item in model.parent.iterdir()) == ["lenet5.mindferry.toml", "lenet5.mindir"]


def test_without_a_file_there_is_no_choice(model: Path) -> None:
    assert lookup(model) is None


@pytest.mark.parametrize(
    ("old", "new", "why"),
    [
        ('processor = "', 'processor = "Another ', "it was made on other processor"),
        ("cores = ", "cores = 9", "it was made on other cores"),
        ('mindferry = "mindferry ', 'mindferry = "mindferry 0.0.', "it was made with mindferry 0.0."),
        ('onnxruntime = "onnxruntime ', 'onnxruntime = "onnxruntime 0.', "it was made with onnxruntime 0."),
        ("schema = 1", "schema = 2", "schema 2, not 1"),
        ('sha256 = "', 'sha256 = "0', "the model has changed since"),
        ("[choice]", "[other]", "it cannot be read"),
        ("schema = 1", "schema = ", "it cannot be read"),
    ],
)
def test_what_no_longer_holds_is_not_used(
    model: Path, old: str, new: str, why: str, caplog: pytest.LogCaptureFixture
) -> None:
    edit(save(model), old, new)
    with caplog.at_level(logging.WARNING):
        assert lookup(model) is None
    assert why in caplog.text


def test_another_tuning_begins_with_what_was_faster(model: Path) -> None:
    evidence = [
        {"name": "openvino fp32 threads=1", "speed": 1.5}, {"name": "onnxruntime fp32 threads=1", "speed": 0.5},
        {"name": "openvino fp32", "speed": None},
    ]  # fmt: skip
    choice.save(model, CHOICE, date="2026-01-01T00:00:00+00:00", request={}, evidence=evidence)
    assert choice.earlier_speeds(model, CHOICE.batch) == {evidence[0]["name"]: 1.5, evidence[1]["name"]: 0.5}
    assert choice.earlier_speeds(model, 77) == {}
    variants = candidates.variants(candidates.Space(("onnxruntime", "openvino"), ("fp32",), CHOICE.batch, None, 2))
    ordered = [str(one) for one in tuner._ordered(variants, model, CHOICE.batch)]
    assert ordered[0] == evidence[0]["name"] and ordered[-1] == evidence[1]["name"]
    path_for(model).write_text(path_for(model).read_text().replace("evidence", "other"))
    assert choice.earlier_speeds(model, CHOICE.batch) == {}


def test_a_changed_model_makes_it_stale(model: Path, caplog: pytest.LogCaptureFixture) -> None:
    save(model)
    model.chmod(0o644)
    model.write_bytes(model.read_bytes() + b"\0")
    with caplog.at_level(logging.WARNING):
        assert lookup(model) is None
    assert "the model has changed since; run mindferry tune again" in caplog.text


def test_weights_beside_the_model_belong_to_it(model: Path) -> None:
    before = sha256(model)
    data = model.with_name(f"{model.name}.data")
    data.write_bytes(b"weights")
    with_data = sha256(model)
    data.write_bytes(b"others!")
    assert len({before, with_data, sha256(model)}) == 3
    parts = model.with_name("lenet5_variables")
    parts.mkdir()
    (parts / "data_0").write_bytes(b"more")
    assert sha256(model) != with_data


def test_another_runtimes_version_does_not_matter(model: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    save(model)
    monkeypatch.setattr(choice, "versions", lambda: versions() | {"openvino": "openvino 1.0"})
    assert lookup(model) == CHOICE


@pytest.mark.parametrize("batch", [None, 3])
def test_a_tuned_model_opens_as_chosen(model: Path, batch: int | None) -> None:
    found = mindferry.tune(model, budget=1.0, batch=batch)
    assert lookup(model) == found.choice
    assert found.choice.batch == (batch or 1)
    rows = np.random.default_rng(0).standard_normal((3, 1, 32, 32)).astype(np.float32)
    with mindferry.open(model, device="auto") as tuned, mindferry.open(model) as plain:
        assert tuned.runtime == found.choice.runtime
        np.testing.assert_allclose(tuned.run(rows)["output"], plain.run(rows)["output"], rtol=1e-4, atol=1e-4)


def test_the_users_own_judgement_decides(model: Path) -> None:
    from mindferry.tuning.fidelity import Verdict

    def accept(found: object, wanted: object) -> Verdict:
        return Verdict(None, "accuracy 0.5 is below 0.9")

    with pytest.raises(BackendFailed, match=r"accuracy 0\.5 is below 0\.9"):
        mindferry.tune(model, budget=0.1, accept=accept)
    assert not path_for(model).exists()


def test_an_interrupt_leaves_no_file(model: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(*args: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(tuner.Search, "_long_rounds", interrupt)
    with pytest.raises(KeyboardInterrupt):
        mindferry.tune(model, budget=0.1, runtimes=["onnxruntime"])
    assert [item.name for item in model.parent.iterdir()] == ["lenet5.mindir"]


def test_what_cannot_be_meant(model: Path) -> None:
    for options, words in (
        ({"tolerance": -1.0}, "the tolerance is from 0 to below 1"),
        ({"tolerance": float("nan")}, "the tolerance is from 0 to below 1"),
        ({"budget": 0.0}, "the budget must be positive"),
        ({"optimize_for": "beauty"}, "there is no goal 'beauty'"),
        ({"runtimes": ["mindspore"]}, "tune does not try mindspore"),
    ):
        with pytest.raises(OptionError, match=words):
            mindferry.tune(model, **options)
    with pytest.raises(FileProblem, match="no such file"):
        mindferry.tune(model.with_name("none.onnx"))


def test_a_model_that_gives_nan_cannot_be_tuned(model: Path) -> None:
    feeds = {"x": np.full((1, 1, 32, 32), np.nan, np.float32)}
    with pytest.raises(BackendFailed, match="gives NaN in output on these inputs"):
        mindferry.tune(model, feeds=feeds)
