"""Our optimizers and losses against those of torch and Keras, in float64."""

import keras
import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from rnnbook.gradcheck import max_error
from rnnbook.numpy import losses, optim

P = np.random.default_rng(0).standard_normal((4, 3))
GRADS = np.random.default_rng(1).standard_normal((20, 4, 3))


def run_numpy(init, step, **options):
    params, state = [P], init([P])
    for g in GRADS:
        params, state = step(params, [g], state, **options)
    return params[0]


def run_torch(make):
    p = torch.tensor(P, requires_grad=True)
    optimizer = make([p])
    for g in GRADS:
        p.grad = torch.tensor(g)
        optimizer.step()
    return p.detach().numpy()


def run_keras(optimizer):
    p = keras.Variable(P, dtype="float64")
    for g in GRADS:
        optimizer.apply([keras.ops.convert_to_tensor(g)], [p])
    return np.asarray(p)


@pytest.fixture
def float64():
    """Keras keeps its learning rate in the default float type."""
    keras.config.set_floatx("float64")
    yield
    keras.config.set_floatx("float32")


# Keras casts its Python-float settings to float32 on the way to float64, so 0.9 becomes
# 0.89999998. These settings are sums of few powers of two, which no cast changes.
MOMENTUM, BETA_1, BETA_2 = 7 / 8, 7 / 8, 1 - 2**-10


@pytest.mark.parametrize("momentum", [0.0, MOMENTUM])
def test_sgd(momentum, float64):
    ours = run_numpy(optim.sgd_init, optim.sgd_step, learning_rate=0.1, momentum=momentum)
    assert max_error(ours, run_torch(lambda p: torch.optim.SGD(p, 0.1, momentum=momentum))) < 1e-14
    assert max_error(ours, run_keras(keras.optimizers.SGD(0.1, momentum=momentum))) < 1e-14


def test_adam_has_two_forms(float64):
    betas = {"beta_1": BETA_1, "beta_2": BETA_2}
    settings = {"learning_rate": 0.01, "epsilon": 1e-3, **betas}  # large: shows where it stands
    v_hat = run_numpy(optim.adam_init, optim.adam_step, **settings)
    v = run_numpy(optim.adam_init, optim.adam_step, epsilon_at="v", **settings)
    assert (
        max_error(v_hat, run_torch(lambda p: torch.optim.Adam(p, 0.01, (BETA_1, BETA_2), 1e-3)))
        < 1e-14
    )
    assert max_error(v, run_keras(keras.optimizers.Adam(0.01, epsilon=1e-3, **betas))) < 1e-13
    assert max_error(v, v_hat) > 1e-4


@settings(max_examples=40, deadline=None, derandomize=True)
@given(
    seed=st.integers(0, 2**32 - 1),
    sizes=st.tuples(st.integers(1, 4), st.integers(1, 5)),
    scale=st.sampled_from([1e-6, 1e-2, 1.0, 1e4]),
    learning_rate=st.floats(1e-4, 0.5),
    beta_1=st.floats(0.0, 0.99),
    beta_2=st.floats(0.5, 0.9999),
    epsilon=st.sampled_from([1e-10, 1e-8, 1e-3]),
)
def test_adam_is_that_of_torch_for_any_settings(
    seed, sizes, scale, learning_rate, beta_1, beta_2, epsilon
):
    rng, (a, b) = np.random.default_rng(seed), sizes
    params = {"W": rng.standard_normal((a, b)), "b": rng.standard_normal(b), "s": rng.normal(3)}
    params["s"] = np.array(params["s"])
    weights = {name: torch.tensor(p, requires_grad=True) for name, p in params.items()}
    theirs = torch.optim.Adam(weights.values(), learning_rate, (beta_1, beta_2), epsilon)
    state = optim.adam_init(params)
    settings = {"learning_rate": learning_rate, "epsilon": epsilon}
    for _ in range(20):
        grads = {name: scale * rng.standard_normal(p.shape) for name, p in params.items()}
        for name, weight in weights.items():
            weight.grad = torch.tensor(grads[name])
        theirs.step()
        params, state = optim.adam_step(
            params, grads, state, beta_1=beta_1, beta_2=beta_2, **settings
        )
    assert max_error(params, {name: w.detach().numpy() for name, w in weights.items()}) < 1e-12
    assert state.step == 20


