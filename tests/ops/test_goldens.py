"""Every recorded operator case, at the lowest, default and highest opset, against MindSpore's answers.

A case whose primitive has no ONNX form must be refused, and one that is only approximated must be refused unless it is
allowed; `refused.json` lists the cases of which only the arguments have no exact form, with words of the error.
`doubtful.json` lists the cases in which MindSpore's recorded answer is not the primitive's, with what is wrong with it.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import pytest

from mindferry.errors import ConvertError, OpsetTooLow, UnsupportedPrimitives
from mindferry.lowering import ops as lowerings
from mindferry.lowering import registry
from ops.replay import check

HERE = Path(__file__).parent
DEAD = {"composite/Floor_1"}
"""Cases whose refused primitive is in a branch that is never taken."""
REFUSED: dict[str, str] = json.loads((HERE / "refused.json").read_text())
DOUBTFUL: dict[str, str] = json.loads((HERE / "doubtful.json").read_text())


@dataclass(frozen=True)
class Recorded:
    """One recorded case."""

    stem: Path
    contains: tuple[str, ...]
    tolerance: float | None

    @property
    def name(self) -> str:
        """family/CASE."""
        return f"{self.stem.parent.name}/{self.stem.name}"


def recorded() -> list[Recorded]:
    """Every recorded case."""
    return [
        Recorded(index.parent / name, tuple(row["contains"]), row.get("tolerance"))
        for index in sorted(HERE.glob("goldens/*/index.json"))
        for name, row in json.loads(index.read_text()).items()
    ]


CASES = recorded()


@pytest.mark.parametrize("opset", [registry.LOWEST_OPSET, registry.DEFAULT_OPSET, registry.HIGHEST_OPSET])
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_agrees_with_mindspore(case: Recorded, opset: int) -> None:
    lowerings.load()
    rows = {name: registry.rows(name) for name in case.contains}
    if case.name not in DEAD and any(not found and name in registry.refused() for name, found in rows.items()):
        with pytest.raises(UnsupportedPrimitives):
            check(case.stem, opset)
        return
    approximate = any(row.approximate for found in rows.values() for row in found[:1])
    try:
        if case.name in REFUSED:
            with pytest.raises(ConvertError) as caught:
                check(case.stem, opset, approximate=approximate)
            assert REFUSED[case.name] in str(caught.value)
            return
        if approximate:
            with pytest.raises(UnsupportedPrimitives, match="only approximately"):
                check(case.stem, opset)
        text = check(case.stem, opset, case.tolerance, approximate=approximate)
    except OpsetTooLow as error:
        assert opset < error.needed
        return
    if case.name in DOUBTFUL:
        assert text != "", f"agrees now, take it off doubtful.json: {DOUBTFUL[case.name]}"
        return
    assert text == ""
