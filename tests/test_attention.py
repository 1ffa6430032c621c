"""Attention: against loops, against the complex step, between the frameworks."""

import numpy as np
import pytest
import tensorflow as tf
import torch

import rnnbook.tensorflow.attention
import rnnbook.torch.attention
from rnnbook.gradcheck import complex_step, max_error
from rnnbook.numpy import attention

N, S, T, Q, K, V, A = 3, 4, 5, 2, 6, 7, 8
SCORES = ("additive", "general", "dot")
# The last sequence has nothing to look at; the first has gaps.
MASK = np.array([[1, 0, 1, 1, 0], [1, 1, 1, 1, 1], [0, 0, 0, 0, 0]], bool)
every_score = pytest.mark.parametrize("score", SCORES)
every_mask = pytest.mark.parametrize("mask", [None, MASK], ids=["no mask", "mask"])


def problem(score, mask=None, seed=0):
    """Parameters and inputs of which all sizes differ (but Q = K for a dot product)."""
    rng = np.random.default_rng(seed)
    q = K if score == "dot" else Q
    params = attention.init(rng, q, K, score=score, units=A)
    params = type(params)(*(rng.standard_normal(w.shape) for w in params))
    query, keys, values = (
        rng.standard_normal(shape) for shape in ((N, S, q), (N, T, K), (N, T, V))
    )
    if mask is not None:
        keys[~mask], values[~mask] = np.nan, np.inf
    return params, query, keys, values


def gradients_at_the_end(seed=9):
    rng = np.random.default_rng(seed)
    return rng.standard_normal((N, S, V)), rng.standard_normal((N, S, T))


def by_loops(score, params, query, keys, values, mask):
    """One query, one key, one number at a time, with math written out."""
    context, weights = np.zeros((N, S, V)), np.zeros((N, S, T))
    for n in range(N):
        places = [t for t in range(T) if mask is None or mask[n, t]]
        for s in range(S):
            found = {}
            for t in places:
                q, k = query[n, s], keys[n, t]
                if score == "additive":
                    found[t] = sum(params.v * np.tanh(params.W_q.T @ q + params.W_k.T @ k))
                elif score == "general":
                    found[t] = sum(q[i] * params.W[i, j] * k[j] for i in range(Q) for j in range(K))
                else:
                    found[t] = sum(q * k) / K**0.5
            total = sum(np.exp(value) for value in found.values())
            for t in places:
                weights[n, s, t] = np.exp(found[t]) / total
                context[n, s] += weights[n, s, t] * values[n, t]
    return context, weights


@every_score
@every_mask
def test_forward_is_the_sum_written_out(score, mask):
    params, *inputs = problem(score, mask)
    context, weights, _ = attention.forward(params, *inputs, mask=mask)
    expected = by_loops(score, params, *inputs, mask)
    np.testing.assert_allclose(context, expected[0], rtol=0, atol=1e-12)
    np.testing.assert_allclose(weights, expected[1], rtol=0, atol=1e-12)


@every_score
@every_mask
def test_backward_is_the_complex_step(score, mask):
    params, query, keys, values = problem(score, mask)
    dcontext, dweights = gradients_at_the_end()
    *_, cache = attention.forward(params, query, keys, values, mask=mask)
    clean = np.where(np.isfinite(keys), keys, 0), np.where(np.isfinite(values), values, 0)

    def loss(tree):
        context, weights, _ = attention.forward(*tree, mask=mask)
        return (context * dcontext).sum() + (weights * dweights).sum()

    expected = complex_step(loss, (params, query, *clean))
    got = attention.backward(params, cache, dcontext, dweights)
    assert max_error(got, expected) < 1e-12
    only_context = attention.backward(params, cache, dcontext)
    assert max_error(only_context[3], expected[3]) < 1e-12


def numpy_result(score, mask):
    params, *inputs = problem(score, mask)
    context, weights, cache = attention.forward(params, *inputs, mask=mask)
    return context, weights, *attention.backward(params, cache, *gradients_at_the_end())


