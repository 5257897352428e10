"""MindSpore networks: finding a Cell by name, filling it from a checkpoint, exporting it. Needs MindSpore."""

from __future__ import annotations

import importlib
import importlib.metadata
import importlib.util
import inspect
import os
import shutil
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from mindferry import conversion, formats, weights
from mindferry.errors import BackendFailed, FileProblem, MindFerryError, NotInstalled, OptionError, words
from mindferry.formats import _encryption, _files
from mindferry.lowering.report import Report
from mindferry.platforms import conflict
from mindferry.types import DType, Shape

if TYPE_CHECKING:
    import onnx_ir as ir

_MODES = {_encryption.GCM: "AES-GCM", _encryption.CBC: "AES-CBC", _encryption.SM4: "SM4-CBC"}


def library() -> Any:
    """The module mindspore.

    Raises:
        NotInstalled: it is missing, or does not support the installed numpy.
    """
    try:
        version = importlib.metadata.version("mindspore")
    except importlib.metadata.PackageNotFoundError:
        raise NotInstalled("MindSpore is not installed: pip install 'mindferry[mindspore]'") from None
    if reason := conflict(version, np.__version__):
        raise NotInstalled(reason)
    return importlib.import_module("mindspore")


def load(network: str) -> Any:
    """The Cell that a name gives, in inference mode.

    Args:
        network: `file.py:Class`, `module:callable` or `mindcv:model`; what it names is called without arguments.

    Raises:
        OptionError: there is no such file, module or name, or it makes no Cell.
        BackendFailed: it raises an error.
    """
    mindspore = library()
    place, _, name = network.rpartition(":")
    if not place or not name:
        raise OptionError(f"network {network!r} is not of the form file.py:Class, module:callable or mindcv:model")
    try:
        cell = _mindcv(name) if place == "mindcv" else _attribute(_module(place), name, network)()
    except MindFerryError:
        raise
    except Exception as error:
        raise BackendFailed(f"network {network} cannot be made: {type(error).__name__}: {words(error)}") from error
    if not isinstance(cell, mindspore.nn.Cell):
        raise OptionError(f"network {network} makes a {type(cell).__name__}, not a mindspore.nn.Cell")
    return cell.set_train(False)


def _mindcv(name: str) -> Any:
    try:
        mindcv = importlib.import_module("mindcv")
    except ImportError as error:
        raise NotInstalled(f"mindcv cannot be imported ({error}): pip install mindcv") from error
    if not mindcv.is_model(name):
        raise OptionError(f"mindcv has no model {name!r}")
    return mindcv.create_model(name)


def _module(place: str) -> Any:
    if place.endswith(".py"):
        return _module_of_file(Path(place))
    try:
        return importlib.import_module(place)
    except ModuleNotFoundError as error:
        raise OptionError(f"there is no module {error.name}") from None


def _module_of_file(path: Path) -> Any:
    """The file as a module; its own folder is searched for what it imports."""
    if not path.is_file():
        raise FileProblem(f"{path}: no such file")
    resolved = path.resolve()
    name = f"mindferry_network_{resolved.stem}_{abs(hash(resolved)):x}"
    if name in sys.modules:
        return sys.modules[name]
    spec = importlib.util.spec_from_file_location(name, resolved)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    sys.path.insert(0, str(resolved.parent))
    try:
        spec.loader.exec_module(module)
    except BaseException:
        del sys.modules[name]
        raise
    finally:
        sys.path.remove(str(resolved.parent))
    return module


def _attribute(module: Any, name: str, network: str) -> Any:
    found = getattr(module, name, None)
    if not callable(found):
        raise OptionError(f"network {network}: there is nothing to call named {name!r}")
    return found


def fill(cell: Any, checkpoint: Path, *, key: bytes | None = None) -> tuple[str, ...]:
    """Puts a checkpoint into a Cell with MindSpore's own loader; returns the training state that was left out.

    Raises:
        ConvertError: the checkpoint does not fit; see `weights.check`.
        FormatError: it is broken or encrypted.
    """
    mindspore = library()
    kind = formats.sniff(checkpoint)
    if kind not in ("ckpt", "safetensors"):
        raise OptionError(f"{checkpoint}: holds a graph ({kind}), but a checkpoint is wanted")
    given = mindspore.load_checkpoint(str(checkpoint), format=kind, **decryption(checkpoint, key))
    tensors = {name: value for name, value in given.items() if isinstance(value, mindspore.Tensor)}
    state = weights.check(_forms(cell.parameters_dict()), _forms(tensors), source=str(checkpoint))
    mindspore.load_param_into_net(cell, {name: value for name, value in tensors.items() if name not in state})
    return state


def _forms(parameters: Mapping[str, Any]) -> dict[str, weights.Form]:
    return {name: (str(value.dtype), tuple(value.shape)) for name, value in parameters.items()}


def decryption(path: Path, key: bytes | None) -> dict[str, Any]:
    """The arguments by which MindSpore decrypts a file, none where it is not encrypted.

    Raises:
        FormatError: it is encrypted and no key was given.
    """
    magic = _files.cipher(path)
    if magic is None:
        return {}
    if key is None:
        raise _files.needs_key(path)
    return {"dec_key": key, "dec_mode": _MODES[magic]}


