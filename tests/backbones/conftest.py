import keras
import numpy as np
import pytest


@pytest.fixture(autouse=True, scope="module")
def _quick_weights():
    """NumPy draws them: JAX would compile a draw for every shape."""

    def draw(self, shape, dtype=None):
        rng = np.random.default_rng(shape)
        values = rng.normal(0.0, np.sqrt(2 / np.prod(shape[:-1])), shape)
        return keras.ops.convert_to_tensor(values.astype("float32"), dtype=dtype)

    with pytest.MonkeyPatch.context() as patch:
        for initializer in (keras.initializers.VarianceScaling, keras.initializers.TruncatedNormal):
            patch.setattr(initializer, "__call__", draw)
        yield