def test_clip_by_global_norm():
    grads = [GRADS[0], GRADS[1]]
    weights = [torch.tensor(g) for g in grads]
    for w, g in zip(weights, grads, strict=True):
        w.grad = torch.tensor(g)
    total = torch.nn.utils.clip_grad_norm_(weights, 1.5)
    clipped, norm = optim.clip_by_global_norm(grads, 1.5)
    assert norm == pytest.approx(float(total), rel=1e-14)
    assert max_error(clipped, [w.grad.numpy() for w in weights]) < 1e-5  # torch adds 1e-6
    joint = np.sqrt(sum((g**2).sum() for g in clipped))
    assert joint == pytest.approx(1.5, rel=1e-14)
    unchanged, _ = optim.clip_by_global_norm(grads, 1e6)
    assert max_error(unchanged, grads) == 0
    zeros, norm = optim.clip_by_global_norm([np.zeros(2)], 1.0)
    assert norm == 0 and not zeros[0].any()


def test_clipping_names_what_is_not_finite():
    grads = {"W": np.ones((4, 3)), "b": np.array([1.0, np.inf])}
    with pytest.raises(ValueError, match=r"grads\['b'\]\[1\] is inf; expected finite numbers"):
        optim.clip_by_global_norm(grads, 1)
    grads["W"][2, 1] = np.nan
    with pytest.raises(ValueError, match=r"grads\['W'\]\[2, 1\] is nan; expected finite"):
        optim.clip_by_global_norm(grads, 1)


@pytest.mark.parametrize(("dtype", "size"), [("float64", 1e200), ("float32", 1e25)])
def test_gradients_whose_squares_overflow_are_clipped(dtype, size):
    grads = [np.array([3 * size, 0], dtype), np.array([[-4 * size]], dtype)]
    clipped, norm = optim.clip_by_global_norm(grads, 2.0)
    assert norm == pytest.approx(5 * size, rel=1e-6)
    assert max_error(clipped, [np.array([1.2, 0]), np.array([[-1.6]])]) < 1e-6
    assert clipped[0].dtype == dtype
    with pytest.raises(ValueError, match="grads has a norm beyond the largest float64"):
        optim.clip_by_global_norm([np.full(500, 1.7e307)], 1.0)


def test_gradients_of_any_precision_and_plain_numbers_are_clipped():
    grads = [np.ones(70_000, np.float16), np.full((2, 3), 2.0, np.float32)]
    clipped, norm = optim.clip_by_global_norm(grads, 1.0)
    assert norm == pytest.approx(np.sqrt(70_024), rel=1e-14)
    assert [g.dtype for g in clipped] == [np.float16, np.float32]
    assert max_error(clipped, [np.full(70_000, 1 / norm), np.full((2, 3), 2 / norm)]) < 1e-5
    clipped, norm = optim.clip_by_global_norm({"w": 3.0, "b": [4.0]}, 1.0)
    assert norm == 5 and max_error(clipped, {"w": 0.6, "b": [0.8]}) < 1e-15
    clipped, norm = optim.clip_by_global_norm([3e200, -4e200], 1.0)
    assert norm == pytest.approx(5e200) and max_error(clipped, [0.6, -0.8]) < 1e-15


@pytest.mark.parametrize(("dtype", "size", "rtol"), [("f2", 6e4, 1e-3), ("f4", 3e38, 1e-6)])
def test_a_factor_too_small_for_the_dtype_still_scales(dtype, size, rtol):
    (clipped,), _ = optim.clip_by_global_norm([np.full(3, size, dtype)], 1e-3)
    assert clipped.dtype == dtype
    assert np.allclose(clipped.astype(float), 1e-3 / np.sqrt(3), rtol=rtol, atol=0)


