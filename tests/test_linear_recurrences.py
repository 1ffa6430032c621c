"""minGRU, minLSTM, LRU and diagonal state space layers: what `test_every_layer.py` does not see.

That file compares the three frameworks, outputs and all gradients, whole sequences and pieces.
"""

import numpy as np
import pytest

from rnnbook import gradcheck
from rnnbook.numpy import diagonal_ssm, lru, min_gru, min_lstm
from rnnbook.numpy.activations import sigmoid

N, T, D, H = 2, 9, 3, 4
MODULES = {"min_gru": min_gru, "min_lstm": min_lstm, "lru": lru, "diagonal_ssm": diagonal_ssm}
CLASSES = {"min_gru": "MinGRU", "min_lstm": "MinLSTM", "lru": "LRU", "diagonal_ssm": "DiagonalSSM"}
every = pytest.mark.parametrize("name", MODULES)


def case(name):
    rng = np.random.default_rng(0)
    params = MODULES[name].init(rng, D, H)
    params = type(params)(*(w + 0.1 * rng.standard_normal(w.shape) for w in params))
    x = rng.standard_normal((N, T, D))
    y, state, _ = MODULES[name].forward(params, x)
    first = rng.standard_normal(state.shape)
    if np.iscomplexobj(state):
        first = first + 1j * rng.standard_normal(state.shape)
    return params, x, first, rng.standard_normal(y.shape)


@every
def test_gradients_agree_with_central_differences(name):
    params, x, first, dy = case(name)
    module = MODULES[name]
    _, _, cache = module.forward(params, x, first)
    dparams, dx, dfirst = module.backward(params, cache, dy)
    parts = [first.real, first.imag] if np.iscomplexobj(first) else [first]

    def loss(tree):
        p, x_, *s = tree
        state = s[0] + 1j * s[1] if len(s) == 2 else s[0]
        return float((module.forward(type(params)(*p), x_, state)[0] * dy).sum())

    expected = gradcheck.central_difference(loss, [list(params), x, *parts])
    dparts = [dfirst.real, dfirst.imag] if len(parts) == 2 else [dfirst]
    assert gradcheck.max_error([list(dparams), dx, *dparts], expected) < 1e-6


@every
def test_a_traced_function_gives_the_same_outputs_and_gradients(name):
    import tensorflow as tf

    import rnnbook.tensorflow

    params, x, first, dy = case(name)
    y, last, cache = MODULES[name].forward(params, x, first)
    grads = MODULES[name].backward(params, cache, dy)
    layer = getattr(rnnbook.tensorflow, CLASSES[name])(H, dtype="float64")
    layer(x)
    layer.set_weights(params)
    call = tf.function(layer)
    inputs = [tf.Variable(v) for v in (x, first)]
    with tf.GradientTape() as tape:
        out, state = call(*(v.value() for v in inputs))
        total = tf.reduce_sum(out * dy)
    assert gradcheck.max_error([out.numpy(), state.numpy()], [y, last]) < 1e-12
    found = tape.gradient(total, [*layer.trainable_variables, *inputs])
    found = [tf.convert_to_tensor(g).numpy() for g in found]
    found = [type(params)(*found[:-2]), *found[-2:]]
    assert gradcheck.max_error(found, list(grads)) < 1e-11


@every
def test_tensorflow_with_a_batch_of_unknown_size(name):
    import tensorflow as tf

    import rnnbook.tensorflow

    params, x, _, _ = case(name)
    layer = getattr(rnnbook.tensorflow, CLASSES[name])(H, dtype="float64")
    layer(x)
    layer.set_weights(params)
    call = tf.function(layer, input_signature=[tf.TensorSpec((None, T, D), tf.float64)])
    expected, last, _ = MODULES[name].forward(params, x)
    for rows in (1, N):
        out, state = call(x[:rows])
        np.testing.assert_allclose(out, expected[:rows], atol=1e-12)
        np.testing.assert_allclose(state, last[:rows], atol=1e-12)


@every
def test_float32_stays_float32(name):
    params, x, _, _ = case(name)
    params = type(params)(*(w.astype(np.float32) for w in params))
    y, state, _ = MODULES[name].forward(params, x.astype(np.float32))
    assert y.dtype == np.float32
    assert state.dtype in (np.float32, np.complex64)


