"""What a backbone learns from images alone."""

import keras
import numpy as np
from keras import ops

from kerasoft.backbones.patch_whitening import PatchWhitening

_EXAMPLES = 5_000


def adapt(backbone: keras.Model, images: np.ndarray) -> None:
    """Adapts every `PatchWhitening` to what it sees of these images; to be done before training.

    Args:
        backbone: any backbone; most have no such layer.
        images: training images (N, H, W, C) in 0..255, of which 5,000 at most are looked at.
    """
    some = images[:: max(1, len(images) // _EXAMPLES)]
    for layer in backbone.layers:
        if isinstance(layer, PatchWhitening):
            before = keras.Model(backbone.input, layer.input)
            layer.adapt(ops.convert_to_numpy(before(some)))
