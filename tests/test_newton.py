"""Newton's iterations give the states of the loop, and say where they don't."""

import numpy as np
import pytest
import torch

from rnnbook.gradcheck import max_error
from rnnbook.numpy import gru, newton
from rnnbook.numpy.newton import matrix_scan, states, tangent
from rnnbook.torch import GRU
from rnnbook.torch import newton as in_torch

N, T, D, H = 2, 50, 3, 5
both = pytest.mark.parametrize("jacobian", newton.JACOBIANS)


def problem(gain=1.0, seed=0, steps=T):
    """Weights with nothing zero, inputs and a first state; `gain` scales W_h."""
    rng = np.random.default_rng(seed)
    params = gru.init(rng, D, H)
    params = gru.Params(*(w + 0.1 * rng.standard_normal(w.shape) for w in params))
    params = params._replace(W_h=gain * params.W_h)
    return params, rng.standard_normal((N, steps, D)), rng.standard_normal((N, H))


def layer_of(params):
    return GRU(D, H, dtype=torch.float64).load_params(params)


@both
def test_the_states_are_those_of_the_loop(jacobian):
    params, x, h_0 = problem()
    expected, *_ = gru.forward(params, x, h_0)
    found = states(params, x, h_0, jacobian=jacobian)
    assert found.converged and found.errors[-1] <= 1e-10
    assert max_error(found.hs, expected) < 1e-9
    in_frame = in_torch.states(
        layer_of(params), torch.tensor(x), torch.tensor(h_0), jacobian=jacobian
    )
    assert in_frame.converged and len(in_frame.errors) == len(found.errors)
    assert max_error(in_frame.hs.detach().numpy(), expected) < 1e-9


def test_the_jacobian_is_that_of_a_step():
    params, x, h_0 = problem()
    f, J = tangent(params, gru._input_product(params, x[:, :1]), h_0[:, None])
    for i in range(H):
        moved = h_0.astype(complex)
        moved[:, i] += 1e-30j
        wide = gru.Params(*(w.astype(complex) for w in params))
        column = gru.step(wide, x[:, 0].astype(complex), moved).imag / 1e-30
        np.testing.assert_allclose(J[:, 0, i], column, atol=1e-14)
    np.testing.assert_allclose(f[:, 0], gru.step(params, x[:, 0], h_0), atol=1e-14)
    _, diagonal = tangent(params, gru._input_product(params, x[:, :1]), h_0[:, None], "diagonal")
    np.testing.assert_allclose(diagonal, np.diagonal(J, axis1=2, axis2=3), atol=1e-14)
    for kind in newton.JACOBIANS:
        ours = tangent(params, gru._input_product(params, x), x[..., :1] + np.zeros(H), kind)
        a_x, h = (torch.tensor(v) for v in (gru._input_product(params, x), x[..., :1]))
        found = in_torch.tangent(layer_of(params), a_x, h + torch.zeros(H), kind)
        assert max_error([v.detach().numpy() for v in found], list(ours)) < 1e-13


def test_the_error_is_squared_from_one_iteration_to_the_next():
    params, x, h_0 = problem()
    errors = states(params, x, h_0).errors
    late = errors[(errors < 0.1) & (errors > 1e-7)]
    assert len(late) >= 2
    assert (errors[1:][np.isin(errors[:-1], late)] < 10 * late**2).all()


@both
def test_after_k_iterations_the_first_k_states_are_exact(jacobian):
    params, x, h_0 = problem(gain=4.0)
    expected, *_ = gru.forward(params, x, h_0)
    for k in (1, 2, 5, 12):
        found = states(params, x, h_0, jacobian=jacobian, max_iterations=k)
        assert max_error(found.hs[:, :k], expected[:, :k]) < 1e-10


@both
def test_what_has_not_converged_is_said(jacobian):
    params, x, h_0 = problem()
    found = states(params, x, h_0, jacobian=jacobian, max_iterations=2)
    assert not found.converged and len(found.errors) == 3 and found.errors[-1] > 1e-10
    found = in_torch.states(
        layer_of(params), torch.tensor(x), torch.tensor(h_0), jacobian=jacobian, max_iterations=2
    )
    assert not found.converged and len(found.errors) == 3


def test_where_small_differences_grow_it_takes_many_iterations_and_nothing_overflows():
    params, x, _ = problem(gain=12.0, steps=300)
    calm = problem(steps=300)
    few, many = (states(p, x, max_iterations=301) for p in (calm[0], params))
    assert few.converged and len(few.errors) < 15
    assert len(many.errors) > 30 and np.isfinite(many.hs).all() and np.isfinite(many.errors).all()