def test_optimizers_keep_the_dtype_of_the_parameters():
    p, g = P.astype("float32"), GRADS[0].astype("float32")
    clipped, _ = optim.clip_by_global_norm([g], np.float64(0.5))
    by_sgd, velocity = optim.sgd_step(
        [p], [g], optim.sgd_init([p]), learning_rate=np.float64(0.1), momentum=np.float64(0.5)
    )
    by_adam, state = optim.adam_step(
        [p], [g], optim.adam_init([p]), learning_rate=np.float64(0.1), beta_1=np.float64(0.5)
    )
    for tree in (clipped, by_sgd, velocity, by_adam, state.m, state.v):
        assert tree[0].dtype == np.float32
    wide, _ = optim.sgd_step([P], [g], optim.sgd_init([P]), learning_rate=0.1)
    assert wide[0].dtype == np.float64  # narrow gradients of wide parameters are fine


STEPS = {
    "sgd": lambda p, g, **o: optim.sgd_step(p, g, optim.sgd_init(p), learning_rate=0.1, **o),
    "adam": lambda p, g, **o: optim.adam_step(p, g, optim.adam_init(p), **o),
}


@pytest.mark.parametrize("step", STEPS.values(), ids=STEPS)
@pytest.mark.parametrize(
    ("params", "grads", "kind", "message"),
    [
        ([P], P, TypeError, r"grads is one array or number .*; expected a list of 1, as params is"),
        ((P, P), np.stack([P, P]), TypeError, "grads is one array"),
        ([P, P], [P], ValueError, "grads has 1 entries; expected 2, as params has"),
        ({"W": P}, {"V": P}, ValueError, r"grads has \['V'\]; expected \['W'\], as params has"),
        ([P], [P[0]], ValueError, r"grads\[0\] has shape \(3,\); expected \(4, 3\), that of par"),
        ([P], [None], ValueError, r"grads\[0\] has shape \(\); expected \(4, 3\)"),
        ([1.0], [None], TypeError, r"grads\[0\] is None; expected an array of float32 or"),
        ([P], [P + 0j], TypeError, r"grads\[0\] is a ndarray of dtype complex128; expected an"),
        ([P.astype("f4")], [P], TypeError, r"grads\[0\] has dtype float64; expected float32, that"),
        ([P.astype(int)], [P], TypeError, r"params\[0\] is a ndarray of dtype int64; expected an"),
    ],
)
def test_gradients_that_do_not_fit_are_named(step, params, grads, kind, message):
    with pytest.raises(kind, match=message):
        step(params, grads)


def test_optimizer_errors():
    with pytest.raises(ValueError, match=r"max_norm is 0; expected a positive number"):
        optim.clip_by_global_norm([P], 0)
    with pytest.raises(TypeError, match=r"grads\[0\] is a ndarray of dtype complex128; expected"):
        optim.clip_by_global_norm([P + 1j], 1)
    with pytest.raises(ValueError, match=r"learning_rate is -1; expected a positive number"):
        optim.sgd_step([P], [P], optim.sgd_init([P]), learning_rate=-1)
    with pytest.raises(ValueError, match=r"momentum is 1; expected a number from 0 to below 1"):
        optim.sgd_step([P], [P], optim.sgd_init([P]), learning_rate=1, momentum=1)
    with pytest.raises(ValueError, match=r"velocity\[0\] has shape \(3,\); expected \(4, 3\)"):
        optim.sgd_step([P], [P], [P[0]], learning_rate=1)
    with pytest.raises(ValueError, match=r"epsilon_at is 'here'; expected 'v_hat' or 'v'"):
        optim.adam_step([P], [P], optim.adam_init([P]), epsilon_at="here")
    with pytest.raises(ValueError, match=r"beta_2 is 1.5; expected a number from 0 to below 1"):
        optim.adam_step([P], [P], optim.adam_init([P]), beta_2=1.5)
    with pytest.raises(ValueError, match=r"epsilon is 0; expected a positive number"):
        optim.adam_step([P], [P], optim.adam_init([P]), epsilon=0)
    with pytest.raises(TypeError, match=r"state is a list; expected what adam_init returns"):
        optim.adam_step([P], [P], [P])
    with pytest.raises(ValueError, match=r"state.m has 2 entries; expected 1, as params has"):
        optim.adam_step([P], [P], optim.adam_init([P, P]))


