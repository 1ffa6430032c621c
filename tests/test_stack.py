"""Stacks of mixed layers: in one run, in pieces and step by step; of any module with the verbs."""

import sys
from types import ModuleType

import numpy as np
import pytest
from cells import CELLS, D, N, T, random_like, random_params

from rnnbook import gradcheck
from rnnbook.numpy import diagonal_ssm, gru, linear, lru, lstm, min_gru, min_lstm, rnn, stack
from rnnbook.tree import leaves, tree_map

MIXES = {
    "two LSTMs": ["lstm", "lstm"],
    "GRU under a plain layer": ["gru-after", "rnn-tanh"],
    "ReLU, peepholes, reset before": ["rnn-relu", "lstm-peephole", "gru-before"],
}
mixes = pytest.mark.parametrize("mix", MIXES)


def mixed(mix, sizes=(4, 6, 3)):
    """Layers of the kinds of a mix, of other sizes each, and their activation."""
    rng, layers, size = np.random.default_rng(0), [], D
    for name, hidden_size in zip(MIXES[mix], sizes, strict=False):
        params = random_params(CELLS[name], rng, size, hidden_size)
        layers.append([tree_map(lambda w: w / 2, params)])  # far from saturation
        size = hidden_size
    return layers, "relu" if "rnn-relu" in MIXES[mix] else "tanh"


def sequence(size=D, steps=T):
    return np.random.default_rng(1).standard_normal((N, steps, size))


def first_states(layers):
    _, last, _ = stack.forward(layers, sequence())
    return random_like(last, np.random.default_rng(2))


def stepped(layers, x, states, **options):
    hs = []
    for t in range(x.shape[1]):
        h, states = stack.step(layers, x[:, t], states, **options)
        hs.append(h)
    return np.stack(hs, axis=1), states


@pytest.mark.parametrize("start", ["zeros", "given"])
@mixes
def test_step_by_step_equals_the_whole_sequence(mix, start):
    layers, activation = mixed(mix)
    states = None if start == "zeros" else first_states(layers)
    expected, last, _ = stack.forward(layers, sequence(), states, activation=activation)
    hs, states = stepped(layers, sequence(), states, activation=activation)
    assert gradcheck.max_error([hs, states], [expected, last]) < 1e-14


@pytest.mark.parametrize("cut", range(1, T))
@mixes
def test_pieces_with_carried_states_equal_the_whole_sequence(mix, cut):
    layers, activation = mixed(mix)
    options = {"activation": activation}
    expected, last, _ = stack.forward(layers, sequence(), **options)
    before, states, _ = stack.forward(layers, sequence()[:, :cut], **options)
    after, states = stepped(layers, sequence()[:, cut:], states, **options)
    assert gradcheck.max_error(np.concatenate([before, after], axis=1), expected) < 1e-14
    assert gradcheck.max_error(states, last) < 1e-14


def test_a_step_keeps_the_type_of_states_and_float32():
    layers, _ = mixed("two LSTMs")
    layers = tree_map(lambda w: w.astype("float32"), layers)
    h, states = stack.step(layers, sequence()[:, 0].astype("float32"))
    assert type(states[1][0]) is lstm.State
    assert {leaf.dtype.name for leaf in [h, *leaves(states)]} == {"float32"}


def test_changing_the_output_of_a_step_leaves_the_state_alone():
    layers, _ = mixed("GRU under a plain layer")
    h, states = stack.step(layers, sequence()[:, 0])
    kept = states[1][0].copy()
    h += 1
    assert (states[1][0] == kept).all()


def test_a_step_takes_nothing_from_the_states_it_is_given():
    layers, _ = mixed("two LSTMs")
    states = first_states(layers)
    kept = tree_map(np.copy, states)
    stack.step(layers, sequence()[:, 0], states)
    assert all((a == b).all() for a, b in zip(leaves(states), leaves(kept), strict=True))


def test_a_step_of_two_directions_is_refused():
    layers = stack.init(gru, np.random.default_rng(0), D, 4, bidirectional=True)
    with pytest.raises(ValueError, match=r"layers\[0\] has two directions; .* with forward"):
        stack.step(layers, sequence()[:, 0])


def test_inputs_of_a_step_that_are_no_batch_are_refused():
    layers, _ = mixed("two LSTMs")
    with pytest.raises(ValueError, match=r"x_t has shape \(2,\); expected \(N, D\).*x_t\[None\]"):
        stack.step(layers, np.ones(D))
    with pytest.raises(ValueError, match=r"x_t has shape \(3, 5, 2\); expected \(N, D\)"):
        stack.step(layers, sequence())
    with pytest.raises(TypeError, match=r"x_t is a list; expected a NumPy array"):
        stack.step(layers, [[1.0, 2.0]])


def test_what_is_no_stack_is_refused_by_its_name():
    params = random_params(CELLS["lstm"], np.random.default_rng(0))
    head = linear.init(np.random.default_rng(0), 4, 2)
    x = sequence()
    with pytest.raises(TypeError, match=r"layers is a lstm.Params; .* write \[\[params\]\]"):
        stack.forward(params, x)
    with pytest.raises(ValueError, match=r"layers is empty; expected at least one layer"):
        stack.forward([], x)
    with pytest.raises(ValueError, match=r"layers\[1\] is a lstm.Params; .*write \[\[params"):
        stack.forward([[params], params], x)
    with pytest.raises(ValueError, match=r"layers\[0\] is a list of 3; expected 1 or 2"):
        stack.forward([[params] * 3], x)
    with pytest.raises(TypeError, match=r"layers\[1\]\[0\] is a linear.Params; expected Params of"):
        stack.forward([[params], [head]], x)
    with pytest.raises(ValueError, match=r"num_layers is 0; expected a positive whole number"):
        stack.init(rnn, np.random.default_rng(0), D, 4, num_layers=0)