@both
@pytest.mark.parametrize("gain", [4.0, 8.0])
def test_a_wild_network_neither_overflows_nor_warns(gain, jacobian):
    rng = np.random.default_rng(0)
    params = gru.init(rng, 4, 16)
    params = params._replace(W_h=gain * params.W_h)
    x, h_0 = rng.standard_normal((1, 200, 4)), np.full((1, 16), 3.0)
    found = states(params, x, h_0, jacobian=jacobian, max_iterations=20)
    assert np.isfinite(found.errors).all() and np.abs(found.hs).max() <= 3
    layer = GRU(4, 16, dtype=torch.float64).load_params(params)
    in_frame = in_torch.states(
        layer, torch.tensor(x), torch.tensor(h_0), jacobian=jacobian, max_iterations=20
    )
    np.testing.assert_allclose(in_frame.errors[:4], found.errors[:4], rtol=1e-6)


def test_a_good_guess_saves_iterations():
    params, x, h_0 = problem()
    expected, *_ = gru.forward(params, x, h_0)
    assert len(states(params, x, h_0, guess=expected).errors) == 1
    near = expected + 1e-4
    assert len(states(params, x, h_0, guess=near).errors) < len(states(params, x, h_0).errors)
    found = in_torch.states(
        layer_of(params), *(torch.tensor(v) for v in (x, h_0)), guess=torch.tensor(expected)
    )
    assert len(found.errors) == 1


@pytest.mark.parametrize("chunk", [None, 1, 3, 100])
def test_the_scan_of_matrices_is_the_loop(chunk):
    rng = np.random.default_rng(0)
    J, b, h_0 = rng.standard_normal((N, 11, H, H)), rng.standard_normal((N, 11, H)), np.ones((N, H))
    h, expected = h_0, []
    for t in range(11):
        h = np.einsum("ni,nij->nj", h, J[:, t]) + b[:, t]
        expected.append(h)
    expected = np.stack(expected, axis=1)
    scale = np.abs(expected).max()
    assert max_error(matrix_scan(J, b, h_0, chunk=chunk) / scale, expected / scale) < 1e-13
    found = in_torch.matrix_scan(*(torch.tensor(v) for v in (J, b, h_0)), chunk=chunk)
    assert max_error(found.numpy() / scale, expected / scale) < 1e-13


@both
def test_gradients_in_torch_are_those_of_the_loop(jacobian):
    params, x, h_0 = problem()
    layer = layer_of(params)
    given = [torch.tensor(v, requires_grad=True) for v in (x, h_0)]
    inputs = [*layer.parameters(), *given]
    weight = torch.randn(N, T, H, dtype=torch.float64, generator=torch.manual_seed(0))
    expected = torch.autograd.grad((layer(*given)[0] * weight).sum(), inputs)
    found = in_torch.states(layer, *given, jacobian=jacobian)
    found = torch.autograd.grad((found.hs * weight).sum(), inputs)
    assert max_error([v.numpy() for v in found], [v.numpy() for v in expected]) < 1e-8


def test_errors():
    params, x, h_0 = problem()
    before = gru.init(np.random.default_rng(0), D, H, reset="before")
    with pytest.raises(TypeError, match=r"params is a gru.BeforeParams; expected gru.Params"):
        states(before, x)
    with pytest.raises(TypeError, match=r'GRU with reset="before"; expected a GRU of rnnbook'):
        in_torch.states(GRU(D, H, reset="before"), torch.tensor(x))
    with pytest.raises(TypeError, match=r"layer is a Linear; expected a GRU of rnnbook.torch"):
        in_torch.states(torch.nn.Linear(D, H), torch.tensor(x))
    for call in (
        lambda **o: states(params, x, h_0, **o),
        lambda **o: in_torch.states(layer_of(params), torch.tensor(x), **o),
    ):
        with pytest.raises(ValueError, match="jacobian is 'none'; expected 'full' or 'diagonal'"):
            call(jacobian="none")
        with pytest.raises(ValueError, match="max_iterations is 0; expected a positive whole"):
            call(max_iterations=0)
        with pytest.raises(ValueError, match="tolerance is 0; expected a positive number"):
            call(tolerance=0)
    with pytest.raises(ValueError, match=r"guess has shape .*expected \(N, T, H\) = \(2, 50, 5\)"):
        states(params, x, guess=np.zeros((N, T, 3)))
    with pytest.raises(ValueError, match=r"x has shape .*expected \(N, T, D\)"):
        states(params, x[..., :2])
    with pytest.raises(ValueError, match=r"J has shape .*expected \(N, T, H, H\)"):
        matrix_scan(np.ones((2, 3, 4)), np.ones((2, 3, 4)), np.ones((2, 4)))
