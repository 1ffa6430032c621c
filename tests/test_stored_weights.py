"""Weights that an experiment left are those that it recorded, to the byte."""

import hashlib
import json

import numpy as np
import pytest

from rnnbook.book import records


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A folder of records with one experiment and its weights."""
    np.savez(tmp_path / "tiny_net.npz", W=np.arange(6.0).reshape(2, 3), b=np.ones(3))
    recorded = hashlib.sha256((tmp_path / "tiny_net.npz").read_bytes()).hexdigest()
    (tmp_path / "tiny.json").write_text(json.dumps({"files": {"tiny_net.npz": recorded}}), "utf-8")
    monkeypatch.setattr(records, "FOLDER", tmp_path)
    return tmp_path


def test_recorded_weights_are_returned(folder):
    weights = records.load_weights("tiny", "tiny_net")
    assert sorted(weights) == ["W", "b"]
    np.testing.assert_array_equal(weights["W"], [[0, 1, 2], [3, 4, 5]])


def test_weights_of_another_run_are_refused(folder):
    np.savez(folder / "tiny_net.npz", W=np.zeros((2, 3)), b=np.ones(3))
    with pytest.raises(ValueError, match=r"SHA-256 [0-9a-f]{64}; expected [0-9a-f]"):
        records.load_weights("tiny", "tiny_net")


def test_weights_that_are_not_recorded_are_named(folder):
    with pytest.raises(FileNotFoundError, match=r"tiny has no weights 'other'; .*tiny_net.npz"):
        records.load_weights("tiny", "other")
