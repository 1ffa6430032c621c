"""What the Keras layers share: weights in and out, masks, and initial weights."""

import inspect
from collections.abc import Callable, Sequence
from typing import Any, ClassVar, Self

import keras
import numpy as np
import tensorflow as tf

from rnnbook._check import check_shape, check_type
from rnnbook.tensorflow._check import (
    check_axes,
    check_dtype,
    check_finite,
    check_fits,
    check_inputs,
    check_tensor,
)
from rnnbook.tensorflow._masks import mask_of, zero_masked


class WithParams(keras.layers.Layer):
    """A Keras layer whose weights are those of a NumPy `Params` type, in its order."""

    params_type: Any  # the NumPy type, set by each layer
    x_symbols = "(N, T, D)"  # the axes of the inputs

    def params(self) -> Any:
        """The weights as the NumPy type, copied; those of 16 bits as float32."""
        if self.params_type._fields and not self.weights:
            raise ValueError(f"{type(self).__name__} has no weights yet: call or build it first")
        weights = self.get_weights()
        return self.params_type(*(w.astype("float32") if w.itemsize < 4 else w for w in weights))

    def load_params(self, params: Any) -> Self:
        """Copy the weights of a NumPy `Params` into this layer, and return the layer.

        Builds the layer if need be; raises `TypeError` for another type, `ValueError` for other
        shapes, and then no weight has changed.
        """
        check_type("params", params, (self.params_type,))
        weights = [np.asarray(value) for value in params]
        for name, value in zip(params._fields, weights, strict=True):
            if value.dtype.kind != "f":
                raise TypeError(f"{name} has dtype {value.dtype}; expected float32 or float64")
        if not self.weights:
            self.build_for(params)
        for name, value, weight in zip(params._fields, weights, self.weights, strict=True):
            check_shape(name, value, "the shape of this layer's weight", weight.shape)
        self.set_weights(weights)
        return self

    def build_for(self, params: Any) -> None:
        """Build the layer for inputs of the size that `params` take."""
        others = (None,) * self.x_symbols.count(",")
        self.build((*others, self.input_size_of(params)))

    def input_size_of(self, params: Any) -> int:
        """D of the weights: the rows of the first one."""
        return params[0].shape[-2]


class Cell(WithParams):
    """One step of a recurrent layer: inputs and states give the output and the next states.

    It works in `keras.layers.RNN`, in `ZoneoutCell`, and by itself.
    """

    x_symbols = "(N, D)"


class Layer(WithParams, keras.layers.RNN):
    """A `keras.layers.RNN` around one of our cells, which ignores masked inputs altogether.

    Keras carries the state past masked steps; this class also replaces their inputs by zero
    before the first product, because 0 * NaN would spoil the gradients. Masked outputs are
    zero where all steps are returned.

    Keras casts floating-point inputs to the layer's dtype without a word: float64 data lose
    digits in a float32 layer, so pass `dtype="float64"` to every layer and wrapper.
    """

    cell_type: ClassVar[Any]  # set by each layer

    def __init__(self, units: int, *, return_sequences: bool = False, **options: Any):
        names = _options_of(self.cell_type)
        cell_options = {name: options.pop(name) for name in names if name in options}
        self.units, self.cell_options = units, cell_options
        options.pop("cell", None)
        _check_zero_output(options.pop("zero_output_for_mask", return_sequences), return_sequences)
        cell = self.cell_type(units, dtype=options.get("dtype"), **cell_options)
        self.params_type = cell.params_type
        super().__init__(
            cell,
            return_sequences=return_sequences,
            zero_output_for_mask=return_sequences,
            **options,
        )

    def build(self, sequences_shape: tuple, initial_state_shape: Any = None) -> None:
        """Make the weights of the cell."""
        check_axes("x", sequences_shape, self.x_symbols)
        super().build(sequences_shape, initial_state_shape)

    def call(
        self,
        sequences: tf.Tensor,
        initial_state: Any = None,
        mask: tf.Tensor | None = None,
        training: bool = False,
    ) -> Any:
        """Outputs (N, T, H), or (N, H) unless `return_sequences`, from inputs (N, T, D)."""
        sequences, mask = prepare(self, sequences, self.cell.input_size, mask)
        if initial_state is not None:
            initial_state = check_states(self, sequences, initial_state)
        return super().call(sequences, initial_state, mask=mask, training=training)

    def get_config(self) -> dict[str, Any]:
        """Settings from which `from_config` makes the same layer."""
        config = super().get_config()
        config.pop("cell")
        config.pop("zero_output_for_mask")  # follows return_sequences
        return {**config, "units": self.units, **self.cell_options}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Self:
        """A layer with the settings that `get_config` returned."""
        return cls(**config)


