"""ONNX files through onnx-ir: checked, written in one step, weights in a file of their own from 256 MB up.

The weights' file lies beside the model as `NAME.onnx.data`, each tensor aligned as onnx-ir does it. Weights below
1 KiB stay in the model.
"""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

import onnx
import onnx_ir as ir

from mindferry.errors import ConvertError, FileProblem, FormatError
from mindferry.formats import _files

EXTERNAL_FROM = 256 << 20
"""Bytes of weights from which they are stored in a file of their own."""

_SMALLEST_EXTERNAL = 1024


def load(path: str | Path) -> ir.Model:
    """The model in an ONNX file; external weights stay in their file until they are used.

    Raises:
        FileProblem: the file is missing, a folder or unreadable.
        FormatError: it is empty, not ONNX, or names external data outside its folder.
    """
    _files.map_file(path).release()
    try:
        model = ir.load(path)
    except OSError as error:
        raise FileProblem(f"{path}: {error.strerror or error}") from None
    except Exception as error:  # protobuf and onnx-ir raise many types on broken files
        raise FormatError(f"not a readable ONNX file ({type(error).__name__})", path=path) from error
    for tensor in _external(model):
        try:
            _files.beside(Path(path), str(tensor.location))
        except FormatError as error:
            raise FormatError(f"{tensor.name}: {error.reason}", path=path) from None
    return model


def save(model: ir.Model, path: str | Path) -> None:
    """Writes the model in one step: on failure nothing is left behind and an earlier file stays as it was.

    Raises:
        FileProblem: the place cannot be written.
        ConvertError: ONNX's checker refuses the model, which is then a fault of MindFerry.
    """
    target = _files.check_target(path)
    data = f"{target.name}.data" if weights_size(model) >= EXTERNAL_FROM else None
    if data and Path(path).is_symlink():
        raise FileProblem(f"{path}: is a symbolic link, but the weights need a file beside the model; give {target}")
    held = dict(_constants(model))
    try:
        with tempfile.TemporaryDirectory(prefix=f".{target.name}.", dir=target.parent) as folder:
            written = Path(folder) / target.name
            ir.save(model, written, external_data=data, size_threshold_bytes=_SMALLEST_EXTERNAL)
            _check(written)
            if data:
                (Path(folder) / data).replace(target.with_name(data))
            written.replace(target)
    except OSError as error:
        raise FileProblem(f"{path}: cannot be written ({error.strerror or error})") from None
    finally:
        for value, tensor in held.items():
            value.const_value = tensor


def weights_size(model: ir.Model) -> int:
    """Bytes of all initializers."""
    return sum(tensor.nbytes for _, tensor in _constants(model))


def _constants(model: ir.Model) -> list[tuple[ir.Value, ir.TensorProtocol]]:
    values = model.graph.initializers.values()
    return [(value, value.const_value) for value in values if value.const_value is not None]


def _external(model: ir.Model) -> list[ir.ExternalTensor]:
    return [tensor for _, tensor in _constants(model) if isinstance(tensor, ir.ExternalTensor)]


def _check(path: Path) -> None:
    try:
        onnx.checker.check_model(os.fspath(path), full_check=False)
    except onnx.checker.ValidationError as error:
        raise ConvertError(f"ONNX's checker refuses the result: {str(error).splitlines()[0]}") from error
