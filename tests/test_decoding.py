"""Decoding against exhaustive search, exact frequencies and every kind of state."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

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


def markov(rng, tokens=3):
    """A step that looks at the last token alone; some tokens are nearly impossible."""
    table = decoding.log_softmax(3 * rng.normal(size=(tokens, tokens)))
    return lambda last, state: (table[last], state)


def patient_beam(step, width, max_steps, length_penalty):
    """Beam search as it is told in a sentence: no early stop, the score of each end at the end."""
    live, ended = [(0.0, [START])], []
    for length in range(1, max_steps + 1):
        longer = [
            (log_prob + p, [*tokens, token])
            for log_prob, tokens in live
            for token, p in enumerate(step(np.array(tokens[-1:]), None)[0][0])
        ]
        penalty = ((5 + length) / 6) ** length_penalty
        ended += [(p / penalty, t[1:-1]) for p, t in longer if t[-1] == END]
        live = sorted((pair for pair in longer if pair[1][-1] != END), reverse=True)[:width]
    return sorted(ended, reverse=True)[:width]


penalties = st.one_of(st.floats(-4, 4), st.sampled_from([-1.0, 0.0, 1.0]))


@settings(max_examples=200, deadline=None)
@given(st.integers(0, 10**6), st.integers(1, 7), penalties)
def test_stopping_early_loses_nothing(seed, width, length_penalty):
    step = markov(np.random.default_rng(seed))
    found = decoding.beam_search(
        step, None, START, width=width, max_steps=6, end=END, length_penalty=length_penalty
    )
    expected = patient_beam(step, width, 6, length_penalty)
    scores = [h.score for h in found if h.ended]  # of equals either may come first
    np.testing.assert_allclose(scores, [s for s, _ in expected], atol=1e-12)


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10**6), penalties)
def test_for_any_penalty_a_wide_beam_is_exhaustive_search(seed, length_penalty):
    step = markov(np.random.default_rng(seed), V)
    expected = exhaustive(step, None, 4, length_penalty)
    found = decoding.beam_search(
        step, None, START, width=40, max_steps=4, end=END, length_penalty=length_penalty
    )
    np.testing.assert_allclose(
        [h.score for h in found if h.ended], [s for s, _ in expected], atol=1e-12
    )


def test_a_negative_penalty_does_not_stop_before_a_better_end():
    table = np.log([[0.54, 0.30, 0.16], [0.21, 0.37, 0.42], [0.82, 0.16, 0.02]])
    (best,) = decoding.beam_search(
        lambda last, state: (table[last], state),
        None, 1, width=1, max_steps=6, end=0, length_penalty=-1,
    )  # fmt: skip
    assert best.tokens == [2]
    assert best.score == pytest.approx(np.log(0.42 * 0.82) * 7 / 6)  # -1.24; at once, -1.56


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
        ({"min_p": 0.2}, np.array([0.5, 0.3, 0.15, 0]) / 0.95),
        ({"typical_p": 0.3}, [0, 1, 0, 0]),
    ]:
        tokens = decoding.draw(np.random.default_rng(0), decoding.reshape(log_probs, **change))
        found = np.bincount(tokens, minlength=4) / len(tokens)
        np.testing.assert_allclose(found, expected, atol=0.01)
        assert (found[np.equal(expected, 0)] == 0).all()


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({}, [0.5, 0.3, 0.15, 0.05]),
        ({"temperature": 0.5}, np.square([0.5, 0.3, 0.15, 0.05]) / 0.365),
        ({"top_k": 3}, np.array([0.5, 0.3, 0.15, 0]) / 0.95),
        ({"top_p": 0.7}, [0.625, 0.375, 0, 0]),
        ({"temperature": 0.5, "top_p": 0.7}, np.array([0.25, 0.09, 0, 0]) / 0.34),
        ({"top_k": 2, "top_p": 0.6}, [1, 0, 0, 0]),  # 0.5 of 0.8 is enough of what top_k left
        ({"temperature": 0.5, "min_p": 0.2}, np.array([0.25, 0.09, 0, 0]) / 0.34),
        ({"top_k": 2, "typical_p": 0.4}, [1, 0, 0, 0]),  # H = 0.66, and 0.47 is nearer than 0.98
        ({"min_p": 0.5, "typical_p": 0.7}, [0.625, 0.375, 0, 0]),
    ],
)
def test_sample_draws_from_the_distribution_that_its_options_ask_for(change, expected):
    def step(last, state):
        return np.log(np.tile([0.5, 0.3, 0.15, 0.05], (len(last), 1))), state

    start = np.zeros(4000, int)
    found = decoding.sample(np.random.default_rng(2), step, None, start, max_steps=5, **change)
    shares = np.bincount(np.concatenate(found), minlength=4) / 20_000
    np.testing.assert_allclose(shares, expected, atol=0.015)
    assert (shares[np.equal(expected, 0)] == 0).all()


def test_a_nucleus_of_everything_keeps_the_rarest_token():
    log_probs = np.log([0.9, 0.1 - 1e-18, 1e-18])  # the first two sum to 1, rounded
    assert np.isfinite(decoding.keep_top_p(log_probs, 1.0)).all()


def reference_typical(p, mass):
    """As Meister et al. (2023) define it: tokens by |-log p - H| until their sum reaches mass."""
    surprise = [-np.log(x) if x > 0 else np.inf for x in p]
    entropy = sum(x * s for x, s in zip(p, surprise, strict=True) if x > 0)
    kept, total = np.zeros(len(p)), 0.0
    for token in sorted(range(len(p)), key=lambda i: abs(surprise[i] - entropy)):
        if total >= mass:
            break
        kept[token], total = p[token], total + p[token]
    return kept / kept.sum()


def reference_min_p(p, share):
    """As Nguyen et al. (2025) define it: tokens of at least share * max p."""
    kept = np.where(p < share * p.max(), 0, p)
    return kept / kept.sum()


@settings(max_examples=200, deadline=None)
@given(st.integers(0, 10**6), st.floats(0.05, 0.95), st.booleans())
def test_typical_and_min_p_are_their_definitions(seed, share, with_zero):
    rng = np.random.default_rng(seed)
    p = rng.dirichlet(np.full(7, 0.7), size=3)
    if with_zero:
        p[:, 2] = 0
        p /= p.sum(axis=1, keepdims=True)
    with np.errstate(divide="ignore"):
        log_probs = np.log(p)
    for ours, reference in (
        (decoding.keep_typical, reference_typical),
        (decoding.keep_min_p, reference_min_p),
    ):
        expected = np.stack([reference(row, share) for row in p])
        np.testing.assert_allclose(np.exp(ours(log_probs, share)), expected, atol=1e-12)
        np.testing.assert_allclose(np.exp(ours(log_probs[0], share)), expected[0], atol=1e-12)


def torch_typical(scores, mass):
    """By torch's sort and cumsum, and what is further from H than the last one needed goes."""
    import torch

    log_probs = torch.log_softmax(torch.tensor(scores), -1)
    entropy = -(log_probs * log_probs.exp()).nansum(-1, keepdim=True)
    far = (-log_probs - entropy).abs()
    ranked, order = far.sort()
    needed = (log_probs.gather(-1, order).exp().cumsum(-1) < mass).sum(-1, keepdim=True)
    worst = ranked.gather(-1, needed.clamp(max=scores.shape[-1] - 1))
    return log_probs.masked_fill(far > worst, -np.inf).log_softmax(-1).numpy()


