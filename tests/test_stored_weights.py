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


@pytest.mark.parametrize("text", ["quatrains", "play"])
def test_numpy_and_torch_reach_the_same_state_with_the_stored_weights(text):
    """What the page on text generation runs is the layer that was trained."""
    import torch

    from rnnbook import convert
    from rnnbook.numpy import gru

    stored = records.load_weights("text_generation", f"text_generation_{text}")
    weights = {name: array.astype(np.float64) for name, array in stored.items()}
    params = gru.Params(*(weights[f"gru_{name}"] for name in gru.Params._fields))
    x = weights["embedding"][[[0, 5, 3, 8, 2, 9, 4]]]
    h = np.zeros((1, params.W_h.shape[0]))
    for t in range(x.shape[1]):
        h = gru.step(params, x[:, t], h)
    with torch.no_grad():
        _, state = convert.to_torch(params)(torch.tensor(x))
    np.testing.assert_allclose(state[0].numpy(), h, atol=1e-12)


def test_stored_16_bits_reach_the_bits_a_character_that_training_measured():
    from rnnbook import data
    from rnnbook.numpy import gru
    from rnnbook.text import decoding
    from rnnbook.text.vocabulary import Vocabulary

    poems = data.load_quatrains(distinct=True).poem.to_numpy()
    poems = poems[np.random.default_rng(0).permutation(len(poems))]
    training, test = poems[: int(0.9 * len(poems))], poems[int(0.95 * len(poems)) :]
    vocabulary = Vocabulary.build(list(training), specials=("\n", "<unk>"), min_count=2)
    stored = records.load_weights("text_generation", "text_generation_quatrains")
    weights = {name: array.astype(np.float64) for name, array in stored.items()}
    params = gru.Params(*(weights[f"gru_{name}"] for name in gru.Params._fields))
    ids = np.stack([vocabulary.encode(f"\n{poem}\n") for poem in test])
    h, nats = np.zeros((len(ids), params.W_h.shape[0])), 0.0
    for last, following in zip(ids.T[:-1], ids.T[1:], strict=True):
        h = gru.step(params, weights["embedding"][last], h)
        e = h @ weights["projection_W"] + weights["projection_b"]
        log_probs = decoding.log_softmax(e @ weights["embedding"].T + weights["bias"])
        nats -= log_probs[np.arange(len(ids)), following].mean()
    first = records.runs("text_generation", text="quatrains")[0]
    assert nats / (ids.shape[1] - 1) / np.log(2) == pytest.approx(first["test"], abs=0.01)
