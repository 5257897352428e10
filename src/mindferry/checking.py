"""Whether a model fits a target (ONNX Runtime, OpenVINO, ATC, TensorRT), told without having the target.

ONNX is judged as it is, MindIR as the ONNX that it becomes; AIR too, but for ATC, whose own format it is. Passing is
necessary and not sufficient: arguments and shapes are only judged by the target itself.
"""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import onnx_ir as ir

from mindferry import conversion, formats, targets
from mindferry.ascend import socs
from mindferry.ascend.socs import Soc
from mindferry.errors import ConvertError, FormatError, OpsetTooLow, OptionError, UnsupportedPrimitives
from mindferry.targets import Finding
from mindferry.targets.ascend import findings_for, findings_of_air
from mindferry.types import Shape

_OPSETS = {"atc": 17}
"""The opset of the ONNX that a MindIR becomes for a target."""

_KNOWN_DOMAINS = {"ort": ("", "ai.onnx.ml", "com.microsoft"), "openvino": ("", "ai.onnx.ml", "com.microsoft")}


@dataclass(frozen=True, slots=True)
class Compatibility:
    """What a target makes of a model.

    Attributes:
        opset: of the ONNX that was judged, or None where there is none.
        operators: how often each is used; empty where no ONNX could be made.
        findings: why it would be refused; () where it fits.
    """

    path: str
    target: str
    soc: str | None
    opset: int | None
    operators: Mapping[str, int]
    findings: tuple[Finding, ...]

    @property
    def fits(self) -> bool:
        """True where nothing speaks against it."""
        return not self.findings

    def as_dict(self) -> dict[str, Any]:
        """Plain data, for JSON."""
        found = [{**dataclasses.asdict(one), "count": len(one.places)} for one in self.findings]
        return {
            "path": self.path, "target": self.target, "soc": self.soc, "opset": self.opset, "fits": self.fits,
            "operators": dict(self.operators), "findings": found,
        }  # fmt: skip


def check(
    path: str | Path,
    target: str,
    *,
    soc: str | None = None,
    opset: int | None = None,
    input_shapes: Mapping[str, Shape] | None = None,
    profiles: bool = False,
    key: bytes | None = None,
) -> Compatibility:
    """Whether the target would take a model.

    Args:
        path: ONNX, MindIR or AIR.
        target: one of `targets.NAMES`.
        soc: the Ascend processor, for "atc".
        opset: of the ONNX that a MindIR becomes; None is the target's usual one.
        input_shapes: for a MindIR those that it is converted with, for ONNX those that its inputs are fixed to.
        profiles: free dimensions will get sizes to choose from, for "atc".
        key: for an encrypted MindIR.

    Raises:
        OptionError: there is no such target or processor, or options that belong elsewhere.
        FileProblem, FormatError: the file cannot be read.
    """
    targets.check_name(target)
    if target != "atc" and (given := [name for name, value in (("soc", soc), ("profiles", profiles)) if value]):
        raise OptionError(f"{' and '.join(given)} belong to the target atc, not to {target}")
    processor = None if soc is None else socs.find(soc)
    if target == "atc" and formats.sniff(path) == "air":
        return _air(Path(path), processor, {"opset": opset, "input_shapes": input_shapes, "profiles": profiles or None})
    model, found = _model(Path(path), opset or _OPSETS.get(target), input_shapes, key)
    operators: Counter[str] = Counter()
    if model is not None:
        operators.update(node.op_type for node in ir.traversal.RecursiveGraphIterator(model.graph))
        if target == "atc":
            found += findings_for(model, processor, input_shapes, profiles=profiles)
        else:
            found += _findings(model, target)
    version = None if model is None else model.graph.opset_imports.get("")
    return Compatibility(str(path), target, soc, version, dict(operators.most_common()), tuple(found))


def _air(path: Path, soc: Soc | None, given: Mapping[str, object]) -> Compatibility:
    """What ATC makes of an AIR file, whose operators are its own."""
    from mindferry.formats.air import reader

    if wrong := [name for name, value in given.items() if value is not None]:
        raise OptionError(f"{path}: is AIR, which ATC takes as it is; it does not take the option {', '.join(wrong)}")
    model = reader.read(path)
    operators = Counter(node.primitive for node in model.main.nodes).most_common()
    found = findings_of_air(model, soc)
    return Compatibility(str(path), "atc", soc.name if soc else None, None, dict(operators), tuple(found))


def _model(
    path: Path, opset: int | None, input_shapes: Mapping[str, Shape] | None, key: bytes | None
) -> tuple[ir.Model | None, list[Finding]]:
    """The model as ONNX, or why there is none."""
    kind = formats.sniff(path)
    if kind == "onnx":
        from mindferry.formats import onnx

        return onnx.load(path), []
    if kind not in ("mindir", "air"):
        raise FormatError("is a checkpoint, which holds no operators; check its graph", path=path)
    try:
        return conversion.to_onnx(path, opset=opset, input_shapes=input_shapes, key=key)[0], []
    except UnsupportedPrimitives as error:
        return None, [Finding(f"no ONNX for {problem}") for problem in error.problems]
    except OpsetTooLow as error:
        return None, [Finding(str(error), cure=f"use opset {error.needed}")]
    except ConvertError as error:
        return None, [Finding(str(error))]


def _findings(model: ir.Model, target: str) -> list[Finding]:
    """What the tables say, and for targets that have none, operators that are nobody's standard."""
    found = targets.findings(model, target)
    places: dict[str, list[str]] = {}
    known = _KNOWN_DOMAINS.get(target)
    for node in ir.traversal.RecursiveGraphIterator(model.graph) if known else ():
        if node.domain not in (known or ()):
            places.setdefault(f"custom operator {node.domain}::{node.op_type}", []).append(node.name or node.op_type)
    cure = "give the session the library that has it, or lower it to standard operators"
    return found + [Finding(reason, tuple(where), cure) for reason, where in sorted(places.items())]
