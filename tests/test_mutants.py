"""Break the mathematics on purpose: every typical mistake must make a test of this suite fail.

A mutant replaces one function for the duration of a test. It is killed when the gradient check
or the comparison with an independent implementation raises AssertionError.
"""

import numpy as np
import pytest
import references
import test_equality
import test_gradients
from cells import random_problem

from rnnbook.numpy import gru, lstm, masks, rnn, stack

lstm_blocks, gru_blocks = lstm._blocks, gru._blocks


def swapped_lstm_gates(a):
    a_i, a_f, a_g, a_o = lstm_blocks(a)
    return a_f, a_i, a_g, a_o


def swapped_gru_gates(a):
    a_r, a_z, a_n = gru_blocks(a)
    return a_z, a_r, a_n


def gru_update_the_wrong_way_round(params, a_x_t, h_prev, cell=gru._cell):
    _, (r, z, n, a_hn) = cell(params, a_x_t, h_prev)
    return z * n + (1 - z) * h_prev, (r, z, n, a_hn)


def gru_without_one_minus_z(W_hT, gates, h_prev, dh, backward=gru._cell_backward):
    da, da_h, _ = backward(W_hT, gates, h_prev, dh)
    return da, da_h, dh + da_h @ W_hT


def lstm_without_dh_carry(*arguments, backward=lstm._cell_backward):
    da, dh_prev, dc_prev = backward(*arguments)
    return da, np.zeros_like(dh_prev), dc_prev


def lstm_without_dc_carry(*arguments, backward=lstm._cell_backward):
    da, dh_prev, dc_prev = backward(*arguments)
    return da, dh_prev, np.zeros_like(dc_prev)


def rnn_without_the_transpose(W_hT, dphi, h, dh):
    da = dh * dphi(h)
    return da, da @ W_hT.T


def rnn_without_the_derivative(W_hT, dphi, h, dh):
    return dh, dh @ W_hT


def last_step_only(cache, da, gradients=rnn._parameter_gradients):
    da = da.copy()
    da[:-1] = 0
    return gradients(cache, da)


def masks_that_multiply(mask_t, if_counted, if_masked):
    return if_counted * mask_t[..., None] + if_masked * ~mask_t[..., None]


def unflipped(v):
    return v


def equations(**replaced):
    return {gru.Params: gru._EQUATIONS[gru.Params]._replace(**replaced)}


MUTANTS = {
    "LSTM gates swapped": ("lstm", lstm, "_blocks", swapped_lstm_gates),
    "GRU gates swapped": ("gru-after", gru, "_blocks", swapped_gru_gates),
    "GRU: z and 1 - z exchanged": (
        "gru-after",
        gru,
        "_EQUATIONS",
        equations(cell=gru_update_the_wrong_way_round),
    ),
    "GRU: dh not multiplied by z": (
        "gru-after",
        gru,
        "_EQUATIONS",
        equations(cell_backward=gru_without_one_minus_z),
    ),
    "LSTM: dh carry dropped": ("lstm", lstm, "_cell_backward", lstm_without_dh_carry),
    "LSTM: dc carry dropped": ("lstm", lstm, "_cell_backward", lstm_without_dc_carry),
    "RNN: transpose missing": ("rnn-tanh", rnn, "_cell_backward", rnn_without_the_transpose),
    "RNN: derivative missing": ("rnn-tanh", rnn, "_cell_backward", rnn_without_the_derivative),
    "RNN: sum over time missing": ("rnn-tanh", rnn, "_parameter_gradients", last_step_only),
    "mask by multiplication": ("rnn-tanh", rnn, "select", masks_that_multiply),
    "second direction not reversed": ("rnn-tanh", stack, "_flip", unflipped),
}


def suite(name):
    """The two checks that every change of the mathematics has to pass."""
    test_gradients.test_every_gradient(name, "any", 2, 2)
    problem = random_problem(name, num_layers=2, directions=2, mask="any")
    test_equality.assert_equal(problem, references.run_rnnbook_torch, 1e-10)


@pytest.mark.parametrize("name", sorted({mutant[0] for mutant in MUTANTS.values()}))
def test_the_suite_passes_unchanged(name):
    suite(name)


@pytest.mark.parametrize("mutant", MUTANTS)
def test_the_suite_kills(mutant, monkeypatch):
    name, module, attribute, replacement = MUTANTS[mutant]
    monkeypatch.setattr(module, attribute, replacement)
    with pytest.raises((AssertionError, ValueError)):  # ValueError: NaN reached the next layer
        suite(name)


def test_the_mask_mutant_breaks_only_what_is_not_finite():
    mask_t, values = np.array([True, False]), np.array([[1.0], [2.0]])
    assert (masks_that_multiply(mask_t, values, 0) == masks.select(mask_t, values, 0)).all()
    values[1] = np.nan
    assert np.isnan(masks_that_multiply(mask_t, values, 0)).any()
    assert not np.isnan(masks.select(mask_t, values, 0)).any()
