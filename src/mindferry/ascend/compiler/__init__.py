"""The simulated ATC: what an offline model is for, done without a device and without CANN.

A graph on its way: `shapes` fixes it to its profiles, `precision` rounds it, `plan` lays out the work memory, `emit`
describes it as a device's compiler does. The file holds the graph itself as ONNX, since there is no device code.
"""
