"""The docstrings' chance levels and optimal scores, measured."""

from collections import Counter

import numpy as np
import pytest

from rnnbook import tasks
from rnnbook.numpy import gru, sweep
from rnnbook.numpy.activations import relu
from rnnbook.numpy.convolution import convolve, convolve_backward, fold, unfold
from rnnbook.numpy.init import glorot_uniform, orthogonal
from rnnbook.tasks import permutations
from rnnbook.tasks.memory import one_hot

MANY = 4000


@pytest.fixture
def rng():
    return np.random.default_rng(0)


def entropy_of_choices(strings):
    """The loss of a perfect model in nats per string, where legal symbols are equally likely."""
    return np.log(np.maximum(strings.legal.sum(axis=-1), 1)).sum() / len(strings.x)


def error_of_last_value(series, horizon):
    difference = series[horizon:] - series[:-horizon]
    return np.sqrt((difference**2).mean()) / series.std()


def test_adding(rng):
    x, y, _ = tasks.adding(rng, MANY, 7)
    numbers, markers = x[..., 0], x[..., 1]
    assert (markers[:, :3].sum(axis=1) == 1).all() and (markers[:, 3:].sum(axis=1) == 1).all()
    assert np.allclose((numbers * markers).sum(axis=1), y[:, 0])
    assert ((y - 1) ** 2).mean() == pytest.approx(1 / 6, rel=0.05)


def test_copy(rng):
    x, y, counts = tasks.copy(rng, MANY, 5, symbols=4, items=3)
    shown = x.argmax(axis=-1)
    assert x.shape == (MANY, 11, 6)
    assert (shown[:, :3] == y[:, -3:]).all() and (y[:, :-3] == 4).all()
    assert (shown[:, 3:7] == 4).all() and (shown[:, 7] == 5).all() and (shown[:, 8:] == 4).all()
    assert (counts.sum(axis=1) == 3).all() and counts[:, -3:].all()
    share = np.bincount(y[counts], minlength=4) / counts.sum()
    best = -(counts.sum() * (share * np.log(share)).sum()) / counts.size
    assert best == pytest.approx(3 * np.log(4) / 11, rel=0.01)


def last_values(x, keys):
    """What a dictionary of the writes so far would answer, (N, T); -1 where nothing was written."""
    answers = np.full(x.shape[:2], -1)
    for n, sequence in enumerate(x):
        written = {}
        for t, step in enumerate(sequence):
            key = int(step[:keys].argmax())
            if step[keys:].any():
                written[key] = int(step[keys:].argmax())
            answers[n, t] = written[key]
    return answers


@pytest.mark.parametrize("rewrites", [None, 0, 1, 6])
def test_rewriting_recall_asks_for_the_last_value(rng, rewrites):
    x, y, asked = tasks.rewriting_recall(rng, 500, 6, keys=9, values=4, rewrites=rewrites)
    twice = 3 if rewrites is None else rewrites
    assert x.shape == (500, 12 + twice, 13)
    assert (x[..., :9].sum(axis=-1) == 1).all()
    assert (x[..., 9:].sum(axis=-1) == ~asked).all()
    assert (asked.sum(axis=1) == 6).all() and asked[:, -6:].all()
    assert (y[asked] == last_values(x, 9)[asked]).all() and not y[~asked].any()
    keys = x[..., :9].argmax(axis=-1)
    for row, values in zip(keys, x[..., 9:].argmax(axis=-1), strict=True):
        writes = row[:-6]
        times = np.bincount(writes, minlength=9)
        assert sorted(set(row[-6:])) == sorted(set(writes))
        assert (times == 2).sum() == twice and (times == 1).sum() == 6 - twice
        for key in np.flatnonzero(times == 2):
            first, second = values[:-6][writes == key]
            assert first != second
    assert np.bincount(y[asked]) / asked.sum() == pytest.approx([0.25] * 4, abs=0.04)


def test_rewriting_recall_for_one_that_finds_all_values_of_a_key(rng):
    """It takes one of the two at random: 3/4 in all."""
    x, y, _ = tasks.rewriting_recall(rng, MANY, 4)
    keys, values = x[..., :64].argmax(axis=-1), x[..., 64:].argmax(axis=-1)
    right = []
    for row, value, answer in zip(keys, values, y, strict=True):
        for t in range(6, 10):
            found = value[:6][row[:6] == row[t]]
            right.append(rng.choice(found) == answer[t])
    assert np.mean(right) == pytest.approx(0.75, abs=0.015)


