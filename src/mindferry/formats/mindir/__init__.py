"""MindIR, the files in which MindSpore exports networks."""
