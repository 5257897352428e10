"""Writes the checkpoints of this folder with MindSpore: `python make.py`, MindSpore 2.10 and numpy below 2.

- types.ckpt, types.safetensors: a parameter of every element type that the format takes, values 0, 1, 2 (or False, True,
  True), and a 0-d one; the .ckpt also what `append_dict` adds
- crc.ckpt: the same with crc_check
- gcm.ckpt, cbc.ckpt, sm4.ckpt, crc_gcm.ckpt, gcm.mindir: encrypted with the key 0123456789abcdef
- momentum.ckpt: a Dense layer and its optimizer
- int4.safetensors: a qint4x2 parameter
"""

from pathlib import Path

import mindspore
import numpy as np
from mindspore import Parameter, Tensor, nn

HERE = Path(__file__).parent
KEY = b"0123456789abcdef"
TYPES = (
    "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64", "float16", "bfloat16", "float32", "float64",
    "complex64", "complex128", "bool_",
)  # fmt: skip
NOT_IN_CKPT = ("complex128",)
NOT_IN_SAFETENSORS = ("complex64", "complex128")


def parameters(without):
    """One parameter per element type, and a scalar."""
    names = [name for name in TYPES if name not in without]
    found = [
        {"name": name, "data": Tensor(np.arange(3), mindspore.int32).astype(getattr(mindspore, name))} for name in names
    ]
    return [*found, {"name": "scalar", "data": Tensor(2.5, mindspore.float32)}]


def save(name, items, **options):
    """Writes a checkpoint with ordinary permissions."""
    path = HERE / name
    path.unlink(missing_ok=True)
    mindspore.save_checkpoint(items, str(path), format=path.suffix[1:], **options)
    path.chmod(0o644)


def main():
    added = {"step": 7, "rate": 0.5, "done": True, "note": "a text"}
    save("types.ckpt", parameters(NOT_IN_CKPT), append_dict=added)
    save("types.safetensors", parameters(NOT_IN_SAFETENSORS))
    small = [{"name": "w", "data": Tensor(np.arange(6, dtype=np.float32).reshape(2, 3))}]
    save("crc.ckpt", small, crc_check=True)
    save("gcm.ckpt", small, enc_key=KEY, enc_mode="AES-GCM")
    save("cbc.ckpt", small, enc_key=KEY, enc_mode="AES-CBC")
    save("sm4.ckpt", small, enc_key=KEY, enc_mode="SM4-CBC")
    save("crc_gcm.ckpt", small, enc_key=KEY, enc_mode="AES-GCM", crc_check=True)
    layer = nn.Dense(3, 2, weight_init="ones")
    optimizer = nn.Momentum(layer.trainable_params(), 0.1, 0.9)
    save("momentum.ckpt", nn.TrainOneStepCell(nn.WithLossCell(layer, nn.MSELoss()), optimizer).optimizer)
    save("int4.safetensors", [{"name": "q", "data": Parameter(Tensor(np.zeros((2, 2), np.int8), mindspore.qint4x2))}])
    network = nn.Dense(3, 2, weight_init="ones")
    target = HERE / "gcm.mindir"
    target.unlink(missing_ok=True)
    x = Tensor(np.zeros((1, 3), np.float32))
    mindspore.export(network, x, file_name=str(target), file_format="MINDIR", enc_key=KEY)
    target.chmod(0o644)


if __name__ == "__main__":
    main()