def test_rewriting_recall_in_all_orders(rng):
    """The first write of a key may come late, and questions come in another order than writes."""
    x, *_ = tasks.rewriting_recall(rng, MANY, 3, keys=5, rewrites=1)
    keys = x[..., :5].argmax(axis=-1)
    twice = [np.flatnonzero(row[:4] == np.bincount(row[:4]).argmax()).tolist() for row in keys]
    places = Counter(map(tuple, twice))
    assert len(places) == 6 and min(places.values()) > MANY / 8
    first = (keys[:, 4] == keys[:, 0]).mean()
    assert first == pytest.approx(1 / 3, abs=0.03)


def test_modulo(rng):
    x, y, _ = tasks.modulo(rng, MANY, 7, base=4)
    assert (y == x.argmax(axis=-1).cumsum(axis=1) % 4).all()
    assert np.bincount(y[:, -1]) / MANY == pytest.approx([0.25] * 4, abs=0.03)
    x, y, _ = tasks.modulo(rng, 10, 7, base=2)
    assert (y == x[..., 1].cumsum(axis=1) % 2).all()


@pytest.mark.parametrize(
    ("number", "moves", "count"), [(5, "neighbours", 4), (5, "swaps", 10), (3, "all", 6)]
)
def test_cups(rng, number, moves, count):
    table = permutations.cup_moves(number, moves)
    assert table.shape == (count, number) and len({tuple(row) for row in table}) == count
    assert (np.sort(table, axis=1) == np.arange(number)).all()
    if moves != "all":
        assert ((table != np.arange(number)).sum(axis=1) == 2).all()
    x, y, _ = tasks.cups(np.random.default_rng(1), 50, 9, number=number, moves=moves)
    _, whole, _ = tasks.cups(
        np.random.default_rng(1), 50, 9, number=number, moves=moves, asked="order"
    )
    for n in range(50):
        balls = np.arange(number)
        for t, move in enumerate(x[n].argmax(axis=-1)):
            balls = balls[table[move]]
            assert balls[0] == y[n, t]
            assert (permutations.orders(number)[whole[n, t]] == balls).all()


def test_cups_are_mixed_after_many_moves(rng):
    _, y, _ = tasks.cups(rng, MANY, 60)
    assert np.bincount(y[:, -1]) / MANY == pytest.approx([0.2] * 5, abs=0.03)
    _, y, _ = tasks.cups(rng, MANY, 20, number=3, moves="all", asked="order")
    assert np.bincount(y[:, -1]) / MANY == pytest.approx([1 / 6] * 6, abs=0.03)


@pytest.mark.parametrize(
    ("task", "options", "message"),
    [
        ("rewriting_recall", {"pairs": 5, "keys": 4}, "pairs is 5; expected at least 1 and at mo"),
        ("rewriting_recall", {"pairs": 5, "rewrites": 6}, "rewrites is 6; .* at most pairs = 5"),
        ("rewriting_recall", {"pairs": 5, "values": 1}, "values is 1; expected at least 2"),
        ("cups", {"length": 5, "number": 1}, "number is 1; expected at least 2 cups"),
        ("cups", {"length": 5, "moves": "some"}, "moves is 'some'; expected 'neighbours' or"),
        ("cups", {"length": 5, "asked": "cup"}, "asked is 'cup'; expected 'ball' or 'order'"),
        ("modulo", {"length": 5, "base": 0}, "base is 0; expected a positive whole number"),
    ],
)
def test_recall_and_permutations_name_what_does_not_fit(rng, task, options, message):
    with pytest.raises(ValueError, match=message):
        getattr(tasks, task)(rng, 2, **options)
    with pytest.raises(TypeError, match="rng"):
        getattr(tasks, task)(0, 2, **options)


def test_delayed_recall_hides_the_answer_after_the_first_step(rng):
    x, y, _ = tasks.delayed_recall(rng, MANY, 6, symbols=3)
    assert (x[:, 1:, :3] == 0).all() and (x[:, 0, 3] == 0).all()
    assert np.bincount(y) / MANY == pytest.approx([1 / 3] * 3, abs=0.03)
    noise = x[:, 1:, 3]
    assert max(abs(np.corrcoef(noise[:, t], y)[0, 1]) for t in range(6)) < 0.06


