"""Exercises of `chapters/applications/images/classification`."""

from itertools import product

import numpy as np

from rnnbook.book.exercises.checker import Exercise


def _image_case(rng):
    size = int(rng.integers(2, 4))
    shape = (size * int(rng.integers(2, 4)), size * int(rng.integers(4, 6)))
    return rng.standard_normal(shape), size


def _blocks(image, size):
    """The image as (patch row, patch column, row in it, column in it)."""
    R, C = image.shape
    return image.reshape(R // size, size, C // size, size).swapaxes(1, 2)


def _patches(image, size):
    return _blocks(image, size).reshape(-1, size * size)


def _differences_case(rng):
    values = rng.integers(-6, 8, int(rng.integers(6, 11))).astype(float)
    values[0] = 3.0  # never all zero
    return (values,)


def _sums(differences):
    """The sums under all sign patterns."""
    return np.array(list(product((1, -1), repeat=len(differences)))) @ differences


def _sign_flips(differences):
    return float((np.abs(_sums(differences)) >= abs(differences.sum()) - 1e-9).mean())


def _one_sided(differences):
    return float((_sums(differences) >= differences.sum() - 1e-9).mean())


def _without_equals(differences):
    return float((np.abs(_sums(differences)) > abs(differences.sum()) + 1e-9).mean())


def _signs_only(differences):
    return _sign_flips(np.sign(differences))


EXERCISES = {
    "patch-sequence": Exercise(
        case=_image_case,
        solution=_patches,
        outputs=("the sequence",),
        mistakes={
            "A plain reshape cuts lines, not squares: bring the two axes of a patch together.": (
                lambda image, size: image.reshape(-1, size * size)
            ),
            "The patches come column by column; read a row of patches before the next.": (
                lambda image, size: _blocks(image, size).swapaxes(0, 1).reshape(-1, size * size)
            ),
            "Inside a patch rows and columns are swapped.": (
                lambda image, size: _blocks(image, size).swapaxes(2, 3).reshape(-1, size * size)
            ),
        },
    ),
    "sign-flips": Exercise(
        case=_differences_case,
        solution=_sign_flips,
        outputs=("the probability",),
        mistakes={
            "This is one-sided: a sum as far below zero counts too.": _one_sided,
            "Sums that are equal to the one seen count too, its own pattern among them.": (
                _without_equals
            ),
            "Flip the signs of the differences themselves: their sizes count.": _signs_only,
        },
    ),
}
