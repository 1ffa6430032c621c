"""Exercises of `chapters/outlook/deep-step`."""

import numpy as np

from rnnbook.book.exercises.checker import Exercise


def _sigmoid(a):
    return 0.5 * (1 + np.tanh(a / 2))


def _highway_case(rng):
    N, H, K = 3, 4, int(rng.integers(2, 5))
    s, a = rng.standard_normal((N, H)), rng.standard_normal((N, 2 * H))
    W, V = rng.standard_normal((2, K, H, H)) / 2
    b, c = rng.standard_normal((2, K, H))
    return s, a, W, b, V, c


def _highway(s, a, W, b, V, c, *, every=False, carry=False, moved=False, swapped=False, old=False):
    H, first = s.shape[-1], s
    if swapped:
        a = np.roll(a, H, axis=-1)
    for k in range(len(W)):
        to_new, to_gate = (a[:, :H], a[:, H:]) if k == 0 or every else (0, 0)
        new = np.tanh(s @ W[k] + b[k] + to_new)
        read = new if moved else first if old else s
        gate = _sigmoid(read @ V[k] + c[k] + to_gate)
        s = gate * s + (1 - gate) * new if carry else s + gate * (new - s)
    return s


EXERCISES = {
    "highway-step": Exercise(
        case=_highway_case,
        solution=_highway,
        outputs=("the state",),
        mistakes={
            "Only the first layer sees the input.": lambda *given: _highway(*given, every=True),
            "The gate is turned round: at 1 it takes the new value, at 0 it keeps the old one.": (
                lambda *given: _highway(*given, carry=True)
            ),
            "The gate reads the state that the proposal reads, and not the proposal.": (
                lambda *given: _highway(*given, moved=True)
            ),
            "The first half of a goes to the proposal, the second to the gate.": (
                lambda *given: _highway(*given, swapped=True)
            ),
            "Each gate reads what the layer before has left, not the state before the step.": (
                lambda *given: _highway(*given, old=True)
            ),
        },
    ),
}
