"""Weights in files: the same bits and types back, no code run, and clear refusals."""

import importlib
import io
import json
import os
import pickle
import pkgutil
import subprocess
import sys
from collections import OrderedDict, namedtuple

import numpy as np
import pytest
import torch
from cells import CELLS, D, H, N, T, random_like, random_params

import rnnbook.numpy
from rnnbook import convert, weights
from rnnbook.numpy import attention, gru, linear, lstm, optim, stack

RNG = np.random.default_rng(0)


def same(a, b):
    """Equal in type, dtype, order in memory and every bit, NaN included."""
    if type(a) is not type(b):
        return False
    if isinstance(a, np.ndarray):
        alike = a.dtype == b.dtype and a.shape == b.shape
        return alike and a.flags.f_contiguous == b.flags.f_contiguous and a.tobytes() == b.tobytes()
    if isinstance(a, dict):
        return list(a) == list(b) and all(same(a[key], b[key]) for key in a)
    if isinstance(a, (list, tuple)):
        return len(a) == len(b) and all(map(same, a, b))
    return a == b


def through_a_file(tmp_path, params):
    weights.save(tmp_path / "model.npz", params)
    return weights.load(tmp_path / "model.npz")


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name", CELLS)
def test_a_stack_comes_back_bit_by_bit(tmp_path, name, dtype):
    layers = [[random_params(CELLS[name], RNG, dtype=dtype)] * 2]
    layers += [[random_params(CELLS[name], RNG, 2 * H, 3, dtype=dtype)]]
    assert same(through_a_file(tmp_path, layers), layers)


def test_every_kind_of_nesting_comes_back(tmp_path):
    head = linear.init(RNG, H, 2)
    additive = attention.AdditiveParams(*RNG.standard_normal((3, 4, 5)))
    tree = {
        "layers": [[gru.init(RNG, D, H)]],
        "attention": additive,
        "none": None,
        "state": lstm.State(*RNG.standard_normal((2, N, H))),
        "optimizer": optim.adam_init({"head": head}),
        "activation": "relu, ü",
        "numbers": [True, 3, 0.1, float("inf"), (1, (2,)), []],
        7: np.float32(0.1),
    }
    assert same(through_a_file(tmp_path, tree), tree)


@pytest.mark.parametrize(
    "array",
    [
        np.array([np.nan, -0.0, 5e-324, np.inf]),
        np.array([[1 + 2j, 3], [4, 5]], "complex64"),
        np.arange(6, dtype=">f4").reshape(2, 3),
        np.asfortranarray(np.arange(6, dtype="float16").reshape(2, 3)),
        np.array([True, False]),
        np.array(3, "int8"),
        np.zeros((0, 3)),
        np.array(["a", "bc"]),
        np.array(["2024-01", "2024-02"], "datetime64[M]"),
    ],
    ids=lambda array: array.dtype.str,
)
def test_arrays_of_any_plain_dtype_come_back(tmp_path, array):
    assert same(through_a_file(tmp_path, array), array)


def test_what_is_loaded_can_be_changed(tmp_path):
    assert all(w.flags.writeable for w in through_a_file(tmp_path, linear.init(RNG, H, 2)))


def test_every_type_of_weights_in_the_numpy_package_can_be_saved(tmp_path):
    found = []
    for module in pkgutil.iter_modules(rnnbook.numpy.__path__):
        module = importlib.import_module(f"rnnbook.numpy.{module.name}")
        for name, kind in vars(module).items():
            if (
                name.endswith(("Params", "State"))
                and getattr(kind, "__module__", "") == module.__name__
            ):
                found.append(kind(*(np.full(i + 1, i / 7) for i in range(len(kind._fields)))))
    assert len(found) > 12
    assert same(through_a_file(tmp_path, found), found)


def test_a_file_is_an_ordinary_npz(tmp_path):
    head = linear.init(RNG, H, 2)
    weights.save(tmp_path / "head", head)
    with np.load(tmp_path / "head", allow_pickle=False) as archive:
        assert json.loads(str(archive["structure"]))["tree"]["type"] == "linear.Params"
        assert (archive["array_0"] == head.W).all()
    assert os.listdir(tmp_path) == ["head"]


Mine = namedtuple("Mine", "W")


