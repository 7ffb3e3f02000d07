"""The compact convolutional transformer that trains on a CPU."""

import keras

from kerasoft.backbones.cct import cct
from kerasoft.backbones.layers import IMAGE_SHAPE


def cct_2(
    input_shape: tuple[int, int, int] = IMAGE_SHAPE, width: int = 128, **options: object
) -> keras.Model:
    """CCT-2/3x2: `cct` with two convolutions, then 2 blocks of 2 heads and 128 features.

    Args:
        input_shape: (height, width, channels) of images in 0..255.
        width: features of a token.
        **options: what else `cct` takes.

    Returns:
        A model from images (N, H, W, C) to features (N, width). 0.28 million parameters at 32x32.
    """
    defaults = {"name": "cct_2", "convolutions": 2, "depth": 2, "num_heads": 2, "mlp_ratio": 1.0}
    return cct(input_shape, width=width, **{**defaults, **options})
