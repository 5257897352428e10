"""The public functions, one screen each."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

from mindferry.types import Shape

if TYPE_CHECKING:
    import onnx_ir as ir

    from mindferry.benchmarking.results import Benchmark
    from mindferry.graph import Model, Tensor
    from mindferry.lowering.report import Report
    from mindferry.runtimes.base import Session
    from mindferry.runtimes.feeds import Feed
    from mindferry.tuning.fidelity import Accept
    from mindferry.tuning.tuner import Tuning
    from mindferry.verification import Verification

AnyPath: TypeAlias = "str | PathLike[str]"
Progress: TypeAlias = "Callable[[int, int], None]"


def load(path: AnyPath, *, key: bytes | None = None) -> Model | dict[str, Tensor] | ir.Model:
    """What a model file holds; weights stay in the mapped file until they are used.

    Args:
        path: MindIR of any generation, AIR, `.ckpt`, `.safetensors` or ONNX; its first bytes tell which.
        key: 16, 24 or 32 bytes, for a file that MindSpore encrypted.

    Returns:
        A `mindferry.graph.Model` for MindIR and AIR, the parameters by name (`mindferry.graph.Tensor`) for a checkpoint, an
        `onnx_ir.Model` for ONNX.

    Raises:
        FileProblem: the file is missing, a folder or unreadable.
        FormatError: it is none of these, is broken, or is encrypted and no key (or a wrong one) was given.

    Example:
        >>> import mindferry
        >>> parameters = mindferry.load(mindferry.demo.path("lenet5.ckpt"))
        >>> parameters["fc3.weight"].numpy().shape
        (10, 84)
    """
    from mindferry import conversion

    return conversion.load(Path(path), key=key)


def convert(
    source: AnyPath,
    target: AnyPath,
    *,
    opset: int | None = None,
    input_shapes: Mapping[str, Shape] | None = None,
    dynamic_batch: bool = False,
    consumer: str | None = None,
    input_names: Sequence[str] | None = None,
    output_names: Sequence[str] | None = None,
    weights: AnyPath | None = None,
    key: bytes | None = None,
    approximate: bool = False,
    level: int = 1,
    build: Mapping[str, Any] | None = None,
    progress: Progress | None = None,
) -> Report:
    """Converts a model to the format of the target's suffix; the target appears whole or not at all.

    Args:
        source: MindIR of any generation, ONNX or AIR.
        target: an `.onnx`, `.air`, `.om` or `.engine` file. From 256 MB of weights up those of `.onnx` go to
            `TARGET.data` beside it.
        opset: ONNX opset of the result or on the way to it, 13 to 23; by default 18, for `.om` 17. ONNX keeps its own.
        input_shapes: shapes that replace the recorded ones, by the model's own input names; a string is a symbolic
            dimension, None a free one.
        dynamic_batch: make the fixed batch dimension of a static model free; the result is verified by running it on
            ONNX Runtime at two sizes.
        consumer: "ort", "openvino", "atc" or "tensorrt": what must accept the result; see `mindferry.targets`. By
            default what the target's suffix implies.
        input_names: new names for all inputs, in order.
        output_names: new names for all outputs, in order; MindSpore's nested outputs are flattened in their order.
        weights: a checkpoint whose parameters replace the model's, by name.
        key: for encrypted files.
        approximate: allow lowerings that are not exact.
        level: of optimisation; 0 is none, 1 folds constants, scales and biases.
        build: options of the target's format: `mindferry.compilers.tensorrt.Options` for `.engine`,
            `mindferry.compilers.atc.Options` for `.om`.
        progress: called with (nodes done, nodes in all).

    Returns:
        What was converted to what, and warnings.

    Raises:
        OptionError: an option cannot be meant, or the source holds no graph.
        NotInstalled: the compiler of the target's format is missing.
        FileProblem: a file cannot be read or written.
        FormatError: a file breaks its format.
        ConvertError: the weights do not fit, or the model has no exact ONNX form; all reasons are listed.

    Example:
        >>> import mindferry, pathlib, tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     target = pathlib.Path(folder, "lenet5.onnx")
        ...     report = mindferry.convert(mindferry.demo.path("lenet5.mindir"), target, output_names=["logits"])
        ...     mindferry.load(target).graph.outputs[0].name, report.primitives["Conv2D"]
        ('logits', 2)
    """
    from mindferry import conversion

    return conversion.convert(
        Path(source), Path(target), opset=opset, input_shapes=input_shapes, dynamic_batch=dynamic_batch,
        consumer=consumer, input_names=input_names, output_names=output_names,
        checkpoint=None if weights is None else Path(weights), key=key, approximate=approximate, level=level,
        build=build, progress=progress,
    )  # fmt: skip


def export(
    network: str,
    target: AnyPath,
    *,
    input_shapes: Mapping[str, Shape],
    input_dtypes: Mapping[str, str] | None = None,
    weights: AnyPath | None = None,
    opset: int | None = None,
    key: bytes | None = None,
    approximate: bool = False,
    level: int = 1,
    progress: Progress | None = None,
) -> Report | None:
    """Writes a MindSpore network as `.mindir` or `.onnx`; needs MindSpore.

    Args:
        network: the Cell: `file.py:Class`, `module:callable` or `mindcv:model`. It is called without arguments.
        target: a `.mindir` or `.onnx` file. Above 1 GiB of weights MindSpore writes `NAME_graph.mindir` and the folder
            `NAME_variables` instead of `NAME.mindir`.
        input_shapes: by the names of `construct`'s arguments; a string or None is a free dimension.
        input_dtypes: such as {"ids": "int32"}, by name, for inputs that are not float32.
        weights: the checkpoint that fills the network; None keeps the weights that it makes itself.
        opset, approximate, level, progress: for `.onnx`, as in `convert`.
        key: for an encrypted checkpoint.

    Returns:
        For `.onnx`, what was converted to what, and warnings; else None.

    Raises:
        NotInstalled: MindSpore is missing, or does not support the installed numpy.
        OptionError: there is no such network, or inputs are missing or unknown.
        ConvertError: the weights do not fit, or the network has no exact ONNX form.
        BackendFailed: MindSpore cannot build or export the network.

    Example:
        >>> import mindferry
        >>> try:
        ...     mindferry.export("nowhere.py:Net", "net.mindir", input_shapes={"x": (1, 4)})
        ... except (mindferry.errors.FileProblem, mindferry.errors.NotInstalled) as error:
        ...     print(error.exit_code)
        1
    """
    from mindferry import networks

    return networks.export(
        network, Path(target), input_shapes=input_shapes, input_dtypes=input_dtypes or {},
        checkpoint=None if weights is None else Path(weights), opset=opset, key=key, approximate=approximate,
        level=level, progress=progress,
    )  # fmt: skip


def open(
    model: AnyPath,
    *,
    device: str = "cpu",
    runtime: str | None = None,
    graph: AnyPath | None = None,
    weights: AnyPath | None = None,
    network: str | None = None,
    input_shapes: Mapping[str, Shape] | None = None,
    input_dtypes: Mapping[str, str] | None = None,
    opset: int = 18,
    key: bytes | None = None,
    approximate: bool = False,
    level: int = 1,
    options: Mapping[str, Any] | None = None,
    warm_up: int = 0,
) -> Session:
    """A session that runs a model file on a device. Close it, or use it in a `with` statement.

    Args:
        model: ONNX; MindIR or AIR, which all but MindSpore get as ONNX converted in memory; or a checkpoint
            together with `graph` or `network`.
        device: "cpu", "gpu", "ascend310" or "ascend910"; "gpu:1" is the second of several. "auto" runs the model as
            `tune` chose, where neither runtime, options nor parts of the model are given, else on the first that can be
            used of a GPU, an Ascend processor and the CPU; the log says which.
        runtime: a name of `mindferry.runtimes.NAMES`; by default the first that can be used of those for the device: ONNX
            Runtime for most, MindSpore for "ascend910". With "openvino", "gpu" is an Intel GPU.
        graph: the MindIR that a checkpoint fills.
        weights: a checkpoint whose parameters replace those of a MindIR or AIR.
        network: the Cell that a checkpoint fills, as in `export`. MindSpore exports it for the other runtimes, which
            takes `input_shapes`, and `input_dtypes` where inputs are not float32.
        input_shapes, opset, approximate, level: for the conversion in memory, as in `convert`.
        key: for encrypted files.
        options: the runtime's own, such as `mindferry.runtimes.onnxruntime.Options` describes.
        warm_up: how often the model runs on zeros before the session is returned; see `Session.warm_up`.

    Raises:
        OptionError: options contradict each other, or the runtime cannot take this file or device.
        NotInstalled, NoDevice: the runtime or the device is missing; the text says what to do.
        FileProblem, FormatError, ConvertError: as in `convert`.
        BackendFailed: the runtime refuses the model.

    Example:
        >>> import mindferry, numpy as np
        >>> checkpoint, graph = mindferry.demo.path("lenet5.ckpt"), mindferry.demo.path("lenet5.mindir")
        >>> with mindferry.open(checkpoint, graph=graph) as session:
        ...     session.run({"x": np.zeros((2, 1, 32, 32), np.float32)})["output"].shape
        (2, 10)
    """
    from mindferry.sessions import Request, open_session

    request = Request(
        model=Path(model), graph=None if graph is None else Path(graph),
        weights=None if weights is None else Path(weights), network=network, input_shapes=input_shapes,
        input_dtypes=input_dtypes, opset=opset, approximate=approximate, level=level, key=key,
    )  # fmt: skip
    return open_session(request, device=device, runtime=runtime, options=options, warm_up=warm_up)


def bench(
    model: AnyPath,
    *,
    runtimes: Sequence[str] = (),
    precisions: Sequence[str] = ("fp32",),
    threads: Sequence[int] = (),
    batches: Sequence[int] = (),
    device: str = "cpu",
    feeds: Mapping[str, Feed] | None = None,
    rounds: int = 10,
    seconds: float = 0.3,
    progress: Progress | None = None,
) -> Benchmark:
    """How fast a model runs in each combination of runtime, precision, threads and batch.

    Every combination has a process of its own, which is stopped while another one is measured; rounds go through all of
    them in rotating order, and ratios are taken within a round.

    Args:
        model: ONNX, MindIR or AIR; the last two are converted first, for each batch.
        runtimes: by default those for the device that are installed.
        precisions: "fp32", "bf16", "fp16": what a runtime computes in.
        threads: CPU threads; by default the runtime's own choice.
        batches: rows of a run; by default the model's own, or one.
        device: as `open` takes it.
        feeds: inputs by name; drawn where there are none.
        rounds: how often each combination has its turn.
        seconds: length of a turn.
        progress: called with (turns done, turns in all).

    Returns:
        A row for each combination: latency, throughput, load time, peak memory, operations per second and their share
        of what a matrix product reaches; and why combinations are missing.

    Raises:
        OptionError: an option cannot be meant, or the model cannot run such batches.
        NotInstalled: no runtime is installed.
        BackendFailed: no combination could be measured.
        FileProblem, FormatError, ConvertError: as in `convert`.
        BadFeed: the inputs do not fit.

    Example:
        >>> import mindferry
        >>> model = mindferry.demo.path("lenet5.mindir")
        >>> found = mindferry.bench(model, runtimes=["onnxruntime"], batches=[1, 8], rounds=1, seconds=0.01)
        >>> [(row.batch, row.operations, row.speed.median) for row in found.rows]
        [(1, 833040, 1.0), (8, 6664320, 1.0)]
    """
    from mindferry.benchmarking import benchmark

    configurations = benchmark.choose(runtimes, precisions, threads, device)
    return benchmark.bench(
        Path(model),
        configurations,
        batches=batches,
        feeds=feeds,
        rounds_wanted=rounds,
        seconds=seconds,
        progress=progress,
    )


def tune(
    model: AnyPath,
    *,
    tolerance: float = 0.0,
    optimize_for: str = "latency",
    budget: float = 60.0,
    batch: int | None = None,
    runtimes: Sequence[str] = (),
    feeds: Mapping[str, Feed] | None = None,
    accept: Accept | None = None,
    progress: Progress | None = None,
) -> Tuning:
    """The fastest configuration of a model on this machine that still gives the right answers.

    The choice is written to `NAME.mindferry.toml` beside the model, with its evidence. `open` with the device "auto"
    uses it while the model, the machine and the versions stay the same. The defaults of every runtime take part in the
    long rounds at the end, and of configurations that noise cannot tell apart the simplest is chosen.

    Args:
        model: ONNX, MindIR or AIR, as `open` takes it.
        tolerance: the largest difference from ONNX Runtime's unoptimised float32 answers, over the largest of them. 0
            keeps to float32, where other orders of additions may differ by 1e-4.
        optimize_for: "latency", the time of one run, or "throughput", rows per second.
        budget: seconds to search; every runtime's default is measured in any case.
        batch: rows of a run; by default the model's own, or one.
        runtimes: "onnxruntime", "openvino"; by default those that are installed.
        feeds: inputs by name, on all of whose rows every configuration is checked; drawn where there are none.
        accept: judges outputs in place of the tolerance, as `mindferry.tuning.fidelity.Accept` describes.
        progress: called with (seconds spent, seconds in all).

    Raises:
        OptionError: an option cannot be meant.
        NotInstalled: ONNX Runtime, which gives the right answers, or every runtime is missing.
        BackendFailed: no configuration gives the right answers, or the model itself gives NaN.
        FileProblem, FormatError, ConvertError: as in `convert`.
        BadFeed: the inputs do not fit.

    Example:
        >>> import mindferry, pathlib, shutil, tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     model = shutil.copy(mindferry.demo.path("lenet5.mindir"), folder)
        ...     found = mindferry.tune(model, runtimes=["onnxruntime"], budget=0.1)
        ...     found.path.name, found.choice.runtime, found.chosen.outcome
        ('lenet5.mindferry.toml', 'onnxruntime', 'chosen')
    """
    from mindferry.tuning import tuner

    request = tuner.Request(Path(model), tolerance, optimize_for, budget, batch, tuple(runtimes))
    return tuner.tune(request, feeds=feeds, accept=accept, progress=progress)


def verify(
    candidate: AnyPath | Session | Mapping[str, Feed],
    reference: AnyPath | Session | Mapping[str, Feed],
    *,
    feeds: AnyPath | Mapping[str, Feed] | None = None,
    outputs: Sequence[str] | None = None,
    tolerance: float | None = None,
) -> Verification:
    """Compares every output of two models on the same inputs.

    Args:
        candidate, reference: a model file (run on the CPU), an open session, or recorded outputs as `.npz` or by name.
        feeds: the inputs, as arrays by name or as an `.npz` that may hold more; None where both sides are recorded.
        outputs: which of the reference's arrays are meant, in the order of the candidate's outputs. By default those of
            the same names, else all that are not inputs.
        tolerance: the largest difference over the reference's largest absolute value; None compares without judging.

    Returns:
        For each output: largest absolute and relative difference, cosine, agreement of the largest element along the
        last axis, and whether NaN and infinity are in the same places.

    Raises:
        VerifyError: an output misses the tolerance, or has another shape or element type. It holds the comparison.
        OptionError: the two sides' outputs cannot be told apart.
        BadFeed: the inputs do not fit.

    Example:
        >>> import mindferry
        >>> recorded = mindferry.demo.path("test.npz")
        >>> result = mindferry.verify(
        ...     mindferry.demo.path("lenet5.mindir"), recorded, feeds=recorded, outputs=["logits"], tolerance=1e-5
        ... )
        >>> result.outputs[0].argmax_equal, result.outputs[0].argmax_total
        (360, 360)
    """
    from mindferry.verification import verify_sides

    result = verify_sides(
        _side(candidate),
        _side(reference),
        feeds=Path(feeds) if isinstance(feeds, str | PathLike) else feeds,
        outputs=outputs,
        tolerance=tolerance,
    )
    result.require()
    return result


def _side(side: AnyPath | Session | Mapping[str, Feed]) -> Path | Session | Mapping[str, Feed]:
    return Path(side) if isinstance(side, str | PathLike) else side