def test_the_typical_set_of_thousands_is_that_of_torch():
    scores = 3 * np.random.default_rng(4).normal(size=(5, 2000))
    for mass in (0.2, 0.9):
        found = decoding.keep_typical(decoding.log_softmax(scores), mass)
        np.testing.assert_allclose(found, torch_typical(scores, mass), atol=1e-12)


def test_the_typical_set_may_lack_the_most_probable_token_and_min_p_never_does():
    log_probs = np.log([0.6, 0.2, 0.1, 0.1])  # H = 1.09, the surprises 0.51, 1.61, 2.30, 2.30
    np.testing.assert_allclose(np.exp(decoding.keep_typical(log_probs, 0.1)), [0, 1, 0, 0])
    np.testing.assert_allclose(np.exp(decoding.keep_min_p(log_probs, 1)), [1, 0, 0, 0])


def test_typical_and_min_p_may_keep_everything():
    log_probs = decoding.log_softmax(np.log([0.9, 0.1 - 1e-18, 1e-18]))
    np.testing.assert_allclose(decoding.keep_typical(log_probs, 1.0), log_probs)
    np.testing.assert_allclose(decoding.keep_min_p(log_probs, 0), log_probs)


def test_of_equals_the_typical_set_keeps_the_first():
    kept = np.exp(decoding.keep_typical(np.log(np.full(4, 0.25)), 0.5))
    np.testing.assert_allclose(kept, [0.5, 0.5, 0, 0])