def test_states_that_are_not_nested_are_refused():
    layers, _ = mixed("GRU under a plain layer")
    with pytest.raises(ValueError, match=r"states is nested as \[1\]; expected \[1, 1\]"):
        stack.step(layers, sequence()[:, 0], [[np.ones((N, 4))]])
    with pytest.raises(TypeError, match=r"states is not nested .*; expected lists of \[1, 1\]"):
        stack.forward(layers, sequence(), [np.ones((N, 4)), np.ones((N, 6))])
    _, _, cache = stack.forward(layers, sequence())
    with pytest.raises(TypeError, match=r"dstates is not nested .*; expected lists of \[1, 1\]"):
        stack.backward(layers, cache, None, np.ones((N, 6)))


def test_gradients_of_directions_of_different_kinds_and_sizes():
    rng = np.random.default_rng(0)
    pair = [random_params(CELLS["lstm"], rng, D, 4), random_params(CELLS["gru-after"], rng, D, 3)]
    layers = [pair, [random_params(CELLS["rnn-tanh"], rng, 7, 2)]]
    x, dhs = sequence(), rng.standard_normal((N, T, 2))

    def loss(tree):
        return (stack.forward(*tree)[0] * dhs).sum()

    _, _, cache = stack.forward(layers, x)
    dlayers, dx, _ = stack.backward(layers, cache, dhs)
    numeric = gradcheck.complex_step(loss, [layers, x])
    assert gradcheck.max_error([dlayers, dx], numeric) < 1e-12


@pytest.mark.parametrize("cell", [min_gru, lru])
def test_any_module_with_the_verbs_can_be_stacked(cell):
    rng = np.random.default_rng(0)
    layers = stack.init(cell, rng, D, 6, num_layers=2)
    layers += stack.init(lstm, rng, 6 if cell is min_gru else D, 4)
    x, dhs = sequence(), rng.standard_normal((N, T, 4))
    hs, last, cache = stack.forward(layers, x)
    one, _, _ = cell.forward(layers[0][0], x)
    two, _, _ = cell.forward(layers[1][0], one)
    expected, _, _ = lstm.forward(layers[2][0], two)
    assert gradcheck.max_error(hs, expected) < 1e-14
    by_steps, states = stepped(layers, x, None)
    assert gradcheck.max_error(by_steps, hs) < 1e-13
    assert np.abs(states[0][0] - last[0][0]).max() < 1e-13
    dlayers, dx, _ = stack.backward(layers, cache, dhs)
    numeric = gradcheck.central_difference(
        lambda tree: (stack.forward(*tree)[0] * dhs).sum(), [layers, x]
    )
    assert gradcheck.max_error([dlayers, dx], numeric) < 1e-7


def test_a_module_of_ones_own_can_be_stacked(monkeypatch):
    mine = ModuleType("mine")
    exec("class Params(tuple): pass\nclass Odd(tuple): pass", mine.__dict__)
    monkeypatch.setitem(sys.modules, "mine", mine)
    with pytest.raises(TypeError, match=r"layers\[0\]\[0\] is a mine.Params; expected Params of"):
        stack.forward([[mine.Params()]], sequence())
    mine.init = mine.backward = lambda *_: None
    mine.forward = lambda params, x, state=None, *, mask=None: (2 * x, state, None)
    hs, _, _ = stack.forward([[mine.Params()]], sequence())
    assert (hs == 2 * sequence()).all()


# The two directions of each layer: (module, hidden size), whose outputs differ in size.
PAIRS = {
    "one kind, two sizes": [[(min_gru, 3), (min_gru, 2)]],
    "the smaller first": [[(min_gru, 2), (min_gru, 3)]],
    "with a gated cell": [[(min_gru, 3), (gru, 4)], [(lstm, 5), (min_lstm, 3)]],
    "with outputs as wide as the inputs": [[(lru, 4), (min_gru, 3)], [(gru, 3), (lru, 6)]],
    "two of these": [[(min_lstm, 4), (diagonal_ssm, 3)], [(lru, 4), (diagonal_ssm, 5)]],
}


@pytest.mark.parametrize("name", PAIRS)
def test_gradients_of_any_two_directions(name):
    rng, layers, size = np.random.default_rng(0), [], D
    for pair in PAIRS[name]:
        layers.append([cell.init(rng, size, hidden_size) for cell, hidden_size in pair])
        size = stack.forward([layers[-1]], np.ones((1, 1, size)))[0].shape[-1]
    x, dhs = sequence(), rng.standard_normal((N, T, size))
    _, last, cache = stack.forward(layers, x)
    dstates = tree_map(lambda s: (s.real + 0.7 - 0.3 * s).astype(s.dtype), last)

    def loss(tree):
        hs, last, _ = stack.forward(tree[0], tree[1])
        ends = zip(leaves(last), leaves(dstates), strict=True)
        return (hs * dhs).sum() + sum((s * ds.conj()).real.sum() for s, ds in ends)

    dlayers, dx, _ = stack.backward(layers, cache, dhs, dstates)
    numeric = gradcheck.central_difference(loss, [layers, x])
    assert gradcheck.max_error([dlayers, dx], numeric) < 1e-7


def test_gradients_at_outputs_of_another_size_are_refused():
    pair = [min_gru.init(np.random.default_rng(0), D, H) for H in (3, 4)]
    _, _, cache = stack.forward([pair], sequence())
    with pytest.raises(ValueError, match=r"dhs has shape \(3, 5, 6\); expected .* = \(3, 5, 7\)"):
        stack.backward([pair], cache, np.ones((N, T, 6)))
