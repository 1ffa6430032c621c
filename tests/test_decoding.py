"""Decoding against exhaustive search, exact frequencies and every kind of state."""

import itertools

import numpy as np
import pytest

from rnnbook.numpy import gru, linear
from rnnbook.text import decoding

V, END, START = 4, 0, 1


@pytest.fixture
def model():
    """A GRU over four tokens whose next token depends on the whole history, and its step."""
    rng = np.random.default_rng(3)
    params = gru.init(rng, V, 5)
    head = linear.Params(2 * rng.normal(size=(5, V)), rng.normal(size=V))

    def step(tokens, state):
        state = gru.step(params, np.eye(V)[tokens], state)
        return decoding.log_softmax(state @ head.W + head.b), state

    return step, np.zeros((1, 5))


def exhaustive(step, state, max_steps, length_penalty=0.0):
    """Every sequence of up to max_steps tokens that ends in END, the best first."""
    found = []
    for length in range(max_steps):
        for tokens in itertools.product(range(1, V), repeat=length):
            log_prob, h, last = 0.0, state, START
            for token in (*tokens, END):
                log_probs, h = step(np.array([last]), h)
                log_prob, last = log_prob + log_probs[0, token], token
            found.append((log_prob / ((6 + length) / 6) ** length_penalty, list(tokens)))
    return sorted(found, key=lambda pair: -pair[0])


@pytest.mark.parametrize("length_penalty", [0.0, 0.6, 1.5])
def test_a_wide_beam_is_exhaustive_search(model, length_penalty):
    step, state = model
    expected = exhaustive(step, state, 5, length_penalty)
    found = decoding.beam_search(
        step, state, START, width=300, max_steps=5, end=END, length_penalty=length_penalty
    )
    ended = [h for h in found if h.ended]
    assert [h.tokens for h in ended] == [tokens for _, tokens in expected]
    np.testing.assert_allclose([h.score for h in ended], [s for s, _ in expected], atol=1e-12)


@pytest.mark.parametrize("width", [1, 2, 3])
def test_a_narrow_beam_finds_what_is_there_and_never_more(model, width):
    step, state = model
    scores = {tuple(tokens): s for s, tokens in exhaustive(step, state, 6)}
    found = decoding.beam_search(step, state, START, width=width, max_steps=6, end=END)
    assert 1 <= len(found) <= width
    assert found == sorted(found, key=lambda h: (-h.ended, -h.score))
    for hypothesis in found:
        if hypothesis.ended:
            assert hypothesis.log_prob == pytest.approx(scores[tuple(hypothesis.tokens)])


def test_a_wider_beam_ends_no_worse(model):
    step, state = model
    best = [
        decoding.beam_search(step, state, START, width=w, max_steps=8, end=END)[0].score
        for w in (1, 4, 64)
    ]
    assert best[2] >= best[1] and best[2] >= best[0]


def test_a_beam_of_one_that_never_may_end_early_is_greedy():
    rng = np.random.default_rng(5)
    table = decoding.log_softmax(rng.normal(size=(V, V)))
    table[:, END] = -np.inf
    table = decoding.log_softmax(table)

    def step(tokens, state):
        return table[tokens], state

    beam = decoding.beam_search(step, np.zeros((1, 1)), START, width=1, max_steps=7, end=END)
    assert [beam[0].tokens] == decoding.greedy(step, None, [START], max_steps=7, end=END)
    assert not beam[0].ended


def test_greedy_and_sampling_carry_each_state(model):
    """A batch gives what each of its sequences gives alone."""
    step, state = model
    starts = [1, 2, 3]
    together = decoding.greedy(step, np.repeat(state, 3, axis=0), starts, max_steps=6, end=END)
    alone = [decoding.greedy(step, state, [s], max_steps=6, end=END)[0] for s in starts]
    assert together == alone
    for sequence in together:
        assert END not in sequence


