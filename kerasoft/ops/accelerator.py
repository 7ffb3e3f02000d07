"""Whether what is computed from a tensor is to be laid out for an accelerator."""

import keras

from kerasoft.ops.precision import Tensor

if keras.backend.backend() == "jax":
    import jax

    def on_accelerator(x: Tensor) -> bool:
        """Where JAX will compute it, as far as is known before it does."""
        return jax.default_backend() != "cpu"

elif keras.backend.backend() == "torch":

    def on_accelerator(x: Tensor) -> bool:
        """Whether the tensor is on a GPU of CUDA or ROCm; others have not been measured."""
        return x.is_cuda

else:

    def on_accelerator(x: Tensor) -> bool:
        """Never: what is better on one has not been measured with TensorFlow."""
        return False
