"""NumPy, torch.nn, Keras and our own torch and TensorFlow layers compute the same numbers.

Outputs, last states, and the gradients of every weight, of x and of the first states.
"""

import pytest
import references
from cells import CELLS, IN_KERAS, IN_TORCH_NN, random_problem, run_numpy

from rnnbook.gradcheck import max_error
from rnnbook.tree import leaves

SHAPES = [(1, 1), (2, 1), (1, 2), (2, 2)]


def assert_equal(problem, run, tolerance):
    expected, got = run_numpy(problem), run(problem)
    for name, a, b in zip(expected._fields, got, expected, strict=True):
        assert max_error(leaves(a), leaves(b)) < tolerance, name


@pytest.mark.parametrize("num_layers, directions", SHAPES)
@pytest.mark.parametrize("mask", [None, "lengths"])
@pytest.mark.parametrize("name", IN_TORCH_NN)
def test_torch_nn(name, mask, num_layers, directions):
    problem = random_problem(name, num_layers=num_layers, directions=directions, mask=mask)
    assert_equal(problem, references.run_torch_nn, 1e-10)


@pytest.mark.parametrize("num_layers, directions", SHAPES)
@pytest.mark.parametrize("mask", [None, "lengths", "any"])
@pytest.mark.parametrize("name", IN_KERAS)
def test_keras(name, mask, num_layers, directions):
    problem = random_problem(name, num_layers=num_layers, directions=directions, mask=mask)
    assert_equal(problem, references.run_keras, 1e-10)


@pytest.mark.parametrize("num_layers, directions", SHAPES)
@pytest.mark.parametrize("mask", [None, "lengths", "any"])
@pytest.mark.parametrize("name", CELLS)
@pytest.mark.parametrize("run", [references.run_rnnbook_torch, references.run_rnnbook_tensorflow])
def test_rnnbook(run, name, mask, num_layers, directions):
    problem = random_problem(name, num_layers=num_layers, directions=directions, mask=mask)
    assert_equal(problem, run, 1e-10)


@pytest.mark.parametrize("name", ["rnn-tanh", "lstm", "gru-after"])
@pytest.mark.parametrize(
    "run",
    [
        references.run_torch_nn,
        references.run_keras,
        references.run_rnnbook_torch,
        references.run_rnnbook_tensorflow,
    ],
)
def test_float32(run, name):
    problem = random_problem(name, num_layers=2, directions=2, mask="lengths", dtype="float32")
    result = run(problem)
    assert {leaf.dtype.name for leaf in leaves(result)} == {"float32"}
    assert {leaf.dtype.name for leaf in leaves(run_numpy(problem))} == {"float32"}
    assert_equal(problem, run, 1e-5)


@pytest.mark.gpu
@pytest.mark.parametrize("name", CELLS)
def test_rnnbook_torch_on_gpu(name):
    problem = random_problem(name, num_layers=2, directions=2, mask="any")
    assert_equal(problem, lambda p: references.run_rnnbook_torch(p, device="cuda"), 1e-10)
