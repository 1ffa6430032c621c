"""What the Keras layers share: masks, checks of what comes in, and initial weights."""

import inspect

import keras
import tensorflow as tf

from rnnbook._check import check_shape, check_sizes


class Layer(keras.layers.RNN):
    """A `keras.layers.RNN` around one of our cells, which ignores masked inputs altogether.

    Keras carries the state past masked steps; this class also replaces their inputs by zero
    before the first product, because 0 * NaN would spoil the gradients. Masked outputs are
    zero where all steps are returned.
    """

    cell_type: type  # set by each layer

    def __init__(self, units, *, return_sequences=False, **options):
        names = _options_of(self.cell_type)
        cell_options = {name: options.pop(name) for name in names if name in options}
        self.units, self.cell_options = units, cell_options
        options.pop("cell", None)
        options.pop("zero_output_for_mask", None)
        cell = self.cell_type(units, dtype=options.get("dtype"), **cell_options)
        super().__init__(
            cell,
            return_sequences=return_sequences,
            zero_output_for_mask=return_sequences,
            **options,
        )

    def call(self, sequences, initial_state=None, mask=None, training=False):
        """Outputs (N, T, H), or (N, H) unless `return_sequences`, from inputs (N, T, D)."""
        check_inputs(self, sequences, initial_state, mask)
        if mask is not None:
            sequences = tf.where(mask[..., None], sequences, tf.zeros_like(sequences))
        sequences = tf.debugging.check_numerics(
            sequences, "x has NaN or infinity; mask the step or clean the input"
        )
        return super().call(sequences, initial_state, mask=mask, training=training)

    def params(self):
        """The weights as the NumPy type, copied."""
        return self.cell.params_type(*self.get_weights())

    def get_config(self):
        """Settings from which `from_config` makes the same layer."""
        config = super().get_config()
        config.pop("cell")
        return {**config, "units": self.units, **self.cell_options}

    @classmethod
    def from_config(cls, config):
        """A layer with the settings that `get_config` returned."""
        return cls(**config)


def _options_of(cell_type):
    """The names of a cell's own options: those after the star in its `__init__`."""
    parameters = inspect.signature(cell_type.__init__).parameters.values()
    return [p.name for p in parameters if p.kind is p.KEYWORD_ONLY]


def check_inputs(layer, x, initial_state, mask):
    """Raise unless x is (N, T, D) with T > 0, each state (N, H), and mask Boolean (N, T)."""
    if 0 in tuple(x.shape):
        raise ValueError(f"x has shape {tuple(x.shape)}; expected at least one sequence and step")
    if mask is not None:
        if mask.dtype != tf.bool:
            raise TypeError(f"mask has dtype {mask.dtype}; expected bool")
        if not mask.shape.is_compatible_with(x.shape[:2]):
            check_shape("mask", mask, "(N, T)", x.shape[:2])
    for state in keras.tree.flatten(initial_state) if initial_state is not None else []:
        if not tf.TensorShape(state.shape).is_compatible_with((x.shape[0], layer.units)):
            check_shape("initial_state", state, "(N, H)", (x.shape[0], layer.units))


def add_weight(cell, name, shape, initializer):
    """Create one weight; "orthogonal" makes each (H, H) block of (H, k H) orthogonal."""
    check_sizes(units=cell.units)
    if initializer == "orthogonal":
        initializer = _orthogonal_blocks
    return cell.add_weight(name=name, shape=shape, initializer=initializer)


def _orthogonal_blocks(shape, dtype=None):
    H, K = shape
    blocks = [keras.initializers.Orthogonal()((H, H), dtype) for _ in range(K // H)]
    return tf.concat(blocks, axis=1)