@every_score
@every_mask
def test_torch_is_the_same(score, mask):
    params, *inputs = problem(score, mask)
    layer = rnnbook.torch.attention.Attention(
        inputs[0].shape[-1], K, score=score, units=A, dtype=torch.float64
    ).load_params(params)
    tensors = [torch.tensor(v, requires_grad=True) for v in inputs]
    context, weights = layer(*tensors, mask=None if mask is None else torch.tensor(mask))
    dcontext, dweights = map(torch.tensor, gradients_at_the_end())
    ((context * dcontext).sum() + (weights * dweights).sum()).backward()
    dparams = type(params)(*(w.grad.numpy() for w in layer.parameters()))
    found = context.detach().numpy(), weights.detach().numpy(), dparams
    result = (*found, *(v.grad.numpy() for v in tensors))
    assert max_error(result, numpy_result(score, mask)) < 1e-10
    assert max_error(layer.params(), params) == 0


@every_score
@every_mask
def test_tensorflow_is_the_same(score, mask):
    params, *inputs = problem(score, mask)
    layer = rnnbook.tensorflow.attention.Attention(score=score, units=A, dtype="float64")
    layer.build(*(v.shape for v in inputs))
    layer.set_weights(params)
    tensors = [tf.Variable(v) for v in inputs]
    with tf.GradientTape() as tape:
        context, weights = layer(*tensors, mask=None if mask is None else tf.constant(mask))
        dcontext, dweights = gradients_at_the_end()
        loss = tf.reduce_sum(context * dcontext) + tf.reduce_sum(weights * dweights)
    grads = tape.gradient(loss, [*layer.trainable_variables, *tensors])
    grads = [tf.convert_to_tensor(g).numpy() for g in grads]
    result = context.numpy(), weights.numpy(), type(params)(*grads[:-3]), *grads[-3:]
    assert max_error(result, numpy_result(score, mask)) < 1e-10
    copy = type(layer).from_config(layer.get_config())
    assert (copy.score, copy.units) == (score, A)


def test_a_softmax_of_large_scores_neither_overflows_nor_looks_behind_the_mask():
    scores = np.array([[[1000.0, 999.0, 5000.0]]])
    weights = attention.masked_softmax(scores, np.array([[True, True, False]]))
    np.testing.assert_allclose(weights, [[[1 / (1 + np.exp(-1)), 1 / (1 + np.e), 0]]])
    nothing = attention.masked_softmax(scores, np.zeros((1, 3), bool))
    assert (nothing == 0).all()


@every_score
def test_the_order_of_the_places_does_not_matter(score):
    params, query, keys, values = problem(score)
    order = np.random.default_rng(1).permutation(T)
    context, weights, _ = attention.forward(params, query, keys, values)
    shuffled, other, _ = attention.forward(params, query, keys[:, order], values[:, order])
    np.testing.assert_allclose(shuffled, context, atol=1e-12)
    np.testing.assert_allclose(other, weights[:, :, order], atol=1e-12)


@pytest.mark.parametrize(
    "change, error, message",
    [
        ({"query": np.ones((N, S, 3))}, ValueError, r"query has shape \(3, 4, 3\); expected"),
        ({"keys": np.ones((N, T, 5))}, ValueError, r"keys has shape \(3, 5, 5\); expected"),
        ({"values": np.ones((N, 4, V))}, ValueError, r"values has shape \(3, 4, 7\); expected"),
        (
            {"keys": np.ones((N, 0, K))},
            ValueError,
            r"keys has shape .*; expected \(N, T",
        ),
        ({"query": np.ones((N, S, Q), "float32")}, TypeError, "has dtype float.*; expected"),
        ({"mask": np.ones((N, 4), bool)}, ValueError, r"mask has shape \(3, 4\)"),
        ({"mask": np.ones((N, T))}, TypeError, "mask has dtype float64; expected bool"),
        ({"values": np.full((N, T, V), np.nan)}, ValueError, "values has NaN or infinity"),
        ({"keys": np.full((N, T, K), np.inf)}, ValueError, "keys has NaN or infinity"),
    ],
)
def test_bad_input_is_named(change, error, message):
    params, query, keys, values = problem("additive")
    inputs = {"query": query, "keys": keys, "values": values, "mask": None, **change}
    with pytest.raises(error, match=message):
        attention.forward(params, **inputs)


