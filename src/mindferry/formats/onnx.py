"""ONNX files through onnx-ir: checked, written in one step, weights in a file of their own from 256 MB up.

The weights' file lies beside the model as `NAME.onnx.data`, each tensor aligned as onnx-ir does it. Weights below
1 KiB stay in the model.
"""

from __future__ import annotations

import os
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import onnx
import onnx_ir as ir

from mindferry.errors import ConvertError, FileProblem, FormatError
from mindferry.formats import _files, _wire

EXTERNAL_FROM = 256 << 20
"""Bytes of weights from which they are stored in a file of their own."""

_SMALLEST_EXTERNAL = 1024

_GRAPH, _INITIALIZER, _RAW_DATA = 7, 5, 9
"""Fields of ModelProto, GraphProto and TensorProto."""


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
            if data:
                ir.save(model, written, external_data=data, size_threshold_bytes=_SMALLEST_EXTERNAL)
            else:
                _write(model, held, written)
            _check(written)
            if data:
                (Path(folder) / data).replace(target.with_name(data))
            written.replace(target)
    except OSError as error:
        raise FileProblem(f"{path}: cannot be written ({error.strerror or error})") from None
    finally:
        for value, tensor in held.items():
            value.const_value = tensor


@dataclass(frozen=True, slots=True)
class Options:
    """Options of writing: none."""


def write(model: ir.Model, target: Path, options: Options, progress: object = None) -> dict[str, Any]:
    """`save` as `mindferry.writers` calls it."""
    save(model, target)
    return {}


def _write(model: ir.Model, held: dict[ir.Value, ir.TensorProtocol], path: Path) -> None:
    """Writes one file: the model without its weights, then the weights tensor by tensor, each straight from its source.

    `ModelProto.graph` is field 7 and `GraphProto.initializer` field 5 (onnx/onnx.proto); the order of fields is free.
    """
    initializers = dict(model.graph.initializers)
    for value in held:
        value.const_value = None
        del model.graph.initializers[str(value.name)]
    try:
        proto = ir.to_proto(model)
    finally:
        model.graph.initializers.clear()
        model.graph.initializers.update(initializers)
    graph = proto.graph.SerializeToString(deterministic=True)
    proto.ClearField("graph")
    headers = [_tensor_header(value, tensor) for value, tensor in held.items()]
    total = len(graph) + sum(len(header) + tensor.nbytes for header, tensor in zip(headers, held.values(), strict=True))
    with path.open("wb") as file:
        file.write(proto.SerializeToString(deterministic=True))
        file.write(_wire.write_varint(_GRAPH << 3 | 2) + _wire.write_varint(total) + graph)
        for header, tensor in zip(headers, held.values(), strict=True):
            file.write(header)
            file.flush()
            tensor.tofile(file)  # type: ignore[attr-defined]


def _tensor_header(value: ir.Value, tensor: ir.TensorProtocol) -> bytes:
    """An initializer's bytes up to its raw data, which ends it."""
    fields = onnx.TensorProto(name=value.name, data_type=tensor.dtype.value, dims=tensor.shape.numpy())
    head: bytes = fields.SerializeToString(deterministic=True) + _wire.write_varint(_RAW_DATA << 3 | 2)
    head += _wire.write_varint(tensor.nbytes)
    return _wire.write_varint(_INITIALIZER << 3 | 2) + _wire.write_varint(len(head) + tensor.nbytes) + head


def weights_size(model: ir.Model) -> int:
    """Bytes of all initializers but strings."""
    return sum(tensor.nbytes for _, tensor in _constants(model))


def _constants(model: ir.Model) -> list[tuple[ir.Value, ir.TensorProtocol]]:
    """Initializers and their tensors, but for strings, which have no raw data."""
    pairs = [(value, value.const_value) for value in model.graph.initializers.values()]
    return [(value, tensor) for value, tensor in pairs if tensor is not None and tensor.dtype != ir.DataType.STRING]


def _external(model: ir.Model) -> list[ir.ExternalTensor]:
    return [tensor for _, tensor in _constants(model) if isinstance(tensor, ir.ExternalTensor)]


def _check(path: Path) -> None:
    try:
        onnx.checker.check_model(os.fspath(path), full_check=False)
    except onnx.checker.ValidationError as error:
        raise ConvertError(f"ONNX's checker refuses the result: {str(error).splitlines()[0]}") from error
