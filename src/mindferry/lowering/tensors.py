"""Weights on their way from a source file to ONNX, never held in memory as a whole."""

from __future__ import annotations

from typing import Any

import onnx_ir as ir

from mindferry.graph import Tensor
from mindferry.lowering.dtypes import TO_ONNX

_BLOCK = 16 << 20


class SourceTensor(ir.Tensor[Any]):
    """An ONNX tensor over a source tensor's bytes.

    Written to a file it goes block by block, and each block of a mapped source is given back to the system after it.
    """

    def __init__(self, tensor: Tensor, name: str) -> None:
        super().__init__(tensor.numpy(), dtype=TO_ONNX[tensor.dtype], name=name)
        self._source = tensor

    def tofile(self, file: Any) -> None:
        """Writes the elements, little-endian, in C order."""
        for part in self._source.parts():
            for start in range(0, part.nbytes, _BLOCK):
                file.write(part[start : start + _BLOCK])
        self._source.release()
