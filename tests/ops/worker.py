"""Records one case with MindSpore: builds its cell, exports MindIR, runs graph mode on CPU, writes the golden.

`serve` is the loop of a worker process. MindSpore is imported there and nowhere else.
"""

from __future__ import annotations

import importlib.util
import os
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ops.case import Case, load_family, seed_of
from ops.inputs import Mutable, to_bfloat16_bits

if TYPE_CHECKING:
    from collections.abc import Iterator
    from multiprocessing.connection import Connection

PRELUDE = """\
import numpy as np
import mindspore as ms
from mindspore import Parameter, Tensor, mint, nn, numpy as mnp, ops, scipy
from mindspore.ops import auto_generate as G, operations as P
from mindspore.ops.operations import _grad_ops as grad, _inner_ops as inner, _rl_inner_ops as rnn, _scalar_ops as scalar
from mindspore.ops.operations import _sequence_ops as sequence, array_ops, image_ops, inner_ops, linalg_ops, math_ops
from mindspore.ops.operations import _embedding_cache_ops as embedding_cache, nn_ops, other_ops, random_ops, sparse_ops, spectral_ops
from mindspore.scipy import linalg, ops as scipy_ops


class Net(nn.Cell):
    def __init__(self):
        super().__init__()
{init}

    def construct(self{names}):
{body}
"""

BOOKKEEPING = {"Return", "MakeTuple", "TupleGetItem", "Load", "UpdateState", "Depend", "Partial"}


SCALAR_DTYPES = ((bool, "bool"), (int, "int64"), (float, "float32"))


class RefusedError(Exception):
    """The case does not record what it declares."""


def serve(connection: Connection) -> None:
    """Record the cases whose (family, index, directory) arrive, answering ``(contained, error)`` to each."""
    silence = os.open(os.devnull, os.O_WRONLY)
    os.dup2(silence, 1)
    os.dup2(silence, 2)
    os.chdir(tempfile.mkdtemp())
    import mindspore

    mindspore.set_context(mode=mindspore.GRAPH_MODE, device_target="CPU")
    connection.send(mindspore.__version__)
    for family, index, directory in iter(connection.recv, None):
        try:
            answer = record(load_family(family)[index], Path(directory)), None
        except Exception as error:
            answer = None, first_line(error)
        connection.send(answer)


def record(case: Case, directory: Path) -> list[str]:
    """Write ``<name>.mindir`` and ``<name>.npz`` into `directory`; the primitives that the MindIR contains.

    Raises RefusedError when the exported graph does not contain the primitive that the case is about.
    """
    import mindspore

    mindspore.set_seed(seed_of(case.name))
    with tempfile.TemporaryDirectory() as scratch:
        network = build(case, Path(scratch))
        fill_parameters(network, case.name)
        mindir = Path(scratch) / f"{case.name}.mindir"
        mindspore.export(network, *export_inputs(case), file_name=str(mindir), file_format="MINDIR")
        contained = primitives_in(mindir)
        if case.primitive not in contained:
            raise RefusedError(f"the graph contains no {case.primitive}, but {', '.join(contained) or 'nothing'}")
        arrays: dict[str, np.ndarray] = {}
        for run in range(case.runs):
            arrays |= run_once(network, case, run)
        directory.mkdir(parents=True, exist_ok=True)
        np.savez_compressed(directory / f"{case.name}.npz", **arrays)
        (directory / mindir.name).write_bytes(mindir.read_bytes())
    return contained


def build(case: Case, scratch: Path) -> Any:
    """The cell of a case, from a source file of its own, because MindSpore parses the source of a cell."""
    *statements, result = case.expression.strip().splitlines()
    source = PRELUDE.format(
        init=indent(case.init.strip().splitlines() or ["pass"]),
        names="".join(f", {name}" for name in case.inputs),
        body=indent([*statements, f"return {result}"]),
    )
    path = scratch / f"{case.name}.py"
    path.write_text(source)
    specification = importlib.util.spec_from_file_location(case.name, path)
    assert specification is not None and specification.loader is not None
    module = importlib.util.module_from_spec(specification)
    sys.modules[case.name] = module
    specification.loader.exec_module(module)
    return module.Net().set_train(False)


def indent(lines: list[str]) -> str:
    """The lines at the depth of a method's body."""
    return "\n".join(f"        {line}" for line in lines)


