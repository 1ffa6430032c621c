"""The docstrings' chance levels and optimal scores, measured."""

from collections import Counter

import numpy as np
import pytest

from rnnbook import tasks
from rnnbook.numpy import gru, sweep
from rnnbook.numpy.activations import relu
from rnnbook.numpy.convolution import convolve, convolve_backward, fold, unfold
from rnnbook.numpy.init import glorot_uniform, orthogonal
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
