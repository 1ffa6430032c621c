"""Series from equations whose future is determined and yet hard to foretell."""

from collections import deque
from collections.abc import Sequence

import numpy as np

from rnnbook._check import check_shape, check_sizes


def mackey_glass(
    length: int, *, delay: float = 17.0, warm_up: int = 500, steps_per_unit: int = 10
) -> np.ndarray:
    """The delay equation of Mackey and Glass (1977), one value per unit of time, shape (length,).

        dx/dt = 0.2 x(t - delay) / (1 + x(t - delay)^10) - 0.1 x(t),   x(t) = 1.2 for t <= 0

    Chaotic for a delay of 17. Fourth-order Runge-Kutta; half-way values of the delayed term are
    the mean of their neighbours.

    Beware of one step ahead: repeating the last value has an error (root mean square) of only
    0.15 standard deviations there. Over 84 steps, a horizon of the literature, repeating has 1.6
    where the mean has 1: a model must have learned something to stay below 1.

    >>> mackey_glass(3).round(3)
    array([1.064, 1.011, 0.961])
    """
    check_sizes(length=length, steps_per_unit=steps_per_unit)
    _check_warm_up(warm_up)
    if not 1 <= delay * steps_per_unit < np.inf:
        raise ValueError(f"delay is {delay}; expected at least one step, {1 / steps_per_unit:g}")
    dt, x = 1 / steps_per_unit, 1.2
    past = deque([x] * (round(delay * steps_per_unit) + 1))  # x(t - delay), ..., x(t)
    values = np.empty(warm_up + length)

    def slope(x, delayed):
        return 0.2 * delayed / (1 + delayed**10) - 0.1 * x

    for k in range(len(values)):
        values[k] = x
        for _ in range(steps_per_unit):
            start, end = past[0], past[1]
            middle = (start + end) / 2
            k_1 = slope(x, start)
            k_2 = slope(x + dt / 2 * k_1, middle)
            k_3 = slope(x + dt / 2 * k_2, middle)
            k_4 = slope(x + dt * k_3, end)
            x += dt / 6 * (k_1 + 2 * k_2 + 2 * k_3 + k_4)
            past.popleft()
            past.append(x)
    return values[warm_up:]


def lorenz(
    length: int,
    *,
    step: float = 0.02,
    start: Sequence[float] | np.ndarray = (1.0, 1.0, 1.0),
    warm_up: int = 500,
) -> np.ndarray:
    """The three equations of Lorenz (1963), shape (length, 3).

        dx/dt = 10 (y - x),   dy/dt = x (28 - z) - y,   dz/dt = x y - 8/3 z

    One row each `step` units of time, by fourth-order Runge-Kutta. Two starts that differ by d
    differ by about d exp(0.9 t) after t units, so no model foretells far ahead. One row ahead,
    repeating the last value has an error of 0.11 standard deviations of x. Raises `ValueError`
    for a `step` so large that the numbers run away, about 0.1.

    >>> lorenz(1).round(1).shape
    (1, 3)
    """
    check_sizes(length=length)
    _check_warm_up(warm_up)
    state, rows = np.array(start, float), np.empty((warm_up + length, 3))
    check_shape("start", state, "(x, y, z)", (3,))
    if not (0 < step < np.inf and np.isfinite(state).all()):
        raise ValueError(f"step is {step} and start {start}; expected finite numbers, step above 0")

    def slope(state):
        x, y, z = state
        return np.array([10 * (y - x), x * (28 - z) - y, x * y - 8 / 3 * z])

    for row in rows:
        row[:] = state
        if np.abs(state).max() > 1e4:  # the attractor stays below 100
            raise ValueError(f"step is {step}; expected a smaller one: the numbers run away")
        k_1 = slope(state)
        k_2 = slope(state + step / 2 * k_1)
        k_3 = slope(state + step / 2 * k_2)
        k_4 = slope(state + step * k_3)
        state = state + step / 6 * (k_1 + 2 * k_2 + 2 * k_3 + k_4)
    return rows[warm_up:]


def _check_warm_up(warm_up):
    if isinstance(warm_up, bool) or not isinstance(warm_up, (int, np.integer)):
        raise TypeError(f"warm_up is {warm_up!r}; expected a whole number of steps")
    if warm_up < 0:
        raise ValueError(f"warm_up is {warm_up}; expected 0 or more steps")