def test_min_gru_is_the_papers_with_z_the_other_way_round():
    """Equations of section 3.1.3 of the paper, step by step, where z takes the new state."""
    params, x, first, _ = case("min_gru")
    W_z, W_n = np.split(params.W, 2, axis=1)
    b_z, b_n = np.split(params.b, 2)
    h = first
    for t in range(T):
        z = sigmoid(-(x[:, t] @ W_z + b_z))
        h = (1 - z) * h + z * (x[:, t] @ W_n + b_n)
    np.testing.assert_allclose(min_gru.forward(params, x, first)[1], h, atol=1e-13)


def test_min_lstm_step_by_step():
    params, x, first, _ = case("min_lstm")
    h = first
    for t in range(T):
        a_i, a_f, n = np.split(x[:, t] @ params.W + params.b, 3, axis=-1)
        i, f = sigmoid(a_i), sigmoid(a_f)
        h = f / (f + i) * h + i / (f + i) * n
    np.testing.assert_allclose(min_lstm.forward(params, x, first)[1], h, atol=1e-13)


@pytest.mark.parametrize("kind", ["float32", "float64"])
@pytest.mark.parametrize("a_i", [-20.0, -40.0, -100.0, 40.0, 100.0])
def test_min_lstm_divides_closed_and_open_gates(kind, a_i):
    """Both gates near 0: their quotient is exp(a_f - a_i). Both near 1: one half is kept."""
    import tensorflow as tf
    import torch

    import rnnbook.tensorflow
    import rnnbook.torch

    params = min_lstm.Params(*(np.array(v, kind) for v in ([[0, 0, 1]], [a_i, a_i + 2, 0])))
    x, dhs = np.ones((1, 1, 1), kind), np.ones((1, 1, 1), kind)
    written = 1 / (1 + np.exp(2.0)) if a_i < 0 else 0.5  # 1 - k, as n = 1 and h_0 = 0
    slope = written * (1 - written) if a_i < 0 else 0  # by a_i; by -a_f as well
    hs, _, cache = min_lstm.forward(params, x)
    dparams, *_ = min_lstm.backward(params, cache, dhs)
    layer = rnnbook.torch.MinLSTM(1, 1, dtype=getattr(torch, kind)).load_params(params)
    out, _ = layer(torch.tensor(x))
    out.sum().backward()
    keras_layer = rnnbook.tensorflow.MinLSTM(1, dtype=kind)
    keras_layer(x)
    keras_layer.set_weights(params)
    with tf.GradientTape() as tape:
        keras_out, _ = keras_layer(x)
    db = tf.convert_to_tensor(tape.gradient(keras_out, keras_layer.b))
    tolerance = 1e-5 if kind == "float32" else 1e-10
    for states, gradient in (
        (hs, dparams.b),
        (out.detach().numpy(), layer.b.grad.numpy()),
        (keras_out.numpy(), db.numpy()),
    ):
        assert states.dtype == kind
        np.testing.assert_allclose(states.ravel(), [written], atol=tolerance)
        np.testing.assert_allclose(gradient, [slope, -slope, written], atol=tolerance)


def test_min_lstm_is_analytic():
    params, x, first, dy = case("min_lstm")
    params = params._replace(b=params.b + np.repeat([-40.0, -39.0, 0.0], H))  # closed gates
    _, _, cache = min_lstm.forward(params, x, first)
    dparams, dx, dfirst = min_lstm.backward(params, cache, dy)
    expected = gradcheck.complex_step(
        lambda p: (min_lstm.forward(min_lstm.Params(*p[:2]), *p[2:])[0] * dy).sum(),
        (*params, x, first),
    )
    assert gradcheck.max_error([*dparams, dx, dfirst], list(expected)) < 1e-12


def test_lru_step_by_step():
    params, x, first, _ = case("lru")
    lam, h = np.exp(-np.exp(params.nu) + 1j * np.exp(params.theta)), first
    y = np.empty_like(x)
    for t in range(T):
        h = lam * h + np.exp(params.log_gamma) * (x[:, t] @ (params.B_re + 1j * params.B_im))
        y[:, t] = (h @ (params.C_re + 1j * params.C_im)).real + params.skip * x[:, t]
    np.testing.assert_allclose(lru.forward(params, x, first)[0], y, atol=1e-12)


def test_the_ring_of_eigenvalues():
    params = lru.init(np.random.default_rng(0), 2, 4000, radius=(0.5, 0.9))
    sizes = np.abs(lru.eigenvalues(params))
    assert 0.5 <= sizes.min() < 0.52 and 0.88 < sizes.max() <= 0.9
    assert np.mean(sizes**2) == pytest.approx((0.25 + 0.81) / 2, abs=0.01)  # uniform on the area