@pytest.mark.parametrize("masked", [False, True])
def test_losses_against_torch(masked):
    rng = np.random.default_rng(0)
    logits, y = rng.standard_normal((2, 2, 5, 3))
    targets = rng.integers(0, 3, (2, 5))
    mask = rng.random((2, 5)) < 0.6 if masked else np.ones((2, 5), bool)
    counted = torch.tensor(mask)
    expected = torch.nn.functional.cross_entropy(
        torch.tensor(logits)[counted], torch.tensor(targets)[counted]
    )
    logits[~mask] = np.nan
    loss, dlogits = losses.softmax_cross_entropy(logits, targets, mask=mask)
    assert loss == pytest.approx(float(expected), rel=1e-14)
    assert (dlogits[~mask] == 0).all()
    expected = torch.nn.functional.mse_loss(torch.tensor(logits)[counted], torch.tensor(y)[counted])
    loss, dy = losses.mean_squared_error(logits, y, mask=mask)
    assert loss == pytest.approx(float(expected), rel=1e-14)
    assert (dy[~mask] == 0).all()


def test_a_mean_over_more_positions_than_the_largest_float16():
    y_hat, y = np.full((70_000, 1), 1.5, np.float16), np.ones((70_000, 1), np.float16)
    loss, dy_hat = losses.mean_squared_error(y_hat, y)
    assert loss == pytest.approx(0.25, rel=1e-6) and dy_hat.dtype == np.float16
    assert np.allclose(dy_hat, 1 / 70_000, rtol=0.01, atol=0)
    logits = np.repeat(np.array([[3.0, 0.5, 1.0]], np.float16), 70_000, axis=0)
    exact, dexact = losses.softmax_cross_entropy(logits[:1].astype(float), np.array([1]))
    loss, dlogits = losses.softmax_cross_entropy(logits, np.ones(70_000, int))
    assert loss == pytest.approx(float(exact), rel=1e-5) and dlogits.dtype == np.float16
    assert np.allclose(dlogits.sum(axis=0, dtype=float), dexact[0], rtol=0.02)


def test_cross_entropy_is_stable():
    logits = np.array([[1e4, 0.0], [-1e4, 0.0]])
    loss, dlogits = losses.softmax_cross_entropy(logits, np.array([1, 0]))
    assert loss == 1e4
    assert (dlogits == [[0.5, -0.5], [-0.5, 0.5]]).all()


def test_a_forbidden_class_costs_nothing_unless_it_is_the_target():
    logits, targets = np.array([[0.5, -np.inf, 1.5], [2.0, 1.0, 0.0]]), np.array([2, 0])
    loss, dlogits = losses.softmax_cross_entropy(logits, targets)
    expected = torch.nn.functional.cross_entropy(torch.tensor(logits), torch.tensor(targets))
    assert loss == pytest.approx(float(expected), rel=1e-14)
    assert dlogits[0, 1] == 0 and np.isfinite(dlogits).all()
    loss, dlogits = losses.softmax_cross_entropy(logits, np.array([1, 0]))
    assert loss == np.inf and dlogits[0, 1] == -0.5


