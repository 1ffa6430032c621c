"""Bouncing digits: the law of movement holds, and the digit is where it is said to be."""

import numpy as np
import pytest
from sklearn.datasets import load_digits

from rnnbook.tasks.video import (
    DIGIT,
    ROOM,
    SIDE,
    VISIT,
    bouncing_digits,
    draw,
    reflect,
    two_visits,
)

DIGITS, LABELS = load_digits().images[:50] / 16, load_digits().target[:50]


@pytest.fixture(scope="module")
def videos():
    return bouncing_digits(np.random.default_rng(0), DIGITS, number=300, steps=20)


def test_the_frames_show_the_digit_at_its_corner_and_nothing_else(videos):
    for n, t in np.ndindex(40, 20):
        r, c = videos.corners[n, t]
        frame = videos.frames[n, t].copy()
        np.testing.assert_array_equal(
            frame[r : r + DIGIT, c : c + DIGIT], DIGITS[videos.numbers[n]]
        )
        frame[r : r + DIGIT, c : c + DIGIT] = 0
        assert not frame.any()


def test_it_moves_straight_on_and_turns_at_the_walls_only(videos):
    for corners in videos.corners:
        for place in corners.T:
            steps = np.diff(place)
            assert len(set(np.abs(steps))) == 1
            turns = np.flatnonzero(np.diff(steps)) + 1
            assert set(place[turns]) <= {0, ROOM}
    assert videos.corners.min() == 0
    assert videos.corners.max() == ROOM


def test_reflect_agrees_with_a_step_by_step_bounce():
    for start, speed in [(3, 2), (0, -1), (7, 2), (8, 1)]:
        place, velocity, path = start, speed, []
        for _ in range(40):
            path.append(place)
            place += velocity
            if place < 0 or place > ROOM:
                place = -place if place < 0 else 2 * ROOM - place
                velocity = -velocity
        np.testing.assert_array_equal(reflect(start + speed * np.arange(40)), path)


def test_all_velocities_and_places_occur(videos):
    steps = videos.corners[:, 1] - videos.corners[:, 0]
    assert {tuple(s) for s in steps.tolist()} == {
        (a, b) for a in (-1, 0, 1) for b in (-1, 0, 1) if a or b
    }
    assert len(np.unique(videos.corners[:, 0, 0])) == ROOM + 1


def test_the_same_seed_gives_the_same_videos():
    one, two = (bouncing_digits(np.random.default_rng(3), DIGITS, 4, 6) for _ in range(2))
    assert all(np.array_equal(a, b) for a, b in zip(one, two, strict=True))


def test_draw_puts_each_image_in_its_place():
    frames = draw(DIGITS[:2], np.array([[[0, 0]], [[ROOM, 5]]]))
    assert frames.shape == (2, 1, SIDE, SIDE)
    np.testing.assert_array_equal(frames[1, 0, ROOM:, 5 : 5 + DIGIT], DIGITS[1])


@pytest.mark.parametrize(
    ("digits", "steps", "message"),
    [
        (np.ones((2, 8)), 1, r"digits has shape \(2, 8\); expected \(M, 8, 8\)"),
        (np.full((1, 8, 8), 16.0), 1, "digits has values from 16.0 to 16.0; expected 0 to 1"),
        (np.ones((1, 8, 8)), 0, "steps is 0"),
    ],
)
def test_errors(digits, steps, message):
    with pytest.raises(ValueError, match=message):
        bouncing_digits(np.random.default_rng(0), digits, 1, steps)


def test_other_types_are_refused():
    with pytest.raises(TypeError, match=r"rng is 4; expected .*np.random.default_rng\(4\)"):
        bouncing_digits(4, np.ones((1, 8, 8)), 1, 2)
    with pytest.raises(TypeError, match="digits is a list; expected a NumPy array"):
        bouncing_digits(np.random.default_rng(0), [[1.0]], 1, 2)


@pytest.mark.parametrize(
    ("images", "corners", "message"),
    [
        (DIGITS[:2], np.full((2, 3, 2), -1), "corners go from -1 to -1; expected 0 to 8"),
        (DIGITS[:2], np.full((2, 3, 2), 9), "corners go from 9 to 9; expected 0 to 8"),
        (DIGITS[:2], np.zeros((2, 3, 2)), "corners has shape .* dtype float64; expected"),
        (
            DIGITS[:2],
            np.zeros((2, 3, 1), int),
            r"corners has shape \(2, 3, 1\); expected \(N, T",
        ),
        (DIGITS[:1], np.zeros((2, 3, 2), int), r"images has shape \(1, 8, 8\); .* = \(2, 8, 8\)"),
    ],
)
def test_draw_names_what_does_not_fit_into_a_frame(images, corners, message):
    with pytest.raises(ValueError, match=message):
        draw(images, corners)


def test_two_visitors_come_one_after_the_other():
    videos = two_visits(np.random.default_rng(0), DIGITS, LABELS, 400, 13)
    assert videos.frames.shape == (400, 13, SIDE, SIDE)
    assert (LABELS[videos.numbers[:, 0]] != LABELS[videos.numbers[:, 1]]).all()
    for n, present in enumerate(videos.present):
        first, second = (np.flatnonzero(present == k) for k in (1, 2))
        for there in (first, second):
            assert (np.diff(there) == 1).all()
            assert VISIT[0] <= len(there) <= VISIT[1]
        assert first[-1] + 1 < second[0], "there is a dark frame between them"
        light = videos.frames[n].sum((1, 2))
        assert not light[present == 0].any()
        for k in (1, 2):
            digit = DIGITS[videos.numbers[n, k - 1]]
            np.testing.assert_allclose(light[present == k], digit.sum())


def test_a_video_of_two_visits_is_as_likely_backwards():
    videos = two_visits(np.random.default_rng(1), DIGITS, LABELS, 20_000, 9)
    forwards = (videos.present > 0).mean(0)
    np.testing.assert_allclose(forwards, forwards[::-1], atol=0.02)  # 5 standard errors of 0.0035
    lengths = [(videos.present == k).sum(1) for k in (1, 2)]
    assert abs(lengths[0].mean() - lengths[1].mean()) < 0.05
    counts = np.zeros((10, 10))
    np.add.at(counts, tuple(LABELS[videos.numbers].T), 1)
    off = np.triu_indices(10, 1)
    ahead, behind = counts[off], counts.T[off]
    assert ((ahead - behind) ** 2 / (ahead + behind)).sum() < 81  # chi-squared, 45 pairs, p = 0.001


@pytest.mark.parametrize(
    ("labels", "steps", "message"),
    [
        (LABELS[:3], 9, r"labels has shape \(3,\); expected \(M,\) = \(50,\)"),
        (np.zeros(50), 9, r"labels are all .*0\.0.*; expected at least two different ones"),
        (LABELS, 8, "steps is 8; expected at least 9: two visits, a gap"),
    ],
)
def test_two_visits_names_what_it_cannot_use(labels, steps, message):
    with pytest.raises(ValueError, match=message):
        two_visits(np.random.default_rng(0), DIGITS, labels, 2, steps)
