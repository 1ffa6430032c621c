"""The conditional random field against enumeration of all sequences, and its gradients."""

import itertools

import numpy as np
import pytest

from rnnbook import gradcheck
from rnnbook.numpy import crf

N, T, K = 3, 5, 4
LENGTHS = (5, 3, 1)


@pytest.fixture
def case():
    rng = np.random.default_rng(0)
    params = crf.Params(*(rng.standard_normal(s) for s in ((K, K), K, K)))
    mask = np.arange(T) < np.array(LENGTHS)[:, None]
    emissions = np.where(mask[..., None], rng.standard_normal((N, T, K)), np.nan)
    return params, emissions, rng.integers(0, K, (N, T)), mask


def score(params, e, y):
    """The definition, term by term."""
    total = params.start[y[0]] + params.end[y[-1]] + sum(e[t, k] for t, k in enumerate(y))
    return total + sum(params.transitions[j, k] for j, k in itertools.pairwise(y))


def everything(params, e):
    """All sequences of tags and their scores."""
    sequences = list(itertools.product(range(K), repeat=len(e)))
    return sequences, np.array([score(params, e, y) for y in sequences])


def test_the_loss_is_that_of_enumeration(case):
    params, emissions, tags, mask = case
    loss, _ = crf.forward(params, emissions, tags, mask=mask)
    for n, length in enumerate(LENGTHS):
        _, scores = everything(params, emissions[n, :length])
        log_z = np.log(np.exp(scores).sum())
        expected = log_z - score(params, emissions[n, :length], tags[n, :length])
        assert loss[n] == pytest.approx(expected, abs=1e-12)


def test_marginals_are_those_of_enumeration(case):
    params, emissions, _, mask = case
    found = crf.marginals(params, emissions, mask=mask)
    for n, length in enumerate(LENGTHS):
        sequences, scores = everything(params, emissions[n, :length])
        p = np.exp(scores) / np.exp(scores).sum()
        for t, k in itertools.product(range(T), range(K)):
            here = [y[t] == k for y in sequences] if t < length else 0
            assert found[n, t, k] == pytest.approx((p * here).sum(), abs=1e-12)


def test_viterbi_finds_the_best_of_all(case):
    params, emissions, _, mask = case
    tags, best = crf.viterbi(params, emissions, mask=mask)
    for n, length in enumerate(LENGTHS):
        sequences, scores = everything(params, emissions[n, :length])
        assert tuple(tags[n, :length]) == sequences[scores.argmax()]
        assert best[n] == pytest.approx(scores.max(), abs=1e-12)
    assert (tags[~mask] == 0).all()


def test_gradients_agree_with_the_complex_step(case):
    params, emissions, tags, mask = case
    weight = np.array([1.0, -2.0, 0.5])
    emissions = np.where(mask[..., None], emissions, 0.0)
    _, cache = crf.forward(params, emissions, tags, mask=mask)
    by_hand = crf.backward(params, cache, weight)

    def loss(tree):
        return (crf.forward(*tree, tags, mask=mask)[0] * weight).sum()

    by_step = gradcheck.complex_step(loss, (params, emissions))
    assert gradcheck.max_error(by_hand, by_step) < 1e-12
    assert (by_hand[1][~mask] == 0).all()


def test_without_transitions_it_is_a_softmax_at_each_step(case):
    _, emissions, tags, _ = case
    emissions = np.nan_to_num(emissions)
    loss, _ = crf.forward(crf.init(K), emissions, tags)
    p = np.exp(emissions) / np.exp(emissions).sum(axis=-1, keepdims=True)
    chosen = np.take_along_axis(p, tags[..., None], axis=-1)[..., 0]
    np.testing.assert_allclose(loss, -np.log(chosen).sum(axis=1), atol=1e-12)


def test_large_scores_do_not_overflow(case):
    params, emissions, tags, _ = case
    loss, _ = crf.forward(params, 1e4 * np.nan_to_num(emissions), tags)
    assert np.isfinite(loss).all()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"emissions": np.zeros((N, T))}, r"emissions has shape \(3, 5\); expected \(N, T, K\)"),
        ({"tags": np.zeros((N, T + 1), int)}, r"tags has shape \(3, 6\); expected \(N, T\)"),
        ({"tags": np.full((N, T), K)}, "tags has 0 to 4; expected 0 to 3"),
        ({"mask": np.zeros((N, T), bool)}, r"mask\[0\] does not count the first step"),
        ({"mask": np.arange(T) != np.ones((N, 1))}, "mask has a gap"),
        ({"mask": np.ones((N, T), bool)}, "emissions has NaN or infinity at a step that counts"),
    ],
)
def test_errors(case, change, message):
    params, emissions, tags, mask = case
    arguments = {"emissions": emissions, "tags": tags, "mask": mask} | change
    with pytest.raises(ValueError, match=message):
        crf.forward(params, **arguments)


def test_a_wrong_type_is_named(case):
    params, emissions, tags, mask = case
    with pytest.raises(TypeError, match="tags has dtype float64; expected whole numbers"):
        crf.forward(params, emissions, tags.astype(float), mask=mask)
    with pytest.raises(TypeError, match="mask has dtype int64; expected bool"):
        crf.forward(params, emissions, tags, mask=mask.astype(int))


