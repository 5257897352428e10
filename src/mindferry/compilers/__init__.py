"""What turns ONNX into a vendor's own format: one file a compiler, each a writer as `mindferry.writers` describes."""