def test_state_space_layer_against_scipys_solution_of_the_differential_equation():
    from scipy.signal import cont2discrete

    params, *_ = case("diagonal_ssm")
    A_bar, B_bar = diagonal_ssm.discretise(params)
    A = -np.exp(params.log_decay) + 1j * params.frequency
    for d, m in np.ndindex(A.shape):
        real = np.array([[A[d, m].real, -A[d, m].imag], [A[d, m].imag, A[d, m].real]])
        system = (real, np.array([[1.0], [0.0]]), np.eye(2), np.zeros((2, 1)))
        F, G, *_ = cont2discrete(system, np.exp(params.log_dt[d]), method="zoh")
        assert F[0, 0] + 1j * F[1, 0] == pytest.approx(A_bar[d, m], abs=1e-12)
        assert G[0, 0] + 1j * G[1, 0] == pytest.approx(B_bar[d, m], abs=1e-12)


def test_short_steps_lose_no_digits_in_float32():

    import rnnbook.tensorflow
    import rnnbook.torch

    params = diagonal_ssm.init(np.random.default_rng(0), D, H, dtype=np.float32)
    params = params._replace(log_dt=np.log(np.array([1e-5, 1e-3, 1e-1], np.float32)))
    wide = diagonal_ssm.Params(*(w.astype(np.float64) for w in params))
    A_bar, B_bar = diagonal_ssm.discretise(wide)
    kernel = diagonal_ssm.kernel(wide, 500)
    layer = rnnbook.torch.DiagonalSSM(D, H).load_params(params)
    keras_layer = rnnbook.tensorflow.DiagonalSSM(H)
    keras_layer.build((None, None, D))
    keras_layer.set_weights(params)
    for found, found_kernel in (
        (diagonal_ssm.discretise(params), diagonal_ssm.kernel(params, 500)),
        ([v.detach().numpy() for v in layer.discretise()], layer.kernel(500).detach().numpy()),
        ([v.numpy() for v in keras_layer.discretise()], keras_layer.kernel(500).numpy()),
    ):
        np.testing.assert_allclose(found[0], A_bar, rtol=1e-6)
        np.testing.assert_allclose(found[1], B_bar, rtol=1e-6)
        errors = np.abs(found_kernel - kernel).max(axis=0)
        assert (errors < 3e-5 * np.abs(kernel).max(axis=0)).all()


def test_recurrence_and_convolution_agree_in_three_frameworks():
    import torch

    import rnnbook.tensorflow
    import rnnbook.torch

    params, x, _, _ = case("diagonal_ssm")
    y, _, _ = diagonal_ssm.forward(params, x)
    np.testing.assert_allclose(diagonal_ssm.convolve(params, x), y, atol=1e-12)
    layer = rnnbook.torch.DiagonalSSM(D, H, dtype=torch.float64).load_params(params)
    np.testing.assert_allclose(layer.convolve(torch.tensor(x)).detach().numpy(), y, atol=1e-12)
    layer = rnnbook.tensorflow.DiagonalSSM(H, dtype="float64")
    layer(x)
    layer.set_weights(params)
    np.testing.assert_allclose(layer.convolve(x).numpy(), y, atol=1e-12)


@every
def test_errors(name):
    params, x, first, _ = case(name)
    module = MODULES[name]
    with pytest.raises(ValueError, match=r"x has shape \(2, 9\); expected \(N, T, D\)"):
        module.forward(params, x[..., 0])
    with pytest.raises(ValueError, match=r"state has shape .* expected \(N, "):
        module.forward(params, x, first[:1])
    with pytest.raises(TypeError, match="x has dtype float32; expected float64"):
        module.forward(params, x.astype(np.float32))
    spoiled = x.copy()
    spoiled[1, 2] = np.nan
    with pytest.raises(ValueError, match=r"x\[1, 2\] has NaN"):
        module.forward(params, spoiled)
    with pytest.raises(ValueError, match="is 0; expected a positive whole number"):
        module.init(np.random.default_rng(0), D, 0)


def test_radius_must_be_a_ring():
    with pytest.raises(ValueError, match=r"radius is \(0.9, 1.0\); expected two increasing"):
        lru.init(np.random.default_rng(0), 2, 3, radius=(0.9, 1.0))
