"""Masks in Keras: where a layer's mask comes from, and how it is applied."""

import tensorflow as tf


def mask_of(x: tf.Tensor, mask: tf.Tensor | None) -> tf.Tensor | None:
    """The mask that was given, else the one that `Masking` or `Embedding` attached to `x`.

    Keras hands an attached mask on by itself, but not where the call has another tensor too,
    such as `initial_state`: the masked steps would then count.

    >>> import keras
    >>> x = keras.layers.Masking()(tf.constant([[[1.0], [0.0]]]))
    >>> mask_of(x, None).numpy()
    array([[ True, False]])
    """
    return getattr(x, "_keras_mask", None) if mask is None else mask


def select(mask: tf.Tensor | None, if_counted: tf.Tensor, if_masked: tf.Tensor | int) -> tf.Tensor:
    """`if_counted` where `mask` is True (or None), else `if_masked`.

    The mask has the first axes of the values: (N,) or (N, T).

    >>> select(tf.constant([True, False]), tf.ones((2, 2)), 0).numpy().tolist()
    [[1.0, 1.0], [0.0, 0.0]]
    """
    if mask is None:
        return if_counted
    for _ in range(len(if_counted.shape) - len(mask.shape)):
        mask = mask[..., None]
    return tf.where(mask, if_counted, tf.cast(if_masked, if_counted.dtype))


def zero_masked(x: tf.Tensor, mask: tf.Tensor | None) -> tf.Tensor:
    """`x` with zeros where the mask is False, so that a NaN there touches nothing.

    >>> zero_masked(tf.constant([[[1.0], [float("nan")]]]), tf.constant([[True, False]])).numpy()
    array([[[1.],
            [0.]]], dtype=float32)
    """
    return select(mask, x, 0)
