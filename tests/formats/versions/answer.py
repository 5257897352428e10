"""Writes MindSpore 2.10's answers for the fixtures that their own MindSpore cannot run here.

python tests/formats/versions/answer.py
"""

import mindspore
import numpy as np
from make import HERE, flatten, save
from mindspore import Tensor, nn
from networks import create, inputs

NOT_RUN_BY_1_0 = ("residual", "attention")
PUBLISHED = "1.6.1/lstm_classifier"


def main():
    mindspore.set_context(mode=mindspore.GRAPH_MODE, device_target="CPU")
    for name in NOT_RUN_BY_1_0:
        outputs = flatten(create(name)(*map(Tensor, inputs(name))))
        save(HERE / "1.0.0" / f"{name}.npz", inputs(name), outputs)
    random = np.random.RandomState(7)
    arrays = [random.standard_normal(shape).astype(np.float32) for shape in ((1, 9, 10), (1, 1, 50), (1, 1, 50))]
    network = nn.GraphCell(mindspore.load(str(HERE / f"{PUBLISHED}.mindir")))
    save(HERE / f"{PUBLISHED}.npz", arrays, flatten(network(*map(Tensor, arrays))))


if __name__ == "__main__":
    main()
