"""What must hold for any sizes, any mask and any weights."""

import warnings

import numpy as np
import pytest
from cells import BOUNDED, CELLS, options, random_params, random_state
from hypothesis import given, settings
from hypothesis import strategies as st

from rnnbook.gradcheck import directional, max_error
from rnnbook.numpy import stack
from rnnbook.tree import leaves, tree_map

cases = given(
    name=st.sampled_from(list(CELLS)),
    seed=st.integers(0, 2**32 - 1),
    N=st.integers(1, 4),
    T=st.integers(1, 7),
    D=st.integers(1, 4),
    H=st.integers(1, 5),
)
few = settings(max_examples=60, deadline=None, derandomize=True)


def take(tree, rows):
    return tree_map(lambda leaf: leaf[rows], tree)


class Case:
    """A layer with random weights, state, inputs, mask and output gradients."""

    def __init__(self, name, seed, N, T, D, H):
        self.cell, self.options = CELLS[name], options(CELLS[name])
        rng = self.rng = np.random.default_rng(seed)
        self.params = random_params(self.cell, rng, D, H)
        self.x = rng.standard_normal((N, T, D))
        self.mask = rng.random((N, T)) < 0.7
        state = random_state(self.cell, rng, N)
        self.state = tree_map(lambda s: rng.standard_normal((N, H)), state)
        self.dhs = rng.standard_normal((N, T, H))

    def forward(self, x, state, mask):
        return self.cell.module.forward(self.params, x, state, mask=mask, **self.options)

    def run(self, rows=slice(None), mask=None):
        x, state = self.x[rows], take(self.state, rows)
        hs, last, cache = self.forward(x, state, None if mask is None else mask[rows])
        return hs, last, self.cell.module.backward(self.params, cache, self.dhs[rows])


@few
@cases
def test_one_direction_of_the_gradient(**sizes):
    case = Case(**sizes)

    def loss(inputs):
        params, x, state = inputs
        hs, _, _ = case.cell.module.forward(params, x, state, mask=case.mask, **case.options)
        return (hs * case.dhs).sum()

    grads = case.run(mask=case.mask)[2]
    expected, got = directional(loss, (case.params, case.x, case.state), grads, case.rng)
    assert got == pytest.approx(expected, rel=1e-9, abs=1e-11)


@few
@cases
def test_chunks_with_carried_state_equal_one_run(**sizes):
    case = Case(**sizes)
    cut = sizes["T"] // 2 or 1
    chunks = [slice(0, cut), slice(cut, None)] if cut < sizes["T"] else [slice(None)]
    state, parts = case.state, []
    for chunk in chunks:
        hs, state, _ = case.forward(case.x[:, chunk], state, case.mask[:, chunk])
        parts.append(hs)
    hs, last, _ = case.forward(case.x, case.state, case.mask)
    assert max_error((np.concatenate(parts, axis=1), state), (hs, last)) < 1e-12


@few
@cases
def test_steps_equal_forward(**sizes):
    case = Case(**sizes)
    hs, last, _ = case.forward(case.x, case.state, None)
    state = case.state
    for t in range(sizes["T"]):
        state = case.cell.module.step(case.params, case.x[:, t], state, **case.options)
        assert max_error(leaves(state)[0], hs[:, t]) < 1e-12
    assert max_error(state, last) < 1e-12


@few
@cases
def test_permuting_the_batch_permutes_the_outputs(**sizes):
    case = Case(**sizes)
    order = case.rng.permutation(sizes["N"])
    hs, last, (dparams, dx, dstate) = case.run(mask=case.mask)
    permuted = case.run(order, mask=case.mask)
    expected = (hs[order], take(last, order))
    assert max_error(permuted[:2], expected) < 1e-12
    expected = (dparams, dx[order], take(dstate, order))
    assert max_error(permuted[2], expected) < 1e-12


@few
@cases
def test_each_masked_row_equals_its_sequence_alone(**sizes):
    case = Case(**sizes)
    hs, last, (_, dx, _) = case.run(mask=case.mask)
    for n in range(sizes["N"]):
        counted, rows = case.mask[n], slice(n, n + 1)
        if not counted.any():
            assert max_error(take(last, rows), take(case.state, rows)) == 0
            continue
        hs_n, last_n, cache = case.forward(case.x[rows, counted], take(case.state, rows), None)
        _, dx_n, _ = case.cell.module.backward(case.params, cache, case.dhs[rows, counted])
        assert max_error(hs[rows, counted], hs_n) < 1e-12
        assert max_error(take(last, rows), last_n) < 1e-12
        assert max_error(dx[rows, counted], dx_n) < 1e-12


@few
@cases
def test_nan_under_the_mask_changes_nothing(**sizes):
    case = Case(**sizes)
    clean = case.run(mask=case.mask)
    case.x[~case.mask], case.dhs[~case.mask] = np.nan, np.nan
    assert max_error(case.run(mask=case.mask), clean) == 0
    assert (clean[2][1][~case.mask] == 0).all()


@few
@cases
def test_right_to_left_is_the_flipped_left_to_right(**sizes):
    case = Case(**sizes)
    layers, states = [[case.params, case.params]], [[case.state, case.state]]
    both, last, _ = stack.forward(layers, case.x, states, mask=case.mask, **case.options)
    hs, last_forward, _ = case.forward(case.x, case.state, case.mask)
    flipped, last_flipped, _ = case.forward(case.x[:, ::-1], case.state, case.mask[:, ::-1])
    assert max_error(both, np.concatenate([hs, flipped[:, ::-1]], axis=-1)) == 0
    assert max_error(last, [[last_forward, last_flipped]]) == 0


@few
@cases
def test_inputs_are_never_changed(**sizes):
    case = Case(**sizes)
    inputs = (case.params, case.x, case.state, case.mask, case.dhs)
    before = tree_map(np.copy, inputs)
    for leaf in leaves(inputs):
        leaf.flags.writeable = False
    case.run(mask=case.mask)
    assert all((a == b).all() for a, b in zip(leaves(inputs), leaves(before), strict=True))


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name", BOUNDED)
def test_2000_saturated_steps_stay_finite(name, dtype):
    cell, rng = CELLS[name], np.random.default_rng(0)
    params = tree_map(lambda w: 30 * w, random_params(cell, rng, 3, 4, dtype))
    x = (1e4 * rng.standard_normal((2, 2000, 3))).astype(dtype)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        hs, last, cache = cell.module.forward(params, x)
        grads = cell.module.backward(params, cache, np.ones_like(hs))
    assert all(np.isfinite(leaf).all() for leaf in leaves((hs, last, grads)))