def test_top_k_keeps_exactly_k_of_equals():
    kept = np.exp(decoding.keep_top_k(np.log(np.full(5, 0.2)), 2))
    np.testing.assert_allclose(kept, [0.5, 0.5, 0, 0, 0])


def test_the_nucleus_keeps_at_least_one_token_and_may_keep_all():
    log_probs = np.log([0.6, 0.4])
    np.testing.assert_allclose(np.exp(decoding.keep_top_p(log_probs, 1e-9)), [1, 0])
    np.testing.assert_allclose(decoding.keep_top_p(log_probs, 1.0), log_probs)


@settings(max_examples=80, deadline=None)
@given(st.integers(0, 10**6), st.integers(1, 5), st.booleans())
def test_the_most_probable_sequence_is_that_of_exhaustive_search(seed, max_steps, bounded):
    rng = np.random.default_rng(seed)
    params = gru.init(rng, V, 5)
    head = linear.Params(4 * rng.normal(size=(5, V)), rng.normal(size=V))
    asked = []

    def step(tokens, state):
        asked.append(int(tokens[0]))
        state = gru.step(params, np.eye(V)[tokens], state)
        return decoding.log_softmax(state @ head.W + head.b), state

    zero = np.zeros((1, 5))
    expected = exhaustive(step, zero, max_steps)
    how = {"max_steps": max_steps, "end": END}
    if bounded:
        how["bound"] = decoding.beam_search(step, zero, START, width=2, **how)[0].log_prob
        if how["bound"] > expected[0][0]:  # that of a beginning that was cut
            how["bound"] = -np.inf
    asked.clear()
    found = decoding.most_probable(step, zero, START, **how)
    assert found.tokens == expected[0][1]
    assert found.log_prob == pytest.approx(expected[0][0], abs=1e-12)
    assert found.beginnings == len(asked)


def all_beginnings(step, max_steps, least):
    """All beginnings shorter than max_steps that are more probable than `least`."""
    found, layer = 0, [(0.0, START)]
    for _ in range(max_steps):
        found += len(layer)
        layer = [
            (p + q, token)
            for p, last in layer
            for token, q in enumerate(step(np.array([last]), None)[0][0])
            if token != END and p + q > least
        ]
    return found


@pytest.mark.parametrize("seed", range(8))
def test_no_beginning_is_looked_at_that_is_not_more_probable_than_the_result(seed):
    step = markov(np.random.default_rng(seed), V)
    found = decoding.most_probable(step, None, START, max_steps=7, end=END)
    assert found.beginnings == all_beginnings(step, 7, found.log_prob)


def test_the_empty_sequence_may_be_the_most_probable_and_greedy_does_not_see_it():
    """Every word is as probable as ten: the end is 0.15, the greedy way 0.17 a step."""
    probs = np.array([0.15, *np.full(5, 0.17)])

    def step(tokens, state):
        return np.log(np.tile(probs, (len(tokens), 1))), state

    found = decoding.most_probable(step, None, 1, max_steps=9, end=0)
    assert found.tokens == [] and found.log_prob == pytest.approx(np.log(0.15))
    assert found.beginnings == 6  # the empty one and five of a single token
    assert len(decoding.greedy(step, None, [1], max_steps=9, end=0)[0]) == 9


def test_a_search_that_would_never_end_says_so():
    def step(tokens, state):  # the end is all but impossible
        return np.log(np.array([[1e-9, 0.5, 0.5 - 1e-9]])), state

    with pytest.raises(RuntimeError, match=r"^50 beginnings are more probable .* proved nothing"):
        decoding.most_probable(step, None, 1, max_steps=30, end=0, limit=50)


def test_where_no_sequence_can_end_none_is_the_most_probable():
    def step(tokens, state):
        return np.log(np.array([[0.5, 0.5, 0.0]])), state

    with (
        np.errstate(divide="ignore"),
        pytest.raises(ValueError, match="log-probability above -inf"),
    ):
        decoding.most_probable(step, None, 1, max_steps=4, end=2)


