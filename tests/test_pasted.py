"""Pasted digits: what is labelled is what the task says, checked by a flood fill."""

import numpy as np
import pytest
from scipy.ndimage import label
from sklearn.datasets import load_digits

from rnnbook.tasks.pasted import connected_digit, pasted_digits

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


def test_the_labelled_digit_is_the_one_that_the_line_leads_to(scenes):
    for labels, parts in zip(scenes.labels, scenes.parts, strict=True):
        (chosen,) = set(parts[labels])
        assert (labels == (parts == chosen)).all()
        assert reached(parts) == {chosen, chosen + 2}


def test_nothing_near_the_edge_or_in_the_halves_tells_which(scenes):
    chosen = np.array([parts[labels][0] for labels, parts in zip(*scenes[1:3], strict=True)])
    assert 0.4 < (chosen == 1).mean() < 0.6
    rows = np.array([np.argwhere(labels)[:, 0].mean() for labels in scenes.labels])
    assert 0.4 < (rows < 12).mean() < 0.6
    starts = np.array([np.flatnonzero(parts[:, 0])[0] for parts in scenes.parts])
    assert abs(np.corrcoef(starts, rows)[0, 1]) < 0.15


def test_both_digits_hang_on_a_line(scenes):
    for parts in scenes.parts:
        for k in (1, 2):
            components, _ = label((parts == k) | (parts == k + 2), structure=np.ones((3, 3)))
            touching = set(components[parts == k + 2])
            assert len(touching) == 1
            assert (components[parts == k] == touching.pop()).any()


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
