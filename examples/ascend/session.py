"""Reads handwritten digits on an Ascend processor through a MindFerry session.

    python session.py lenet5.om test.npz [answers.npy]

`test.npz` holds the images `x` (N, 1, 32, 32) and the right digits `label`; the answers are the model's outputs. The model
takes one batch size, or several; the last batch is filled up. `plain_pyacl.py` does the same by the calls of pyACL.
"""

import sys

import numpy as np

import mindferry


def main(path, data, answers=None):
    """Reads all images and tells how many digits are right."""
    test = np.load(data)
    with mindferry.open(path, device="ascend310") as session:
        (logits,) = session.run_batched(test["x"]).values()
    print(f"{int((logits.argmax(axis=1) == test['label']).sum())} of {len(logits)} digits read rightly")
    if answers is not None:
        np.save(answers, logits)


if __name__ == "__main__":
    main(*sys.argv[1:])