def test_constrained_draws_keep_the_rule_and_masking_is_not_conditioning(model):
    """Two first tokens, and a rule that the second keeps with probability 0.9 or 0.1."""
    table = np.log([[0.05, 0.9, 0.05], [0.85, 0.1, 0.05]])

    def step(last, state):
        first = np.tile(np.log([0.5, 0.5, 1e-12]), (len(last), 1))
        return np.where(last[:, None] == 2, first, table[np.minimum(last, 1)]), state

    def rule(written):
        return np.full(3, True) if written.shape[1] == 1 else np.array([False, True, False])

    n = 4000
    state = (None, np.zeros((n, 0), int))
    found = np.array(
        decoding.sample(
            np.random.default_rng(0),
            decoding.constrain(step, rule),
            state,
            np.full(n, 2),
            max_steps=2,
        )
    )
    assert (found[:, 1] == 1).all()
    first = found[:, 0] == 0
    assert first.mean() == pytest.approx(0.5, abs=0.03)  # masked: as if nothing was to come
    weight = np.where(first, 0.9, 0.1)
    assert (weight * first).sum() / weight.sum() == pytest.approx(0.9, abs=0.02)  # Bayes: 0.9
    free = np.array(
        decoding.sample(np.random.default_rng(1), step, None, np.full(n, 2), max_steps=2)
    )
    kept = free[free[:, 1] == 1]
    assert (kept[:, 0] == 0).mean() == pytest.approx(0.9, abs=0.03)  # and by rejection


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


def as_bfloat16(log_probs):
    import torch

    return torch.tensor(log_probs).bfloat16()


def with_graph(log_probs):
    import torch

    return torch.tensor(log_probs, requires_grad=True) * 1


def as_tensorflow_bfloat16(log_probs):
    import tensorflow as tf

    return tf.cast(log_probs, tf.bfloat16)


@pytest.mark.parametrize("convert", [as_bfloat16, with_graph, as_tensorflow_bfloat16])
def test_log_probabilities_of_every_framework_and_precision_are_taken(model, convert):
    step, state = model
    exact = convert is with_graph

    def converted(tokens, state):
        log_probs, state = step(tokens, state)
        return convert(log_probs), state

    how = {"max_steps": 5, "end": END}
    expected = decoding.beam_search(step, state, START, width=3, **how)
    found = decoding.beam_search(converted, state, START, width=3, **how)
    tolerance = 1e-12 if exact else 0.1
    np.testing.assert_allclose([h.score for h in found], [h.score for h in expected], tolerance)
    states = np.repeat(state, 3, axis=0)
    assert decoding.greedy(converted, states, [1, 2, 3], **how) == decoding.greedy(
        step, states, [1, 2, 3], **how
    )
    assert decoding.sample(np.random.default_rng(0), converted, states, [1, 2, 3], **how)
    forbidden, _ = decoding.forbid(converted, 2)(np.array([1]), state)
    assert np.isneginf(forbidden[0, 2]) and np.exp(forbidden).sum() == pytest.approx(1, abs=1e-6)


def test_rounded_probabilities_are_normalised_again():
    """In bfloat16 the log-probabilities of 50,000 equal tokens sum to 1.007 (before, an error)."""
    import torch

    def step(tokens, state):
        return torch.log_softmax(torch.zeros(1, 50_000), -1).bfloat16(), state

    (ended,) = decoding.beam_search(step, None, START, width=1, max_steps=1, end=END)
    assert ended.log_prob == pytest.approx(-np.log(50_000), abs=1e-9)


