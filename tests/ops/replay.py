"""Converts recorded operator cases and compares ONNX Runtime's answers with MindSpore's.

`python tests/ops/replay.py [DIR] [-k TEXT] [--opset N]` prints a line for each case that fails and a count.
"""

from __future__ import annotations

import argparse
import ctypes
import re
import sys
from pathlib import Path

import ml_dtypes
import numpy as np
import onnx
import onnx_ir as ir
import onnxruntime

from mindferry import conversion
from mindferry.errors import MindFerryError
from mindferry.formats.mindir.reader import read

TOLERANCE = {
    np.dtype(np.float16): 2e-3,
    np.dtype(ml_dtypes.bfloat16): 2e-2,
    np.dtype(np.float32): 1e-4,
    np.dtype(np.float64): 1e-4,
}
"""Largest difference over the largest finite output, by element type; integers and bools must be equal."""


def open_session(
    stem: Path, opset: int, *, approximate: bool = False, input_shapes: dict[str, tuple[int, ...]] | None = None
) -> onnxruntime.InferenceSession:
    """The case converted and optimised as `mindferry.convert` does, in ONNX Runtime, checked on the way."""
    source = stem.with_suffix(".mindir")
    model, _ = conversion.to_onnx(source, opset=opset, approximate=approximate, input_shapes=input_shapes)
    proto = ir.to_proto(model)
    onnx.checker.check_model(proto, full_check=True)
    options = onnxruntime.SessionOptions()
    options.log_severity_level, options.intra_op_num_threads = 4, 1
    return onnxruntime.InferenceSession(proto.SerializeToString(), options, providers=["CPUExecutionProvider"])


def run(session: onnxruntime.InferenceSession, given: list[np.ndarray]) -> list[np.ndarray]:
    """The session's answers; bfloat16 goes in and out as OrtValues."""
    feeds = {item.name: fit(as_fed(array), item) for item, array in zip(session.get_inputs(), given, strict=True)}
    if not any("bfloat16" in item.type for item in (*session.get_inputs(), *session.get_outputs())):
        return session.run(None, feeds)
    make, bfloat16 = onnxruntime.OrtValue, onnx.TensorProto.BFLOAT16
    values = {
        name: make.ortvalue_from_numpy_with_onnx_type(array.view(np.uint16), bfloat16)
        if array.dtype == ml_dtypes.bfloat16
        else make.ortvalue_from_numpy(array)
        for name, array in feeds.items()
    }
    found = session.run_with_ort_values([item.name for item in session.get_outputs()], values)
    return [bfloat16_array(value) if "bfloat16" in value.data_type() else value.numpy() for value in found]


def bfloat16_array(value: onnxruntime.OrtValue) -> np.ndarray:
    """A copy of a bfloat16 value, which ONNX Runtime does not hand out as an array."""
    size = int(np.prod(value.shape()))
    bits = (ctypes.c_uint16 * size).from_address(value.data_ptr())
    return np.array(bits, np.uint16).view(ml_dtypes.bfloat16).reshape(value.shape())


def as_fed(array: np.ndarray) -> np.ndarray:
    """Complex arrays as pairs of real numbers, which is how MindFerry's ONNX takes them."""
    if array.dtype.kind != "c":
        return array
    return np.ascontiguousarray(array).reshape(*array.shape, 1).view(array.real.dtype)


def fit(array: np.ndarray, item: onnxruntime.NodeArg) -> np.ndarray:
    """bfloat16 travels in .npz files as uint16."""
    return array.view(ml_dtypes.bfloat16) if "bfloat16" in item.type and array.dtype == np.uint16 else array


