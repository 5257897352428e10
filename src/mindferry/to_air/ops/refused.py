"""Why some ONNX operators have no GE form, and what to do."""

from __future__ import annotations

from mindferry.to_air.registry import refuse

refuse("its graphs inside the graph are not written to AIR", "If", "Loop", "Scan")
refuse("convert at opset 18, where it is written out", "Attention", "RotaryEmbedding")
refuse("GE has no plain recurrent layer; an LSTM or a GRU has a form", "RNN")
refuse("GE's random operators draw other numbers", "RandomNormal", "RandomNormalLike", "RandomUniform",
       "RandomUniformLike", "Bernoulli", "Multinomial")  # fmt: skip
refuse("quantized ONNX does not go to AIR; convert the float model and let the compiler quantize it", "QuantizeLinear",
       "DequantizeLinear", "DynamicQuantizeLinear", "QLinearConv", "QLinearMatMul", "MatMulInteger", "ConvInteger")  # fmt: skip
