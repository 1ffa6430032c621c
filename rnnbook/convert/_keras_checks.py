"""What a Keras layer may have for its weights to be converted, and what to do where it has more."""

import warnings
from collections.abc import Callable

import numpy as np

from rnnbook.convert._common import check_options, full_name
from rnnbook.numpy.activations import relu, sigmoid

# What becomes of each argument of SimpleRNN, LSTM, GRU, RNN, Bidirectional, Dense and Layer.
CARRIED = (
    *("units", "use_bias", "reset_after", "cell", "dtype"),
    *("layer", "backward_layer"),  # of Bidirectional
    *("lora_rank", "lora_alpha"),  # of Dense: its kernel holds their product
)
CHECKED = (
    *("activation", "recurrent_activation", "go_backwards", "merge_mode"),
    "quantization_config",
)
NO_EFFECT = (
    *("return_sequences", "return_state"),  # which of the outputs are returned
    "zero_output_for_mask",  # what stands at steps that do not count
    "stateful",  # the state between calls is no weight: NumPy takes it as an argument
    *("unroll", "use_cudnn"),  # how the same is computed
    *("name", "trainable", "autocast"),
    # The weights at the start.
    *("kernel_initializer", "recurrent_initializer", "bias_initializer", "unit_forget_bias"),
    "weights",
    # In training only.
    *("kernel_regularizer", "recurrent_regularizer", "bias_regularizer", "activity_regularizer"),
    *("kernel_constraint", "recurrent_constraint", "bias_constraint"),
    *("dropout", "recurrent_dropout", "seed"),
)

FUNCTIONS: dict[str, Callable] = {
    "tanh": np.tanh,
    "relu": relu,
    "sigmoid": sigmoid,
    "linear": lambda a: a,
}
# Small and very large numbers too: a clipped or leaky function differs from another only there.
SIZES = 2.0 ** np.arange(-14, 100)
POINTS = np.concatenate([-SIZES, np.linspace(-8, 8, 65), SIZES]).astype(np.float32)[None]


def base_of(keras, layer):
    for name in ("SimpleRNN", "LSTM", "GRU", "RNN"):
        if isinstance(layer, getattr(keras.layers, name)):
            return getattr(keras.layers, name)
    hint = ""
    if type(layer).__module__.startswith("torch."):
        hint = ": use convert.from_torch"
    elif isinstance(layer, keras.Model):
        hint = ": convert its layers one by one, such as from_keras(model.layers[1])"
    raise TypeError(
        f"layer is a {full_name(layer)}; expected Keras SimpleRNN, LSTM, GRU or Dense, a "
        f"Bidirectional or a Sequential of them{hint}"
    )


def cell_type_of(keras, layer):
    for name in ("SimpleRNNCell", "LSTMCell", "GRUCell"):
        if isinstance(layer.cell, getattr(keras.layers, name)):
            return getattr(keras.layers, name)
    hint = ""
    if type(layer).__module__.startswith("rnnbook.") and hasattr(layer, "params"):
        hint = ": layer.params() has its weights"
    raise TypeError(
        f"layer is a {full_name(layer)} around a {full_name(layer.cell)}; expected Keras "
        f"SimpleRNN, LSTM or GRU{hint}"
    )


def check_known(keras, layer, owners, base):
    classes = [base, keras.layers.RNN] if issubclass(base, keras.layers.RNN) else [base]
    decided = CARRIED + CHECKED + NO_EFFECT
    check_options(f"layer {layer.name!r}", owners, [*classes, keras.layers.Layer], decided)


def check_activations(keras, layer, activation):
    plain = isinstance(layer.cell, keras.layers.SimpleRNNCell)
    expected = {"activation": activation if plain else "tanh"}
    if not plain:
        expected["recurrent_activation"] = "sigmoid"
    for option, name in expected.items():
        function = getattr(layer.cell, option)
        if not computes(keras, function, name):
            found = function_name(function)
            error = f"layer.{option} is {found!r}; expected {name!r}"
            if plain and found in ("tanh", "relu"):
                error += (
                    f": write from_keras(layer, activation={found!r}), "
                    "and pass the same activation to forward"
                )
            raise ValueError(error)


def computes(keras, function, name):
    """Whether a function has the values of the one with this name; its own name proves nothing."""
    values = keras.ops.convert_to_numpy(function(keras.ops.convert_to_tensor(POINTS)))
    expected = FUNCTIONS[name](POINTS)
    if values.dtype.itemsize == 2:  # a layer of half precision rounds the numbers
        with np.errstate(over="ignore"):
            expected = expected.astype(values.dtype).astype(np.float32)
        values = values.astype(np.float32)
    return values.shape == expected.shape and np.allclose(values, expected, rtol=1e-6, atol=1e-6)


def function_name(function):
    name = getattr(function, "__name__", type(function).__name__)
    ours = getattr(function, "__module__", "").startswith("keras.")
    return name if ours or name not in FUNCTIONS else f"{function.__module__}.{name}"


def check_direction(layer, backwards):
    if layer.go_backwards and not backwards:
        raise ValueError(
            f"layer {layer.name!r} has go_backwards=True; expected False, for weights do not say "
            "in which direction they read: set layer.go_backwards = False, convert, and run the "
            "NumPy layer on x[:, ::-1], and mask[:, ::-1] if there is one"
        )
    if backwards and not layer.go_backwards:
        raise ValueError(
            f"layer {layer.name!r} has go_backwards=False; expected True for the backward layer of "
            "a Bidirectional"
        )


def check_dtype(keras, dtype):
    if dtype not in ("float32", "float64"):
        raise ValueError(f"params have dtype {dtype}; Keras has float32 and float64 only")
    if dtype == "float64" and keras.backend.result_type(dtype, dtype) != dtype:
        warnings.warn(
            f"Keras multiplies float64 matrices in float32 on its {keras.backend.backend()} "
            "backend: the weights are exact, outputs agree to 1e-7 only. Its TensorFlow backend "
            "computes in float64.",
            stacklevel=3,
        )
