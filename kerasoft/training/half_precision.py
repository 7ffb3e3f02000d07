"""Models in files of half the size."""

import io
import zipfile
from pathlib import Path

import h5py
import keras
import numpy as np
from keras import ops

from kerasoft.files import replacing

_WEIGHTS = "model.weights.h5"


def round_weights(model: keras.Model) -> None:
    """Rounds kernels and embeddings to float16, whose 11 bits are more than bfloat16 computes with.

    Vectors (biases, scales, moving averages) and what float16 cannot hold stay as they are.
    """
    for weight in model.weights:
        value = ops.convert_to_numpy(weight)
        if value.ndim > 1 and value.dtype == np.float32:
            rounded = _half(value).astype("float32")
            if np.isfinite(rounded).all():
                weight.assign(rounded)


def shrink(path: Path) -> None:
    """Rewrites a .keras file, with those weights as float16 that float16 holds exactly.

    It loads as before, with the same values in variables of the same dtypes.
    """
    with replacing(path) as smaller:
        with (
            zipfile.ZipFile(path) as before,
            zipfile.ZipFile(smaller, "w", zipfile.ZIP_DEFLATED) as after,
        ):
            for name in before.namelist():
                content = before.read(name)
                after.writestr(name, _smaller(content) if name == _WEIGHTS else content)


def _smaller(weights: bytes) -> bytes:
    result = io.BytesIO()
    with h5py.File(io.BytesIO(weights)) as before, h5py.File(result, "w") as after:

        def copy(name: str, item: h5py.Group | h5py.Dataset) -> None:
            if isinstance(item, h5py.Group):
                new = after.create_group(name)
            else:
                new = after.create_dataset(name, data=_exact_half(item[()]))
            new.attrs.update(item.attrs)

        before.visititems(copy)
    return result.getvalue()


def _exact_half(value: np.ndarray) -> np.ndarray:
    if getattr(value, "dtype", None) != np.float32:
        return value
    half = _half(value)
    return half if np.array_equal(half.astype("float32"), value) else value


def _half(value: np.ndarray) -> np.ndarray:
    with np.errstate(over="ignore"):
        return value.astype("float16")
