"""Our optimizers and losses against those of torch and Keras, in float64."""

import keras
import numpy as np
import pytest
import torch

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


def test_optimizer_errors():
    with pytest.raises(ValueError, match=r"max_norm is 0; expected a positive number"):
        optim.clip_by_global_norm([P], 0)
    with pytest.raises(ValueError, match=r"grads has norm nan; expected finite gradients"):
        optim.clip_by_global_norm([P * np.nan], 1)
    with pytest.raises(ValueError, match=r"learning_rate is -1; expected a positive number"):
        optim.sgd_step([P], [P], optim.sgd_init([P]), learning_rate=-1)
    with pytest.raises(ValueError, match=r"epsilon_at is 'here'; expected 'v_hat' or 'v'"):
        optim.adam_step([P], [P], optim.adam_init([P]), epsilon_at="here")


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


def test_cross_entropy_is_stable():
    logits = np.array([[1e4, 0.0], [-1e4, 0.0]])
    loss, dlogits = losses.softmax_cross_entropy(logits, np.array([1, 0]))
    assert loss == 1e4
    assert (dlogits == [[0.5, -0.5], [-0.5, 0.5]]).all()


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
