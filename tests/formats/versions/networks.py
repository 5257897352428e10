"""Four small Cells that every MindSpore from 1.0 on accepts, with weights that depend on parameter names alone."""

import zlib

import numpy as np
from mindspore import Parameter, Tensor, nn
from mindspore.ops import operations as P  # noqa: N812  its name in every version


class LeNet(nn.Cell):
    """(2, 1, 32, 32) -> logits (2, 10)."""

    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(1, 4, 5, pad_mode="valid", has_bias=True)
        self.conv2 = nn.Conv2d(4, 8, 5, pad_mode="valid", has_bias=True)
        self.pool = nn.MaxPool2d(2, 2)
        self.relu = nn.ReLU()
        self.flatten = nn.Flatten()
        self.fc1 = nn.Dense(200, 32)
        self.fc2 = nn.Dense(32, 10)

    def construct(self, x):
        x = self.pool(self.relu(self.conv1(x)))
        x = self.pool(self.relu(self.conv2(x)))
        return self.fc2(self.relu(self.fc1(self.flatten(x))))


class Residual(nn.Cell):
    """(1, 3, 16, 16) -> probabilities (1, 10) and an upsampled map (1, 4, 16, 16)."""

    def __init__(self):
        super().__init__()
        self.stem = nn.Conv2d(3, 8, 3, stride=2, pad_mode="same")
        self.norm1 = nn.BatchNorm2d(8)
        self.conv = nn.Conv2d(8, 8, 3, pad_mode="pad", padding=1)
        self.norm2 = nn.BatchNorm2d(8)
        self.relu = nn.ReLU()
        self.up = nn.Conv2dTranspose(8, 4, 2, stride=2, pad_mode="valid", has_bias=True)
        self.pool = nn.MaxPool2d(3, 2, pad_mode="same")
        self.average = nn.AvgPool2d(2, 2)
        self.concat = P.Concat(1)
        self.mean = P.ReduceMean(keep_dims=False)
        self.fc = nn.Dense(16, 10)
        self.softmax = nn.Softmax()

    def construct(self, x):
        x = self.relu(self.norm1(self.stem(x)))
        x = self.relu(self.norm2(self.conv(x)) + x)
        pooled = self.concat((self.pool(x), self.average(x)))
        return self.softmax(self.fc(self.mean(pooled, (2, 3)))), self.up(x)


class Lstm(nn.Cell):
    """(5, 2, 6) with states (1, 2, 8) twice -> sequence (5, 2, 8), both states, logits (2, 3)."""

    def __init__(self):
        super().__init__()
        self.lstm = nn.LSTM(6, 8)
        self.reshape = P.Reshape()
        self.fc = nn.Dense(8, 3)

    def construct(self, x, h, c):
        y, (h, c) = self.lstm(x, (h, c))
        return y, h, c, self.fc(self.reshape(h, (2, 8)))


class Attention(nn.Cell):
    """Token ids int32 (2, 6) -> one transformer block's output (12, 12), 2 x 6 tokens as rows."""

    def __init__(self):
        super().__init__()
        self.embedding = nn.Embedding(20, 12)
        self.position = Parameter(Tensor(np.zeros((1, 6, 12), np.float32)), name="position")
        self.norm1 = nn.LayerNorm((12,))
        self.query = nn.Dense(12, 12)
        self.key = nn.Dense(12, 12)
        self.value = nn.Dense(12, 12)
        self.scores = P.BatchMatMul(transpose_b=True)
        self.mix = P.BatchMatMul()
        self.softmax = nn.Softmax()
        self.project = nn.Dense(12, 12)
        self.norm2 = nn.LayerNorm((12,))
        self.wide = nn.Dense(12, 24)
        self.gelu = nn.GELU()
        self.narrow = nn.Dense(24, 12)
        self.reshape = P.Reshape()
        self.transpose = P.Transpose()

    def heads(self, x):
        return self.transpose(self.reshape(x, (2, 6, 2, 6)), (0, 2, 1, 3))

    def construct(self, ids):
        x = self.reshape(self.embedding(ids) + self.position, (12, 12))
        y = self.norm1(x)
        weights = self.softmax(self.scores(self.heads(self.query(y)), self.heads(self.key(y))) * 0.4082)
        y = self.transpose(self.mix(weights, self.heads(self.value(y))), (0, 2, 1, 3))
        x = x + self.project(self.reshape(y, (12, 12)))
        return x + self.narrow(self.gelu(self.wide(self.norm2(x))))


NETWORKS = {"lenet": LeNet, "residual": Residual, "lstm": Lstm, "attention": Attention}


def inputs(name):
    """The inputs of a network as numpy arrays."""
    random = np.random.RandomState(7)
    if name == "attention":
        return [random.randint(0, 20, (2, 6)).astype(np.int32)]
    shapes = {"lenet": [(2, 1, 32, 32)], "residual": [(1, 3, 16, 16)], "lstm": [(5, 2, 6), (1, 2, 8), (1, 2, 8)]}
    return [random.standard_normal(shape).astype(np.float32) for shape in shapes[name]]


def create(name):
    """The network in inference mode with its fixed weights."""
    network = NETWORKS[name]()
    network.set_train(False)
    for parameter_name, parameter in network.parameters_and_names():
        parameter.set_data(Tensor(fixed_weight(parameter_name, parameter.asnumpy().shape)))
    return network


def fixed_weight(name, shape):
    """The values of a parameter; MindSpore 1.0 keeps an LSTM's four in one, in this order."""
    if name == "lstm.weight":
        shapes = {"weight_ih_l0": (32, 6), "weight_hh_l0": (32, 8), "bias_ih_l0": (32,), "bias_hh_l0": (32,)}
        parts = [fixed_weight("lstm." + part, size).reshape(-1) for part, size in shapes.items()]
        return np.concatenate(parts).reshape(shape)
    random = np.random.RandomState(zlib.crc32(name.encode()))
    if name.endswith(("gamma", "moving_variance")):
        values = random.uniform(0.5, 1.5, shape)
    elif name.endswith("bias_hh_l0"):
        values = np.zeros(shape)  # MindSpore 1.0 on CPU reads only the first bias
    elif name.endswith(("weight", "weight_ih_l0", "weight_hh_l0")):
        values = random.standard_normal(shape) / np.sqrt(np.prod(shape[1:]))
    else:
        values = random.standard_normal(shape) * 0.3
    return values.astype(np.float32)