def test_bad_sizes_and_types_are_named():
    rng = np.random.default_rng(0)
    with pytest.raises(ValueError, match="query_size is 2 and key_size is 3; a dot product"):
        attention.init(rng, 2, 3, score="dot")
    with pytest.raises(ValueError, match="score is 'cosine'; expected 'additive' or"):
        attention.init(rng, 2, 3, score="cosine")
    with pytest.raises(TypeError, match=r"params is a list; expected attention.AdditiveParams"):
        attention.check_params([])
    with pytest.raises(ValueError, match=r"v has shape \(3,\); expected \(A,\) = \(4,\)"):
        attention.check_params(
            attention.AdditiveParams(np.ones((2, 4)), np.ones((3, 4)), np.ones(3))
        )
    params, query, keys, values = problem("general")
    *_, cache = attention.forward(params, query, keys, values)
    with pytest.raises(ValueError, match=r"dcontext has shape .*; expected \(N, S, V\)"):
        attention.backward(params, cache, np.ones((N, S, K)))
    with pytest.raises(ValueError, match=r"dweights has shape .*; expected \(N, S, T\)"):
        attention.backward(params, cache, np.ones((N, S, V)), np.ones((N, T, S)))


@pytest.mark.parametrize("framework", ["torch", "tensorflow"])
def test_the_frameworks_name_bad_input_too(framework):
    if framework == "torch":
        make, ones = rnnbook.torch.attention.Attention, torch.ones
        layer = make(Q, K)
        with pytest.raises(ValueError, match="query_size is 2 and key_size is 6"):
            make(Q, K, score="dot")
    else:
        make, ones = rnnbook.tensorflow.attention.Attention, tf.ones
        layer = make()
        layer.build((N, S, Q), (N, T, K))
        with pytest.raises(ValueError, match="query has size 2 and keys have size 6"):
            make(score="dot").build((N, S, Q), (N, T, K))
    query, keys = ones((N, S, Q)), ones((N, T, K))
    with pytest.raises(ValueError, match=r"keys has shape \(3, 5, 2\); expected"):
        layer(query, ones((N, T, Q)), keys)
    with pytest.raises(ValueError, match=r"values has shape \(3, 4, 6\); expected"):
        layer(query, keys, ones((N, S, K)))
    with pytest.raises(TypeError, match="mask has dtype"):
        layer(query, keys, keys, mask=ones((N, T)))
    with pytest.raises(ValueError, match="score is 'cosine'"):
        make(Q, K, score="cosine") if framework == "torch" else make(score="cosine")


@pytest.mark.parametrize("framework", ["torch", "tensorflow"])
@pytest.mark.parametrize("name", ["query", "keys", "values"])
@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_the_frameworks_refuse_nan_where_it_counts(framework, name, bad):
    _, *arrays = problem("general")
    inputs = dict(zip(("query", "keys", "values"), arrays, strict=True))
    inputs[name][1, 2, 0] = bad
    mask = np.ones((N, T), bool)
    mask[1, 2] = False
    if framework == "torch":
        layer = rnnbook.torch.attention.Attention(Q, K, score="general", dtype=torch.float64)
        tensor, place = torch.tensor, r"\[1, 2\]"
    else:
        layer = rnnbook.tensorflow.attention.Attention(score="general", dtype="float64")
        tensor, place = tf.constant, ""
    inputs = {key: tensor(value) for key, value in inputs.items()}
    remedy = "clean the input" if name == "query" else "mask the place or clean the input"
    refused = pytest.raises(
        (ValueError, tf.errors.InvalidArgumentError),
        match=f"{name}{place} has NaN or infinity; {remedy}",
    )
    with refused:
        layer(**inputs)
    with refused:
        layer(**inputs, mask=tensor(np.ones((N, T), bool)))
    if name == "query":
        with refused:
            layer(**inputs, mask=tensor(mask))
    else:
        context, _ = layer(**inputs, mask=tensor(mask))
        assert np.isfinite(context.detach().numpy() if framework == "torch" else context).all()