def fill_parameters(network: Any, name: str) -> None:
    """Give every floating parameter seeded values in [-1, 1), and in [0.5, 1.5) where it is a variance."""
    import mindspore

    for parameter in network.get_parameters():
        if parameter.dtype not in (mindspore.float16, mindspore.float32, mindspore.float64):
            continue
        generator = np.random.default_rng(seed_of(name, parameter.name))
        values = generator.uniform(0.5, 1.5, parameter.shape) if "variance" in parameter.name else None
        values = generator.uniform(-1.0, 1.0, parameter.shape) if values is None else values
        parameter.set_data(mindspore.Tensor(values, parameter.dtype))


def export_inputs(case: Case) -> list[Any]:
    """The inputs of the export: those of the first run, with the declared dynamic shapes in place of their values."""
    import mindspore

    tensors = []
    for key, value in case.make_inputs(0).items():
        tensor = to_mindspore(value, dtype_of(case, key))
        if key in case.dynamic:
            shape = case.dynamic[key]
            tensor = mindspore.Tensor(shape=None if shape is None else list(shape), dtype=tensor.dtype)
        tensors.append(tensor)
    return tensors


def dtype_of(case: Case, key: str) -> str:
    """The declared dtype of an input, empty for a Python number."""
    declared = case.inputs[key][0]
    return "" if isinstance(declared, Mutable) else declared.dtype


def to_mindspore(value: np.ndarray | Mutable, dtype: str) -> Any:
    """A tensor, or a mutable scalar or tuple."""
    import mindspore

    if isinstance(value, Mutable):
        return mindspore.mutable(value.value)
    if dtype == "bfloat16":
        return mindspore.Tensor(value, mindspore.bfloat16)
    return mindspore.Tensor(value)


def run_once(network: Any, case: Case, run: int) -> dict[str, np.ndarray]:
    """The named arrays of one run; the names of runs after the first end in ``@<run>``.

    bfloat16 arrays hold their bits as uint16, and ``bf16`` lists their names.
    """
    values = case.make_inputs(run)
    tensors = [to_mindspore(value, dtype_of(case, key)) for key, value in values.items()]
    suffix = f"@{run}" if run else ""
    named: dict[str, np.ndarray] = {}
    bfloat16: list[str] = []
    for prefix, leaves in (("x", list(flatten(tensors))), ("y", flatten(network(*tensors)))):
        for index, (value, is_bfloat16) in enumerate(leaves):
            name = f"{prefix}{index}{suffix}"
            named[name] = value
            bfloat16 += [name] if is_bfloat16 else []
    return named | ({f"bf16{suffix}": np.array(bfloat16)} if bfloat16 else {})


def flatten(value: Any) -> Iterator[tuple[np.ndarray, bool]]:
    """The arrays of nested tuples in order, each with whether it holds bfloat16 bits; None has no array."""
    import mindspore

    if isinstance(value, (tuple, list)):
        for item in value:
            yield from flatten(item)
    elif isinstance(value, mindspore.Tensor):
        if value.dtype == mindspore.bfloat16:
            yield to_bfloat16_bits(value.astype(mindspore.float32).asnumpy()), True
        else:
            yield value.asnumpy().copy(), False
    elif isinstance(value, bool | int | float):
        yield np.array(value, next(dtype for kind, dtype in SCALAR_DTYPES if isinstance(value, kind))), False
    elif value is not None:
        raise RefusedError(f"an output is a {type(value).__name__}, not a tensor or a number")


def primitives_in(path: Path) -> list[str]:
    """The primitives that the graphs of a MindIR apply, sorted, without those that only hold the graph together."""
    from mindspore.train import mind_ir_pb2

    model = mind_ir_pb2.ModelProto()
    model.ParseFromString(path.read_bytes())
    names = {primitive.name: primitive.op_type for primitive in model.primitives}
    graphs = [model.graph, *model.functions]
    called = {node.op_type.removeprefix("REF::") for graph in graphs for node in graph.node}
    return sorted({names[reference] for reference in called if reference in names} - BOOKKEEPING)


def first_line(error: Exception) -> str:
    """The first line of an error's text that says something."""
    lines = (line.strip("-=# ") for line in str(error).splitlines())
    return f"{type(error).__name__}: {next((line for line in lines if line and not line.endswith(':')), '')}"