def test_torch_gives_the_same_losses_tags_and_gradients(case):
    import torch

    from rnnbook.torch import CRF

    params, emissions, tags, mask = case
    layer = CRF(K, dtype=torch.float64).load_params(params)
    inputs = torch.tensor(emissions, requires_grad=True)
    loss = layer(inputs, torch.tensor(tags), mask=torch.tensor(mask))
    expected, cache = crf.forward(params, emissions, tags, mask=mask)
    assert gradcheck.max_error(loss.detach().numpy(), expected) < 1e-12
    weight = np.array([1.0, -2.0, 0.5])
    (loss * torch.tensor(weight)).sum().backward()
    by_hand, demissions = crf.backward(params, cache, weight)
    by_autograd = crf.Params(*(getattr(layer, name).grad.numpy() for name in params._fields))
    assert gradcheck.max_error(by_autograd, by_hand) < 1e-12
    assert gradcheck.max_error(inputs.grad.numpy(), demissions) < 1e-12
    for found, best in zip(
        layer.viterbi(inputs.detach(), mask=torch.tensor(mask)),
        crf.viterbi(params, emissions, mask=mask),
        strict=True,
    ):
        np.testing.assert_allclose(found, best, atol=1e-12)


@pytest.mark.parametrize(
    ("shape", "tag", "first", "message"),
    [
        ((N, T, K + 1), 0, True, r"emissions has shape \(3, 5, 5\); expected \(N, T, K\)"),
        ((N, 0, K), 0, True, r"emissions has shape \(3, 0, 4\)"),
        ((N, T, K), K, True, "tags has 4 to 4; expected 0 to 3"),
        ((N, T, K), 0, False, r"mask\[0\] does not count the first step"),
    ],
)
def test_errors_of_torch(shape, tag, first, message):
    import torch

    from rnnbook.torch import CRF

    mask = torch.ones(shape[:2], dtype=torch.bool)
    mask[:, :1] = first
    with pytest.raises(ValueError, match=message):
        CRF(K)(torch.zeros(shape), torch.full(shape[:2], tag), mask=mask)


@pytest.fixture
def keras_crf():
    from rnnbook.tensorflow import CRF

    return CRF(K, dtype="float64")


@pytest.mark.parametrize("compiled", [False, True])
def test_tensorflow_gives_the_same_losses_tags_and_gradients(case, keras_crf, compiled):
    import tensorflow as tf

    params, emissions, tags, mask = case
    keras_crf.set_weights(params)
    inputs, weight = tf.Variable(emissions), np.array([1.0, -2.0, 0.5])
    call = tf.function(keras_crf) if compiled else keras_crf
    with tf.GradientTape() as tape:
        loss = call(inputs, tf.constant(tags), mask=tf.constant(mask))
        total = tf.reduce_sum(loss * weight)
    expected, cache = crf.forward(params, emissions, tags, mask=mask)
    assert gradcheck.max_error(loss.numpy(), expected) < 1e-12
    found = tape.gradient(total, [*keras_crf.trainable_variables, inputs])
    by_hand, demissions = crf.backward(params, cache, weight)
    by_tape = [tf.convert_to_tensor(g).numpy() for g in found]
    assert gradcheck.max_error(tuple(by_tape), (*by_hand, demissions)) < 1e-12
    for ours, best in zip(
        keras_crf.viterbi(emissions, mask=mask),
        crf.viterbi(params, emissions, mask=mask),
        strict=True,
    ):
        np.testing.assert_allclose(ours, best, atol=1e-12)


def test_tensorflow_takes_one_step_and_comes_back_from_its_settings(case, keras_crf):
    params, emissions, tags, _ = case
    keras_crf.set_weights(params)
    again = type(keras_crf).from_config(keras_crf.get_config())
    again.set_weights(keras_crf.params())
    one = np.nan_to_num(emissions[:, :1])
    expected, _ = crf.forward(params, one, tags[:, :1])
    np.testing.assert_allclose(again(one, tags[:, :1]), expected, atol=1e-12)


def test_errors_of_tensorflow(case, keras_crf):
    import tensorflow as tf

    _, emissions, tags, mask = case
    with pytest.raises(ValueError, match=r"emissions has shape \(3, 5, 5\); expected \(N, T, K\)"):
        keras_crf(np.zeros((N, T, K + 1)), tags)
    with pytest.raises(tf.errors.InvalidArgumentError, match="tags must be below 4"):
        keras_crf(np.zeros((N, T, K)), np.full((N, T), K))
    with pytest.raises(tf.errors.InvalidArgumentError, match="mask must count the first step"):
        keras_crf(np.zeros((N, T, K)), tags, mask=np.zeros((N, T), bool))
    with pytest.raises(tf.errors.InvalidArgumentError, match="mask has a gap"):
        keras_crf(np.zeros((N, T, K)), tags, mask=np.arange(T) != np.ones((N, 1)))
    with pytest.raises(TypeError, match="mask has dtype int64; expected bool"):
        keras_crf(emissions, tags, mask=mask.astype(int))
