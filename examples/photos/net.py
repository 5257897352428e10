"""EfficientNet-Lite0 as a MindSpore Cell; its parameter names are those of efficientnet_lite0.ckpt."""

from mindspore import nn, ops


def conv_bn(channels_in, channels_out, kernel, stride, group=1, activation=True):
    cells = [
        nn.Conv2d(channels_in, channels_out, kernel, stride, pad_mode="same", group=group),
        nn.BatchNorm2d(channels_out, eps=1e-3),
    ]
    return nn.SequentialCell([*cells, nn.ReLU6()] if activation else cells)


class InvertedResidual(nn.Cell):
    def __init__(self, channels_in, channels_out, kernel, stride, expansion):
        super().__init__()
        wide = channels_in * expansion
        self.expand = conv_bn(channels_in, wide, 1, 1) if expansion > 1 else None
        self.depthwise = conv_bn(wide, wide, kernel, stride, group=wide)
        self.project = conv_bn(wide, channels_out, 1, 1, activation=False)
        self.skip = stride == 1 and channels_in == channels_out

    def construct(self, x):
        y = x if self.expand is None else self.expand(x)
        y = self.project(self.depthwise(y))
        return y + x if self.skip else y


class EfficientNetLite0(nn.Cell):
    """NCHW float32 images of 224 x 224, (RGB - 127) / 128 -> logits of the 1,000 ImageNet classes."""

    def __init__(self):
        super().__init__()
        self.stem = conv_bn(3, 32, 3, 2)
        blocks, channels = [], 32
        for repeats, kernel, stride, expansion, out in (
            (1, 3, 1, 1, 16),
            (2, 3, 2, 6, 24),
            (2, 5, 2, 6, 40),
            (3, 3, 2, 6, 80),
            (3, 5, 1, 6, 112),
            (4, 5, 2, 6, 192),
            (1, 3, 1, 6, 320),
        ):
            for index in range(repeats):
                blocks.append(InvertedResidual(channels, out, kernel, stride if index == 0 else 1, expansion))
                channels = out
        self.blocks = nn.SequentialCell(blocks)
        self.head = conv_bn(320, 1280, 1, 1)
        self.mean = ops.ReduceMean(keep_dims=False)
        self.fc = nn.Dense(1280, 1000)

    def construct(self, x):
        return self.fc(self.mean(self.head(self.blocks(self.stem(x))), (2, 3)))
