"""The public functions, one screen each."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from os import PathLike
from typing import TYPE_CHECKING, Any, TypeAlias

from mindferry.types import Shape

if TYPE_CHECKING:
    import onnx_ir as ir

    from mindferry.graph import Model, Tensor
    from mindferry.lowering.report import Report
    from mindferry.runtimes.base import Session
    from mindferry.runtimes.feeds import Feed
    from mindferry.verification import Verification

Path: TypeAlias = "str | PathLike[str]"
Progress: TypeAlias = "Callable[[int, int], None]"


def load(path: Path, *, key: bytes | None = None) -> Model | dict[str, Tensor] | ir.Model:
    """What a model file holds: a MindIR graph, a checkpoint's parameters by name, or an ONNX model.

    Weights stay in the mapped file until they are used.
    """
    from mindferry.formats.mindir.reader import read

    return read(str(path), key=key)


def convert(
    source: Path,
    target: Path,
    *,
    opset: int = 18,
    input_shapes: Mapping[str, Shape] | None = None,
    input_names: Sequence[str] | None = None,
    output_names: Sequence[str] | None = None,
    weights: Path | None = None,
    key: bytes | None = None,
    approximate: bool = False,
    progress: Progress | None = None,
) -> Report:
    """Converts a MindIR file to the format that the target's suffix names; the target appears whole or not at all.

    Args:
        source: MindIR, of any generation.
        target: `.onnx`; weights go to `target.data` from 256 MB up.
        opset: 13 to 23.
        input_shapes: shapes that replace the recorded ones, by the model's own input names.
        input_names, output_names: names for all inputs or outputs, in order.
        weights: a checkpoint whose parameters replace the model's, by name.
        key: for encrypted files.
        approximate: allow lowerings that are not exact.
        progress: called with (nodes done, nodes in all).
    """
    from mindferry.formats import onnx
    from mindferry.formats.mindir.reader import read
    from mindferry.lowering.context import Options
    from mindferry.lowering.lower import lower

    chosen = Options(opset, approximate=approximate, reshaped=bool(input_shapes))
    model, report = lower(read(str(source), key=key), chosen, input_shapes=input_shapes, progress=progress)
    onnx.save(model, str(target))
    return report


def export(
    network: str,
    target: Path,
    *,
    weights: Path | None = None,
    input_shapes: Mapping[str, Shape],
    input_dtypes: Mapping[str, str] | None = None,
    opset: int = 18,
    key: bytes | None = None,
    approximate: bool = False,
    progress: Progress | None = None,
) -> Report | None:
    """Writes a MindSpore Cell with its checkpoint as `.mindir` or `.onnx`; needs MindSpore.

    Args:
        network: `file.py:Class`, `module:callable` or `mindcv:name`.
        input_shapes: by the names of `construct`'s arguments; a string or None is a free dimension.
        input_dtypes: by name, for inputs that are not float32.
    """
    raise NotImplementedError


def open(
    model: Path,
    *,
    device: str = "cpu",
    runtime: str | None = None,
    graph: Path | None = None,
    weights: Path | None = None,
    network: str | None = None,
    input_shapes: Mapping[str, Shape] | None = None,
    opset: int = 18,
    key: bytes | None = None,
    approximate: bool = False,
    options: Mapping[str, Any] | None = None,
) -> Session:
    """A session that runs a model file on a device.

    Args:
        model: `.onnx`, `.mindir`, or a checkpoint together with `graph` or `network`.
        device: "cpu", "gpu", "gpu:1", "ascend310", "ascend910".
        runtime: "onnxruntime" or "mindspore"; None is ONNX Runtime for CPU and GPU.
        graph: the MindIR that a checkpoint fills.
        weights: a checkpoint whose parameters replace a MindIR's.
        network: for runtime "mindspore" and a checkpoint: `file.py:Class`, `module:callable` or `mindcv:name`.
        options: the runtime's own; see its module.
    """
    raise NotImplementedError


def verify(
    candidate: Path | Session | Mapping[str, Feed],
    reference: Path | Session | Mapping[str, Feed],
    *,
    feeds: Path | Mapping[str, Feed] | None = None,
    outputs: Sequence[str] | None = None,
    tolerance: float | None = None,
) -> Verification:
    """Compares every output of two models on the same inputs.

    Args:
        candidate, reference: model files, open sessions, or recorded outputs (`.npz` or arrays by name).
        feeds: the inputs, as `.npz` or arrays by name; None where both sides are recorded.
        outputs: the reference's names of the candidate's outputs, in the candidate's order, where they differ.
        tolerance: the largest difference over the reference's largest absolute value; None compares without judging.

    Raises:
        VerifyError: an output misses the tolerance.
    """
    raise NotImplementedError
