"""Attention in Keras. Symbols and sources: `rnnbook.numpy.attention`."""

import math

import keras
import tensorflow as tf

from rnnbook._check import check_choice, check_shape, check_sizes
from rnnbook.numpy import attention


@keras.saving.register_keras_serializable(package="rnnbook")
class Attention(keras.layers.Layer):
    """Contexts and weights, with the score "additive", "general" or "dot".

    Weights: W_q (Q, A), W_k (K, A) and v (A,), or W (Q, K), or none. `units` is A; it is the
    key size if None.

    >>> layer = Attention()
    >>> context, weights = layer(tf.ones((1, 4, 3)), tf.ones((1, 5, 2)), tf.ones((1, 5, 2)))
    >>> context.shape, weights.shape
    (TensorShape([1, 4, 2]), TensorShape([1, 4, 5]))
    """

    def __init__(self, *, score="additive", units=None, **options):
        super().__init__(**options)
        check_choice("score", score, tuple(attention.SCORES))
        if units is not None:
            check_sizes(units=units)
        self.params_type, self.score, self.units = attention.SCORES[score], score, units
        self.supports_masking = True  # the mask is an argument; none is handed on

    def build(self, query_shape, keys_shape, values_shape=None):
        """Make the weights, Glorot-uniform."""
        Q, K = query_shape[-1], keys_shape[-1]
        self.query_size, self.key_size = Q, K
        A = K if self.units is None else self.units
        if self.score == "dot" and Q != K:
            raise ValueError(
                f"query has size {Q} and keys have size {K}; a dot product needs them equal"
            )
        shapes = {
            "additive": {"W_q": (Q, A), "W_k": (K, A), "v": (A,)},
            "general": {"W": (Q, K)},
            "dot": {},
        }[self.score]
        for name, shape in shapes.items():
            initializer = _glorot_column if name == "v" else "glorot_uniform"
            setattr(self, name, self.add_weight(name=name, shape=shape, initializer=initializer))

    def call(self, query, keys, values, mask=None):
        """Contexts (N, S, V) and weights (N, S, T); a masked place has the weight 0."""
        _check_inputs(self, query, keys, values, mask)
        if mask is not None:
            keys = tf.where(mask[..., None], keys, tf.zeros_like(keys))
            values = tf.where(mask[..., None], values, tf.zeros_like(values))
        weights = masked_softmax(_SCORES[self.score](self, query, keys), mask)
        context = weights @ values  # eq-attention-context
        return context, weights

    def params(self):
        """The weights as the NumPy type, copied."""
        return self.params_type(*self.get_weights())

    def get_config(self):
        """Settings from which `from_config` makes the same layer."""
        return {**super().get_config(), "score": self.score, "units": self.units}


def masked_softmax(scores, mask=None):
    """Softmax over the last axis of scores (N, S, T), over the places that `mask` (N, T) counts.

    >>> masked_softmax(tf.constant([[[1.0, 1.0, 9.0]]]), tf.constant([[True, True, False]])).numpy()
    array([[[0.5, 0.5, 0. ]]], dtype=float32)
    """
    counts = tf.ones_like(scores, dtype=tf.bool) if mask is None else mask[:, None]
    scores = tf.where(counts, scores, scores.dtype.min)
    highest = tf.stop_gradient(tf.reduce_max(scores, axis=-1, keepdims=True))
    e = tf.where(counts, tf.exp(scores - highest), tf.zeros_like(scores))
    total = tf.reduce_sum(e, axis=-1, keepdims=True)
    weights = e / tf.where(total == 0, tf.ones_like(total), total)  # eq-attention-weights
    return weights


# The equations of the three scores.


def _additive(params, query, keys):
    a = (query @ params.W_q)[:, :, None] + (keys @ params.W_k)[:, None]  # eq-attention-a
    scores = tf.tensordot(tf.tanh(a), params.v, 1)  # eq-attention-additive
    return scores


def _general(params, query, keys):
    scores = tf.matmul(query @ params.W, keys, transpose_b=True)  # eq-attention-general
    return scores


def _dot(params, query, keys):
    scores = tf.matmul(query, keys, transpose_b=True) / math.sqrt(
        query.shape[-1]
    )  # eq-attention-dot
    return scores


_SCORES = {"additive": _additive, "general": _general, "dot": _dot}


def _glorot_column(shape, dtype=None):
    """Glorot-uniform v (A,), as a matrix of one column."""
    return keras.initializers.GlorotUniform()((*shape, 1), dtype)[:, 0]


def _check_inputs(layer, query, keys, values, mask):
    for name, array, symbols in (
        ("query", query, "(N, S, Q)"),
        ("keys", keys, "(N, T, K)"),
        ("values", values, "(N, T, V)"),
    ):
        shape = tuple(array.shape)
        if len(shape) != 3 or 0 in shape:
            raise ValueError(f"{name} has shape {shape}; expected {symbols}, none of them 0")
    N, T = keys.shape[:2]
    expected = {
        "query": (query, "(N, S, Q)", (N, query.shape[1], layer.query_size)),
        "keys": (keys, "(N, T, K)", (N, T, layer.key_size)),
        "values": (values, "(N, T, V)", (N, T, values.shape[-1])),
    }
    if mask is not None:
        if mask.dtype != tf.bool:
            raise TypeError(f"mask has dtype {mask.dtype}; expected bool")
        expected["mask"] = (mask, "(N, T)", (N, T))
    for name, (array, symbols, shape) in expected.items():
        if not tf.TensorShape(array.shape).is_compatible_with(shape):
            check_shape(name, array, symbols, shape)
