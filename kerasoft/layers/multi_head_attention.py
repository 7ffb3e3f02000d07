"""Multi-head attention whose weights any softmax variant makes."""

from numbers import Real

import keras
from keras import ops

from kerasoft.arguments import check_positive
from kerasoft.errors import InvalidArgumentError
from kerasoft.layers import registry
from kerasoft.layers.gumbel_softmax import GumbelSoftmax
from kerasoft.layers.score_layer import ScoreLayer
from kerasoft.layers.softmax import Softmax
from kerasoft.ops.attention import attention_scores, softmax_attention
from kerasoft.ops.precision import Tensor


@keras.saving.register_keras_serializable(package="kerasoft")
class MultiHeadAttention(keras.layers.Layer):
    """`keras.layers.MultiHeadAttention` with a choice of softmax.

        weights = variant(q k^T / sqrt(K)),  output = (weights v) W + b,  for each head

    With "softmax", the weights of the one layer put into the other give the same outputs and
    gradients. Scores and their normalisation are float32 or wider in every precision. A closed
    position has a weight of exactly 0; a query without an open position has weights of 0
    throughout, so that its output is the bias of the last projection (Keras: the mean value).

    A query costs O(S (K + V)) time a head for S keys, and what the variant costs on S classes, next
    to the projections. Memory is O(T S) a head for T queries; softmax without dropout leaves that
    to `keras.ops.dot_product_attention`, which on some devices needs none of it.

    Args:
        num_heads: number of heads.
        key_dim: features K of a head's queries and keys.
        attention_softmax: a score layer over the last axis that returns probabilities, or its name
            (`kerasoft.layers.names()`, but for log_*). One that draws noise does so while training.
        dropout: share of the weights that is set to 0 while training.
        use_bias: whether the four projections add a learned bias.
        value_dim: features V of a head's values; `key_dim` by default.
        kernel_initializer: initializer of the projections' kernels.
        bias_initializer: initializer of their biases.
        seed: an integer to repeat a run's dropout, or None.
        **kwargs: as in every Keras layer.

    Call arguments:
        query: (N, T, D).
        value: (N, S, D').
        key: (N, S, D''); `value` by default.
        query_mask, value_mask, key_mask: boolean (N, T) or (N, S), True for real positions. Keras
            fills them in from layers before that make masks.
        attention_mask: boolean (T, S), (N, T, S) or (N, heads, T, S) or what broadcasts to these,
            True where a query may see a key.
        return_attention_scores: whether to return the weights too.
        training: whether to drop weights and draw noise.

    Returns:
        (N, T, D) in the layer's compute dtype; with `return_attention_scores` also the weights
        (N, heads, T, S) in that dtype, as they are before dropout.

    Weights:
        As in Keras, in this order: kernels (D, heads, K), (D'', heads, K), (D', heads, V) of query,
        key and value and (heads, V, D) of the output, each followed by its bias.

    Raises:
        InvalidArgumentError: if an argument is not what is said above.

    References:
        Vaswani et al., "Attention is all you need", NeurIPS 2017;
        Correia et al., "Adaptively sparse transformers", EMNLP 2019 (alpha-entmax in attention).
    """

    def __init__(
        self,
        num_heads: int,
        key_dim: int,
        attention_softmax: str | ScoreLayer = "softmax",
        dropout: float = 0.0,
        use_bias: bool = True,
        value_dim: int | None = None,
        kernel_initializer: str | keras.initializers.Initializer = "glorot_uniform",
        bias_initializer: str | keras.initializers.Initializer = "zeros",
        seed: int | None = None,
        **kwargs,
    ):
        super().__init__(**kwargs)
        self.supports_masking = True
        value_dim = key_dim if value_dim is None else value_dim
        check_positive(num_heads=num_heads, key_dim=key_dim, value_dim=value_dim)
        self.num_heads, self.key_dim, self.value_dim = num_heads, key_dim, value_dim
        self.attention_softmax = weights_layer(attention_softmax)
        if not (isinstance(dropout, Real) and 0 <= dropout < 1):
            raise InvalidArgumentError(
                "`dropout` must be a number from 0 up and below 1.", dropout=dropout
            )
        self.dropout = dropout
        self.use_bias = use_bias
        self.kernel_initializer = keras.initializers.get(kernel_initializer)
        self.bias_initializer = keras.initializers.get(bias_initializer)
        self.seed = seed
        self.dropout_layer = keras.layers.Dropout(dropout, seed=seed, dtype=self.dtype_policy)

    def build(self, query_shape: tuple, value_shape: tuple, key_shape: tuple | None = None) -> None:
        key_shape = key_shape or value_shape
        for name, shape in (("query", query_shape), ("value", value_shape), ("key", key_shape)):
            if len(shape) != 3:
                raise InvalidArgumentError(
                    f"`{name}` must have the shape (batch, tokens, features).", shape=shape
                )
        heads, key_dim, value_dim = self.num_heads, self.key_dim, self.value_dim
        self.query_dense = self._projection("query", query_shape, (heads, key_dim))
        self.key_dense = self._projection("key", key_shape, (heads, key_dim))
        self.value_dense = self._projection("value", value_shape, (heads, value_dim))
        joined = (*query_shape[:2], heads, value_dim)
        self.output_dense = self._projection("attention_output", joined, query_shape[2:])

    def _projection(self, name: str, shape: tuple, features: tuple) -> keras.layers.EinsumDense:
        """From the last axis to heads, or from heads to the last axis."""
        equation, bias_axes = ("abc,cde->abde", "de") if len(shape) == 3 else ("abcd,cde->abe", "e")
        layer = keras.layers.EinsumDense(
            equation,
            output_shape=(None, *features),
            bias_axes=bias_axes if self.use_bias else None,
            kernel_initializer=self.kernel_initializer.clone(),  # one draws the same again
            bias_initializer=self.bias_initializer.clone(),
            dtype=self.dtype_policy,
            name=name,
        )
        layer.supports_masking = True  # else it warns of masks, which are dealt with here
        layer.build(shape)
        return layer

    def call(
        self,
        query: Tensor,
        value: Tensor,
        key: Tensor | None = None,
        query_mask: Tensor | None = None,
        value_mask: Tensor | None = None,
        key_mask: Tensor | None = None,
        attention_mask: Tensor | None = None,
        return_attention_scores: bool = False,
        training: bool | None = None,
    ) -> Tensor | tuple[Tensor, Tensor]:
        mask = _joint_mask(attention_mask, query_mask, value_mask, key_mask)
        key = self.key_dense(value if key is None else key)
        query, value = self.query_dense(query), self.value_dense(value)
        if not return_attention_scores and self._has_kernel(training):
            return self.output_dense(softmax_attention(query, key, value, mask))
        weights = self.attention_softmax.prob(attention_scores(query, key, mask), training)
        weights = ops.cast(weights, self.compute_dtype)
        kept = self.dropout_layer(weights, training=training)
        output = self.output_dense(ops.einsum("nhts,nshv->nthv", kept, value))
        return (output, weights) if return_attention_scores else output

    def _has_kernel(self, training: bool | None) -> bool:
        """Whether the backend's own kernel computes the same.

        In float64 they round to float32. In half precision TensorFlow rounds the scores; in float16
        JAX has no kernel for CPUs, and PyTorch closes positions with a number that scores can
        reach. JAX wants values of the size of keys.
        """
        variant = type(self.attention_softmax)
        is_softmax = variant is Softmax or (variant is GumbelSoftmax and not training)
        dtype, on_tensorflow = self.compute_dtype, keras.config.backend() == "tensorflow"
        is_exact = dtype == "float32" or (dtype == "bfloat16" and not on_tensorflow)
        is_square = self.key_dim == self.value_dim
        return is_softmax and is_exact and is_square and not (training and self.dropout)

    def compute_output_spec(
        self,
        query: keras.KerasTensor,
        value: keras.KerasTensor,
        *arguments,
        return_attention_scores: bool = False,
        **options,
    ) -> keras.KerasTensor | tuple[keras.KerasTensor, keras.KerasTensor]:
        output = keras.KerasTensor(query.shape, self.compute_dtype)
        if not return_attention_scores:
            return output
        shape = (query.shape[0], self.num_heads, query.shape[1], value.shape[1])
        return output, keras.KerasTensor(shape, self.compute_dtype)

    def compute_output_shape(
        self, query_shape: tuple, value_shape: tuple, key_shape: tuple | None = None
    ) -> tuple:
        return tuple(query_shape)

    def get_config(self) -> dict:
        return {
            **super().get_config(),
            "num_heads": self.num_heads,
            "key_dim": self.key_dim,
            "attention_softmax": keras.saving.serialize_keras_object(self.attention_softmax),
            "dropout": self.dropout,
            "use_bias": self.use_bias,
            "value_dim": self.value_dim,
            "kernel_initializer": keras.initializers.serialize(self.kernel_initializer),
            "bias_initializer": keras.initializers.serialize(self.bias_initializer),
            "seed": self.seed,
        }

    @classmethod
    def from_config(cls, config: dict) -> "MultiHeadAttention":
        variant = keras.saving.deserialize_keras_object(config["attention_softmax"])
        return cls(**{**config, "attention_softmax": variant})