def export(
    network: str,
    target: Path,
    *,
    input_shapes: Mapping[str, Shape],
    input_dtypes: Mapping[str, str],
    checkpoint: Path | None = None,
    key: bytes | None = None,
    **options: Any,
) -> Report | None:
    """Writes a network as `.mindir`, or as `.onnx` with the options of `conversion.to_onnx`; see `mindferry.export`."""
    if target.suffix not in (".mindir", ".onnx"):
        raise OptionError(f"{target}: a network is exported as .mindir or .onnx, not as {target.suffix!r}")
    if key is not None and checkpoint is None:
        raise OptionError("a key was given, but no weights that it could open")
    target = _files.check_target(target)
    cell = _filled(network, checkpoint, key)
    with _folder_beside(target) as folder:
        _export_mindir(cell, folder / f"{target.stem}.mindir", input_shapes, input_dtypes)
        if target.suffix == ".mindir":
            _move(folder, target.parent)
            return None
        (graph,) = folder.glob("*.mindir")
        return conversion.convert(graph, target, input_shapes=_named(input_shapes), **options)


def to_onnx(
    network: str,
    *,
    input_shapes: Mapping[str, Shape],
    input_dtypes: Mapping[str, str],
    checkpoint: Path | None = None,
    key: bytes | None = None,
    **options: Any,
) -> ir.Model:
    """The ONNX model of a network; the options are those of `conversion.to_onnx`, the rest is as in `export`."""
    cell = _filled(network, checkpoint, key)
    with tempfile.TemporaryDirectory() as folder:
        _export_mindir(cell, Path(folder, "network.mindir"), input_shapes, input_dtypes)
        (graph,) = Path(folder).glob("*.mindir")
        model, _ = conversion.to_onnx(graph, input_shapes=_named(input_shapes), **options)
    return model


def _filled(network: str, checkpoint: Path | None, key: bytes | None) -> Any:
    """The Cell that a name gives, with the checkpoint's parameters where there is one."""
    cell = load(network)
    if checkpoint is not None:
        fill(cell, checkpoint, key=_files.keys((checkpoint,), key)[0])
    return cell


def _named(shapes: Mapping[str, Shape]) -> dict[str, Shape]:
    """The shapes with symbolic dimensions, whose names MindIR does not keep."""
    return {name: shape for name, shape in shapes.items() if any(isinstance(size, str) for size in shape)}


def _export_mindir(cell: Any, target: Path, shapes: Mapping[str, Shape], dtypes: Mapping[str, str]) -> None:
    names = _argument_names(cell, shapes, dtypes)
    tensors = [_placeholder(shapes[name], dtypes.get(name, "float32"), name) for name in names]
    try:
        library().export(cell, *tensors, file_name=str(target), file_format="MINDIR")
    except Exception as error:
        raise BackendFailed(f"MindSpore cannot export the network: {words(error)}") from error


def _argument_names(cell: Any, shapes: Mapping[str, Shape], dtypes: Mapping[str, str]) -> Sequence[str]:
    arguments = inspect.signature(cell.construct).parameters
    needed = [
        name for name, one in arguments.items() if one.default is one.empty and one.kind is not one.VAR_POSITIONAL
    ]
    wrong = sorted((shapes.keys() | dtypes.keys()) - arguments.keys())
    missing = [name for name in needed if name not in shapes]
    if wrong or missing:
        told = [f"no shape for {', '.join(missing)}"] * bool(missing) + [f"no argument {', '.join(wrong)}"] * bool(
            wrong
        )
        raise OptionError(f"{'; '.join(told)}; the network's inputs are {', '.join(arguments)}")
    return [name for name in arguments if name in shapes]


def _placeholder(shape: Shape, dtype: str, name: str) -> Any:
    mindspore = library()
    try:
        known = DType(dtype)
    except ValueError:
        raise OptionError(
            f"input {name}: there is no element type {dtype!r}; choose {', '.join(map(str, DType))}"
        ) from None
    kind = getattr(mindspore, "bool_" if known is DType.BOOL else known.value)
    if all(isinstance(size, int) for size in shape):
        return mindspore.ops.zeros(tuple(shape), kind)
    return mindspore.Tensor(shape=[size if isinstance(size, int) else None for size in shape], dtype=kind)


@contextmanager
def _folder_beside(target: Path) -> Iterator[Path]:
    """A folder on the same file system that is gone afterwards."""
    try:
        with tempfile.TemporaryDirectory(prefix=f".{target.name}.", dir=target.parent) as folder:
            yield Path(folder)
    except OSError as error:
        raise FileProblem(f"{target}: cannot be written ({error.strerror or error})") from None


def _move(folder: Path, to: Path) -> None:
    """Moves what MindSpore wrote, data before the graph, with ordinary permissions."""
    mask = os.umask(0)
    os.umask(mask)
    for item in sorted(folder.iterdir(), key=lambda one: one.is_file()):
        if item.is_dir() and (to / item.name).exists():
            shutil.rmtree(to / item.name)
        for file in item.rglob("*") if item.is_dir() else (item,):
            file.chmod(0o666 & ~mask)
        item.replace(to / item.name)
