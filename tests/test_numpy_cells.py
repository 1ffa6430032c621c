"""Facts about single cells: known values, initial weights, variants."""

from typing import NamedTuple

import numpy as np
import pytest
from cells import CELLS, Cell, D, H, N, T, random_params, random_problem

from rnnbook.numpy import activations, gru, lstm, rnn
from rnnbook.numpy.registry import MODULES
from rnnbook.tree import leaves, num_parameters, tree_map


def test_rnn_by_hand():
    params = rnn.Params(np.array([[1.0]]), np.array([[2.0]]), np.array([3.0]))
    hs, last, _ = rnn.forward(params, np.array([[[1.0], [-20.0]]]), activation="relu")
    assert hs.ravel().tolist() == [4.0, 0.0]  # 1 + 3, then max(0, -20 + 8 + 3)
    assert last.tolist() == [[0.0]]


def test_lstm_that_only_remembers():
    """f = 1 and i = 0 keep the cell whatever comes in: the constant error carousel."""
    b = np.concatenate([np.full(H, -1e3), np.full(H, 1e3), np.zeros(2 * H)])
    params = lstm.init(np.random.default_rng(0), D, H)._replace(b=b)
    c = np.random.default_rng(1).standard_normal((N, H))
    _, last, _ = lstm.forward(params, np.ones((N, 100, D)), (np.zeros((N, H)), c))
    assert (last.c == c).all()


def test_gru_that_only_remembers():
    b_x = np.concatenate([np.zeros(H), np.full(H, 1e3), np.zeros(H)])
    params = gru.init(np.random.default_rng(0), D, H)._replace(b_x=b_x)
    h = np.random.default_rng(1).standard_normal((N, H))
    _, last, _ = gru.forward(params, np.ones((N, 100, D)), h)
    assert (last == h).all()


def test_peepholes_of_zero_are_a_plain_lstm():
    params = random_params(CELLS["lstm"], np.random.default_rng(0))
    x = np.random.default_rng(1).standard_normal((N, T, D))
    peephole = lstm.PeepholeParams(*params, np.zeros((3, H)))
    assert (lstm.forward(peephole, x)[0] == lstm.forward(params, x)[0]).all()


def test_peepholes_start_at_zero():
    plain, peephole = (
        lstm.init(np.random.default_rng(0), D, H, peepholes=p, dtype=np.float32)
        for p in (False, True)
    )
    assert all((a == b).all() for a, b in zip(plain, peephole[:3], strict=True))
    assert peephole.p.dtype == np.float32 and not peephole.p.any()


def test_the_two_resets_are_different_models():
    before = random_params(CELLS["gru-before"], np.random.default_rng(0))
    after = gru.Params(before.W_x, before.W_h, before.b, np.zeros_like(before.b))
    x = np.random.default_rng(1).standard_normal((N, T, D))
    difference = gru.forward(after, x)[0] - gru.forward(before, x)[0]
    assert np.abs(difference[:, 0]).max() < 1e-14  # h_0 = 0: nothing to reset
    assert np.abs(difference[:, 1:]).max() > 0.01


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("module, gates", [(rnn, 1), (lstm, 4), (gru, 3)])
def test_init(module, gates, dtype):
    params = module.init(np.random.default_rng(0), 7, 5, dtype=dtype)
    assert {w.dtype for w in params} == {np.dtype(dtype)}
    blocks = params.W_h.reshape(5, gates, 5).swapaxes(0, 1)
    assert np.allclose(blocks @ blocks.swapaxes(1, 2), np.eye(5), atol=1e-6)
    assert np.abs(params.W_x).max() <= np.sqrt(6 / (7 + gates * 5))
    again = module.init(np.random.default_rng(0), 7, 5, dtype=dtype)
    assert all((a == b).all() for a, b in zip(params, again, strict=True))


def test_a_cell_that_is_not_what_it_says_is_refused(monkeypatch):
    class CoupledParams(NamedTuple):
        W_x: np.ndarray
        W_h: np.ndarray
        b: np.ndarray

    monkeypatch.setitem(CELLS, "gru-coupled", Cell(gru, CoupledParams))
    with pytest.raises(AssertionError, match=r"gru\.Params"):
        random_problem("gru-coupled")
    monkeypatch.setitem(CELLS, "gru-coupled", Cell(gru, CoupledParams, {"reset": "coupled"}))
    with pytest.raises(ValueError, match="reset is 'coupled'; expected 'after' or 'before'"):
        random_problem("gru-coupled")
    monkeypatch.setitem(gru.RESETS, "coupled", CoupledParams)
    with pytest.raises(KeyError, match="CoupledParams"):  # no equations
        random_problem("gru-coupled")


def test_every_cell_is_tested_once():
    assert {cell.params_type for cell in CELLS.values()} == set(MODULES)
    assert len({(cell.params_type, cell.activation) for cell in CELLS.values()}) == len(CELLS)


def test_forget_bias():
    b = lstm.init(np.random.default_rng(0), D, H, forget_bias=2.0).b
    assert b.tolist() == [0.0] * H + [2.0] * H + [0.0] * 2 * H


@pytest.mark.parametrize("name", CELLS)
def test_complex_input_stays_complex(name):
    cell = CELLS[name]
    params = tree_map(lambda w: w + 0j, random_params(cell, np.random.default_rng(0)))
    hs, last, _ = cell.module.forward(params, np.ones((N, T, D), complex))
    assert {leaf.dtype.name for leaf in leaves((hs, last))} == {"complex128"}


def test_sigmoid_never_overflows():
    a = np.array([-1e308, -800.0, 0.0, 800.0, 1e308])
    assert activations.sigmoid(a).tolist() == [0, 0, 0.5, 1, 1]


def test_outputs_cannot_be_changed_behind_the_cache():
    hs, _, _ = lstm.forward(lstm.init(np.random.default_rng(0), D, H), np.ones((N, T, D)))
    with pytest.raises(ValueError, match="read-only"):
        hs[0] = 0


def test_number_of_parameters():
    rng = np.random.default_rng(0)
    assert num_parameters(lstm.init(rng, 3, 5)) == 4 * 5 * (3 + 5 + 1)
    assert num_parameters({"a": gru.init(rng, 3, 5)}) == 3 * 5 * (3 + 5 + 2)
