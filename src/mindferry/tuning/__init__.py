"""The fastest way to run a model on this machine that still gives the right answers.

`candidates` are checked and raced by `search`; what wins is kept beside the model by `choice`, where `mindferry.open`
with the device "auto" finds it.
"""
