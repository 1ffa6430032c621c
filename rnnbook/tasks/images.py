"""An image as a sequence: which pixels are read at which step.

A *reading* is an array of places (T, D): entry [t, d] is the number of the pixel that stands at
step t in channel d, counted along the rows from the top left. Every pixel stands in it once, so
that `write` can undo `read`. With one array for each reading, a network, a drawing and a
gradient all agree on where a number came from.
"""

from collections.abc import Sequence

import numpy as np

from rnnbook._check import check_shape, check_sizes
from rnnbook._rng import check_rng


def cuts(shape: tuple[int, int], steps: int) -> np.ndarray:
    """The image line by line, cut into `steps` pieces of equal length: (T, D), T D = R C.

    As many steps as rows reads rows; as many steps as pixels reads pixels; one step reads all.

    >>> cuts((2, 4), steps=4)
    array([[0, 1],
           [2, 3],
           [4, 5],
           [6, 7]])
    """
    R, C = _check_image(shape)
    check_sizes(steps=steps)
    if (R * C) % steps:
        raise ValueError(f"steps is {steps}; expected a divisor of the {R * C} pixels")
    D = R * C // steps
    t, d = np.mgrid[:steps, :D]
    places = t * D + d  # eq-images-cuts
    return places


def rows(shape: tuple[int, int]) -> np.ndarray:
    """One row a step, from the top: (R, C).

    >>> rows((2, 3))
    array([[0, 1, 2],
           [3, 4, 5]])
    """
    return cuts(shape, _check_image(shape)[0])


def columns(shape: tuple[int, int]) -> np.ndarray:
    """One column a step, from the left: (C, R).

    >>> columns((2, 3))
    array([[0, 3],
           [1, 4],
           [2, 5]])
    """
    return rows(shape).T.copy()


def pixels(shape: tuple[int, int]) -> np.ndarray:
    """One pixel a step, line by line: (R C, 1), as Le, Jaitly and Hinton (2015) read digits.

    >>> pixels((2, 2))[:, 0]
    array([0, 1, 2, 3])
    """
    R, C = _check_image(shape)
    return cuts(shape, R * C)


def patches(shape: tuple[int, int], size: int) -> np.ndarray:
    """One square patch a step, patches and their pixels line by line: (R C / size^2, size^2).

    >>> patches((2, 4), size=2)
    array([[0, 1, 4, 5],
           [2, 3, 6, 7]])
    """
    R, C = _check_image(shape)
    check_sizes(size=size)
    if R % size or C % size:
        raise ValueError(f"size is {size}; expected a divisor of both sides of shape {(R, C)}")
    p, q = size, C // size  # q patches stand in a row of patches
    t, d = np.mgrid[: R * C // p**2, : p**2]
    places = (p * (t // q) + d // p) * C + p * (t % q) + d % p  # eq-images-patches
    return places


def shuffled(rng: np.random.Generator, places: np.ndarray) -> np.ndarray:
    """The same steps and channels, filled with the pixels in one random order: (T, D).

    The order is drawn once and then used for all images (Le, Jaitly and Hinton 2015): nothing is
    lost, but neighbours in the image are no longer neighbours in the sequence.

    >>> shuffled(np.random.default_rng(0), pixels((2, 2)))[:, 0]
    array([2, 0, 1, 3])
    """
    check_rng(rng)
    places = check_reading(places)
    order = rng.permutation(places.size)
    places = order[places]  # eq-images-shuffled
    return places


def read(images: np.ndarray, places: np.ndarray) -> np.ndarray:
    """Images (N, R, C) as sequences (N, T, D).

    Raises `ValueError` where the reading was made for another number of pixels.

    >>> read(np.array([[[1, 2], [3, 4]]]), columns((2, 2)))
    array([[[1, 3],
            [2, 4]]])
    """
    places, images = check_reading(places), np.asarray(images)
    if images.ndim != 3:
        raise ValueError(f"images has shape {images.shape}; expected (N, R, C)")
    flat = images.reshape(len(images), images.shape[1] * images.shape[2])
    if flat.shape[1] != places.size:
        raise ValueError(
            f"places has {places.size} places; expected {flat.shape[1]}, the pixels of an image"
        )
    x = flat[:, places]  # eq-images-read
    return x


def write(x: np.ndarray, places: np.ndarray, shape: tuple[int, int]) -> np.ndarray:
    """Sequences (N, T, D) put back into images (N, R, C): what `read` did, undone.

    `x` may hold anything that belongs to pixels: gradients of a loss at the inputs, say.

    >>> write(np.array([[[1, 3], [2, 4]]]), columns((2, 2)), (2, 2))
    array([[[1, 2],
            [3, 4]]])
    """
    R, C = _check_image(shape)
    places, x = check_reading(places), np.asarray(x)
    if places.size != R * C:
        raise ValueError(f"places has {places.size} places; expected {R * C}, as shape has pixels")
    check_shape("x", x, "(N, T, D)", (len(x) if x.ndim else 0, *places.shape))
    flat = np.empty((len(x), R * C), x.dtype)
    flat[:, places] = x  # eq-images-write
    return flat.reshape(len(x), R, C)


def check_reading(places: np.ndarray | Sequence) -> np.ndarray:
    """`places` as an array, or `ValueError` unless every pixel stands in it once.

    >>> check_reading([[0, 1], [1, 2]])
    Traceback (most recent call last):
    ...
    ValueError: places does not name every pixel once; expected each of 0 to 3 in (T, D) places
    """
    places = np.asarray(places)
    if places.ndim != 2 or places.size == 0 or places.dtype.kind not in "iu":
        raise ValueError(
            f"places has shape {places.shape} and dtype {places.dtype}; "
            "expected (T, D) whole numbers, such as rows((8, 8))"
        )
    if (np.sort(places, axis=None) != np.arange(places.size)).any():
        raise ValueError(
            "places does not name every pixel once; "
            f"expected each of 0 to {places.size - 1} in (T, D) places"
        )
    return places


def _check_image(shape):
    if not isinstance(shape, (tuple, list)) or len(shape) != 2:
        raise ValueError(f"shape is {shape!r}; expected (R, C), rows and columns of an image")
    check_sizes(R=shape[0], C=shape[1])
    return int(shape[0]), int(shape[1])