def weights_layer(attention_softmax: str | ScoreLayer) -> ScoreLayer:
    """Returns the score layer of that name, or the layer itself.

    Raises:
        InvalidArgumentError: if it is unknown, not over the last axis, or returns logarithms, which
            are no weights.
    """
    try:
        layer = registry.get(attention_softmax)
    except InvalidArgumentError:
        layer = None
    if layer is None or layer.returns_log_probs or layer.axis != -1:
        usable = [name for name in registry.names() if not name.startswith("log_")]
        raise InvalidArgumentError(
            f"`attention_softmax` must be one of {', '.join(usable)}, or a score layer over the "
            "last axis that returns probabilities.",
            attention_softmax=attention_softmax,
        )
    return layer


def _joint_mask(
    attention_mask: Tensor | None, queries: Tensor | None, *keys: Tensor | None
) -> Tensor | None:
    """What all masks keep: boolean, broadcasts to (N, heads, T, S); None without any mask."""
    masks = [] if queries is None else [ops.cast(queries, "bool")[:, None, :, None]]
    masks += [ops.cast(mask, "bool")[:, None, None, :] for mask in keys if mask is not None]
    if attention_mask is not None:
        mask = ops.cast(attention_mask, "bool")
        for rank in range(len(mask.shape), 4):
            mask = ops.expand_dims(mask, 1 if rank == 3 else 0)  # the heads' axis is the second
        masks.append(mask)
    joint = masks.pop() if masks else None
    for mask in masks:
        joint = ops.logical_and(joint, mask)
    return joint
