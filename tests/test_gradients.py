"""Hand-derived gradients against the complex step: exact to rounding, no framework involved."""

import numpy as np
import pytest
from cells import CELLS, random_problem, run_numpy

from rnnbook import gradcheck
from rnnbook.numpy import linear, losses, stack
from rnnbook.tree import leaves


def loss(problem, layers, x, states):
    hs, last, _ = stack.forward(
        layers, x, states, mask=problem.mask, activation=problem.cell.activation
    )
    total = (hs * problem.dhs).sum()
    return total + sum(
        (s * ds).sum() for s, ds in zip(leaves(last), leaves(problem.dstates), strict=True)
    )


@pytest.mark.parametrize("num_layers, directions", [(1, 1), (2, 2)])
@pytest.mark.parametrize("mask", [None, "any"])
@pytest.mark.parametrize("name", CELLS)
def test_every_gradient(name, mask, num_layers, directions):
    problem = random_problem(name, num_layers=num_layers, directions=directions, mask=mask)
    result = run_numpy(problem)
    x = np.nan_to_num(problem.x)
    expected = gradcheck.complex_step(
        lambda inputs: loss(problem, *inputs), (problem.layers, x, problem.states)
    )
    assert gradcheck.max_error((result.dlayers, result.dx, result.dstates_0), expected) < 1e-12


@pytest.mark.parametrize("name", CELLS)
def test_loss_of_the_last_state_only(name):
    problem = random_problem(name)
    problem = problem._replace(dhs=np.zeros_like(problem.dhs))
    _, _, cache = stack.forward(
        problem.layers, problem.x, problem.states, activation=problem.cell.activation
    )
    without = stack.backward(problem.layers, cache, None, problem.dstates)
    assert gradcheck.max_error(without, run_numpy(problem)[2:]) == 0


def test_masked_steps_have_zero_output_and_input_gradient():
    result = run_numpy(problem := random_problem("lstm", num_layers=2, directions=2, mask="any"))
    assert (result.hs[~problem.mask] == 0).all()
    assert (result.dx[~problem.mask] == 0).all()
    assert (result.dx[problem.mask] != 0).all()


def test_linear_head():
    rng = np.random.default_rng(0)
    params = linear.Params(rng.standard_normal((4, 3)), rng.standard_normal(3))
    x, dy = rng.standard_normal((2, 5, 4)), rng.standard_normal((2, 5, 3))
    _, cache = linear.forward(params, x)
    expected = gradcheck.complex_step(lambda a: (linear.forward(*a)[0] * dy).sum(), (params, x))
    assert gradcheck.max_error(linear.backward(params, cache, dy), expected) < 1e-13


@pytest.mark.parametrize("masked", [False, True])
def test_losses(masked):
    rng = np.random.default_rng(0)
    y_hat, y = rng.standard_normal((2, 2, 5, 3))
    targets = rng.integers(0, 3, (2, 5))
    mask = rng.random((2, 5)) < 0.6 if masked else None

    _, dy = losses.mean_squared_error(y_hat, y, mask=mask)
    expected = gradcheck.complex_step(
        lambda v: losses.mean_squared_error(v, y.astype(complex), mask=mask)[0], y_hat
    )
    assert gradcheck.max_error(dy, expected) < 1e-14
    _, dlogits = losses.softmax_cross_entropy(y_hat, targets, mask=mask)
    expected = gradcheck.complex_step(
        lambda v: losses.softmax_cross_entropy(v, targets, mask=mask)[0], y_hat
    )
    assert gradcheck.max_error(dlogits, expected) < 1e-14