@pytest.mark.parametrize(
    "value, error",
    [
        ({1}, r"params\['a'\]\[0\] is a set; expected Params of rnnbook.numpy, lists"),
        (Mine(1.0), r"is a test_weights.Mine; .*: save its _asdict\(\)"),
        (OrderedDict(), r"is a collections.OrderedDict; expected .*: save dict\(\.\.\.\) of it"),
        ({1.5: 2}, r"params\['a'\]\[0\] has the key 1.5, a float; expected strings or whole"),
        ({"W": b"raw"}, r"params\['a'\]\[0\]\['W'\] is a bytes; expected"),
        (torch.nn.LSTM(D, H), r"is a torch.*LSTM; .*: rnnbook.convert turns a layer of torch into"),
        (torch.ones(3), r"is a torch.Tensor; .* \.numpy\(\) a tensor"),
        (np.array([None]), r"params\['a'\]\[0\] has dtype object; expected one of NumPy's own"),
        (np.zeros(2, [("W", "f4")]), r"params\['a'\]\[0\] has dtype \[\('W', '<f4'\)\]; expected"),
        (np.ma.array([1.0]), r"is a numpy.ma.*; .*: save np.asarray"),
        (linear.Params(np.ones((2, 3)), {1}), r"params\['a'\]\[0\].b is a set; expected"),
    ],
    ids=lambda value: type(value).__name__,
)
def test_what_cannot_be_saved_is_named_and_leaves_the_old_file(tmp_path, value, error):
    path = tmp_path / "model.npz"
    weights.save(path, [1])
    with pytest.raises(TypeError, match=error):
        weights.save(path, {"a": [value]})
    assert weights.load(path) == [1]
    assert os.listdir(tmp_path) == ["model.npz"]


def test_bfloat16_arrays_are_refused_rather_than_saved_as_bytes(tmp_path):
    ml_dtypes = pytest.importorskip("ml_dtypes")
    with pytest.raises(TypeError, match=r"params has dtype bfloat16; expected .*astype"):
        weights.save(tmp_path / "model.npz", np.ones(3).astype(ml_dtypes.bfloat16))


def test_a_program_that_stops_while_writing_leaves_the_old_file(tmp_path, monkeypatch):
    path = tmp_path / "model.npz"
    weights.save(path, [1])

    def full_disk(file, **_):
        file.write(b"PK half")
        raise OSError("no space left")

    monkeypatch.setattr(np, "savez", full_disk)
    with pytest.raises(OSError, match="no space left"):
        weights.save(path, [2])
    assert weights.load(path) == [1]
    assert os.listdir(tmp_path) == ["model.npz"]


MODEL = {"layers": [[gru.init(np.random.default_rng(1), D, H)]], "activation": "tanh"}


def saved_bytes(tmp_path):
    weights.save(tmp_path / "whole.npz", MODEL)
    return (tmp_path / "whole.npz").read_bytes()


def test_a_file_cut_anywhere_is_refused(tmp_path):
    whole, path = saved_bytes(tmp_path), tmp_path / "cut.npz"
    for length in [*range(0, len(whole), 61), len(whole) - 1]:
        path.write_bytes(whole[:length])
        with pytest.raises(ValueError, match=r"cut.npz is no .npz file, or it was cut short"):
            weights.load(path)


def test_a_changed_byte_is_noticed_or_changes_nothing(tmp_path):
    whole, path = saved_bytes(tmp_path), tmp_path / "changed.npz"
    noticed = 0
    for place in range(0, len(whole), 7):
        path.write_bytes(whole[:place] + bytes([whole[place] ^ 0x55]) + whole[place + 1 :])
        try:
            assert same(weights.load(path), MODEL)  # a date, say
        except ValueError as error:
            noticed += 1
            assert "changed.npz " in str(error) and "expected a file" in str(error)
    assert noticed > 0.5 * len(whole) / 7


class Harmful:
    """A pickle that makes a folder when it is loaded."""

    def __init__(self, folder):
        self.folder = str(folder)

    def __reduce__(self):
        return (os.mkdir, (self.folder,))


def test_nothing_in_a_file_is_run(tmp_path):
    path, trace = tmp_path / "harm.npz", tmp_path / "trace"
    path.write_bytes(pickle.dumps(Harmful(trace)))
    with pytest.raises(ValueError, match=r"is no .npz file"):
        weights.load(path)
    header = {"format": "rnnbook.weights", "version": 1, "arrays": 1, "tree": {"array": 0}}
    objects = np.array([Harmful(trace)], object)
    np.savez(path, structure=np.array(json.dumps(header)), array_0=objects)
    with pytest.raises(ValueError, match=r"is damaged \(ValueError: Object arrays cannot"):
        weights.load(path)
    assert not trace.exists()


