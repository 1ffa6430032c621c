"""Bad input to a Keras layer gets an error that names what came and what was expected."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras_cases import CASES, KERAS_RNN, OTHERS, PADDED, D, H, N, T, first

import rnnbook.tensorflow as ours
from rnnbook.gradcheck import max_error

keras_rnn = pytest.mark.parametrize("kind", KERAS_RNN)


@pytest.fixture(autouse=True)
def _seed():
    keras.utils.set_random_seed(0)


@pytest.mark.parametrize("name", [*KERAS_RNN, *OTHERS])
def test_wrong_ranks_and_sizes_are_named_before_and_after_the_weights_are_made(name):
    case = CASES[name]
    axes = r"\(N, T, R, C, D\)" if name == "ConvLSTM" else r"\(N, T, D\)"
    layer, x = case.make(), case.inputs()
    for _ in range(2):
        with pytest.raises(ValueError, match=rf"x has shape \(2, .*; expected {axes}"):
            layer(x[:, 0])
        with pytest.raises(ValueError, match=rf"x has shape .*; expected {axes} with D known"):
            case.make()(keras.Input((*case.shape[:-1], None)))
        layer(x)
    with pytest.raises(ValueError, match=rf"x has shape .* 7\); expected {axes} = .* 5\)"):
        layer(tf.ones((N, *case.shape[:-1], 7)))
    with pytest.raises(TypeError, match="mask is a list; expected a tensor or a NumPy array"):
        layer(x, mask=PADDED.tolist())


@keras_rnn
def test_wrong_states_are_named(kind):
    layer, x = CASES[kind].make(), CASES[kind].inputs()
    names = ["h", "c"] if "LSTM" in kind else ["h"]
    good = [tf.ones((N, H)) for _ in names]
    with pytest.raises(ValueError, match=rf"initial_state has 3 tensors; expected {len(names)}: h"):
        layer(x, initial_state=[tf.ones((N, H))] * 3)
    with pytest.raises(ValueError, match=r"initial_state's h has shape \(1, 4\); expected"):
        layer(x, initial_state=[s[:1] for s in good])
    layer(x)
    cell = layer.cell
    with pytest.raises(ValueError, match=rf"states has 3 tensors; expected {len(names)}: h"):
        cell(x[:, 0], [tf.ones((N, H))] * 3)
    with pytest.raises(ValueError, match=r"x_t has shape \(2, 3, 5\); expected \(N, D\)"):
        cell(x, good)
    with pytest.raises(ValueError, match=r"x_t has shape \(2, 7\); expected \(N, D\) = \(2, 5\)"):
        cell(tf.ones((N, 7)), good)
    with pytest.raises(ValueError, match=r"states' h has shape \(1, 4\); expected \(N, H\)"):
        cell(x[:, 0], [s[:1] for s in good])


@pytest.mark.parametrize("kind", OTHERS)
def test_wrong_states_of_the_others_are_named(kind):
    layer, x = CASES[kind].make(), CASES[kind].inputs()
    _, state = layer(x)
    with pytest.raises(TypeError, match=r"initial_state is a list; expected (a tensor|the pair)"):
        layer(x, initial_state=[state])
    if kind in ("LRU", "DiagonalSSM"):
        with pytest.raises(TypeError, match="initial_state has dtype float32; expected complex64"):
            layer(x, initial_state=tf.math.real(state))
    with pytest.raises(ValueError, match=r"x_t has shape \(2, 3, .*\); expected \(N, "):
        layer.step(x, state)


@pytest.mark.parametrize("name", [*KERAS_RNN, *OTHERS])
def test_nan_is_refused_in_a_traced_function_too(name):
    case = CASES[name]
    layer, x = case.make(), case.inputs().numpy()
    x[1, 2] = np.nan
    traced = tf.function(layer)
    with pytest.raises(tf.errors.InvalidArgumentError, match="x has NaN or infinity; mask"):
        traced(x)
    mask = np.ones((N, T), bool)
    mask[1, 2] = False
    assert np.isfinite(first(traced(x, mask=tf.constant(mask)))).all()


def test_a_stack_names_what_it_cannot_take():
    lstm = ours.LSTM(H, return_sequences=True, return_state=True)
    with pytest.raises(TypeError, match=r"layers\[0\]\[1\] is a Dense; expected a recurrent layer"):
        ours.Stack([[lstm, keras.layers.Dense(2)]])
    with pytest.raises(ValueError, match=r"layers\[1\]\[0\] must have return_sequences=True and"):
        ours.Stack([[lstm], [ours.GRU(H)]])
    backwards = ours.GRU(H, return_sequences=True, return_state=True, go_backwards=True)
    with pytest.raises(ValueError, match=r"layers\[0\]\[0\] has go_backwards=True; expected False"):
        ours.Stack([[backwards]])
    with pytest.raises(ValueError, match=r"layers\[0\] is a LSTM; expected a list of 1 or 2"):
        ours.Stack([lstm])
    with pytest.raises(ValueError, match=r"layers\[0\] has 3 directions; expected a list of 1 or"):
        ours.Stack([[lstm, lstm, lstm]])
    with pytest.raises(ValueError, match=r"states is nested as \[1, 1\]; expected \[1\]"):
        ours.Stack([[lstm]])(CASES["LSTM"].inputs(), [[None], [None]])
    with pytest.raises(TypeError, match="states is not nested like the layers; expected lists of"):
        ours.Stack([[lstm]])(CASES["LSTM"].inputs(), [None])
    with pytest.raises(ValueError, match="layers is empty; expected at least one layer"):
        ours.Stack([])


def test_zoneout_and_variational_dropout_name_what_they_cannot_take():
    with pytest.raises(TypeError, match="cell is a LSTM; expected a cell, such as LSTMCell"):
        ours.ZoneoutCell(ours.LSTM(H))
    with pytest.raises(TypeError, match="layer is a MinGRU; expected an RNN, LSTM or Layer"):
        ours.VariationalDropout(ours.MinGRU(H))
    with pytest.raises(ValueError, match="layer has go_backwards=True; expected False"):
        ours.VariationalDropout(ours.LSTM(H, go_backwards=True))


@pytest.mark.parametrize("kind", KERAS_RNN)
def test_masked_outputs_that_are_not_zero_are_refused_by_name(kind):
    make = getattr(ours, kind)
    for zero in (False, True):
        with pytest.raises(
            ValueError, match=f"zero_output_for_mask is {zero} and return_sequences"
        ):
            make(H, return_sequences=not zero, zero_output_for_mask=zero)
        layer = make(H, return_sequences=zero, zero_output_for_mask=zero)
        assert "zero_output_for_mask" not in layer.get_config()  # so that it follows in this one:
        other = make.from_config({**layer.get_config(), "return_sequences": not zero})
        assert other.zero_output_for_mask is not zero


def test_complex_weights_are_refused():
    """NumPy would cut off the imaginary part, with a warning at most."""
    layer = ours.MinGRU(H)
    layer.build((None, None, D))
    params = layer.params()
    complex_params = params._replace(W=params.W + 1j)
    for one in (layer, ours.MinGRU(H)):
        with pytest.raises(TypeError, match="W has dtype complex64; expected float32 or float64"):
            one.load_params(complex_params)
    assert max_error(layer.params(), params) == 0


@pytest.mark.parametrize("units, error", [(0, ValueError), (2.5, TypeError)])
@pytest.mark.parametrize("kind", [*KERAS_RNN, *OTHERS])
def test_sizes_are_checked_when_a_layer_is_made(kind, units, error):
    with pytest.raises(error, match=rf"is {units}; expected a positive whole number"):
        getattr(ours, kind)(units)


def test_a_mask_of_pixels_is_refused():
    x = keras.layers.Masking()(CASES["ConvLSTM"].inputs())
    with pytest.raises(ValueError, match=r"mask has shape \(2, 3, 6, 7\); expected \(N, T\)"):
        ours.ConvLSTM(H)(x)


def test_a_convolution_needs_weights_and_finite_inputs():
    layer, x = ours.DiagonalSSM(H), CASES["DiagonalSSM"].inputs().numpy()
    with pytest.raises(ValueError, match="DiagonalSSM has no weights yet: call or build it first"):
        layer.convolve(x)
    layer(x)
    x[1, 2] = np.nan
    with pytest.raises(tf.errors.InvalidArgumentError, match="x has NaN or infinity; mask"):
        layer.convolve(x)
