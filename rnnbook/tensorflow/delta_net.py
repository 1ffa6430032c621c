"""DeltaNet in Keras. Symbols and sources: `rnnbook.numpy.delta_net`."""

from typing import Any

import keras
import tensorflow as tf

from rnnbook._check import check_choice, check_sizes
from rnnbook.numpy import delta_net
from rnnbook.numpy.delta_net import TINY, check_head_sizes
from rnnbook.tensorflow import delta_rule
from rnnbook.tensorflow._check import check_axes, check_known_steps
from rnnbook.tensorflow.layer import Recurrence, first_state, prepare


@keras.saving.register_keras_serializable(package="rnnbook")
class DeltaNet(Recurrence):
    """DeltaNet with a memory (K, K) for each head, K = units / heads, and n factors a step.

    `gate` is "sigmoid" for strengths in (0, 1), "double" for (0, 2) or "hard" for [0, 2], both
    ends reached. At first the weights are Glorot-uniform and the bias is zero. The memory is
    computed in 32 bits at least.

    >>> y, S = DeltaNet(4, heads=2)(tf.ones((1, 5, 3)))
    >>> y.shape, S.shape
    (TensorShape([1, 5, 4]), TensorShape([1, 2, 2, 2]))
    """

    def __init__(
        self,
        units: int,
        *,
        heads: int = 1,
        factors: int = 1,
        gate: str = "sigmoid",
        **options: Any,
    ):
        super().__init__(**options)
        check_sizes(units=units)
        check_head_sizes(1, units, heads, factors)
        check_choice("gate", gate, tuple(delta_net.GATES))
        self.params_type = delta_net.GATES[gate]
        self.units, self.heads, self.factors, self.gate = units, heads, factors, gate

    def build(self, input_shape: tuple) -> None:
        """Make the weights: Glorot-uniform, zero bias."""
        check_axes("x", input_shape, self.x_symbols)
        self.input_size = D = input_shape[-1]
        H, n, heads = self.units, self.factors, self.heads
        for name, columns in {"W_q": H, "W_k": n * H, "W_v": n * H, "W_b": n * heads}.items():
            W = self.add_weight(name=name, shape=(D, columns), initializer="glorot_uniform")
            setattr(self, name, W)
        self.b_b = self.add_weight(name="b_b", shape=(n * heads,), initializer="zeros")

    def step(self, x_t: tf.Tensor, state: Any) -> tuple[tf.Tensor, tf.Tensor]:
        """One step: the output (N, H) and the next memories, from x_t (N, D) and memories."""
        return self._one_step(x_t, state)

    def call(
        self,
        x: tf.Tensor,
        initial_state: tf.Tensor | None = None,
        mask: tf.Tensor | None = None,
    ) -> tuple[tf.Tensor, tf.Tensor]:
        """Outputs (N, T, H) and the last memories, from x (N, T, D), the first ones, a mask (N, T).

        Memories are (N, heads, K, K). T must be known when a function is traced.
        """
        x, mask = prepare(self, x, self.input_size, mask)
        check_known_steps(self, x)
        heads, n, K = self.heads, self.factors, self.units // self.heads
        S_0 = first_state(x, initial_state, "(N, heads, K, K)", (heads, K, K), x.dtype)
        a_q, a_k, v = x @ self.W_q, x @ self.W_k, x @ self.W_v
        a_b = x @ self.W_b + self.b_b
        q, k, v = (_by_head(a, heads, factors) for a, factors in ((a_q, 1), (a_k, n), (v, n)))
        q = q / _length(q)
        k = k / _length(k)
        b = _GATES[self.gate](_by_head(a_b, heads, n)[..., 0])
        rule = delta_rule.loop if x.shape[1] == 1 else delta_rule.chunks
        S = tf.cast(tf.reshape(S_0, (-1, K, K)), q.dtype)
        y, S = rule(_at_last_factor(q, n), k, v, b, None, S, mask=_repeat(mask, heads, n))
        y = _from_heads(y[:, n - 1 :: n], heads)
        return tf.cast(y, x.dtype), tf.cast(tf.reshape(S, (-1, heads, K, K)), x.dtype)

    def get_config(self) -> dict[str, Any]:
        """Settings from which `from_config` makes the same layer."""
        names = ("units", "heads", "factors", "gate")
        return {**super().get_config(), **{name: getattr(self, name) for name in names}}


_GATES = {
    "sigmoid": tf.sigmoid,
    "double": lambda a: 2 * tf.sigmoid(a),
    "hard": lambda a: 2 * tf.clip_by_value(a / 6 + 0.5, 0, 1),
}


def _length(a):
    return tf.sqrt(tf.reduce_sum(a * a, axis=-1, keepdims=True) + TINY)


# Heads and factors: each head is a sequence of its own, of n steps for each step of the layer.


def _by_head(a, heads, n):
    """(N, T, n heads K) as (N heads, T n, K), of 32 bits at least."""
    T, columns = a.shape[1:]
    a = a if a.dtype == tf.float64 else tf.cast(a, tf.float32)
    a = tf.transpose(tf.reshape(a, (-1, T, n, heads, columns // (n * heads))), (0, 3, 1, 2, 4))
    return tf.reshape(a, (-1, T * n, columns // (n * heads)))


def _from_heads(a, heads):
    """(N heads, T, K) as (N, T, heads K)."""
    T, K = a.shape[1:]
    return tf.reshape(
        tf.transpose(tf.reshape(a, (-1, heads, T, K)), (0, 2, 1, 3)), (-1, T, heads * K)
    )


def _at_last_factor(a, n):
    """(N heads, T, K) as (N heads, T n, K), zero at all but the last of n steps."""
    T, K = a.shape[1:]
    return tf.reshape(tf.pad(a[:, :, None], [[0, 0], [0, 0], [n - 1, 0], [0, 0]]), (-1, T * n, K))


def _repeat(mask, heads, n):
    return None if mask is None else tf.repeat(tf.repeat(mask, heads, axis=0), n, axis=1)