def test_sampled_frequencies_are_the_probabilities():
    log_probs = np.log(np.tile([0.5, 0.3, 0.15, 0.05], (40_000, 1)))
    for change, expected in [
        ({}, [0.5, 0.3, 0.15, 0.05]),
        ({"temperature": 0.5}, np.square([0.5, 0.3, 0.15, 0.05]) / 0.365),
        ({"top_k": 2}, [0.625, 0.375, 0, 0]),
        ({"top_p": 0.81}, np.array([0.5, 0.3, 0.15, 0]) / 0.95),
        ({"top_p": 0.79}, [0.625, 0.375, 0, 0]),
    ]:
        tokens = decoding.draw(np.random.default_rng(0), decoding.reshape(log_probs, **change))
        found = np.bincount(tokens, minlength=4) / len(tokens)
        np.testing.assert_allclose(found, expected, atol=0.01)
        assert (found[np.equal(expected, 0)] == 0).all()


def test_top_k_keeps_exactly_k_of_equals():
    kept = np.exp(decoding.keep_top_k(np.log(np.full(5, 0.2)), 2))
    np.testing.assert_allclose(kept, [0.5, 0.5, 0, 0, 0])


def test_the_nucleus_keeps_at_least_one_token_and_may_keep_all():
    log_probs = np.log([0.6, 0.4])
    np.testing.assert_allclose(np.exp(decoding.keep_top_p(log_probs, 1e-9)), [1, 0])
    np.testing.assert_allclose(decoding.keep_top_p(log_probs, 1.0), log_probs)


@pytest.mark.parametrize("framework", ["torch", "torch batch second", "tensorflow"])
def test_beam_search_reorders_states_of_each_framework(model, framework):
    step, state = model
    expected = decoding.beam_search(step, state, START, width=3, max_steps=6, end=END)
    arguments = {}
    if framework == "tensorflow":
        import tensorflow as tf

        wrap, unwrap, arguments["take"] = tf.constant, lambda h: h.numpy(), tf.gather
    elif framework == "torch":
        import torch

        wrap, unwrap = torch.tensor, lambda h: h.numpy()
    else:
        import torch

        wrap, unwrap = lambda h: torch.tensor(h)[None], lambda h: h[0].numpy()
        arguments["take"] = lambda h, rows: h[:, rows]

    def wrapped(tokens, state):
        log_probs, h = step(tokens, unwrap(state["h"]))
        return log_probs, {"h": wrap(h)}

    found = decoding.beam_search(
        wrapped, {"h": wrap(state)}, START, width=3, max_steps=6, end=END, **arguments
    )
    assert [h.tokens for h in found] == [h.tokens for h in expected]
    np.testing.assert_allclose([h.score for h in found], [h.score for h in expected])


def logits(tokens, state):
    return np.zeros((len(tokens), 3)), state


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            lambda: decoding.greedy(logits, None, [1], max_steps=3),
            r"exp sums to 3; expected 1: apply log_softmax",
        ),
        (
            lambda: decoding.greedy(lambda t, s: (np.zeros(3), s), None, [1], max_steps=3),
            r"log_probs \(3,\); expected \(N, V\), N = 1",
        ),
        (lambda: decoding.greedy(logits, None, [], max_steps=3), r"start is \[\]; expected whole"),
        (lambda: decoding.greedy(logits, None, 1, max_steps=3), r"start is 1; expected whole"),
        (lambda: decoding.greedy(logits, None, [1], max_steps=0), r"max_steps is 0"),
        (lambda: decoding.sharpen(np.zeros(1), 0), r"temperature is 0; expected more than 0"),
        (lambda: decoding.keep_top_k(np.zeros(1), 0), r"top_k is 0"),
        (lambda: decoding.keep_top_p(np.zeros(1), 0), r"top_p is 0; expected a probability"),
        (
            lambda: decoding.beam_search(logits, None, 1, width=0, max_steps=3, end=0),
            r"width is 0",
        ),
    ],
)
def test_errors(call, message):
    with pytest.raises(ValueError, match=message):
        call()
