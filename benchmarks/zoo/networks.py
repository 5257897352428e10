"""mindcv's networks with weights and images that show what a conversion does. Needs MindSpore and mindcv."""

from __future__ import annotations

import fnmatch
import re
import zlib
from typing import Any

SEED = 20240229

# Square input sizes of the networks for which mindcv configures none and 224 is not theirs.
SIZES = {"inception_v*": 299, "xception": 299, "swinv2_*": 256, "pnasnet": 331}

DEEP = ("efficientnet_b[3-7]", "efficientnet_v2_[lmx]*")
"""Networks with so many normalized layers that rounding errors grow until nothing else is left.

Their normalizations add about 1, so that activations see little but positive numbers: errors grow less there.
"""


def input_size(name: str) -> tuple[int, int, int]:
    """Channels, height and width: from mindcv's configuration, else from the name or SIZES, else 224 x 224."""
    from mindcv.models import registry

    configured = registry._model_pretrained_cfgs.get(name, {}).get("input_size")
    if configured:
        return tuple(configured)
    if named := re.fullmatch(r"mobilenet_v2_\d+_(\d+)", name):
        side = int(named[1])
    else:
        side = next((size for pattern, size in SIZES.items() if fnmatch.fnmatch(name, pattern)), 224)
    return (3, side, side)


def create(name: str) -> tuple[Any, Any]:
    """The network in inference mode with reproducible weights, and the generator that made them."""
    import mindspore
    import numpy as np
    from mindcv.models import create_model

    mindspore.set_context(mode=mindspore.GRAPH_MODE, device_target="CPU")
    mindspore.set_seed(SEED)
    network = create_model(name)
    network.set_train(False)
    random = np.random.default_rng([SEED, zlib.crc32(name.encode())])
    is_deep = any(fnmatch.fnmatch(name, pattern) for pattern in DEEP)
    for parameter in network.get_parameters():
        enliven(parameter, random, is_deep)
    return network, random


def enliven(parameter: Any, random: Any, is_deep: bool) -> None:
    """Redraws the weights that would let the signal fade, and every constant float parameter.

    mindcv's initial weights often make the output independent of the input, and its initial normalizations,
    biases and layer scales are neutral: neither would show a wrong conversion. Convolutions get twice the variance, for
    the half that an activation takes, but queries, keys and values have none. A temperature scales products summed over
    some 200 tokens; near 1 it would leave a softmax of one element, which flips with rounding errors.
    """
    import mindspore

    value = parameter.asnumpy()
    if value.dtype.kind != "f" or value.size == 0:
        return
    if parameter.name.endswith("weight") and value.ndim >= 2:
        gain = 2.0 if value.ndim > 2 and "qkv" not in parameter.name else 1.0
        new = random.normal(0.0, (gain * len(value) / value.size) ** 0.5, value.shape)
    elif (value != value.flat[0]).any():
        return
    elif parameter.name.endswith(("gamma", "moving_variance")):
        new = random.uniform(0.5, 1.5, value.shape)
    elif parameter.name.endswith("temperature"):
        new = random.uniform(0.05, 0.1, value.shape)
    else:
        shift = 1.0 if is_deep and parameter.name.endswith("beta") else 0.0
        new = value + random.normal(shift, 0.1, value.shape)
    parameter.set_data(mindspore.Tensor(new.astype(value.dtype)))


def calibrate(network: Any, name: str, random: Any) -> int | str:
    """Gives each batch normalization statistics near those of its input, by running one image without compilation.

    Without it the signal grows from block to block until rounding errors and infinities are all that is left of it.
    Returns how many there are, or why MindSpore cannot run the network that way.
    """
    import mindspore
    from mindspore import nn

    def hook(cell: Any, inputs: tuple[Any, ...]) -> None:
        mean, spread = statistics(inputs[0].asnumpy())
        shift = random.normal(0.0, 0.1, mean.shape) * spread
        cell.moving_mean.set_data(mindspore.Tensor((mean + shift).astype("float32")))
        variance = random.uniform(0.5, 1.5, mean.shape) * spread**2
        cell.moving_variance.set_data(mindspore.Tensor(variance.astype("float32")))

    kinds = (nn.BatchNorm1d, nn.BatchNorm2d, nn.BatchNorm3d)
    handles = [cell.register_forward_pre_hook(hook) for _, cell in network.cells_and_names() if isinstance(cell, kinds)]
    image = draw_input(name, random)
    mindspore.set_context(mode=mindspore.PYNATIVE_MODE)
    try:
        if handles:
            flatten(network(image))
        return len(handles)
    except Exception as error:  # what the recording comes to is for graph mode to say
        return first_line(error)
    finally:
        for handle in handles:
            handle.remove()
        mindspore.set_context(mode=mindspore.GRAPH_MODE)


def statistics(x: Any) -> tuple[Any, float]:
    """Each channel's mean, and how far elements are from it; one mean for all where a channel has one element."""
    import numpy as np

    axes = (0, *range(2, x.ndim))
    mean = x.mean(axes) if x.size > x.shape[1] else np.full(x.shape[1], x.mean())
    spread = float((x - np.expand_dims(mean, axes)).std())
    return mean, spread or 1.0


def draw_input(name: str, random: Any) -> Any:
    """One float32 image batch, NCHW, batch 1: coarse noise and fine noise, so that whole regions differ between images."""
    import mindspore
    import numpy as np

    channels, height, width = input_size(name)
    coarse = random.standard_normal((1, channels, -(-height // 32), -(-width // 32)), dtype=np.float32)
    fine = random.standard_normal((1, channels, height, width), dtype=np.float32)
    return mindspore.Tensor(np.kron(coarse, np.ones((32, 32), np.float32))[..., :height, :width] + fine / 2)


def flatten(output: Any) -> list[Any]:
    """The output tensors as numpy arrays, nested tuples opened in order."""
    if isinstance(output, (tuple, list)):
        return [array for item in output for array in flatten(item)]
    return [output.asnumpy()]


def first_line(error: Exception) -> str:
    """The kind of an error, and the first line of its text that has words."""
    lines = [line.strip(" -") for line in str(error).splitlines() if line.strip(" -")]
    return f"{type(error).__name__}: {lines[0] if lines else ''}"
