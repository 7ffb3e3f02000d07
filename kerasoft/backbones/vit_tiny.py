"""The vision transformer that trains on a CPU."""

import keras

from kerasoft.backbones.layers import IMAGE_SHAPE
from kerasoft.backbones.vit import vit


def vit_tiny(
    input_shape: tuple[int, int, int] = IMAGE_SHAPE, width: int = 96, **options: object
) -> keras.Model:
    """`vit` with 4 blocks of 3 heads and 96 features.

    Args:
        input_shape: (height, width, channels) of images in 0..255.
        width: features of a token.
        **options: what else `vit` takes.

    Returns:
        A model from images (N, H, W, C) to features (N, width). 0.3 million parameters at 32x32.
    """
    defaults = {"name": "vit_tiny", "depth": 4, "num_heads": 3, "drop_path_rate": 0.0}
    return vit(input_shape, width=width, **{**defaults, **options})