@pytest.mark.parametrize("framework", ["numpy", "torch batch second", "tensorflow"])
def test_several_samples_of_two_prompts_are_those_of_each_prompt(model, framework):
    step, _ = model
    states = np.random.default_rng(8).normal(size=(2, 5))
    start = np.repeat([1, 3], 4)
    if framework == "tensorflow":
        import tensorflow as tf

        tiled = decoding.tile({"h": tf.constant(states)}, 4, batch=2, take=tf.gather)["h"].numpy()
    elif framework == "torch batch second":
        import torch

        layers = torch.tensor(states)[None]
        tiled = decoding.tile((layers,), 4, batch=2, take=lambda h, rows: h[:, rows])[0][0].numpy()
    else:
        tiled = decoding.tile([states, None], 4, batch=2)[0]
    np.testing.assert_array_equal(tiled, states[[0, 0, 0, 0, 1, 1, 1, 1]])
    found = decoding.greedy(step, tiled, start, max_steps=6)
    alone = [decoding.greedy(step, states[[n]], [t], max_steps=6)[0] for n, t in ((0, 1), (1, 3))]
    assert found == [alone[0]] * 4 + [alone[1]] * 4


def test_a_batch_in_another_place_is_named():
    """torch's layers have it second: with one layer the step fails, with two the picking."""
    import torch

    for layers in (1, 2):
        lstm = torch.nn.LSTM(V, 5, num_layers=layers, batch_first=True)
        head = torch.nn.Linear(5, V)

        def step(tokens, state, lstm=lstm, head=head):
            x = torch.nn.functional.one_hot(torch.tensor(tokens), V)[:, None].float()
            out, state = lstm(x, state)
            return head(out[:, 0]).log_softmax(-1), state

        state = (torch.zeros(layers, 1, 5), torch.zeros(layers, 1, 5))
        how = {"width": 3, "max_steps": 4, "end": END}
        with pytest.raises((ValueError, RuntimeError)) as caught:
            decoding.beam_search(step, state, START, **how)
        assert "pass take: for torch's own layers take=lambda" in "".join(caught.value.__notes__)
        found = decoding.beam_search(step, state, START, take=lambda h, rows: h[:, rows], **how)
        assert len(found) == 3


def test_an_error_of_the_model_itself_is_left_alone():
    def broken(tokens, state):
        raise KeyError("weights")

    with pytest.raises(KeyError) as caught:
        decoding.beam_search(broken, None, START, width=3, max_steps=4, end=END)
    assert not hasattr(caught.value, "__notes__")


def logits(tokens, state):
    return np.zeros((len(tokens), 3)), state


def uniform(tokens, state):
    return np.log(np.full((len(tokens), 3), 1 / 3)), state


def second_is_nan(tokens, state):
    log_probs, state = uniform(tokens, state)
    log_probs[1] = np.nan
    return log_probs, state


def second_is_wide(tokens, state):
    log_probs, state = uniform(tokens, state)
    log_probs[1] = np.log(0.5)
    return log_probs, state


def beam(start=1, state=None, **changed):
    how = {"width": 2, "max_steps": 3, "end": 0} | changed
    return decoding.beam_search(uniform, state, start, **how)


