"""From the source graph to ONNX: one function per primitive, one loop over nodes."""
