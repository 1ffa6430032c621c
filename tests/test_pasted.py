"""Pasted digits: what is labelled is what the task says, checked by a flood fill."""

import numpy as np
import pytest
from scipy.ndimage import label
from sklearn.datasets import load_digits

from rnnbook.tasks.pasted import GAP, STRIP, connected_digit, connected_pairs, pasted_digits

DIGITS = load_digits().images / 16


@pytest.fixture(scope="module")
def scenes():
    return connected_digit(np.random.default_rng(0), DIGITS, 400)


def reached(parts):
    """The parts that a walk over drawn pixels from the left edge comes to."""
    components, _ = label(parts > 0, structure=np.ones((3, 3)))
    start = set(components[:, 0]) - {0}
    return set(parts[np.isin(components, list(start))].ravel()) - {0}


def test_all_ink_is_labelled():
    scenes = pasted_digits(np.random.default_rng(0), DIGITS, 50)
    assert (scenes.labels == (scenes.parts > 0)).all()
    assert set(np.unique(scenes.parts)) == {0, 1, 2}
    for parts, numbers in zip(scenes.parts, scenes.numbers, strict=True):
        for k in (1, 2):
            assert (parts == k).sum() == (DIGITS[numbers[k - 1]] > 0).sum()
    assert 0.8 < 1 - scenes.labels.mean() < 0.92


def test_the_labelled_digit_is_the_one_that_the_lines_lead_to(scenes):
    for labels, parts in zip(scenes.labels, scenes.parts, strict=True):
        (chosen,) = set(parts[labels])
        assert (labels == (parts == chosen)).all()
        assert reached(parts) == {chosen, chosen + 2, 5 - chosen}  # of the other, only the line


def test_each_digit_is_chosen_half_of_the_time(scenes):
    chosen = np.array([parts[labels][0] for labels, parts in zip(*scenes[1:3], strict=True)])
    assert 0.4 < (chosen == 1).mean() < 0.6


def test_the_two_of_a_pair_differ_in_the_gaps_only():
    one, two = connected_pairs(np.random.default_rng(1), DIGITS, 50)
    for k in range(50):
        changed = one.images[k] != two.images[k]
        assert changed.sum() == 2 * GAP
        assert set(one.parts[k][changed]) == {0, 3}
        assert set(two.parts[k][changed]) == {0, 4}
    digits = (one.parts == 1) | (one.parts == 2)
    assert ((one.labels | two.labels) == digits).all()
    assert not (one.labels & two.labels).any()


@pytest.mark.parametrize(
    "options",
    [
        {"gap": 1},
        {"gap": 2},
        {"bends": 4},
        {"bends": 4, "gap": 1},
        {"cut": "none"},
        {"cut": "both"},
    ],
)
def test_scenes_of_another_kind_keep_the_rule(options):
    scenes = connected_digit(np.random.default_rng(2), DIGITS, 40, **options)
    whole = {"none": {1, 2}, "both": set()}.get(options.get("cut"))
    for labels, parts in zip(scenes.labels, scenes.parts, strict=True):
        assert (labels == np.isin(parts, list(reached(parts) & {1, 2}))).all()
        if whole is not None:
            assert reached(parts) & {1, 2} == whole
        else:
            assert len(reached(parts) & {1, 2}) == 1


@pytest.mark.parametrize("gap", [1, 2, 3])
@pytest.mark.parametrize("bends", [2, 4])
def test_gaps_and_bends_are_as_asked(gap, bends):
    rng = np.random.default_rng(3)
    one, two = connected_pairs(rng, DIGITS, 20, gap=gap, bends=bends)
    assert ((one.images != two.images).sum(axis=(1, 2)) == 2 * gap).all()
    for line in (one.parts == 3, two.parts == 4):  # right of the strip it runs along one row
        assert line[:, :, STRIP:].any(axis=2).sum(axis=1).max() == 1
    drawn = one.parts == 3  # whole: its digit is the connected one
    turns = np.array([bends_of(line) for line in drawn])
    assert set(turns) <= ({0, 2} if bends == 2 else {4}) and (turns == bends).sum() > 10


def bends_of(line):
    """How often the way along a line of single pixels changes between rows and columns."""
    places = [tuple(p) for p in np.argwhere(line)]
    here = next(p for p in places if p[1] == 0)
    left, turns, before = set(places) - {here}, 0, None
    while left:
        following = [p for p in left if abs(p[0] - here[0]) + abs(p[1] - here[1]) == 1]
        (there,) = following
        way = there[0] == here[0]
        turns += before is not None and way != before
        before, here = way, there
        left.remove(here)
    return turns


def test_both_digits_hang_on_a_line(scenes):
    for parts in scenes.parts:
        for k in (1, 2):
            components, _ = label((parts == k) | (parts == k + 2), structure=np.ones((3, 3)))
            assert set(components[parts == k]) & set(components[parts == k + 2])


def test_texture_and_ink_stay_within_the_range(scenes):
    assert scenes.images.min() >= 0
    assert scenes.images.max() <= 1
    assert scenes.images[scenes.parts == 0].std() > 0.1


def test_the_same_seed_gives_the_same_scenes():
    one, two = (connected_digit(np.random.default_rng(5), DIGITS, 3) for _ in range(2))
    assert all(np.array_equal(a, b) for a, b in zip(one, two, strict=True))


@pytest.mark.parametrize(
    ("digits", "number", "message"),
    [
        (np.ones((2, 8)), 1, r"digits has shape \(2, 8\); expected \(M, 8, 8\)"),
        (np.full((1, 8, 8), 16.0), 1, "digits has values from 16.0 to 16.0; expected 0 to 1"),
        (np.zeros((1, 8, 8)), 1, r"digits\[0\] has no ink"),
        (np.ones((1, 8, 8)), 0, "number is 0"),
    ],
)
def test_errors(digits, number, message):
    for make in (pasted_digits, connected_digit):
        with pytest.raises(ValueError, match=message):
            make(np.random.default_rng(0), digits, number)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"gap": 0}, "gap is 0; expected 1 to 3 pixels"),
        ({"gap": 4}, "gap is 4; expected 1 to 3 pixels"),
        ({"bends": 3}, "bends is 3; expected 2 or 4"),
        ({"cut": "two"}, "cut is 'two'; expected one of 'one', 'none', 'both'"),
    ],
)
def test_kinds_of_scenes_that_there_are_not(options, message):
    with pytest.raises(ValueError, match=message):
        connected_digit(np.random.default_rng(0), DIGITS, 1, **options)


def test_other_types_are_refused():
    for make in (pasted_digits, connected_digit):
        with pytest.raises(TypeError, match=r"rng is 4; expected .*np.random.default_rng\(4\)"):
            make(4, np.ones((1, 8, 8)), 1)
        with pytest.raises(TypeError, match="digits is a list; expected a NumPy array"):
            make(np.random.default_rng(0), [[1.0]], 1)
        with pytest.raises(ValueError, match="digits has values from nan to nan; expected 0 to 1"):
            make(np.random.default_rng(0), np.full((1, 8, 8), np.nan), 1)