def test_temporal_order(rng):
    x, y, _ = tasks.temporal_order(rng, MANY, 40)
    shown = x.argmax(axis=-1)
    places = np.argwhere(shown >= 6)[:, 1].reshape(MANY, 2)
    assert ((places[:, 0] >= 4) & (places[:, 0] < 8)).all()
    assert ((places[:, 1] >= 20) & (places[:, 1] < 24)).all()
    marks = shown[shown >= 6].reshape(MANY, 2) - 6
    assert (2 * marks[:, 0] + marks[:, 1] == y).all()
    assert np.bincount(y) / MANY == pytest.approx([0.25] * 4, abs=0.03)
    of_second = [Counter(y[marks[:, 1] == m]).most_common(1)[0][1] for m in (0, 1)]
    assert sum(of_second) / MANY == pytest.approx(0.5, abs=0.03)


def test_parity_needs_every_bit(rng):
    x, y, _ = tasks.parity(rng, MANY, 8)
    assert (np.logical_xor.accumulate(x[..., 0] == 1, axis=1) == y).all()
    for missing in range(8):
        guess = (x[..., 0].sum(axis=1) - x[:, missing, 0]) % 2
        assert (guess == y[:, -1]).mean() == pytest.approx(0.5, abs=0.03)


def test_register_shows_the_last_number_that_was_written(rng):
    x, y, reads = tasks.register(rng, MANY, 8, write=0.2, read=0.4)
    numbers, writes = x[..., 0], x[..., 1] == 1
    held = numbers[:, 0]
    assert writes[:, 0].all() and not (writes & reads).any()
    for t in range(8):
        held = np.where(writes[:, t], numbers[:, t], held)
        assert (y[:, t] == held).all()
    assert (x[..., 2] == reads).all()
    assert writes[:, 1:].mean() == pytest.approx(0.2, abs=0.01)
    assert reads[~writes].mean() == pytest.approx(0.4, abs=0.02)
    assert (y[reads] ** 2).mean() == pytest.approx(1 / 3, abs=0.01)
    assert abs(np.corrcoef(numbers[reads], y[reads])[0, 1]) < 0.03


def test_reber(rng):
    strings = tasks.reber(rng, MANY)
    assert strings.mask.sum() / MANY == pytest.approx(7, rel=0.02)
    assert entropy_of_choices(strings) == pytest.approx(6 * np.log(2), rel=0.02)
    assert next_is_legal(strings).all()


def test_embedded_reber(rng):
    strings = tasks.embedded_reber(rng, MANY)
    assert next_is_legal(strings).all()
    assert entropy_of_choices(strings) == pytest.approx(7 * np.log(2), rel=0.02)
    lengths = strings.mask.sum(axis=1)
    second = strings.x[:, 1].argmax(axis=-1)
    last_but_one = strings.x[np.arange(MANY), lengths - 1].argmax(axis=-1)
    assert (second == last_but_one).all()
    share_of_t = (second == 1).mean()
    assert max(share_of_t, 1 - share_of_t) == pytest.approx(0.5, abs=0.03)


def next_is_legal(strings):
    legal = np.take_along_axis(strings.legal, strings.y[..., None], axis=-1)[..., 0]
    assert not strings.x[~strings.mask].any() and not strings.legal[~strings.mask].any()
    return legal[strings.mask]


def test_dyck_is_balanced_uniform_and_needs_a_stack(rng):
    strings = tasks.dyck(rng, 14_000, 4)
    assert next_is_legal(strings).all()
    counts = Counter(map(tuple, strings.y))
    assert len(counts) == 14  # Catalan(4)
    assert min(counts.values()) > 850 and max(counts.values()) < 1150
    two = tasks.dyck(rng, MANY, 5, kinds=2)
    assert next_is_legal(two).all()
    closing = (two.y == 2) | (two.y == 3)
    assert (two.y[closing] == 2).mean() == pytest.approx(0.5, abs=0.02)
    assert (two.legal[..., 2:].sum(axis=-1) == 1).all()  # one way to close: a stack is never wrong


def test_a_n_b_n_costs_the_number_of_lengths(rng):
    strings = tasks.a_n_b_n(rng, MANY, 2, 6)
    assert next_is_legal(strings).all()
    n = strings.x[..., 0].sum(axis=1).astype(int)
    assert (strings.x[..., 1].sum(axis=1) == n).all()
    hazard = {k: 1 / (7 - k) for k in range(2, 7)}  # that the a's end after k of them
    loss = [-sum(np.log(1 - hazard.get(k, 0)) for k in range(1, m)) - np.log(hazard[m]) for m in n]
    assert np.mean(loss) == pytest.approx(np.log(5), abs=1e-12)


