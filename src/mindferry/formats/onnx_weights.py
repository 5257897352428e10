"""ONNX models without their large weights, for libraries that take these where they lie."""

from __future__ import annotations

import onnx
import onnx_ir as ir

LOCATION = "in-memory"
"""Where the model says that its large weights are: no file has this name."""


def detached(model: ir.Model, smallest: int = 1024) -> tuple[onnx.ModelProto, dict[str, ir.TensorProtocol]]:
    """The model as a message in which weights of `smallest` bytes and more are only named, and these weights by name.

    The model itself is as before when this returns. Weights of less than a byte an element, and strings, stay in.
    """
    held = {
        value: tensor
        for value in model.graph.initializers.values()
        if (tensor := value.const_value) is not None
        and tensor.nbytes >= smallest
        and tensor.dtype is not ir.DataType.STRING
        and tensor.dtype.itemsize >= 1
    }
    try:
        for value, tensor in held.items():
            value.const_value = ir.ExternalTensor(
                LOCATION, 0, tensor.nbytes, tensor.dtype, shape=ir.Shape(tensor.shape.numpy()), name=str(value.name)
            )
        message = ir.to_proto(model)
    finally:
        for value, tensor in held.items():
            value.const_value = tensor
    return message, {str(value.name): tensor for value, tensor in held.items()}
