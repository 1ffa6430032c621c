"""MNIST: asked of torchvision first, then of Keras, with an error that says what happened."""

import sys
import types

import numpy as np
import pytest

from rnnbook.data.mnist import load_mnist

IMAGES, LABELS = np.zeros((4, 28, 28), np.uint8), np.arange(4)


class Tensor:
    """As much of a torch tensor as is needed."""

    def __init__(self, array):
        self.array = array

    def numpy(self):
        return self.array


def fake_torchvision(fetch):
    package, datasets = types.ModuleType("torchvision"), types.ModuleType("torchvision.datasets")
    datasets.MNIST = fetch
    return {"torchvision": package, "torchvision.datasets": datasets}


def fake_keras(load_data):
    package, datasets = types.ModuleType("keras"), types.ModuleType("keras.datasets")
    datasets.mnist = types.SimpleNamespace(load_data=load_data)
    return {"keras": package, "keras.datasets": datasets}


def install(monkeypatch, modules):
    for name, module in modules.items():
        monkeypatch.setitem(sys.modules, name, module)


MISSING_TORCHVISION = {"torchvision": None, "torchvision.datasets": None}
MISSING_KERAS = {"keras": None, "keras.datasets": None}


def refuse(*_, **__):
    raise RuntimeError("no route to host")


def test_torchvision_comes_first(monkeypatch, tmp_path):
    asked = []

    def fetch(root, train, download):
        asked.append((root, train, download))
        n = 3 if train else 1
        return types.SimpleNamespace(data=Tensor(IMAGES[:n]), targets=Tensor(LABELS[:n]))

    install(monkeypatch, fake_torchvision(fetch) | fake_keras(refuse))
    found = load_mnist(tmp_path)
    assert asked == [(str(tmp_path), True, True), (str(tmp_path), False, True)]
    assert [len(part) for part in found] == [3, 3, 1, 1]


def test_keras_comes_second(monkeypatch):
    data = ((IMAGES[:3], LABELS[:3].astype(np.uint8)), (IMAGES[3:], LABELS[3:].astype(np.uint8)))
    install(monkeypatch, MISSING_TORCHVISION | fake_keras(lambda: data))
    found = load_mnist()
    assert found.training.shape == (3, 28, 28) and found.test.shape == (1, 28, 28)
    assert found.training_labels.dtype == np.int64 and found.test_labels.tolist() == [3]


def test_offline_it_says_so(monkeypatch, tmp_path):
    install(monkeypatch, fake_torchvision(refuse))
    with pytest.raises(ConnectionError, match=r"with torchvision: no route to host\. Are you off"):
        load_mnist(tmp_path)
    install(monkeypatch, MISSING_TORCHVISION | fake_keras(refuse))
    with pytest.raises(ConnectionError, match="with Keras: no route to host"):
        load_mnist(tmp_path)


def test_without_either_it_says_what_to_install(monkeypatch, tmp_path):
    install(monkeypatch, MISSING_TORCHVISION | MISSING_KERAS)
    with pytest.raises(ModuleNotFoundError, match=r"torchvision is not installed.*pip install"):
        load_mnist(tmp_path)
