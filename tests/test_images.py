"""Readings of an image: against loops, against torch's unfold, and back again."""

import numpy as np
import pytest

from rnnbook.tasks import images

SHAPE = (4, 6)  # sides, patches and channels all differ, or a swapped side would hide
RNG = np.random.default_rng(0)
IMAGES = RNG.standard_normal((3, *SHAPE))

READINGS = {
    "rows": images.rows(SHAPE),
    "columns": images.columns(SHAPE),
    "pixels": images.pixels(SHAPE),
    "three cuts": images.cuts(SHAPE, 3),
    "patches": images.patches(SHAPE, 2),
    "shuffled": images.shuffled(np.random.default_rng(1), images.patches(SHAPE, 2)),
}
every_reading = pytest.mark.parametrize("places", READINGS.values(), ids=READINGS)


def test_rows_columns_and_pixels_are_what_they_are_called():
    assert (images.read(IMAGES, READINGS["rows"]) == IMAGES).all()
    assert (images.read(IMAGES, READINGS["columns"]) == IMAGES.swapaxes(1, 2)).all()
    assert (images.read(IMAGES, READINGS["pixels"])[..., 0] == IMAGES.reshape(3, 24)).all()


@pytest.mark.parametrize("steps", [1, 2, 3, 8, 24])
def test_cuts_follow_the_lines(steps):
    x = images.read(IMAGES, images.cuts(SHAPE, steps))
    assert x.shape == (3, steps, 24 // steps)
    assert (x.reshape(3, 24) == IMAGES.reshape(3, 24)).all()


@pytest.mark.parametrize("shape, size", [((4, 6), 2), ((6, 9), 3), ((2, 8), 1), ((5, 10), 5)])
def test_patches_against_a_loop(shape, size):
    pictures = np.arange(2 * shape[0] * shape[1]).reshape(2, *shape)
    expected = [
        pictures[:, r : r + size, c : c + size].reshape(2, -1)
        for r in range(0, shape[0], size)
        for c in range(0, shape[1], size)
    ]
    x = images.read(pictures, images.patches(shape, size))
    assert (x == np.stack(expected, axis=1)).all()


def test_patches_against_torch():
    torch = pytest.importorskip("torch")
    unfolded = torch.nn.functional.unfold(torch.tensor(IMAGES)[:, None], kernel_size=2, stride=2)
    x = images.read(IMAGES, READINGS["patches"])
    assert (x == unfolded.transpose(1, 2).numpy()).all()


@every_reading
def test_a_reading_names_every_pixel_once_and_can_be_undone(places):
    assert sorted(places.ravel()) == list(range(24))
    x = images.read(IMAGES, places)
    assert x.shape == (3, *places.shape) and x.dtype == IMAGES.dtype
    assert (images.write(x, places, SHAPE) == IMAGES).all()


@every_reading
def test_writing_and_reading_changes_nothing_either(places):
    x = np.random.default_rng(2).standard_normal((2, *places.shape))
    assert (images.read(images.write(x, places, SHAPE), places) == x).all()


@every_reading
def test_read_copies(places):
    pictures = IMAGES.copy()
    images.read(pictures, places)[:] = 0
    assert (pictures == IMAGES).all()


def test_write_is_the_transpose_of_read():
    # <read(I), x> = <I, write(x)>, so that a gradient at the sequence becomes one at the image
    places = READINGS["shuffled"]
    x = np.random.default_rng(3).standard_normal((3, *places.shape))
    left = (images.read(IMAGES, places) * x).sum()
    assert np.isclose(left, (IMAGES * images.write(x, places, SHAPE)).sum(), rtol=1e-13)


def test_one_shuffle_serves_all_images_and_depends_on_the_seed():
    places = images.pixels(SHAPE)
    first, again, other = (
        images.shuffled(np.random.default_rng(seed), places) for seed in (5, 5, 6)
    )
    assert (first == again).all() and (first != other).any() and (first != places).any()


def test_a_shuffle_keeps_the_steps_of_a_reading_apart_from_their_pixels():
    order = np.random.default_rng(1).permutation(24)
    assert (READINGS["shuffled"] == order[READINGS["patches"]]).all()


def test_no_images_are_no_sequences():
    assert images.read(np.zeros((0, *SHAPE)), READINGS["rows"]).shape == (0, 4, 6)


@pytest.mark.parametrize(
    "call, message",
    [
        (lambda: images.cuts(SHAPE, 5), "steps is 5; expected a divisor of the 24 pixels"),
        (lambda: images.cuts(SHAPE, 0), "steps is 0; expected a positive whole number"),
        (lambda: images.rows((4, 0)), "C is 0; expected a positive whole number"),
        (lambda: images.rows((4, 6, 3)), r"shape is \(4, 6, 3\); expected \(R, C\)"),
        (lambda: images.rows(4), r"shape is 4; expected \(R, C\)"),
        (lambda: images.patches(SHAPE, 4), r"size is 4; expected a divisor of both sides"),
        (lambda: images.read(IMAGES[0], READINGS["rows"]), r"images has shape \(4, 6\)"),
        (
            lambda: images.read(IMAGES, images.rows((4, 4))),
            "places has 16 places; expected 24, the pixels of an image",
        ),
        (
            lambda: images.write(IMAGES, READINGS["rows"], (4, 4)),
            "places has 24 places; expected 16",
        ),
        (
            lambda: images.write(IMAGES, READINGS["columns"], SHAPE),
            r"x has shape \(3, 4, 6\); expected \(N, T, D\) = \(3, 6, 4\)",
        ),
        (lambda: images.read(IMAGES, np.zeros((4, 6), int)), "does not name every pixel once"),
        (lambda: images.read(IMAGES, np.zeros((0, 6), int)), r"places has shape \(0, 6\)"),
        (lambda: images.read(IMAGES, READINGS["rows"] * 1.0), "dtype float64; expected"),
        (lambda: images.shuffled(RNG, [1, 0]), r"places has shape \(2,\)"),
    ],
)
def test_what_is_wrong_is_named(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def test_a_size_that_is_no_whole_number_and_a_seed():
    with pytest.raises(TypeError, match=r"rng is 3; expected a NumPy generator"):
        images.shuffled(3, READINGS["rows"])
    with pytest.raises(TypeError, match=r"steps is 2\.0; expected a positive whole number"):
        images.cuts(SHAPE, 2.0)
