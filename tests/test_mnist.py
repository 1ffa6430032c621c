"""The digits that come with the package: all of them, mixed, split, and with their labels."""

import numpy as np
import pytest

from rnnbook import data
from rnnbook.data.mnist import load_mnist


@pytest.fixture(scope="module")
def mnist():
    return load_mnist()


def test_shapes_and_dtypes_are_as_described(mnist):
    assert mnist.training.shape == (8000, 28, 28) and mnist.test.shape == (2000, 28, 28)
    assert mnist.training.dtype == mnist.test.dtype == np.uint8
    assert mnist.training_labels.shape == (8000,) and mnist.test_labels.shape == (2000,)
    assert mnist.training_labels.dtype == mnist.test_labels.dtype == np.int64
    assert mnist.training.min() == 0 and mnist.training.max() == 255


def test_every_image_comes_once_with_its_label(mnist):
    stored = data.read_arrays("mnist_10000.npz")
    images = np.concatenate([mnist.training, mnist.test]).reshape(10_000, -1)
    labels = np.concatenate([mnist.training_labels, mnist.test_labels])
    found = sorted(zip(map(bytes, images), labels.tolist(), strict=True))
    there = stored["images"].reshape(10_000, -1), stored["labels"].tolist()
    assert found == sorted(zip(map(bytes, there[0]), there[1], strict=True))


def test_the_digits_occur_as_in_the_first_ten_thousand_training_images(mnist):
    labels = np.concatenate([mnist.training_labels, mnist.test_labels])
    expected = [1001, 1127, 991, 1032, 980, 863, 1014, 1070, 944, 978]
    assert np.bincount(labels).tolist() == expected


def test_any_stretch_has_all_digits_in_their_shares(mnist):
    shares = np.bincount(mnist.training_labels) / 8000
    for labels in (mnist.test_labels, mnist.training_labels[:500], mnist.training_labels[-500:]):
        assert np.abs(np.bincount(labels, minlength=10) / len(labels) - shares).max() < 0.01


def test_the_order_is_always_the_same(mnist):
    for one, other in zip(mnist, load_mnist(), strict=True):
        np.testing.assert_array_equal(one, other)


def test_labels_belong_to_their_images(mnist):
    """The nearest mean of a class tells four in five; chance is one in ten."""
    flat = mnist.training.reshape(8000, -1).astype(float)
    means = np.stack([flat[mnist.training_labels == k].mean(axis=0) for k in range(10)])
    test = mnist.test.reshape(2000, -1).astype(float)
    nearest = ((means**2).sum(axis=1) - 2 * test @ means.T).argmin(axis=1)
    assert (nearest == mnist.test_labels).mean() > 0.75