def test_mackey_glass():
    series = tasks.mackey_glass(5000)
    fine = tasks.mackey_glass(100, warm_up=0, steps_per_unit=40)
    assert np.abs(fine - tasks.mackey_glass(100, warm_up=0)).max() < 1e-4
    assert error_of_last_value(series, 1) == pytest.approx(0.15, abs=0.01)
    assert error_of_last_value(series, 84) == pytest.approx(1.6, abs=0.1)


def test_lorenz():
    states = tasks.lorenz(5000)
    assert error_of_last_value(states[:, 0], 1) == pytest.approx(0.11, abs=0.01)
    fine = tasks.lorenz(101, step=0.002, warm_up=0)[::10]
    assert np.abs(fine - tasks.lorenz(11, warm_up=0)).max() < 1e-3
    base = tasks.lorenz(900, warm_up=500)
    other = tasks.lorenz(900, start=base[0] + [1e-8, 0, 0], warm_up=0)
    again = tasks.lorenz(900, start=base[0], warm_up=0)
    distance = np.linalg.norm(other - again, axis=1)
    growth = np.polyfit(0.02 * np.arange(100, 800), np.log(distance[100:800]), 1)[0]
    assert growth == pytest.approx(0.9, abs=0.3)


@pytest.mark.parametrize(
    "make",
    [
        tasks.adding,
        tasks.copy,
        tasks.delayed_recall,
        tasks.temporal_order,
        tasks.parity,
        tasks.register,
    ],
)
def test_the_same_seed_gives_the_same_batch_and_bad_sizes_are_refused(make):
    a, b = (make(np.random.default_rng(3), 4, 12) for _ in range(2))
    assert all(np.array_equal(u, v) for u, v in zip(a, b, strict=True))
    with pytest.raises(ValueError, match="batch_size is 0"):
        make(np.random.default_rng(0), 0, 12)


@pytest.mark.parametrize(
    "call, message",
    [
        (lambda rng: tasks.adding(rng, 2, 1), "length is 1; expected at least 2"),
        (lambda rng: tasks.temporal_order(rng, 2, 9), "length is 9; expected at least 10"),
        (lambda rng: tasks.a_n_b_n(rng, 2, 5, 4), "high is 4; expected at least low = 5"),
        (lambda rng: tasks.dyck(rng, 2, 0), "pairs is 0; expected a positive"),
    ],
)
def test_impossible_settings_are_refused(rng, call, message):
    with pytest.raises(ValueError, match=message):
        call(rng)


@pytest.mark.parametrize(
    "call",
    [
        lambda rng: tasks.adding(rng, 4, 10),
        lambda rng: tasks.copy(rng, 4, 3),
        lambda rng: tasks.delayed_recall(rng, 4, 3),
        lambda rng: tasks.temporal_order(rng, 4, 20),
        lambda rng: tasks.parity(rng, 4, 3),
        lambda rng: tasks.register(rng, 4, 3),
        lambda rng: tasks.reber(rng, 4),
        lambda rng: tasks.embedded_reber(rng, 4),
        lambda rng: tasks.dyck(rng, 4, 3),
        lambda rng: tasks.a_n_b_n(rng, 4, 2, 3),
        lambda rng: glorot_uniform(rng, 2, 3),
        lambda rng: orthogonal(rng, 3),
        lambda rng: sweep.init(gru, rng, 2, 3),
    ],
)
def test_a_seed_is_no_generator(call):
    for seed, message in (
        (0, r"rng is 0; expected a NumPy generator, such as np.random.default_rng\(0\)"),
        (17, r"rng is 17; expected .* such as np.random.default_rng\(17\)"),
        (None, r"rng is None; expected"),
        (True, r"rng is a bool; expected .*default_rng\(0\)"),
        (np.random.RandomState(1), r"rng is a RandomState; expected"),
    ):
        with pytest.raises(TypeError, match=message):
            call(seed)


