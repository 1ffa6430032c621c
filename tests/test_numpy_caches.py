"""What a caller does to arrays between forward and backward changes no gradient."""

import numpy as np
import pytest
from every_layer import MODELS, NumPy, random_problem

from rnnbook.numpy import attention, crf, linear
from rnnbook.tree import leaves, tree_map

masks = pytest.mark.parametrize("masked", [False, True], ids=["whole", "masked"])


def spoil(*trees):
    """Overwrite all arrays that may be written to."""
    for array in leaves(trees):
        if isinstance(array, np.ndarray) and array.flags.writeable:
            array[...] = ~array if array.dtype == bool else 7


def assert_equal(got, expected):
    assert all(np.array_equal(a, b) for a, b in zip(leaves(got), leaves(expected), strict=True))


@masks
@pytest.mark.parametrize("name", MODELS)
def test_gradients_of_a_layer_are_those_of_its_forward_pass(name, masked):
    model, problem = MODELS[name], random_problem(MODELS[name], masked=masked)
    expected = NumPy.gradients(model, problem)
    params, x, state, mask, dy, dstate = tree_map(np.copy, problem._replace(mask=None))
    mask = None if problem.mask is None else problem.mask.copy()
    options = {} if model.activation is None else {"activation": model.activation}
    y, last, cache = model.module.forward(params, x, state, mask=mask, **options)
    spoil(x, state, [] if mask is None else mask, y, last)
    assert_equal(model.module.backward(params, cache, dy, dstate), expected)


@masks
@pytest.mark.parametrize("score", attention.SCORES)
def test_gradients_of_attention_are_those_of_its_forward_pass(score, masked):
    rng = np.random.default_rng(0)
    params = attention.init(rng, 4, 4, score=score, units=6)
    query, keys, values = (rng.standard_normal((2, n, k)) for n, k in ((3, 4), (5, 4), (5, 7)))
    mask = np.array([[1, 1, 1, 0, 0], [1, 0, 1, 1, 1]], bool) if masked else None
    context, weights, cache = attention.forward(params, query, keys, values, mask=mask)
    dcontext, dweights = rng.standard_normal(context.shape), rng.standard_normal(weights.shape)
    expected = attention.backward(params, cache, dcontext, dweights)
    *outputs, cache = attention.forward(params, query, keys, values, mask=mask)
    spoil(query, keys, values, [] if mask is None else mask, outputs)
    assert_equal(attention.backward(params, cache, dcontext, dweights), expected)


@masks
def test_gradients_of_a_crf_are_those_of_its_forward_pass(masked):
    rng = np.random.default_rng(0)
    params = crf.Params(*(rng.standard_normal(shape) for shape in ((4, 4), 4, 4)))
    emissions, tags = rng.standard_normal((2, 5, 4)), rng.integers(0, 4, (2, 5))
    mask = np.array([[1, 1, 1, 0, 0], [1, 1, 1, 1, 0]], bool) if masked else None
    _, cache = crf.forward(params, emissions, tags, mask=mask)
    expected = crf.backward(params, cache, np.array([0.5, 2.0]))
    loss, cache = crf.forward(params, emissions, tags, mask=mask)
    spoil(emissions, tags, [] if mask is None else mask, loss)
    assert_equal(crf.backward(params, cache, np.array([0.5, 2.0])), expected)


def test_gradients_of_a_linear_layer_are_those_of_its_forward_pass():
    rng = np.random.default_rng(0)
    params, x, dy = linear.init(rng, 3, 2), *(rng.standard_normal((4, k)) for k in (3, 2))
    expected = linear.backward(params, linear.forward(params, x)[1], dy)
    y, cache = linear.forward(params, x)
    spoil(x, y)
    assert_equal(linear.backward(params, cache, dy), expected)
