"""What Keras layers can do when they are traced, compiled and in 16 bits: the table, tried."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras_cases import CASES, KERAS_RNN, OTHERS, RECURRENT, D, H, N, first, mixed_stack

import rnnbook.tensorflow as ours
from rnnbook.gradcheck import max_error
from rnnbook.tensorflow.export import SUPPORT

every = pytest.mark.parametrize("row", SUPPORT, ids=lambda row: row.layer)


@pytest.fixture(autouse=True)
def _seed():
    keras.utils.set_random_seed(0)


# The table of what works.


def test_every_layer_is_in_the_table():
    in_table = {row.layer.split("(")[0] for row in SUPPORT}
    cells = {f"{kind}Cell" for kind in KERAS_RNN}
    assert in_table == set(ours.__all__) - cells - {"Seq2Seq"}
    assert {row.layer for row in SUPPORT} == set(CASES)


@every
def test_traced_with_any_batch(row):
    case = CASES[row.layer]
    layer, x = case.make(), case.inputs()
    signature = [tf.TensorSpec((None, *case.shape))]
    traced = tf.function(layer, input_signature=signature)  # the first call makes the weights
    for rows in (N, 1):
        np.testing.assert_allclose(first(traced(x[:rows])), first(layer(x[:rows])), atol=1e-5)
    assert row.free_batch


@every
def test_traced_with_any_number_of_steps(row):
    case = CASES[row.layer]
    layer, x = case.make(), case.inputs()
    layer(x)
    spec = tf.TensorSpec((None, None, *case.shape[1:]))
    traced = tf.function(layer, input_signature=[spec])
    if not row.free_steps:
        with pytest.raises(ValueError, match=r"(?s)x has shape .*know.*keras\.Input"):
            traced(x)
        with pytest.raises(ValueError, match=r"(?s)x has shape .*know.*keras\.Input"):
            case.make()(keras.Input((None, *case.shape[1:])))
        return
    for part in (x, x[:, :2]):
        np.testing.assert_allclose(first(traced(part)), first(layer(part)), atol=1e-5)


def test_a_stack_of_mixed_layers_names_the_one_that_must_know_its_steps():
    with pytest.raises(ValueError, match="MinGRU must know the number T of steps"):
        mixed_stack()(keras.Input((None, D)))


def loss_and_gradients(layer, x):
    with tf.GradientTape() as tape:
        tape.watch(x)
        loss = tf.reduce_sum(first(layer(x)) ** 2)
    return loss, tape.gradient(loss, [x, *layer.trainable_variables])


@every
def test_compiled_by_xla(row):
    case = CASES[row.layer]
    layer, x = case.make(), case.inputs()
    expected = loss_and_gradients(layer, x)
    compiled = tf.function(lambda x: loss_and_gradients(layer, x), jit_compile=True)
    found = compiled(x)
    assert row.xla
    flat = [
        [tf.convert_to_tensor(v).numpy() for v in tf.nest.flatten(one)] for one in (found, expected)
    ]
    assert max_error(*flat) < 1e-4 * max(np.abs(v).max() for v in flat[1])


@every
@pytest.mark.parametrize("policy", ["mixed_bfloat16", "mixed_float16"])
@pytest.mark.parametrize("everywhere", [False, True])
def test_mixed_precision(row, policy, everywhere):
    case = CASES[row.layer]
    if everywhere:
        keras.config.set_dtype_policy(policy)
    try:
        layer = case.make() if everywhere else case.make(dtype=policy)
    finally:
        keras.config.set_dtype_policy("float32")
    x = case.inputs()
    outputs = tf.nest.flatten(layer(x))
    _, gradients = loss_and_gradients(layer, x)
    assert {w.dtype for w in layer.weights} == {"float32"}
    assert all(tf.convert_to_tensor(g).dtype == tf.float32 for g in gradients)
    half = policy.removeprefix("mixed_")
    expected = {"16 bits": half, "float32": "float32"}
    assert outputs[0].dtype == expected.get(row.mixed, half)
    for state in outputs[1:]:
        assert state.dtype == expected.get(row.mixed, row.mixed)
    whole = case.make()
    whole(x)
    whole.set_weights(layer.get_weights())
    wanted = first(whole(x)).numpy()
    errors = tf.cast(outputs[0], tf.float32) - wanted
    # A layer-normalised LSTM loses ten times as many digits as an LSTM, whatever it normalises in.
    digits = 3e-2 if half == "bfloat16" else 4e-3
    assert 0 < np.sqrt(np.mean(errors**2)) < digits * np.abs(wanted).max()


@every
@pytest.mark.parametrize("dtype", ["bfloat16", "float16"])
def test_weights_of_16_bits(row, dtype):
    case = CASES[row.layer]
    if not row.half:
        with pytest.raises(
            TypeError, match=f"dtype is {dtype}; expected float32, float64 or a mix"
        ):
            case.make(dtype=dtype)
        return
    layer = case.make(dtype=dtype)
    assert first(layer(case.inputs())).dtype == dtype
    assert {w.dtype for w in layer.weights} == {dtype}


@pytest.mark.parametrize("kind", [*KERAS_RNN, *OTHERS])
def test_params_of_16_bits_come_as_float32(kind):
    layer = CASES[kind].make(
        dtype="mixed_bfloat16" if kind in ("LRU", "DiagonalSSM") else "bfloat16"
    )
    layer(CASES[kind].inputs())
    assert {w.dtype.name for w in layer.params()} == {"float32"}
    assert max_error(layer.load_params(layer.params()).params(), layer.params()) == 0


# Second derivatives in a traced function; tests/test_every_layer.py has them in eager mode.


@pytest.mark.parametrize("name", [*KERAS_RNN, *OTHERS])
def test_second_derivatives_are_the_same_when_traced(name):
    case = RECURRENT[name]
    layer, x = case.make(dtype="float64"), tf.cast(case.inputs(), tf.float64)

    def second(x):
        with tf.GradientTape() as outer:
            outer.watch(x)
            with tf.GradientTape() as inner:
                inner.watch(x)
                loss = sum(tf.reduce_sum(tf.math.real(v) ** 2) for v in tf.nest.flatten(layer(x)))
            total = tf.reduce_sum(inner.gradient(loss, x) ** 3)
        return outer.gradient(total, [x, *layer.trainable_variables])

    eager, traced = second(x), tf.function(second)(x)
    assert np.abs(eager[0]).max() > 1e-3
    for a, b in zip(eager, traced, strict=True):
        a, b = (tf.convert_to_tensor(v).numpy() for v in (a, b))
        np.testing.assert_allclose(a, b, atol=1e-10 * np.abs(a).max())


@pytest.mark.parametrize("name", ["LSTM", "MinGRU", "LRU"])
def test_xla_leaves_out_the_check_for_nan(name):
    """As the docstring of the module says; if this fails one day, the better."""
    layer, x = CASES[name].make(), CASES[name].inputs().numpy()
    layer(x)
    x[1, 2] = np.nan
    assert np.isnan(first(tf.function(layer, jit_compile=True)(x))[1, 2]).all()


@pytest.mark.parametrize("dtype", ["float64", "float32", "mixed_bfloat16"])
def test_recurrence_and_convolution_agree_in_every_precision(dtype):
    layer, x = ours.DiagonalSSM(H, dtype=dtype), CASES["DiagonalSSM"].inputs().numpy()
    y, _ = layer(x)
    convolved = layer.convolve(x)
    assert convolved.dtype == y.dtype == layer.compute_dtype
    digits = {"float64": 1e-12, "float32": 1e-5, "mixed_bfloat16": 2e-2}[dtype]
    np.testing.assert_allclose(
        tf.cast(convolved, tf.float64), tf.cast(y, tf.float64), atol=digits * np.abs(x).max()
    )
