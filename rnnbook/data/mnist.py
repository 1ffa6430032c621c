"""A part of MNIST, the handwritten digits of LeCun, Cortes and Burges (1998)."""

from typing import NamedTuple

import numpy as np

from rnnbook import data

TRAINING = 8000


class Mnist(NamedTuple):
    """10,000 handwritten digits of 28 x 28 pixels, in a split of our own."""

    training: np.ndarray  # (8000, 28, 28), uint8, 0 is background, 255 is ink
    training_labels: np.ndarray  # (8000,), int64, 0 to 9
    test: np.ndarray  # (2000, 28, 28), uint8
    test_labels: np.ndarray  # (2000,), int64


def load_mnist() -> Mnist:
    """The 10,000 digits that come with the package; nothing is downloaded.

    They are the first 10,000 of MNIST's 60,000 training images, going by how often each digit
    occurs. The file holds them sorted by digit; here they come in one fixed mixed order, with about
    800 of each digit for training and 200 for testing. That is not the official split, so errors
    can't be compared with published ones. The writers are not named and may be on both sides: the
    test is of new digits, not of new hands. Convert the pixels before you compute with them: uint8
    wraps around at 256.

    >>> mnist = load_mnist()
    >>> mnist.training.shape, mnist.test.shape
    ((8000, 28, 28), (2000, 28, 28))
    >>> mnist.training_labels[:8]
    array([0, 6, 2, 8, 4, 0, 7, 3])
    """
    arrays = data.read_arrays("mnist_10000.npz")
    count = len(arrays["labels"])
    # Steps of the golden section visit all places, and spread any stretch of them evenly.
    order = np.arange(count) * 6181 % count
    images, labels = arrays["images"][order], arrays["labels"][order].astype(np.int64)
    return Mnist(images[:TRAINING], labels[:TRAINING], images[TRAINING:], labels[TRAINING:])
