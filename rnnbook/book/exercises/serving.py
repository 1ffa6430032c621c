"""Exercises of `chapters/tools/serving`."""

import numpy as np

from rnnbook.book.exercises.checker import Exercise


def _bytes_case(rng):
    cell = str(rng.choice(["rnn", "gru", "lstm"]))
    layers, units, size = int(rng.integers(2, 5)), int(rng.integers(20, 600)), 2
    return int(rng.integers(10**7, 10**9)), cell, layers, units, size * int(rng.integers(1, 5))


def _fit(memory, cell, layers, units, size):
    return memory // ((2 if cell == "lstm" else 1) * layers * units * size)


def _gates(cell):
    return {"rnn": 1, "gru": 3, "lstm": 4}[cell]


def _serve_case(rng):
    M, N, D, H = 7, 4, 3, 5
    states, x = rng.standard_normal((M, H)), rng.standard_normal((N, D))
    clients = np.roll(np.sort(rng.permutation(M)[:N]), 1)  # never in the order of the rows
    return states, clients, x, rng.standard_normal((D, H)), rng.standard_normal((H, H)) / 2


def _step(x, h, W_x, W_h):
    return np.tanh(x @ W_x + h @ W_h)


def _serve(states, clients, x, W_x, W_h):
    h = _step(x, states[clients], W_x, W_h)
    states = states.copy()
    states[clients] = h
    return states, h


def _swapped(states, clients, x, W_x, W_h):
    h = _step(x, states[np.sort(clients)], W_x, W_h)
    states = states.copy()
    states[np.sort(clients)] = h
    return states, h


def _scattered_sorted(states, clients, x, W_x, W_h):
    h = _step(x, states[clients], W_x, W_h)
    states = states.copy()
    states[np.sort(clients)] = h
    return states, h


def _absent_move_on(states, clients, x, W_x, W_h):
    everyone = np.zeros((len(states), x.shape[1]))
    everyone[clients] = x
    states = _step(everyone, states, W_x, W_h)
    return states, states[clients]


def _forgotten(states, clients, x, W_x, W_h):
    return _serve(0 * states, clients, x, W_x, W_h)


def _not_put_back(states, clients, x, W_x, W_h):
    return states, _step(x, states[clients], W_x, W_h)


def _queue_case(rng):
    clients, most = int(rng.integers(4, 7)), int(rng.integers(2, 5))
    busy = [0] * int(rng.integers(5, 9))  # one client has many letters, side by side
    return [*busy, *rng.integers(0, clients, 24).tolist()], most


def _steps(queue, most):
    steps, waiting = 0, list(queue)
    while waiting:
        batch: set = set()
        later = []
        for client in waiting:
            if len(batch) < most and client not in batch:
                batch.add(client)
            else:
                later.append(client)
        steps, waiting = steps + 1, later
    return steps


def _stops_at_the_second(queue, most):
    steps = 0
    batch: set[int] = set()
    for client in queue:
        if not batch or client in batch or len(batch) == most:
            steps, batch = steps + 1, set()
        batch.add(client)
    return steps


def _capacity_case(rng):
    a, b = float(rng.uniform(0.5, 5)), float(rng.uniform(0.01, 0.2))
    return a, b, int(rng.integers(4, 100)), float(rng.uniform(1, 8))


def _capacity(a, b, most, rate):
    return int(1000 * most / (a + b * most) // rate)


EXERCISES = {
    "state-bytes": Exercise(
        case=_bytes_case,
        solution=_fit,
        outputs=("the number of clients",),
        mistakes={
            "An LSTM keeps c beside h: two vectors.": (
                lambda memory, cell, layers, units, size: memory // (layers * units * size)
            ),
            "Each layer has a state of its own.": (
                lambda memory, cell, layers, units, size: _fit(memory, cell, 1, units, size)
            ),
            "Gates are computed anew at each step; only h, and c of an LSTM, are kept.": (
                lambda memory, cell, layers, units, size: (
                    memory // (_gates(cell) * layers * units * size)
                )
            ),
        },
    ),
    "gather-step-scatter": Exercise(
        case=_serve_case,
        solution=_serve,
        outputs=("states", "h"),
        mistakes={
            "States are swapped: x has the order of clients, and so must the states.": _swapped,
            "Put the new states back in the order in which you took the old ones.": (
                _scattered_sorted
            ),
            "Clients who have no input have moved on: their rows must stay.": _absent_move_on,
            "The old states are not used: every client starts from zeros.": _forgotten,
            "The new states are not in the table.": _not_put_back,
        },
    ),
    "queue-steps": Exercise(
        case=_queue_case,
        solution=_steps,
        outputs=("the number of steps",),
        mistakes={
            "Two letters of one client can't be in one batch.": (
                lambda queue, most: -(-len(queue) // most)
            ),
            "Do not stop at the second letter of a client: those behind it may go along.": (
                _stops_at_the_second
            ),
        },
    ),
    "capacity": Exercise(
        case=_capacity_case,
        solution=_capacity,
        outputs=("the number of clients",),
        mistakes={
            "These are letters a second: divide by those of one client.": (
                lambda a, b, most, rate: int(1000 * most / (a + b * most))
            ),
            "A step starts once for the whole batch, not once for each client.": (
                lambda a, b, most, rate: _capacity(a, b, 1, rate)
            ),
            "The times are in milliseconds.": (
                lambda a, b, most, rate: int(most / (a + b * most) // rate)
            ),
        },
    ),
}
