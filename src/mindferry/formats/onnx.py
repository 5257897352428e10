"""ONNX files through onnx-ir: checked, written in one step, weights in a file of their own from 256 MB up."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

import onnx
import onnx_ir as ir

from mindferry.errors import ConvertError, FileProblem, FormatError

EXTERNAL_FROM = 256 << 20
"""Bytes of weights from which they are stored beside the model, as NAME.onnx.data."""

_SMALLEST_EXTERNAL = 1024


def load(path: str | Path) -> ir.Model:
    """The model in an ONNX file; weights stay in the file until they are used.

    Raises:
        FileProblem: the file is missing or unreadable.
        FormatError: it is not ONNX.
    """
    try:
        return ir.load(path)
    except FileNotFoundError:
        raise FileProblem(f"{path}: no such file") from None
    except OSError as error:
        raise FileProblem(f"{path}: {error.strerror or error}") from None
    except Exception as error:  # protobuf and onnx-ir raise many types on broken files
        raise FormatError(f"not a readable ONNX file ({type(error).__name__})", path=path) from error


def save(model: ir.Model, path: str | Path) -> None:
    """Writes the model in one step: on failure nothing is left behind and an earlier file stays as it was.

    Raises:
        FileProblem: the place cannot be written.
        ConvertError: ONNX's checker refuses the model, which is then a fault of MindFerry.
    """
    target = Path(path)
    total = sum(value.const_value.nbytes for value in model.graph.initializers.values() if value.const_value is not None)
    data_name = f"{target.name}.data" if total >= EXTERNAL_FROM else None
    try:
        with tempfile.TemporaryDirectory(prefix=f".{target.name}.", dir=target.parent) as folder:
            written = Path(folder) / target.name
            held = {name: value.const_value for name, value in model.graph.initializers.items()}
            ir.save(model, written, external_data=data_name, size_threshold_bytes=_SMALLEST_EXTERNAL)
            for name, tensor in held.items():
                model.graph.initializers[name].const_value = tensor
            _check(written)
            if data_name:
                os.replace(Path(folder) / data_name, target.with_name(data_name))
            os.replace(written, target)
    except OSError as error:
        raise FileProblem(f"{target}: cannot be written ({error.strerror or error})") from None


def _check(path: Path) -> None:
    try:
        onnx.checker.check_model(str(path), full_check=False)
    except onnx.checker.ValidationError as error:
        raise ConvertError(f"ONNX's checker refuses the result: {str(error).splitlines()[0]}") from error
