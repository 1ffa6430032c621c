"""Attention in Keras. Symbols and sources: `rnnbook.numpy.attention`."""

import math
from typing import Any

import keras
import tensorflow as tf

from rnnbook._check import check_choice, check_sizes
from rnnbook.numpy import attention
from rnnbook.tensorflow._check import (
    check_axes,
    check_dtype,
    check_finite,
    check_fits,
    check_mask,
)
from rnnbook.tensorflow._masks import mask_of, zero_masked
from rnnbook.tensorflow.layer import WithParams

MASK_OR_CLEAN = "mask the place or clean the input"


@keras.saving.register_keras_serializable(package="rnnbook")
class Attention(WithParams):
    """Contexts and weights, with the score "additive", "general" or "dot".

    Weights: W_q (Q, A), W_k (K, A) and v (A,), or W (Q, K), or none, Glorot-uniform at first.
    `units` is A; it is the key size if None. The mask is that of keys and values: the argument
    `mask`, or the one that `Masking` or `Embedding` attached to the keys.

    >>> layer = Attention()
    >>> context, weights = layer(tf.ones((1, 4, 3)), tf.ones((1, 5, 2)), tf.ones((1, 5, 2)))
    >>> context.shape, weights.shape
    (TensorShape([1, 4, 2]), TensorShape([1, 4, 5]))
    """

    def __init__(self, *, score: str = "additive", units: int | None = None, **options: Any):
        super().__init__(**options)
        check_choice("score", score, tuple(attention.SCORES))
        if units is not None:
            check_sizes(units=units)
        self.params_type, self.score, self.units = attention.SCORES[score], score, units
        self.supports_masking = True

    def compute_mask(self, inputs: Any, previous_mask: Any) -> None:
        """None is handed on: the mask is that of the keys, and the contexts belong to queries."""

    def build(self, query_shape: tuple, keys_shape: tuple, values_shape: Any = None) -> None:
        """Make the weights, Glorot-uniform."""
        check_axes("query", query_shape, "(N, S, Q)")
        check_axes("keys", keys_shape, "(N, T, K)")
        Q, K = query_shape[-1], keys_shape[-1]
        self.query_size, self.key_size = Q, K
        A = K if self.units is None else self.units
        if self.score == "dot" and Q != K:
            raise ValueError(
                f"query has size {Q} and keys have size {K}; a dot product needs them equal"
            )
        shapes: dict[str, dict[str, tuple]] = {
            "additive": {"W_q": (Q, A), "W_k": (K, A), "v": (A,)},
            "general": {"W": (Q, K)},
            "dot": {},
        }
        for name, shape in shapes[self.score].items():
            initializer = _glorot_column if name == "v" else "glorot_uniform"
            setattr(self, name, self.add_weight(name=name, shape=shape, initializer=initializer))

    def build_for(self, params: Any) -> None:
        """Build the layer for queries and keys of the size that `params` take."""
        if self.score == "additive":
            self.build((None, None, len(params.W_q)), (None, None, len(params.W_k)))
        elif self.score == "general":
            Q, K = params.W.shape
            self.build((None, None, Q), (None, None, K))

    def call(
        self, query: tf.Tensor, keys: tf.Tensor, values: tf.Tensor, mask: tf.Tensor | None = None
    ) -> tuple[tf.Tensor, tf.Tensor]:
        """Contexts (N, S, V) and weights (N, S, T) of query (N, S, Q), keys (N, T, K), values.

        values are (N, T, V), the mask (N, T); a masked place has the weight 0. NaN or infinity
        elsewhere is refused, but not where XLA compiles the layer.
        """
        mask = mask_of(keys, mask)
        _check_inputs(self, query, keys, values, mask)
        query = check_finite("query", query, "clean the input")
        keys = check_finite("keys", zero_masked(keys, mask), MASK_OR_CLEAN)
        values = check_finite("values", zero_masked(values, mask), MASK_OR_CLEAN)
        weights = masked_softmax(_SCORES[self.score](self, query, keys), mask)
        context = weights @ values  # eq-attention-context
        return context, weights

    def get_config(self) -> dict[str, Any]:
        """Settings from which `from_config` makes the same layer."""
        return {**super().get_config(), "score": self.score, "units": self.units}


def masked_softmax(scores: tf.Tensor, mask: tf.Tensor | None = None) -> tf.Tensor:
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
    named = {"query": (query, "(N, S, Q)"), "keys": (keys, "(N, T, K)")}
    named["values"] = (values, "(N, T, V)")
    for name, (array, symbols) in named.items():
        check_axes(name, array.shape, symbols)
        if 0 in tuple(array.shape):
            raise ValueError(
                f"{name} has shape {tuple(array.shape)}; expected {symbols}, none of them 0"
            )
        check_dtype(name, array, layer.compute_dtype)
    N, T = keys.shape[:2]
    check_fits("query", query, "(N, S, Q)", (N, query.shape[1], layer.query_size))
    check_fits("keys", keys, "(N, T, K)", (N, T, layer.key_size))
    check_fits("values", values, "(N, T, V)", (N, T, values.shape[-1]))
    check_mask(mask, (N, T))