@pytest.mark.parametrize(
    "call, kind, message",
    [
        (lambda rng: tasks.copy(rng, 2, 0), ValueError, "lag is 0; expected a positive"),
        (lambda rng: tasks.copy(rng, 2, 3, items=0), ValueError, "items is 0; expected a pos"),
        (lambda rng: tasks.copy(rng, 2, 3, symbols=1.5), TypeError, "symbols is 1.5; expected"),
        (lambda rng: tasks.delayed_recall(rng, 2, -1), ValueError, "lag is -1; expected a pos"),
        (lambda rng: tasks.parity(rng, 2, True), TypeError, "length is True; expected a pos"),
        (lambda rng: tasks.register(rng, 2, 3, read=1.5), ValueError, "read is 1.5; expected a pr"),
        (lambda rng: tasks.reber(rng, 2.0), TypeError, "batch_size is 2.0; expected a pos"),
        (lambda rng: tasks.dyck(rng, 2, 3, kinds=0), ValueError, "kinds is 0; expected a pos"),
        (lambda rng: tasks.a_n_b_n(rng, 2, 0, 4), ValueError, "low is 0; expected a positive"),
        (lambda rng: tasks.mackey_glass(0), ValueError, "length is 0; expected a positive"),
        (lambda rng: tasks.mackey_glass(3, warm_up=-1), ValueError, "warm_up is -1; expected 0"),
        (lambda rng: tasks.lorenz(3, warm_up=1.5), TypeError, "warm_up is 1.5; expected a whole"),
        (lambda rng: tasks.mackey_glass(3, delay=0), ValueError, "delay is 0; .* one step, 0.1"),
        (lambda rng: tasks.mackey_glass(3, delay=np.nan), ValueError, "delay is nan; expected"),
        (lambda rng: tasks.lorenz(3, step=0), ValueError, "step is 0 .* step above 0"),
        (lambda rng: tasks.lorenz(3, step=0.5), ValueError, "step is 0.5; expected a smaller one"),
        (lambda rng: tasks.lorenz(3, start=(1, 2)), ValueError, r"start has shape \(2,\)"),
        (lambda rng: one_hot([0, -1], 3), ValueError, r"classes go from -1 to 0; .* \[0, 3\)"),
        (lambda rng: one_hot([3], 3), ValueError, r"classes go from 3 to 3; expected \[0, size\)"),
        (lambda rng: one_hot([1.0], 3), TypeError, "classes has dtype float64; expected whole"),
        (lambda rng: orthogonal(rng, 0), ValueError, "size is 0; expected a positive whole"),
        (lambda rng: glorot_uniform(rng, 2, 2.5), TypeError, "fan_out is 2.5; expected a pos"),
        (lambda rng: glorot_uniform(rng, 0, 2), ValueError, "fan_in is 0; expected a positive"),
        (lambda rng: sweep.init(gru, rng, 0, 2), ValueError, "channels is 0; expected a positive"),
    ],
)
def test_what_no_task_can_be_made_of_is_named(rng, call, kind, message):
    with pytest.raises(kind, match=message):
        call(rng)


def test_initial_weights_have_the_size_that_they_are_called_after(rng):
    W = glorot_uniform(rng, 300, 200)
    r = np.sqrt(6 / 500)
    assert W.shape == (300, 200)
    assert 0.99 * r < np.abs(W).max() <= r and W.var() == pytest.approx(r**2 / 3, rel=0.02)
    Q = orthogonal(rng, 7)
    assert np.abs(Q @ Q.T - np.eye(7)).max() < 1e-14


@pytest.mark.parametrize(
    "call, message",
    [
        (lambda x, W: convolve(x, W[:2, :2]), "size is 2; expected an odd number"),
        (lambda x, W: convolve(x, W[:, :2]), r"W has shape \(3, 2, 2, 4\); .*\(3, 3, 2, 4\)"),
        (lambda x, W: convolve(x, W[:, :, :1]), r"W has shape \(3, 3, 1, 4\); .*\(3, 3, 2, 4\)"),
        (lambda x, W: convolve(x[0], W), r"x has shape \(5, 6, 2\); expected \(N, R, C, D\)"),
        (lambda x, W: convolve(x, W[0]), r"W has shape \(3, 2, 4\); expected \(k, k, D, K\)"),
        (lambda x, W: convolve_backward(x, W, x), r"dy has shape \(1, 5, 6, 2\); .*\(1, 5, 6, 4\)"),
        (lambda x, W: unfold(x[0], 3), r"x has shape \(5, 6, 2\); expected \(N, R, C, D\)"),
        (lambda x, W: fold(x, 3), r"patches has shape \(1, 5, 6, 2\); expected .* size = 3"),
    ],
)
def test_convolutions_name_what_does_not_fit(call, message):
    with pytest.raises(ValueError, match=message):
        call(np.ones((1, 5, 6, 2)), np.ones((3, 3, 2, 4)))


def test_a_rectifier_hides_no_nan():
    a = np.array([-2.0, 0.0, 3.0, np.nan, np.inf, -np.inf])
    assert np.array_equal(relu(a), [0, 0, 3, np.nan, np.inf, 0], equal_nan=True)
    assert relu(a.astype("float32")).dtype == np.float32
    assert relu(np.array([-1 + 2j, 2 + 3j])).tolist() == [0, 2 + 3j]
