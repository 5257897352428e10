"""Writes the fixtures of the MindSpore that runs it, from 1.0 to 2.10, into a folder named after its version.

    python tests/formats/versions/make.py [lenet residual lstm attention]

README.md beside this file lists the environments.
"""

import sys
from pathlib import Path

import mindspore
import numpy as np
from mindspore import Tensor, context
from mindspore.train.serialization import export, save_checkpoint

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))

from networks import NETWORKS, create, inputs  # noqa: E402


def flatten(output):
    if isinstance(output, (tuple, list)):
        return [array for item in output for array in flatten(item)]
    return [output.asnumpy()]


def write_files(name, folder):
    """Writes NAME.ckpt and NAME.mindir."""
    checkpoint, graph = folder / f"{name}.ckpt", folder / f"{name}.mindir"
    for path in (checkpoint, graph):
        if path.exists():
            path.unlink()
    network = create(name)
    save_checkpoint(network, str(checkpoint))
    bare = graph.with_suffix("")
    export(network, *map(Tensor, inputs(name)), file_name=str(bare), file_format="MINDIR")
    if bare.exists():  # MindSpore 1.0 adds no suffix
        bare.rename(graph)
    for path in (checkpoint, graph):
        path.chmod(0o644)


def write_answers(name, folder):
    """Writes NAME.npz where this MindSpore can run the network on the CPU; otherwise says why it cannot."""
    try:
        outputs = flatten(create(name)(*map(Tensor, inputs(name))))
    except (RuntimeError, TypeError, ValueError) as error:
        print(f"{name}: not run: {str(error).strip().splitlines()[0]}")
    else:
        save(folder / f"{name}.npz", inputs(name), outputs)
        print(f"{name}: run")


def save(path, arrays, outputs):
    """Writes x0, x1, ... and y0, y1, ..."""
    named = {f"x{index}": array for index, array in enumerate(arrays)}
    named.update({f"y{index}": array for index, array in enumerate(outputs)})
    np.savez_compressed(path, **named)


def main():
    context.set_context(mode=context.GRAPH_MODE, device_target="CPU")
    folder = HERE / mindspore.__version__
    folder.mkdir(exist_ok=True)
    for name in sys.argv[1:] or NETWORKS:
        write_files(name, folder)
        write_answers(name, folder)


if __name__ == "__main__":
    main()