def best(start=1, **changed):
    how = {"max_steps": 3, "end": 0} | changed
    return decoding.most_probable(uniform, None, start, **how)


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
        (lambda: beam(end=3), "end is 3; expected the id of a token, from 0 to 2"),
        (lambda: beam(end=-1), "end is -1; expected the id of a token, from 0 to 2"),
        (lambda: beam(length_penalty=np.nan), "length_penalty is nan; expected a finite number"),
        (lambda: beam(start=1.5), r"start is \[1.5\]; expected whole numbers"),
        (lambda: beam(state=np.zeros((4, 1))), r"an array of shape \(4, 1\); expected \(1, ...\)"),
        (
            lambda: decoding.greedy(uniform, None, [1, 2], max_steps=3, end=-1),
            "end is -1; expected the id of a token",
        ),
        (
            lambda: decoding.forbid(uniform, -1)(np.array([1]), None),
            "tokens is -1; expected the id of a token, from 0 to 2",
        ),
        (
            lambda: decoding.forbid(uniform, 0, 1, 2)(np.array([1]), None),
            "logits are all -inf; expected at least one possible token",
        ),
        (
            lambda: decoding.sample(
                np.random.default_rng(0), second_is_nan, None, [1, 2], max_steps=3
            ),
            r"log_probs\[1, 0\] = nan; expected a number or -inf",
        ),
        (
            lambda: decoding.greedy(second_is_wide, None, [1, 2], max_steps=3),
            "exp sums to 1.5; expected 1",
        ),
        (lambda: decoding.sharpen(np.zeros(1), np.inf), "temperature is inf; expected more than 0"),
        (lambda: decoding.keep_min_p(np.zeros(1), 1.1), r"min_p is 1.1; expected a share"),
        (lambda: decoding.keep_min_p(np.zeros(1), np.nan), r"min_p is nan; expected a share"),
        (lambda: decoding.keep_typical(np.zeros(1), 0), r"typical_p is 0; expected a probability"),
        (lambda: best(end=3), "end is 3; expected the id of a token, from 0 to 2"),
        (lambda: best(start=1.5), r"start is \[1.5\]; expected whole numbers"),
        (lambda: best(max_steps=0), "max_steps is 0"),
        (lambda: best(limit=0), "limit is 0"),
        (lambda: best(bound=np.nan), "bound is nan; expected a log-probability"),
        (
            lambda: best(bound=-0.1),
            r"no sequence of at most 3 tokens has a log-probability of -0.1 or more",
        ),
        (
            lambda: decoding.constrain(uniform, lambda written: np.ones((2, 3)))(
                np.array([1]), (None, np.zeros((1, 0), int))
            ),
            r"allowed returned float64 \(2, 3\); expected bool \(N, V\) = \(1, 3\) or \(V,\)",
        ),
        (
            lambda: decoding.constrain(uniform, lambda written: np.zeros(3, bool))(
                np.array([1]), (None, np.zeros((1, 0), int))
            ),
            "logits are all -inf; expected at least one possible token",
        ),
        (lambda: decoding.tile(np.zeros((3, 2)), 4), r"shape \(3, 2\); expected \(1, ...\)"),
        (lambda: decoding.tile(np.zeros((3, 2)), 0, batch=3), "samples is 0"),
    ],
)
def test_errors(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def test_an_end_that_is_no_token_is_a_type_error():
    with pytest.raises(TypeError, match="end is 'a'; expected the id of a token"):
        beam(end="a")


def test_a_seed_is_no_generator():
    for call in (
        lambda: decoding.sample(7, uniform, None, [0], max_steps=3),
        lambda: decoding.draw(7, np.log([[0.5, 0.5]])),
    ):
        with pytest.raises(TypeError, match=r"^rng is 7; expected a NumPy generator, such as"):
            call()


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_what_ranks_nowhere_is_refused_by_every_change(bad):
    values = np.log([[0.5, 0.3, 0.2], [0.1, 0.2, 0.7]])
    values[1, 2] = bad
    with pytest.raises(ValueError, match=rf"^logits\[1, 2\] is {bad}; expected a number or -inf"):
        decoding.log_softmax(values)
    with pytest.raises(ValueError, match=rf"^logits\[2\] is {bad}"):
        decoding.log_softmax(values[1])
    for change in (
        lambda: decoding.sharpen(values, 0.5),
        lambda: decoding.keep_top_k(values, 1),
        lambda: decoding.keep_top_p(values, 0.6),
        lambda: decoding.keep_top_p(values, 1),
        lambda: decoding.keep_min_p(values, 0),
        lambda: decoding.keep_min_p(values, 0.5),
        lambda: decoding.keep_typical(values, 0.5),
        lambda: decoding.reshape(values, top_k=2),
        lambda: decoding.draw(np.random.default_rng(0), values),
    ):
        with pytest.raises(ValueError, match=rf"^log_probs\[1, 2\] is {bad}; expected a number"):
            change()


def test_a_hypothesis_that_is_cut_is_scored_at_its_own_length():
    def step(tokens, state):  # the end, token 0, is impossible
        return np.tile([-np.inf, np.log(0.75), np.log(0.25)], (len(tokens), 1)), state

    best, second = decoding.beam_search(
        step, None, 1, width=2, max_steps=3, end=0, length_penalty=2.0
    )
    assert not best.ended and best.tokens == [1, 1, 1] and second.tokens.count(1) == 2
    assert best.log_prob == pytest.approx(3 * np.log(0.75))
    assert best.score == pytest.approx(3 * np.log(0.75) / (8 / 6) ** 2)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_only_16_bits_may_miss_one_by_some_hundredths(dtype):
    def step(tokens, state):
        return np.log(np.full((len(tokens), 2), 0.51)).astype(dtype), state

    with pytest.raises(ValueError, match=r"whose exp sums to 1.02; expected 1"):
        decoding.greedy(step, None, [0, 1, 1], max_steps=2)
