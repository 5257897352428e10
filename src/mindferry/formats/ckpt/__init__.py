"""MindSpore checkpoints: `.ckpt` and `.safetensors`."""
