"""Keras's depthwise convolution, trained by kerasoft's op."""

import keras

from kerasoft.ops.depthwise_conv import depthwise_conv
from kerasoft.ops.precision import Tensor


@keras.saving.register_keras_serializable(package="kerasoft")
class DepthwiseConv2D(keras.layers.DepthwiseConv2D):
    """`keras.layers.DepthwiseConv2D`, whose gradient JAX compiles and runs faster on a GPU.

    Arguments, weights and values are Keras's; so is everything where the layer dilates, multiplies
    channels, has unequal sides or keeps channels first.
    """

    def call(self, inputs: Tensor) -> Tensor:
        if not self._is_plain():
            return super().call(inputs)
        outputs = depthwise_conv(inputs, self.kernel, self.strides[0], self.padding)
        if self.use_bias:
            outputs = keras.ops.add(outputs, self.bias)
        return outputs if self.activation is None else self.activation(outputs)

    def _is_plain(self) -> bool:
        return (
            self.data_format == "channels_last"
            and self.depth_multiplier == 1
            and set(self.dilation_rate) == {1}
            and len(set(self.kernel_size)) == len(set(self.strides)) == 1
        )