class Recurrence(WithParams):
    """A recurrent layer that is no `keras.layers.RNN`: it returns all outputs and the last state.

    So a model that goes on from it is written with `keras.Model`, not with `keras.Sequential`.
    """

    input_size: int  # known once the layer is built

    def __init__(self, **options: Any):
        for name in ("return_sequences", "return_state", "go_backwards", "stateful", "unroll"):
            if name in options:
                raise ValueError(
                    f"{type(self).__name__} has no option {name}: it returns all outputs and the "
                    "last state, from first to last step; `Stack` runs it in both directions"
                )
        super().__init__(**options)
        self.supports_masking = True

    @property
    def output_size(self) -> int:
        """The features of the outputs."""
        return self.units

    def compute_mask(self, inputs: Any, previous_mask: Any) -> tuple:
        """The outputs keep the mask of the inputs; the state has none."""
        return previous_mask, None

    def step(self, x_t: tf.Tensor, state: Any) -> Any:
        """One step: the next state, which has the output, from x_t (N, D) and a state."""
        _, state = self._one_step(x_t, state)
        return state

    def _one_step(self, x_t, state):
        """The output and the state after x_t, which is x without its axis T."""
        symbols = self.x_symbols.replace("T, ", "")
        check_axes("x_t", x_t.shape, symbols)
        outputs, state = self(x_t[:, None], initial_state=state)
        return outputs[:, 0], state


def prepare(
    layer: Any, x: tf.Tensor, input_size: int, mask: tf.Tensor | None
) -> tuple[tf.Tensor, tf.Tensor | None]:
    """Inputs that are zero where masked, and the mask; raises unless both fit and x is finite."""
    mask = mask_of(x, mask)
    check_inputs(x, layer.x_symbols, input_size, layer.compute_dtype, mask)
    return check_finite("x", zero_masked(x, mask)), mask


def first_state(
    x: tf.Tensor,
    state: Any,
    symbols: str,
    sizes: tuple[int | None, ...],
    dtype: Any,
    name: str = "initial_state",
) -> tf.Tensor:
    """`state`, or zeros (N, *sizes) for None; raises unless it fits.

    >>> first_state(tf.ones((2, 5, 3)), None, "(N, H)", (4,), tf.float32).shape
    TensorShape([2, 4])
    """
    if state is None:
        return tf.zeros((tf.shape(x)[0], *sizes), dtype)
    check_tensor(name, state)
    check_fits(name, state, symbols, (x.shape[0], *sizes))
    check_dtype(name, state, tf.as_dtype(dtype).name)
    return tf.convert_to_tensor(state)


def _check_zero_output(zero, return_sequences):
    if zero != return_sequences:
        raise ValueError(
            f"zero_output_for_mask is {zero} and return_sequences is {return_sequences}; expected "
            "the same: masked outputs are zero where all steps are returned, and a single output "
            "is that of the last step that counts. keras.layers.RNN(layer.cell) has the option"
        )


def _options_of(cell_type):
    """The names of a cell's own options: those after the star in its `__init__`."""
    parameters = inspect.signature(cell_type.__init__).parameters.values()
    return [p.name for p in parameters if p.kind is p.KEYWORD_ONLY]


def check_states(layer: Layer, x: tf.Tensor, initial_state: Any) -> list[tf.Tensor]:
    """The list [h] or [h, c] of first states, zeros for None; raises unless they fit."""
    names = ("h", "c")[: len(layer.state_size)]
    states = [None] * len(names) if initial_state is None else keras.tree.flatten(initial_state)
    _check_count("initial_state", states, names)
    sizes, dtype = (layer.units,), layer.compute_dtype
    return [
        first_state(x, state, "(N, H)", sizes, dtype, f"initial_state's {name}")
        for name, state in zip(names, states, strict=True)
    ]


def check_step(cell: Cell, x_t: tf.Tensor, states: Sequence[tf.Tensor]) -> None:
    """Raise unless x_t is (N, D), and states are as many (N, H) as the cell has."""
    check_axes("x_t", x_t.shape, cell.x_symbols)
    check_fits("x_t", x_t, cell.x_symbols, (x_t.shape[0], cell.input_size))
    names = ("h", "c")[: len(keras.tree.flatten(cell.state_size))]
    _check_count("states", states, names)
    for name, state in zip(names, states, strict=True):
        check_fits(f"states' {name}", state, "(N, H)", (x_t.shape[0], cell.units))


def _check_count(name, states, names):
    if len(states) != len(names):
        raise ValueError(
            f"{name} has {len(states)} tensors; expected {len(names)}: {', '.join(names)}"
        )


# Initial weights.


def orthogonal_blocks(shape: tuple[int, int], dtype: str | None = None) -> tf.Tensor:
    """(H, K H) with an orthogonal matrix in each of its K blocks of columns.

    >>> W = orthogonal_blocks((2, 6))[:, 2:4]
    >>> bool(tf.reduce_max(abs(tf.transpose(W) @ W - tf.eye(2))) < 1e-6)
    True
    """
    H, K = shape
    wide = "float64" if dtype == "float64" else "float32"  # its QR needs 32 bits
    blocks = [keras.initializers.Orthogonal()((H, H), wide) for _ in range(K // H)]
    return tf.cast(tf.concat(blocks, axis=1), dtype or wide)


def constant_block(blocks: int, index: int, value: float) -> Callable[..., tf.Tensor]:
    """An initialiser of a bias (K H,): `value` in one of its `blocks` blocks, zero elsewhere.

    >>> constant_block(3, 1, value=2.0)((6,)).numpy()
    array([0., 0., 2., 2., 0., 0.], dtype=float32)
    """

    def initializer(shape, dtype=None):
        place = tf.one_hot(index, blocks, on_value=value, dtype=dtype or "float32")
        return tf.repeat(place, shape[0] // blocks)

    return initializer
