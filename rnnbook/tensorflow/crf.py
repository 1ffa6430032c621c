"""The linear-chain conditional random field in Keras.

Symbols and sources: `rnnbook.numpy.crf`. The gradient comes from `tf.GradientTape` or from `fit`.
"""

from typing import Any

import keras
import numpy as np
import tensorflow as tf

from rnnbook._check import check_sizes
from rnnbook.numpy import crf
from rnnbook.tensorflow._check import check_axes, check_finite, check_fits, check_mask
from rnnbook.tensorflow._masks import mask_of, zero_masked
from rnnbook.tensorflow.layer import WithParams


@keras.saving.register_keras_serializable(package="rnnbook")
class CRF(WithParams):
    """Weights: transitions (K, K), start (K,), end (K,), all zero at first.

    The layer returns its own losses, so `fit` gets a loss function that hands them on, and a
    target that nobody reads::

        x, tags = keras.Input((T, D)), keras.Input((T,), dtype="int32")
        losses = CRF(K)(keras.layers.Dense(K)(x), tags)
        model = keras.Model([x, tags], losses)
        model.compile("adam", loss=rnnbook.tensorflow.crf.handed_on)
        model.fit([inputs, labels], np.zeros(N))

    A mask is the argument `mask`, or the one that `Masking` or `Embedding` attached to the
    emissions. It must count the first step and have no gap; that, NaN, and tags out of range are
    found in eager mode and in a `tf.function`, but not where XLA compiles it. All sums are of the
    precision of the weights: float32 under a mixed policy.

    >>> layer = CRF(2)
    >>> loss = layer(tf.zeros((1, 3, 2)), tf.constant([[0, 1, 1]]))
    >>> float(tf.exp(-loss)[0])  # one of eight sequences
    0.125
    """

    params_type = crf.Params

    def __init__(self, num_tags: int, **options: Any):
        super().__init__(**options)
        check_sizes(num_tags=num_tags)
        self.num_tags, K = num_tags, num_tags
        self.supports_masking = True
        options = {"initializer": "zeros", "autocast": False}
        self.transitions = self.add_weight(name="transitions", shape=(K, K), **options)
        self.start = self.add_weight(name="start", shape=(K,), **options)
        self.end = self.add_weight(name="end", shape=(K,), **options)

    def compute_mask(self, inputs: Any, previous_mask: Any) -> None:
        """None is handed on: there is one loss a sequence, whatever its length."""

    def call(
        self, emissions: tf.Tensor, tags: tf.Tensor, mask: tf.Tensor | None = None
    ) -> tf.Tensor:
        """The loss -log p(tags | emissions) of each sequence (N,).

        emissions are (N, T, K), tags whole numbers (N, T), the mask is Boolean (N, T).
        """
        emissions, mask = self._checked(emissions, mask)
        tags = self._checked_tags(tags, mask)
        alpha = self._forward_algorithm(emissions, mask)
        log_z = tf.reduce_logsumexp(alpha + self.end, axis=-1)  # eq-crf-log-z
        loss = log_z - self._score(emissions, tags, mask)  # eq-crf-loss
        return loss

    def marginals(
        self, emissions: tf.Tensor | np.ndarray, mask: tf.Tensor | np.ndarray | None = None
    ) -> np.ndarray:
        """The probability of each tag at each step (N, T, K), 0 where masked, as a NumPy array.

        >>> CRF(2).marginals(tf.zeros((1, 1, 2))).round(3)
        array([[[0.5, 0.5]]], dtype=float32)
        """
        params, values, counts = self._as_numpy(emissions, mask)
        return crf.marginals(params, values, mask=counts)

    def viterbi(
        self, emissions: tf.Tensor | np.ndarray, mask: tf.Tensor | np.ndarray | None = None
    ) -> tuple[np.ndarray, np.ndarray]:
        """The best tags (N, T), 0 where masked, and their scores (N,), as NumPy arrays."""
        params, values, counts = self._as_numpy(emissions, mask)
        return crf.viterbi(params, values, mask=counts)

    def _as_numpy(self, emissions, mask):
        emissions, mask = self._checked(emissions, mask)
        params = self.params()
        return params, emissions.numpy().astype(params.start.dtype), mask.numpy()

    def get_config(self) -> dict[str, Any]:
        """Settings from which `from_config` makes the same layer."""
        return {**super().get_config(), "num_tags": self.num_tags}

    def _forward_algorithm(self, emissions, mask):
        """The last alpha (N, K)."""
        first = self.start + emissions[:, 0]  # eq-crf-alpha-first

        def step(alpha, at_t):
            emissions_t, mask_t = at_t
            before = alpha[:, :, None] + self.transitions
            reached = tf.reduce_logsumexp(before, axis=1) + emissions_t  # eq-crf-alpha
            return tf.where(mask_t[:, None], reached, alpha)

        later = tf.transpose(emissions, (1, 0, 2))[1:], tf.transpose(mask)[1:]
        return tf.foldl(step, later, initializer=first)

    def _score(self, emissions, tags, mask):
        emitted = tf.gather(emissions, tags, axis=2, batch_dims=2)
        moved = tf.gather_nd(self.transitions, tf.stack([tags[:, :-1], tags[:, 1:]], axis=-1))
        emitted = tf.where(mask, emitted, tf.zeros_like(emitted))
        moved = tf.where(mask[:, 1:], moved, tf.zeros_like(moved))
        last = tf.reduce_sum(tf.cast(mask, tf.int32), axis=1) - 1
        final = tf.gather(tags, last, axis=1, batch_dims=1)
        ends = tf.gather(self.start, tags[:, 0]) + tf.gather(self.end, final)
        score = ends + tf.reduce_sum(emitted, axis=1) + tf.reduce_sum(moved, axis=1)  # eq-crf-score
        return score

    def _checked(self, emissions, mask):
        """Emissions in the precision of the weights, zero where masked, and the mask."""
        mask = mask_of(emissions, mask)
        emissions = tf.cast(tf.convert_to_tensor(emissions), self.variable_dtype)
        check_axes("emissions", emissions.shape, "(N, T, K)")
        if 0 in tuple(emissions.shape):
            shape = tuple(emissions.shape)
            raise ValueError(f"emissions has shape {shape}; expected (N, T, K), none of them 0")
        N, T, _ = emissions.shape
        check_fits("emissions", emissions, "(N, T, K)", (N, T, self.num_tags))
        mask = tf.ones_like(emissions[..., 0], tf.bool) if mask is None else mask
        mask = tf.convert_to_tensor(mask)
        check_mask(mask, (N, T))
        tf.debugging.assert_equal(mask[:, 0], True, "mask must count the first step")
        gap = tf.reduce_any(mask[:, 1:] & ~mask[:, :-1])
        tf.debugging.assert_equal(gap, False, "mask has a gap; pad sequences at their end only")
        return check_finite("emissions", zero_masked(emissions, mask)), mask

    def _checked_tags(self, tags, mask):
        """Tags as int32, zero where masked."""
        check_fits("tags", tags, "(N, T)", mask.shape)
        if not tags.dtype.is_integer:
            raise TypeError(f"tags has dtype {tags.dtype.name}; expected whole numbers")
        tags, K = tf.where(mask, tf.cast(tags, tf.int32), 0), self.num_tags
        checks = [
            tf.debugging.assert_non_negative(tags, "tags has a negative number"),
            tf.debugging.assert_less(tags, K, f"tags must be below {K}"),
        ]
        with tf.control_dependencies(checks if not tf.executing_eagerly() else []):
            return tf.identity(tags)


@keras.saving.register_keras_serializable(package="rnnbook")
def handed_on(target: tf.Tensor, losses: tf.Tensor) -> tf.Tensor:
    """The losses (N,) that a layer computed, as the loss function of a model.

    >>> handed_on(None, tf.constant([2.0])).numpy()
    array([2.], dtype=float32)
    """
    return losses