def test_what_a_mask_hides_may_be_anything():
    mask = np.array([True, False])
    y = np.array([[1.0, 2.0, 4.0], [np.inf, np.nan, 1.0]])
    loss, dy = losses.mean_squared_error(y, np.where(np.isnan(y), np.inf, y) + 0.5, mask=mask)
    assert loss == 0.25 and (dy[1] == 0).all()
    loss, dlogits = losses.softmax_cross_entropy(y, np.array([2, -100]), mask=mask)
    expected = torch.nn.functional.cross_entropy(torch.tensor(y), torch.tensor([2, -100]))
    assert loss == pytest.approx(float(expected), rel=1e-14)
    assert (dlogits[1] == 0).all()


def test_loss_errors():
    y = np.zeros((2, 3))
    with pytest.raises(ValueError, match=r"y has shape \(2, 2\); expected .* = \(2, 3\)"):
        losses.mean_squared_error(y, y[:, :2])
    with pytest.raises(ValueError, match=r"mask leaves no position"):
        losses.mean_squared_error(y, y, mask=np.zeros(2, bool))
    with pytest.raises(TypeError, match=r"mask has type float64; expected bool"):
        losses.mean_squared_error(y, y, mask=np.ones(2))
    with pytest.raises(TypeError, match=r"targets has dtype float64; expected whole numbers"):
        losses.softmax_cross_entropy(y, y[:, 0])
    with pytest.raises(ValueError, match=r"targets go from 0 to 3; expected \[0, K\) = \[0, 3\)"):
        losses.softmax_cross_entropy(y, np.array([0, 3]))
    with pytest.raises(ValueError, match=r"targets has shape \(3,\)"):
        losses.softmax_cross_entropy(y, np.array([0, 1, 2]))
    with pytest.raises(ValueError, match=r"targets go from -1 to 2; .* a mask where there is no"):
        losses.softmax_cross_entropy(y, np.array([2, -1]))


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_losses_name_what_is_not_finite(bad):
    y, spoiled, targets = np.zeros((2, 3)), np.zeros((2, 3)), np.array([0, 2])
    spoiled[1, 2] = bad
    mask = np.array([False, True])
    for options in ({}, {"mask": mask}):
        with pytest.raises(ValueError, match=rf"logits\[1, 2\] is {bad}; expected a finite number"):
            losses.softmax_cross_entropy(spoiled, targets, **options)
        with pytest.raises(ValueError, match=rf"y_hat\[1, 2\] is {bad}; expected a finite number"):
            losses.mean_squared_error(spoiled, y, **options)
        with pytest.raises(ValueError, match=rf"y\[1, 2\] is {bad}; expected .* mask the position"):
            losses.mean_squared_error(y, spoiled, **options)
    with pytest.raises(ValueError, match=r"logits\[1\] is -inf for all classes"):
        losses.softmax_cross_entropy(np.array([[0, 1], [-np.inf] * 2]), np.array([0, 1]))


def test_losses_refuse_other_types_and_empty_arrays():
    y, targets = np.zeros((2, 3)), np.array([0, 2])
    with pytest.raises(TypeError, match="y_hat has dtype int64; expected float32 or float64"):
        losses.mean_squared_error(np.ones((2, 3), int), y)  # the gradient would be rounded
    with pytest.raises(TypeError, match="logits has dtype int64; expected float32 or float64"):
        losses.softmax_cross_entropy(np.ones((2, 3), int), targets)
    with pytest.raises(TypeError, match="targets is a list; expected a NumPy array"):
        losses.softmax_cross_entropy(y, [0, 2])
    with pytest.raises(TypeError, match="mask has type list; expected bool"):
        losses.mean_squared_error(y, y, mask=[True, False])
    with pytest.raises(ValueError, match=r"y_hat has shape \(0, 3\); a mean over nothing is not"):
        losses.mean_squared_error(y[:0], y[:0])
    with pytest.raises(ValueError, match=r"logits has shape \(2, 0\); a mean over nothing is not"):
        losses.softmax_cross_entropy(y[:, :0], targets)
    with pytest.raises(ValueError, match=r"logits has shape \(\); expected \(..., K\)"):
        losses.softmax_cross_entropy(y[0, 0, None].reshape(()), targets)
