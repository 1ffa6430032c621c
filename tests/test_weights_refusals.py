"""What a file of weights cannot hold, and files that are none, are named with a remedy."""

import json
import os
import zipfile
from collections import OrderedDict, UserDict

import numpy as np
import pytest
import torch

from rnnbook import weights


def refused(tmp_path, value, error=TypeError):
    with pytest.raises(error) as caught:
        weights.save(tmp_path / "model.npz", value)
    assert os.listdir(tmp_path) == []
    return str(caught.value)


@pytest.mark.parametrize("value", [np.str_("a\0"), np.bytes_(b"a\0"), np.bytes_(b"\0")])
def test_a_scalar_that_an_array_would_shorten_is_refused(tmp_path, value):
    kind = type(value).__name__
    assert f"params['a'] is a {kind} that ends in NUL" in refused(tmp_path, {"a": value})


def test_text_that_an_array_does_not_shorten_comes_back(tmp_path):
    values = [np.str_("a\0b"), np.bytes_(b"\0a"), np.str_(""), "a\0"]
    values += [np.array(["a\0"]), np.array([b"a\0"])]
    weights.save(tmp_path / "model.npz", values)
    for a, b in zip(weights.load(tmp_path / "model.npz"), values, strict=True):
        assert type(a) is type(b)
        assert a.tobytes() == b.tobytes() if isinstance(b, np.ndarray) else a == b


def test_mappings_are_to_be_made_dicts(tmp_path):
    state = torch.nn.Linear(3, 2).state_dict()
    assert refused(tmp_path, state).endswith("strings or None: save dict(...) of it")
    assert refused(tmp_path, [OrderedDict(a=1)]).startswith("params[0] is a collections.OrderedDi")
    assert refused(tmp_path, UserDict()).endswith(": save dict(...) of it")
    assert ".numpy() a tensor" in refused(tmp_path, dict(state))


def test_a_complex_number_is_to_be_made_one_of_numpy(tmp_path):
    found = refused(tmp_path, [1j])
    assert found.startswith("params[0] is a complex; expected ")
    assert found.endswith("real numbers, strings or None: save np.complex128(...) of it")
    weights.save(tmp_path / "model.npz", np.complex128(1j))
    assert weights.load(tmp_path / "model.npz") == 1j


def test_true_is_no_key(tmp_path):
    assert "params has the key True, a bool; expected strings" in refused(tmp_path, {True: 1})


def nested(levels):
    tree: list = []
    for _ in range(levels):
        tree = [tree]
    return tree


def test_what_holds_itself_is_refused(tmp_path):
    cycle: dict = {"a": []}
    cycle["a"].append(cycle)
    assert refused(tmp_path, cycle, ValueError).startswith("params holds itself, or is nested too")
    refused(tmp_path, nested(20_000), ValueError)
    weights.save(tmp_path / "model.npz", nested(100))
    assert weights.load(tmp_path / "model.npz") == nested(100)


def test_a_missing_folder_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"no such folder: '.*nowhere'$"):
        weights.save(tmp_path / "nowhere" / "model.npz", [1])


def test_a_file_of_torch_is_named(tmp_path):
    torch.save(torch.nn.Linear(3, 2).state_dict(), tmp_path / "model.pt")
    with pytest.raises(ValueError, match=r"model.pt is a file of torch; .*: torch.load reads this"):
        weights.load(tmp_path / "model.pt")


def test_any_other_zip_file_is_named(tmp_path):
    with zipfile.ZipFile(tmp_path / "model.zip", "w") as file:
        file.writestr("readme.txt", "hello")
    with pytest.raises(ValueError, match=r"is a zip file of something else \(readme.txt\); exp"):
        weights.load(tmp_path / "model.zip")


@pytest.mark.parametrize("version", [0, 2])
def test_another_version_is_refused_be_it_older_or_newer(tmp_path, version):
    header = {"format": "rnnbook.weights", "version": version, "arrays": 0, "tree": None}
    np.savez(tmp_path / "odd.npz", structure=np.array(json.dumps(header)))
    with pytest.raises(ValueError, match=rf"has version {version} of the format; .* version 1"):
        weights.load(tmp_path / "odd.npz")
