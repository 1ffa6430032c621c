"""The linear-chain conditional random field in Keras.

Symbols and sources: `rnnbook.numpy.crf`. The gradient comes from `tf.GradientTape`.
"""

import keras
import tensorflow as tf

from rnnbook._check import check_shape, check_sizes
from rnnbook.numpy import crf


@keras.saving.register_keras_serializable(package="rnnbook")
class CRF(keras.layers.Layer):
    """Weights: transitions (K, K), start (K,), end (K,), all zero at first.

    >>> layer = CRF(2)
    >>> loss = layer(tf.zeros((1, 3, 2)), tf.constant([[0, 1, 1]]))
    >>> float(tf.exp(-loss)[0])  # one of eight sequences
    0.125
    """

    def __init__(self, num_tags, **options):
        super().__init__(**options)
        check_sizes(num_tags=num_tags)
        self.num_tags, K = num_tags, num_tags
        self.supports_masking = True  # the mask is an argument; none is handed on
        self.transitions = self.add_weight(name="transitions", shape=(K, K), initializer="zeros")
        self.start = self.add_weight(name="start", shape=(K,), initializer="zeros")
        self.end = self.add_weight(name="end", shape=(K,), initializer="zeros")

    def call(self, emissions, tags, mask=None):
        """The loss -log p(tags | emissions) of each sequence (N,)."""
        emissions, mask = self._checked(emissions, mask)
        check_shape("tags", tags, "(N, T)", mask.shape)
        tags = tf.where(mask, tf.cast(tags, tf.int32), 0)
        tf.debugging.assert_non_negative(tags, "tags has a negative number")
        tf.debugging.assert_less(tags, self.num_tags, f"tags must be below {self.num_tags}")
        alpha = self._forward_algorithm(emissions, mask)
        log_z = tf.reduce_logsumexp(alpha + self.end, axis=-1)  # eq-crf-log-z
        loss = log_z - self._score(emissions, tags, mask)  # eq-crf-loss
        return loss

    def params(self):
        """The weights as the NumPy type, copied."""
        return crf.Params(*self.get_weights())

    def viterbi(self, emissions, mask=None):
        """The best tags (N, T), 0 where masked, and their scores (N,), as NumPy arrays."""
        emissions, mask = self._checked(emissions, mask)
        return crf.viterbi(self.params(), emissions.numpy(), mask=mask.numpy())

    def get_config(self):
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
        emissions = tf.convert_to_tensor(emissions, dtype=self.compute_dtype)
        if emissions.shape.rank != 3 or 0 in emissions.shape:
            shape = tuple(emissions.shape)
            raise ValueError(f"emissions has shape {shape}; expected (N, T, K), none of them 0")
        check_shape("emissions", emissions, "(N, T, K)", (*emissions.shape[:2], self.num_tags))
        mask = tf.ones(tf.shape(emissions)[:2], tf.bool) if mask is None else mask
        mask = tf.convert_to_tensor(mask)
        if mask.dtype != tf.bool:
            raise TypeError(f"mask has dtype {mask.dtype.name}; expected bool")
        check_shape("mask", mask, "(N, T)", emissions.shape[:2])
        tf.debugging.assert_equal(mask[:, 0], True, "mask must count the first step")
        gap = tf.reduce_any(mask[:, 1:] & ~mask[:, :-1])
        tf.debugging.assert_equal(gap, False, "mask has a gap; pad sequences at their end only")
        return tf.where(mask[..., None], emissions, tf.zeros_like(emissions)), mask