def written(path, **changes):
    """A file with another description than `save` writes."""
    header = {"format": "rnnbook.weights", "version": 1, "arrays": 1, "tree": {"array": 0}}
    np.savez(path, structure=np.array(json.dumps({**header, **changes})), array_0=np.ones(3))
    return path


@pytest.mark.parametrize(
    "changes, error",
    [
        ({"version": 2}, r"has version 2 of the format; this rnnbook reads version 1"),
        ({"format": "other"}, r"has another format; expected a file that rnnbook.weights.save"),
        (
            {"tree": {"type": "os.Params", "fields": [], "values": []}},
            r"holds a os.Params; this rnnbook has no such type of weights",
        ),
        (
            {"tree": {"type": "lstm.init", "fields": [], "values": []}},
            r"holds a lstm.init; this rnnbook has no such type",
        ),
        (
            {"tree": {"type": "linear.Params", "fields": ["W"], "values": [{"array": 0}]}},
            r"holds a linear.Params with \['W'\]; this rnnbook's has \['W', 'b'\]",
        ),
        ({"tree": {"array": 9}}, r"is damaged \(IndexError"),
        ({"tree": {"odd": 0}}, r"is damaged \(ValueError: unknown kind 'odd'"),
        ({"tree": [3]}, r"is damaged \(ValueError: \[3\] describes nothing"),
        ({"arrays": 4}, r"is damaged \(KeyError"),
    ],
)
def test_other_descriptions_are_refused(tmp_path, changes, error):
    with pytest.raises(ValueError, match=rf"odd.npz {error}"):
        weights.load(written(tmp_path / "odd.npz", **changes))


def test_files_of_another_kind_are_refused(tmp_path):
    path = tmp_path / "other"
    np.savez(tmp_path / "plain.npz", W=np.ones(3))
    with pytest.raises(ValueError, match=r"plain.npz holds arrays \(W\) but no description"):
        weights.load(tmp_path / "plain.npz")
    buffer = io.BytesIO()
    np.save(buffer, np.ones(3))
    path.write_bytes(buffer.getvalue())
    with pytest.raises(ValueError, match=r"other is no .npz file"):
        weights.load(path)
    torch.save(torch.nn.Linear(D, H).state_dict(), path)  # a zip archive, with a pickle in it
    with pytest.raises(ValueError, match=r"other is a file of torch; .*: torch.load reads this"):
        weights.load(path)
    with pytest.raises(FileNotFoundError):
        weights.load(tmp_path / "nowhere.npz")


SERVE = """
import sys
for name in ("torch", "tensorflow", "keras"):
    sys.modules[name] = None
import numpy as np
from rnnbook import weights
from rnnbook.numpy import linear, stack

model, states = weights.load(sys.argv[1]), None
for t in range(model["x"].shape[1]):
    h, states = stack.step(model["layers"], model["x"][:, t], states)
    y, _ = linear.forward(model["head"], h)
print(repr(float(np.abs(y - model["y"]).max())))
"""


def test_a_network_of_torch_is_served_step_by_step_without_torch(tmp_path):
    torch.manual_seed(0)
    options = {"batch_first": True, "dtype": torch.float64}
    lower, upper = torch.nn.LSTM(D, H, num_layers=2, **options), torch.nn.GRU(H, 3, **options)
    head = torch.nn.Linear(3, 2, dtype=torch.float64)
    x = random_like(np.zeros((N, T, D)), RNG)
    y = head(upper(lower(torch.tensor(x))[0])[0])[:, -1].detach().numpy()
    layers = [*convert.from_torch(lower), [convert.from_torch(upper)]]
    model = {"layers": layers, "head": convert.from_torch(head), "x": x, "y": y}
    weights.save(tmp_path / "model.npz", model)
    command = [sys.executable, "-c", SERVE, str(tmp_path / "model.npz")]
    found = subprocess.run(command, capture_output=True, text=True)
    assert found.returncode == 0, found.stderr
    assert float(found.stdout) < 1e-14
    assert np.abs(stack.forward(layers, x)[0]).max() > 0.01