def difference(found: np.ndarray, wanted: np.ndarray, tolerance: float | None = None) -> str:
    """Why two outputs differ, or "" where they agree."""
    wanted = as_fed(wanted)
    if found.dtype == ml_dtypes.bfloat16 and wanted.dtype == np.uint16:
        wanted = wanted.view(ml_dtypes.bfloat16)
    if found.shape != wanted.shape:
        return f"shape {found.shape}, recorded {wanted.shape}"
    if found.dtype != wanted.dtype:
        return f"dtype {found.dtype}, recorded {wanted.dtype}"
    if wanted.dtype not in TOLERANCE:
        return (
            ""
            if np.array_equal(found, wanted)
            else f"{np.count_nonzero(found != wanted)} of {wanted.size} elements differ"
        )
    limit = TOLERANCE[wanted.dtype] if tolerance is None else tolerance
    left, right = found.astype(np.float64), wanted.astype(np.float64)
    finite = np.isfinite(right)
    if not np.array_equal(np.isfinite(left), finite) or not np.array_equal(
        left[~finite], right[~finite], equal_nan=True
    ):
        return f"NaN or infinity in different places: {left.ravel()[:6]}, recorded {right.ravel()[:6]}"
    worst = float(np.max(np.abs(left - right), where=finite, initial=0.0))
    scale = float(np.max(np.abs(right), where=finite, initial=0.0))
    return (
        ""
        if worst <= limit * max(scale, 1e-30) or worst <= 1e-7
        else f"differs by {worst / max(scale, 1e-30):.2g} of the largest output"
    )


def check(stem: Path, opset: int, tolerance: float | None = None, *, approximate: bool = False) -> str:
    """Why a case fails, or "" where every recorded run of it agrees."""
    source = read(stem.with_suffix(".mindir"))
    open_rank = [item.title for item in source.main.inputs if getattr(item.type, "shape", ()) is None]
    session = None if open_rank else open_session(stem, opset, approximate=approximate)
    texts = []
    with np.load(stem.with_suffix(".npz")) as recorded:
        for one in sorted({name.partition("@")[2] for name in recorded.files}):
            given = named(recorded, "x", one)
            if session is None:
                titles = [item.title for item in source.main.inputs]
                shapes = {title: array.shape for title, array in zip(titles, given, strict=True) if title in open_rank}
                runner = open_session(stem, opset, approximate=approximate, input_shapes=shapes)
            else:
                runner = session
            if text := compare(runner, given, named(recorded, "y", one), tolerance):
                texts.append(f"run {one or 0}: {text}")
    return "; ".join(texts)


def named(recorded: np.lib.npyio.NpzFile, letter: str, run: str) -> list[np.ndarray]:
    """The arrays x0, x1, ... (or y0, ...) of one run; names of runs after the first end in @run."""
    suffix = f"@{run}" if run else ""
    count = sum(re.fullmatch(rf"{letter}\d+{suffix}", name) is not None for name in recorded.files)
    return [recorded[f"{letter}{index}{suffix}"] for index in range(count)]


def compare(
    session: onnxruntime.InferenceSession, given: list[np.ndarray], wanted: list[np.ndarray], tolerance: float | None
) -> str:
    """Why one run's answers differ from the recorded ones, or ""."""
    found = run(session, given[: len(session.get_inputs())])
    if len(found) != len(wanted):
        return f"{len(found)} outputs, recorded {len(wanted)}"
    return "; ".join(
        f"y{index}: {text}"
        for index, pair in enumerate(zip(found, wanted, strict=True))
        if (text := difference(*pair, tolerance))
    )


def main() -> int:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", nargs="?", type=Path, default=Path(__file__).with_name("goldens"))
    parser.add_argument("-k", default="", help="only cases whose name contains this; several with commas")
    parser.add_argument("--opset", type=int, default=18)
    options = parser.parse_args()
    stems = sorted(path.with_suffix("") for path in options.folder.rglob("*.mindir"))
    stems = [stem for stem in stems if any(part in str(stem) for part in options.k.split(","))]
    failed = 0
    for stem in stems:
        try:
            text = check(stem, options.opset)
        except MindFerryError as error:
            text = f"{type(error).__name__}: {error}"
        except Exception as error:
            text = f"{type(error).__name__}: {str(error).strip().splitlines()[0][:200]}"
        if text:
            failed += 1
            print(f"{stem.name:32} {text}")
    print(f"{len(stems) - failed} of {len(stems)} cases agree with MindSpore at opset {options.opset}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
