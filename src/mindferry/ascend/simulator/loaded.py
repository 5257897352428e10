"""A model on a simulated device: what it takes and returns, and how it is run on ONNX Runtime."""

from __future__ import annotations

import json
import math
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from mindferry.ascend import aipp
from mindferry.ascend.aipp import Operation
from mindferry.ascend.profiles import BATCH, DIMS, IMAGE, Profiles
from mindferry.ascend.simulator import codes, graph
from mindferry.ascend.simulator.errors import Refused
from mindferry.ascend.simulator.memory import Bytes
from mindferry.errors import FormatError
from mindferry.formats.air.fields import ENGINE_TYPES
from mindferry.formats.om import fields
from mindferry.formats.om.introduction import Tensor
from mindferry.formats.om.reader import OfflineModel

if TYPE_CHECKING:
    from mindferry.runtimes.base import Session


class LoadedModel:
    """A loaded model.

    Attributes:
        device: where it is.
        inputs: what it takes, the extra input of profiles last; outputs: what it returns.
        profiles: the shapes to choose from.
        output_dims: the shapes of the last run's outputs.
    """

    def __init__(self, held: OfflineModel, device: int) -> None:
        from mindferry.runtimes import get
        from mindferry.runtimes.base import Device, Source

        known = held.introduction
        self.held, self.device = held, device
        self.inputs, self.outputs = known.inputs, known.outputs
        self.profiles = profiles_of(held)
        self.output_dims = [tensor.dims for tensor in known.outputs]
        self.work_size, self.weight_size = held.number("memory_size"), held.number("weight_size")
        self.preparation = _preparation(held)
        with tempfile.TemporaryDirectory() as folder:
            source = Source("onnx", graph.extract(held, Path(folder)))
            self._session: Session = get("onnxruntime").prepare(source, Device("cpu"), {"threads": 1})
        self._check()

    def _check(self) -> None:
        """Raises FormatError where the description is not that of the graph."""
        sides = ((self._session.inputs, self.data_inputs), (self._session.outputs, self.outputs))
        if any(len(specs) != len(tensors) for specs, tensors in sides):
            raise FormatError("the description has other inputs or outputs than the graph")
        if unknown := [tensor.name for tensor in (*self.inputs, *self.outputs) if tensor.dtype not in ENGINE_TYPES]:
            raise FormatError(f"the element type of {', '.join(unknown)} is not known")

    def close(self) -> None:
        """Releases the session."""
        self._session.close()

    @property
    def data_inputs(self) -> list[Tensor]:
        """The inputs that carry data, in the order of the graph."""
        return [tensor for tensor in self.inputs if tensor.name != fields.PROFILE_INPUT]

    def shapes(self, buffers: Sequence[Bytes], dims: Sequence[tuple[int, ...] | None]) -> list[tuple[int, ...]]:
        """The shapes of the graph's inputs: in the profile that the last buffer chooses, or as a call gives them.

        Raises:
            Refused: the buffer chooses no profile, or a call does not give a free shape, or one that does not fit.
        """
        free = [tensor.source_dims for tensor in self.data_inputs]
        if not self.profiles.kind:
            return [_given(tensor, shape) for tensor, shape in zip(self.data_inputs, dims, strict=True)]
        chosen = tuple(buffers[-1][: 8 * self.profiles.width].view(np.int64).tolist())
        if chosen not in self.profiles.rows:
            raise Refused(
                codes.GE_DYNAMIC_BATCH_SIZE_INVALID,
                f"{fields.PROFILE_INPUT} holds {chosen}, none of the model's profiles; call acl.mdl.set_dynamic_batch_size, "
                "set_dynamic_hw_size or set_input_dynamic_dims before execute",
            )
        return self.profiles.shapes(chosen, free)

    def run(self, buffers: Sequence[Bytes], dims: Sequence[tuple[int, ...] | None]) -> list[npt.NDArray[Any]]:
        """The outputs for the inputs' bytes, one buffer and, where a call gives it, one shape per input.

        Raises:
            Refused: a buffer is too small, a shape does not fit, or the computation fails.
        """
        from mindferry.errors import MindFerryError

        feeds = {}
        shapes = self.shapes(buffers, dims)
        for spec, tensor, shape, data in zip(self._session.inputs, self.data_inputs, shapes, buffers, strict=False):
            feeds[spec.name] = self._feed(tensor, shape, data)
        try:
            return list(self._session.run(feeds).values())
        except MindFerryError as error:
            raise Refused(codes.RT_MODEL_EXECUTE, str(error)) from error

    def _feed(self, tensor: Tensor, shape: tuple[int, ...], data: Bytes) -> npt.NDArray[Any]:
        if (operation := self.preparation.get(tensor.name)) is not None:
            return _images(operation, tensor, shape, data)
        dtype = ENGINE_TYPES[tensor.dtype].numpy()
        needed = math.prod(shape) * dtype.itemsize
        if data.nbytes < needed:
            raise Refused(codes.GE_PARAM_INVALID, f"the input {tensor.name} needs {needed} bytes, not {data.nbytes}")
        return np.frombuffer(data[:needed].tobytes(), dtype).reshape(shape)


def _given(tensor: Tensor, shape: tuple[int, ...] | None) -> tuple[int, ...]:
    """An input's shape: the model's own, with its free sizes as a call gives them."""
    own = tensor.source_dims
    if all(size >= 0 for size in own):
        return own
    if shape is None:
        raise Refused(
            codes.GE_PARAM_INVALID,
            f"{tensor.name} has the free shape {list(own)}: give it with acl.mdl.set_dataset_tensor_desc",
        )
    fits = own == (-2,) or len(shape) == len(own)
    if not fits or any(a not in (-1, -2, b) for a, b in zip(own, shape, strict=False)):
        raise Refused(codes.GE_PARAM_INVALID, f"{tensor.name} is {list(own)}, not {list(shape)}")
    return shape


def _images(operation: Operation, tensor: Tensor, shape: tuple[int, ...], data: Bytes) -> npt.NDArray[Any]:
    """What AIPP makes of the bytes of images for a graph that takes this shape."""
    batch, _, height, width = shape
    size = aipp.source_size(operation, height, width)
    needed = batch * aipp.source_bytes(operation, *size)
    if data.nbytes < needed:
        raise Refused(codes.GE_PARAM_INVALID, f"the images of {tensor.name} have {needed} bytes, not {data.nbytes}")
    return aipp.compute(operation, data[:needed].reshape(batch, -1), *size).astype(np.float32)


def _preparation(held: OfflineModel) -> dict[str, Operation]:
    try:
        stored = json.loads(held.text(fields.AIPP) or "{}")
        return {title: Operation.from_dict(data) for title, data in stored.items()}
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise FormatError(f"the preparation that the file records is broken: {error}") from error


def profiles_of(held: OfflineModel) -> Profiles:
    """The profiles of an offline model."""
    known = held.introduction
    if known.batches:
        return Profiles(BATCH, tuple((batch,) for batch in known.batches))
    if known.images:
        return Profiles(IMAGE, known.images)
    return Profiles(DIMS, known.dims) if known.dims else Profiles()
