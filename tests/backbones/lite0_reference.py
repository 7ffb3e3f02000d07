"""EfficientNet-Lite0 in float64 NumPy, from a state dict's arrays in PyTorch's layout.

Nothing here is shared with the package: the stages are written out again, from the paper.
"""

import math

import numpy as np

# Kernel size, stride, expansion, channels in, channels out of each of the sixteen blocks.
BLOCKS = (
    (3, 1, 1, 32, 16),
    (3, 2, 6, 16, 24),
    (3, 1, 6, 24, 24),
    (5, 2, 6, 24, 40),
    (5, 1, 6, 40, 40),
    (3, 2, 6, 40, 80),
    (3, 1, 6, 80, 80),
    (3, 1, 6, 80, 80),
    (5, 1, 6, 80, 112),
    (5, 1, 6, 112, 112),
    (5, 1, 6, 112, 112),
    (5, 2, 6, 112, 192),
    (5, 1, 6, 192, 192),
    (5, 1, 6, 192, 192),
    (5, 1, 6, 192, 192),
    (3, 1, 6, 192, 320),
)


def random_state(seed=0):
    """Arrays of the right names and shapes, in the order of PyTorch, that keep values moderate."""
    rng = np.random.default_rng(seed)
    state = {}

    def conv(name, *shape):
        scale = math.sqrt(2 / math.prod(shape[1:]))
        state[f"{name}.weight"] = rng.normal(0, scale, shape).astype("float32")

    def bn(name, channels):
        state[f"{name}.weight"] = rng.uniform(0.8, 1.2, channels).astype("float32")
        state[f"{name}.bias"] = rng.normal(0, 0.3, channels).astype("float32")
        state[f"{name}.running_mean"] = rng.normal(0, 0.3, channels).astype("float32")
        state[f"{name}.running_var"] = rng.uniform(0.5, 1.5, channels).astype("float32")
        state[f"{name}.num_batches_tracked"] = np.array(1, "int64")

    conv("_conv_stem", 32, 3, 3, 3)
    bn("_bn0", 32)
    for index, (size, _, expansion, before, after) in enumerate(BLOCKS):
        name, wide = f"_blocks.{index}", expansion * before
        if expansion > 1:
            conv(f"{name}._expand_conv", wide, before, 1, 1)
            bn(f"{name}._bn0", wide)
        conv(f"{name}._depthwise_conv", wide, 1, size, size)
        bn(f"{name}._bn1", wide)
        conv(f"{name}._project_conv", after, wide, 1, 1)
        bn(f"{name}._bn2", after)
    conv("_conv_head", 1280, 320, 1, 1)
    bn("_bn1", 1280)
    conv("_fc", 1000, 1280)
    state["_fc.bias"] = np.zeros(1000, "float32")
    return state


def features(state, images):
    """Features (N, 1280) of images (N, size, size, 3) in 0..255."""
    state = {name: np.asarray(array, "float64") for name, array in state.items()}
    x = (np.asarray(images, "float64") - 127) / 128
    x = _relu6(_bn(state, "_bn0", _conv(x, state["_conv_stem.weight"], 2)))
    for index, (_, stride, expansion, before, after) in enumerate(BLOCKS):
        name, shortcut = f"_blocks.{index}", x
        if expansion > 1:
            x = _conv(x, state[f"{name}._expand_conv.weight"], 1)
            x = _relu6(_bn(state, f"{name}._bn0", x))
        x = _depthwise(x, state[f"{name}._depthwise_conv.weight"], stride)
        x = _relu6(_bn(state, f"{name}._bn1", x))
        x = _bn(state, f"{name}._bn2", _conv(x, state[f"{name}._project_conv.weight"], 1))
        if stride == 1 and before == after:
            x = x + shortcut
    x = _relu6(_bn(state, "_bn1", _conv(x, state["_conv_head.weight"], 1)))
    return x.mean((1, 2))


def resize(images, size):
    """Bilinear: pixel centres at half-integers, the border repeated; (N, H, W, C)."""
    for axis in (1, 2):
        before = images.shape[axis]
        at = np.clip((np.arange(size) + 0.5) * before / size - 0.5, 0, before - 1)
        low = np.floor(at).astype(int)
        high = np.minimum(low + 1, before - 1)
        share = (at - low).reshape([-1 if i == axis else 1 for i in range(4)])
        images = images.take(low, axis) * (1 - share) + images.take(high, axis) * share
    return images


def _patches(x, size, stride):
    """What each place of a kernel sees: (i, j) and the pixels there, padded as TensorFlow does."""
    pads = [(0, 0)]
    for length in x.shape[1:3]:
        total = max((math.ceil(length / stride) - 1) * stride + size - length, 0)
        pads.append((total // 2, total - total // 2))
    padded = np.pad(x, [*pads, (0, 0)])
    height, width = (math.ceil(length / stride) for length in x.shape[1:3])
    for i in range(size):
        for j in range(size):
            rows = slice(i, i + (height - 1) * stride + 1, stride)
            columns = slice(j, j + (width - 1) * stride + 1, stride)
            yield (i, j), padded[:, rows, columns]


def _conv(x, kernel, stride):
    patches = _patches(x, kernel.shape[-1], stride)
    return sum(patch @ kernel[:, :, i, j].T for (i, j), patch in patches)


def _depthwise(x, kernel, stride):
    patches = _patches(x, kernel.shape[-1], stride)
    return sum(patch * kernel[:, 0, i, j] for (i, j), patch in patches)


def _bn(state, name, x):
    scale = state[f"{name}.weight"] / np.sqrt(state[f"{name}.running_var"] + 1e-3)
    return (x - state[f"{name}.running_mean"]) * scale + state[f"{name}.bias"]


def _relu6(x):
    return np.clip(x, 0, 6)
