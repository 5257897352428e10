"""A plugin: how a primitive of one's own becomes ONNX.

    mindferry convert net.mindir net.onnx --plugin examples/plugin/swish_ops.py

The signature is the primitive's: the builder, then tensors, then attributes as keywords. `op.Mul` and every other ONNX
operator is a method of the builder, checked against ONNX's schema at the call.
"""

import mindferry


@mindferry.lowers("ScaledSwish")
def scaled_swish(op, x, *, beta=1.0):
    """x * sigmoid(beta * x)."""
    return op.Mul(x, op.Sigmoid(op.Mul(x, beta)))


@mindferry.lowers("VendorFusedAttention")
def vendor_fused_attention(op, query, key, value, *, heads):
    """A node of the vendor's own ONNX domain; its result has the query's type."""
    return op.custom(
        "com.example", "FusedAttention", query, key, value, results=[(query.dtype, list(query.shape))], heads=heads
    )
