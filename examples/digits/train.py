"""Trains LeNet-5 on scikit-learn's handwritten digits and writes everything that the demo needs.

    python examples/digits/train.py

Needs MindSpore 2.10, numpy below 2 and scikit-learn. Writes, into the package's demo folder (linked from here):

- lenet5.ckpt    the trained parameters
- lenet5.mindir  the exported network, with a free batch dimension
- test.npz       x, label, logits of the 360 test images, the logits computed by MindSpore in one batch
"""

import sys
from pathlib import Path

import mindspore
import numpy as np
from mindspore import nn
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))

from lenet import LeNet5  # noqa: E402

OUTPUT = HERE.parents[1] / "src" / "mindferry" / "demo" / "digits"
TEST_IMAGES = 360
BATCH = 32
EPOCHS = 25
REQUIRED_ACCURACY = 0.97


def load_split():
    """The 8 x 8 scans (grey 0..16) as float32 (N, 1, 32, 32) in 0..1, each pixel repeated 4 x 4; int64 labels."""
    digits = load_digits()
    images = (digits.images / 16).astype(np.float32).repeat(4, axis=1).repeat(4, axis=2)[:, np.newaxis]
    labels = digits.target.astype(np.int64)
    return train_test_split(images, labels, test_size=TEST_IMAGES, random_state=0, stratify=labels)


def shifted(images, random):
    """Each image moved by up to one scan pixel (4 of the enlarged ones) along both axes, zeros moving in."""
    padded = np.pad(images, ((0, 0), (0, 0), (4, 4), (4, 4)))
    corners = random.integers(0, 9, (len(images), 2))
    return np.stack([padded[i, :, y : y + 32, x : x + 32] for i, (y, x) in enumerate(corners)])


def train(network, images, labels):
    """Trains in place with Adam and a cosine learning rate."""
    random = np.random.default_rng(0)
    steps = len(images) // BATCH
    rates = nn.cosine_decay_lr(1e-5, 2e-3, EPOCHS * steps, steps, EPOCHS)
    loss = nn.CrossEntropyLoss(label_smoothing=0.05)
    step = nn.TrainOneStepCell(nn.WithLossCell(network, loss), nn.Adam(network.trainable_params(), rates))
    step.set_train()
    for epoch in range(1, EPOCHS + 1):
        order = random.permutation(len(images))[: steps * BATCH].reshape(steps, BATCH)
        losses = []
        for part in order:
            batch = mindspore.Tensor(shifted(images[part], random))
            losses.append(float(step(batch, mindspore.Tensor(labels[part], mindspore.int32))))
        if epoch % 5 == 0:
            print(f"epoch {epoch:2d}/{EPOCHS}: loss {np.mean(losses):.4f}", flush=True)
    network.set_train(False)


def write(network, images, labels, logits):
    """Writes checkpoint, MindIR and recorded answers."""
    OUTPUT.mkdir(parents=True, exist_ok=True)
    checkpoint, graph = OUTPUT / "lenet5.ckpt", OUTPUT / "lenet5.mindir"
    for path in (checkpoint, graph):
        path.unlink(missing_ok=True)
    mindspore.save_checkpoint(network, str(checkpoint))
    batch = mindspore.Tensor(shape=[None, 1, 32, 32], dtype=mindspore.float32)
    mindspore.export(network, batch, file_name=str(graph), file_format="MINDIR")
    for path in (checkpoint, graph):
        path.chmod(0o644)
    np.savez_compressed(OUTPUT / "test.npz", x=images, label=labels, logits=logits)


def main():
    mindspore.set_context(mode=mindspore.GRAPH_MODE, device_target="CPU")
    mindspore.set_seed(1)
    train_images, test_images, train_labels, test_labels = load_split()
    network = LeNet5()
    train(network, train_images, train_labels)
    logits = network(mindspore.Tensor(test_images)).asnumpy()
    correct = int((logits.argmax(axis=1) == test_labels).sum())
    print(f"test accuracy: {correct} of {len(test_labels)} ({correct / len(test_labels):.2%})")
    if correct < REQUIRED_ACCURACY * len(test_labels):
        sys.exit(f"below {REQUIRED_ACCURACY:.0%}: nothing written")
    write(network, test_images, test_labels, logits)
    print("wrote lenet5.ckpt, lenet5.mindir and test.npz")


if __name__ == "__main__":
    main()
