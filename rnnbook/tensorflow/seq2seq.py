"""An encoder and a decoder with attention between them, in Keras.

The same model as `rnnbook.torch.seq2seq`, where the symbols are explained.
"""

from typing import Any, Self

import keras
import numpy as np
import tensorflow as tf

from rnnbook import convert
from rnnbook._check import check_choice, check_rate, check_shape, check_sizes
from rnnbook._weights_check import check_weights
from rnnbook.numpy import linear
from rnnbook.tensorflow._check import check_fits, check_mask
from rnnbook.tensorflow.attention import Attention


@keras.saving.register_keras_serializable(package="rnnbook")
class Seq2Seq(keras.Model):
    """Bidirectional GRU encoder, GRU decoder, attention (`score` of `Attention`, or None).

    At first the embeddings are normal with a deviation of 1, and all other weights are those of
    `keras.layers` and `Attention`. `fit` passes one argument to a model, and this one takes
    three, so wrap it::

        source, target_in = (keras.Input((None,), dtype="int32") for _ in range(2))
        mask = keras.Input((None,), dtype="bool")
        logits, _ = Seq2Seq(...)(source, mask, target_in)
        model = keras.Model([source, mask, target_in], logits)

    (Not with `score=None`: its weights are None, and Keras wants tensors.)

    >>> model = Seq2Seq(source_size=9, target_size=7, embedding_size=4, hidden_size=6)
    >>> source, mask = tf.constant([[3, 4, 5]]), tf.constant([[True, True, False]])
    >>> logits, weights = model(source, mask, target_in=tf.constant([[1, 2, 3, 4]]))
    >>> logits.shape, weights.shape
    (TensorShape([1, 4, 7]), TensorShape([1, 4, 3]))
    """

    def __init__(
        self,
        source_size: int,
        target_size: int,
        *,
        embedding_size: int = 64,
        hidden_size: int = 128,
        score: str | None = "additive",
        dropout: float = 0.0,
        use_cudnn: bool | str = "auto",
        dtype: Any = None,
        **options: Any,
    ):
        super().__init__(dtype=dtype, **options)
        check_sizes(source_size=source_size, target_size=target_size)
        check_sizes(embedding_size=embedding_size, hidden_size=hidden_size)
        check_choice("score", score, ("additive", "general", "dot", None))
        check_rate(dropout=dropout)
        if hidden_size % 2:
            raise ValueError(f"hidden_size is {hidden_size}; expected an even number, for 2 halves")
        self.settings = {
            "source_size": source_size,
            "target_size": target_size,
            "embedding_size": embedding_size,
            "hidden_size": hidden_size,
            "score": score,
            "dropout": dropout,
            "use_cudnn": use_cudnn,
        }
        E, H, layers = embedding_size, hidden_size, keras.layers
        gru = {"return_sequences": True, "return_state": True, "use_cudnn": use_cudnn}
        normal = keras.initializers.RandomNormal
        self.source_embedding = layers.Embedding(source_size, E, normal(stddev=1.0), dtype=dtype)
        self.target_embedding = layers.Embedding(target_size, E, normal(stddev=1.0), dtype=dtype)
        self.encoder = layers.Bidirectional(
            layers.GRU(H // 2, zero_output_for_mask=True, dtype=dtype, **gru), dtype=dtype
        )
        self.bridge = layers.Dense(H, dtype=dtype)
        self.decoder = layers.GRU(H, dtype=dtype, **gru)
        self.attention = None if score is None else Attention(score=score, dtype=dtype)
        self.combine = layers.Dense(H, dtype=dtype)
        self.output_layer = layers.Dense(target_size, dtype=dtype)
        self.dropout = layers.Dropout(dropout, dtype=dtype)
        self._decode_one = tf.function(self.decode, reduce_retracing=True)
        # One call makes all weights.
        ids = tf.zeros((1, 1), tf.int32)
        self(ids, tf.ones((1, 1), tf.bool), ids)

    def encode(
        self, source: tf.Tensor, mask: tf.Tensor, training: bool = False
    ) -> tuple[tf.Tensor, tf.Tensor]:
        """The memory (N, T, H) and the summary (N, H) of source ids (N, T)."""
        source, mask = tf.convert_to_tensor(source), tf.convert_to_tensor(mask)
        _check_ids("source", source, self.source_embedding.input_dim)
        _check_mask(mask, source)
        x = self.dropout(self.source_embedding(source), training=training)
        memory, *last = self.encoder(x, mask=mask)
        summary = tf.concat(last, axis=-1)
        return memory, summary

    def decode(
        self,
        target_in: tf.Tensor,
        h_0: tf.Tensor,
        summary: tf.Tensor,
        memory: tf.Tensor,
        mask: tf.Tensor,
        training: bool = False,
    ) -> tuple[tf.Tensor, tf.Tensor | None, tf.Tensor]:
        """Logits (N, S, V), weights (N, S, T) or None, and the last state (N, H)."""
        x = self.dropout(self.target_embedding(target_in), training=training)
        h, last = self.decoder(x, initial_state=h_0)
        if self.attention is None:
            context, weights = tf.repeat(summary[:, None], tf.shape(h)[1], axis=1), None
        else:
            context, weights = self.attention(h, memory, memory, mask=mask)
        combined = tf.tanh(self.combine(tf.concat([context, h], axis=-1)))
        return self.output_layer(self.dropout(combined, training=training)), weights, last

    def call(
        self, source: tf.Tensor, mask: tf.Tensor, target_in: tf.Tensor, training: bool = False
    ) -> tuple[tf.Tensor, tf.Tensor | None]:
        """Teacher forcing: the logits of every next token, given the right ones before it."""
        _check_ids("target_in", target_in, self.target_embedding.input_dim)
        memory, summary = self.encode(source, mask, training)
        check_fits("target_in", target_in, "(N, S)", (source.shape[0], target_in.shape[1]))
        h_0 = tf.tanh(self.bridge(summary))
        logits, weights, _ = self.decode(target_in, h_0, summary, memory, mask, training)
        return logits, weights

    def start(
        self, source: tf.Tensor, mask: tf.Tensor
    ) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor, tf.Tensor]:
        """The state from which `step` decodes: h, summary, memory and mask.

        Neither of the two drops anything out.
        """
        memory, summary = self.encode(source, mask)
        return tf.tanh(self.bridge(summary)), summary, memory, mask

    def step(self, tokens: np.ndarray, state: tuple) -> tuple[np.ndarray, tuple]:
        """One step for `rnnbook.text.decoding`: last tokens (N,) give log-probabilities (N, V).

        These are of at least 32 bits, also where the model computes in 16. `beam_search` picks
        rows of the state with `take=tf.gather`.
        """
        h, summary, memory, mask = state
        tokens = tf.convert_to_tensor(np.asarray(tokens))
        check_shape("tokens", tokens, "(N,)", (h.shape[0],))
        _check_ids("tokens", tokens[:, None], self.target_embedding.input_dim)
        tokens = tf.cast(tokens[:, None], tf.int32)
        logits, _, h = self._decode_one(tokens, h, summary, memory, mask)
        logits = logits if logits.dtype == tf.float64 else tf.cast(logits, tf.float32)
        return tf.nn.log_softmax(logits[:, 0]).numpy(), (h, summary, memory, mask)

    def params(self) -> dict[str, Any]:
        """All weights as NumPy arrays, in a dict of the NumPy types; the same in PyTorch."""
        return {
            "source_embedding": self.source_embedding.get_weights()[0],
            "target_embedding": self.target_embedding.get_weights()[0],
            "encoder": convert.from_keras(self.encoder)[0],
            "bridge": linear.Params(*self.bridge.get_weights()),
            "decoder": convert.from_keras(self.decoder),
            "attention": None if self.attention is None else self.attention.params(),
            "combine": linear.Params(*self.combine.get_weights()),
            "output": linear.Params(*self.output_layer.get_weights()),
        }

    def load_params(self, params: dict[str, Any]) -> Self:
        """Copy the weights that `params()` of either framework returned; returns the model.

        `TypeError` or `ValueError` for those of another model; then no weight has changed.
        """
        check_weights("params", params, self.params())
        encoder = convert.to_keras([params["encoder"]]).layers[0]
        self.source_embedding.set_weights([params["source_embedding"]])
        self.target_embedding.set_weights([params["target_embedding"]])
        self.encoder.set_weights(encoder.get_weights())
        self.bridge.set_weights(params["bridge"])
        self.decoder.set_weights(convert.to_keras(params["decoder"]).get_weights())
        if self.attention is not None:
            self.attention.load_params(params["attention"])
        self.combine.set_weights(params["combine"])
        self.output_layer.set_weights(params["output"])
        return self

    def compute_mask(self, inputs: Any, previous_mask: Any) -> None:
        """None is handed on: the mask is that of the source, the logits are the target's."""

    def get_config(self) -> dict[str, Any]:
        """Settings from which `from_config` makes the same model."""
        base = keras.layers.Layer.get_config(self)
        return {**base, **self.settings}


def _check_ids(name, ids, size):
    if len(ids.shape) != 2 or 0 in tuple(ids.shape):
        raise ValueError(f"{name} has shape {tuple(ids.shape)}; expected (N, T), neither of them 0")
    if not ids.dtype.is_integer:
        raise TypeError(f"{name} has dtype {ids.dtype.name}; expected int32")
    if tf.executing_eagerly():
        low, high = int(tf.reduce_min(ids)), int(tf.reduce_max(ids))
        if low < 0 or high >= size:
            raise ValueError(f"{name} has ids from {low} to {high}; expected 0 to {size - 1}")


def _check_mask(mask, source):
    check_mask(mask, source.shape)
    if tf.executing_eagerly():
        rows = mask.numpy()
        if not rows[:, 0].all():
            n = int((~rows[:, 0]).nonzero()[0][0])
            raise ValueError(
                f"mask[{n}] does not count its first token; expected at least one token"
            )
        if (rows[:, 1:] & ~rows[:, :-1]).any():
            raise ValueError("mask has a gap; expected sources padded at their end only")
