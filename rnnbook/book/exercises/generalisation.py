"""Exercises of `chapters/outlook/generalisation`."""

import numpy as np

from rnnbook.book.exercises.checker import Exercise


def _stop_case(rng):
    """A fall and a rise with noise; half the time the best score comes twice in a row."""
    k = np.arange(int(rng.integers(8, 30)))
    looks = 0.05 * (k - rng.integers(2, 20)) ** 2 + rng.standard_normal(len(k))
    best = int(looks[:-1].argmin())
    if rng.random() < 0.5:
        looks[best + 1] = looks[best]
    return looks.round(1), int(rng.integers(1, 5))


def _stop(looks, patience):
    best = 0
    for k in range(len(looks)):
        if looks[k] < looks[best]:
            best = k
        if k - best == patience:
            return best, k + 1
    return best, len(looks)


def _stop_at_the_first_rise(looks, patience):
    for k in range(1, len(looks)):
        if looks[k] >= looks[k - 1]:
            return k - 1, k + 1
    return len(looks) - 1, len(looks)


def _stop_with_equals(looks, patience):
    best = 0
    for k in range(len(looks)):
        if looks[k] <= looks[best]:
            best = k
        if k - best == patience:
            return best, k + 1
    return best, len(looks)


def _stop_with_hindsight(looks, patience):
    return int(np.argmin(looks)), _stop(looks, patience)[1]


def _stop_late(looks, patience):
    return _stop(looks, patience + 1)


def _decay_case(rng):
    w, g, m = rng.standard_normal((3, 4, 5))
    return w, g, m, rng.uniform(0.1, 2, (4, 5)), int(rng.integers(1, 9)), 0.01, 0.3


def _adam(w, g, m, v, t, rate):
    m, v = 0.9 * m + 0.1 * g, 0.999 * v + 0.001 * g**2
    m_hat, v_hat = m / (1 - 0.9**t), v / (1 - 0.999**t)
    return w - rate * m_hat / (np.sqrt(v_hat) + 1e-8), m, v


def _decay(w, g, m, v, t, rate, decay):
    moved, m, v = _adam(w, g, m, v, t, rate)
    return moved - rate * decay * w, m, v


def _penalty(w, g, m, v, t, rate, decay):
    return _adam(w, g + decay * w, m, v, t, rate)


def _no_rate(w, g, m, v, t, rate, decay):
    moved, m, v = _adam(w, g, m, v, t, rate)
    return moved - decay * w, m, v


def _moved_first(w, g, m, v, t, rate, decay):
    moved, m, v = _adam(w, g, m, v, t, rate)
    return moved - rate * decay * moved, m, v


def _uncorrected(w, g, m, v, t, rate, decay):
    m, v = 0.9 * m + 0.1 * g, 0.999 * v + 0.001 * g**2
    return w - rate * (m / (np.sqrt(v) + 1e-8) + decay * w), m, v


def _average_case(rng):
    """A walk, so that early and late weights differ."""
    ws = 5 + rng.standard_normal((int(rng.integers(3, 12)), 4)).cumsum(0)
    return ws, float(rng.uniform(0.5, 0.95))


def _sum(ws, decay):
    total = np.zeros(ws.shape[1])
    for w in ws:
        total = decay * total + (1 - decay) * w
    return total


def _from_the_first(ws, decay):
    total = ws[0]
    for w in ws[1:]:
        total = decay * total + (1 - decay) * w
    return total


def _average(ws, decay):
    return _sum(ws, decay) / (1 - decay ** len(ws))


EXERCISES = {
    "early-stopping": Exercise(
        case=_stop_case,
        solution=_stop,
        outputs=("the best look", "looks made"),
        mistakes={
            "This stops at the first look that is no better: one bad look may be chance.": (
                _stop_at_the_first_rise
            ),
            "The best look lies after the end of training: don't look ahead.": _stop_with_hindsight,
            "This waits one look too long.": _stop_late,
            "A look that only equals the best is no new best.": _stop_with_equals,
            "This returns the best score; its index is asked for.": (
                lambda looks, patience: (
                    looks[_stop(looks, patience)[0]],
                    _stop(looks, patience)[1],
                )
            ),
            "Indices begin at 0: after look k, k + 1 looks were made.": (
                lambda looks, patience: (_stop(looks, patience)[0], _stop(looks, patience)[1] - 1)
            ),
        },
    ),
    "decoupled-decay": Exercise(
        case=_decay_case,
        solution=_decay,
        outputs=("w", "m", "v"),
        mistakes={
            "The decay went into the gradient, and so into m and v: that is an L2 penalty.": (
                _penalty
            ),
            "The decay is multiplied by the learning rate, too.": _no_rate,
            "The decay is a share of the weights before Adam's step.": _moved_first,
            "The running means begin at zero: divide them by 1 - beta ** t first.": _uncorrected,
        },
    ),
    "weight-average": Exercise(
        case=_average_case,
        solution=_average,
        outputs=("the average",),
        mistakes={
            "It began at zero, and still hangs towards it: divide by 1 - decay ** steps.": _sum,
            "The decay belongs to the old average, and 1 - decay to the new weights.": (
                lambda ws, decay: _sum(ws, 1 - decay) / (1 - (1 - decay) ** len(ws))
            ),
            "This begins at the first weights, which then count too much; begin at zero.": (
                _from_the_first
            ),
            "This is the mean of all steps: late weights should count more.": (
                lambda ws, decay: ws.mean(axis=0)
            ),
        },
    ),
}
