"""MNIST, which is too large to ship: fetched by torchvision or by Keras, whichever is there."""

from pathlib import Path
from typing import NamedTuple

import numpy as np


class Mnist(NamedTuple):
    """70,000 handwritten digits of 28 x 28 pixels (LeCun et al. 1998), in the official split."""

    training: np.ndarray  # (60000, 28, 28), uint8, 0 is background
    training_labels: np.ndarray  # (60000,), int64
    test: np.ndarray  # (10000, 28, 28), uint8
    test_labels: np.ndarray  # (10000,), int64


def load_mnist(folder: str | Path = "~/.cache/rnnbook") -> Mnist:
    """Download MNIST, about 11 MB, or read it where it was downloaded before.

    Asks torchvision, which puts the files into `folder`; without torchvision it asks Keras,
    which has a folder of its own. Raises `ConnectionError` where neither gets the files and
    `ModuleNotFoundError` where neither is installed.

    >>> load_mnist().training.shape  # doctest: +SKIP
    (60000, 28, 28)
    """
    tried = []
    for name, fetch in (("torchvision", _from_torchvision), ("Keras", _from_keras)):
        try:
            return fetch(Path(folder).expanduser())
        except ModuleNotFoundError as error:
            tried.append(f"{name} is not installed ({error})")
        except Exception as error:  # both raise bare errors of their own
            raise ConnectionError(
                f"MNIST could not be downloaded with {name}: {error}. Are you offline? "
                "Everything else in this book works without a connection."
            ) from error
    raise ModuleNotFoundError("; ".join(tried) + ': pip install torchvision or "keras"')


def _from_torchvision(folder):
    from torchvision.datasets import MNIST

    training, test = (MNIST(str(folder), train=train, download=True) for train in (True, False))
    parts = (training.data, training.targets, test.data, test.targets)
    return Mnist(*(part.numpy() for part in parts))


def _from_keras(folder):
    from keras.datasets import mnist

    (training, training_labels), (test, test_labels) = mnist.load_data()
    return Mnist(training, training_labels.astype(int), test, test_labels.astype(int))
