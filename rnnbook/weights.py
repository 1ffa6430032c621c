"""Save and load weights, exactly and without pickle.

A file is an `.npz`: the arrays, bit by bit, and a description of how they are nested, as JSON.
Loading it runs no code, unlike a pickle, so a file from somebody else can do no harm. It needs
NumPy only: weights that were trained with a framework are served without one.

>>> from pathlib import Path
>>> from tempfile import TemporaryDirectory
>>> folder = TemporaryDirectory()
>>> path = Path(folder.name) / "model.npz"

Train in torch (here only three steps), convert, save:

>>> import torch
>>> from rnnbook import convert
>>> _ = torch.manual_seed(0)
>>> reader, head = torch.nn.LSTM(3, 4, batch_first=True), torch.nn.Linear(4, 2)
>>> optimizer = torch.optim.Adam([*reader.parameters(), *head.parameters()])
>>> x, y = torch.randn(8, 5, 3), torch.randn(8, 5, 2)
>>> for _ in range(3):
...     optimizer.zero_grad()
...     loss = ((head(reader(x)[0]) - y) ** 2).mean()
...     loss.backward()
...     optimizer.step()
>>> layers = [[convert.from_torch(reader)]]  # [layer][direction]
>>> save(path, {"layers": layers, "head": convert.from_torch(head)})

Serve a stream on a machine without torch, one step at a time. The inputs have the dtype of the
weights, float32 here:

>>> from rnnbook.numpy import linear, stack
>>> model, states = load(path), None
>>> for x_t in x[:1].numpy().swapaxes(0, 1):
...     h, states = stack.step(model["layers"], x_t, states)
...     y_t, _ = linear.forward(model["head"], h)
>>> bool(np.allclose(y_t, head(reader(x[:1])[0])[:, -1].detach(), atol=1e-6))
True
>>> folder.cleanup()
"""

import importlib
import json
import re
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from rnnbook._check import described
from rnnbook._files import replacing

FORMAT, VERSION = "rnnbook.weights", 1
TYPES = re.compile(r"[a-z]\w*\.\w*(Params|State)")  # such as lstm.Params, of rnnbook.numpy
DAMAGE = (
    *(zipfile.BadZipFile, zlib.error, EOFError, OSError, KeyError, ValueError, TypeError),
    *(IndexError, NotImplementedError, RuntimeError, MemoryError),
)


def save(path: str | Path, params: Any) -> None:
    """Write `params` to one file, in place of a file that was there.

    `params` is any nesting of this package's `Params` and states, lists, tuples, dicts (keys are
    strings or whole numbers), NumPy arrays and scalars, real numbers, strings and None. The file is
    written under another name and then moved, so that a program that stops half-way leaves the
    old file as it was.

    Raises `TypeError` for anything else, naming its place, and `ValueError` for a list that holds
    itself, before a file is touched.

    >>> save("model.npz", {"layers": [[{1, 2}]]})
    Traceback (most recent call last):
    ...
    TypeError: params['layers'][0][0] is a set; expected Params of rnnbook.numpy, lists, tuples, \
dicts, NumPy arrays, real numbers, strings or None
    """
    arrays: list[np.ndarray] = []
    try:
        tree = _encode(params, "params", arrays)
        header = {"format": FORMAT, "version": VERSION, "arrays": len(arrays), "tree": tree}
        structure = np.array(json.dumps(header))
    except RecursionError:
        raise ValueError(
            "params holds itself, or is nested too deeply; expected at most about 100 levels"
        ) from None
    entries: dict[str, Any] = {_array_name(index): array for index, array in enumerate(arrays)}
    with replacing(path) as temporary, open(temporary, "wb") as file:
        np.savez(file, structure=structure, **entries)


def load(path: str | Path) -> Any:
    """What `save` wrote: the same nesting and types, every array with the same bits and dtype.

    Runs no code from the file. Raises `FileNotFoundError` where there is none, and `ValueError`
    for a file of another kind, one that is damaged or cut short, and one from a newer version of
    this package.

    >>> from tempfile import TemporaryDirectory
    >>> from rnnbook.numpy import gru
    >>> params = gru.init(np.random.default_rng(0), input_size=3, hidden_size=2)
    >>> with TemporaryDirectory() as folder:
    ...     save(Path(folder) / "gru.npz", {"layers": [[params]], "activation": "tanh"})
    ...     loaded = load(Path(folder) / "gru.npz")
    >>> type(loaded["layers"][0][0]) is gru.Params, loaded["activation"]
    (True, 'tanh')
    """
    with open(path, "rb") as file:
        if not zipfile.is_zipfile(file):
            raise ValueError(
                f"{path} is no .npz file, or it was cut short; "
                "expected a file that rnnbook.weights.save wrote"
            )
        file.seek(0)
        with _named_damage(path), np.load(file, allow_pickle=False) as archive:
            header = _read_header(path, archive)
            arrays = [archive[_array_name(index)] for index in range(header["arrays"])]
    with _named_damage(path):
        return _decode(header["tree"], arrays)


class _OtherFile(Exception):
    """A file that is whole, but not one that this version can read."""


@contextmanager
def _named_damage(path) -> Iterator[None]:
    """Whatever goes wrong while a file is read becomes one error that names the file."""
    try:
        yield
    except _OtherFile as error:
        raise ValueError(f"{path} {error}") from None
    except DAMAGE as error:
        raise ValueError(
            f"{path} is damaged ({type(error).__name__}: {error}); expected a file as "
            "rnnbook.weights.save wrote it"
        ) from error


def _read_header(path, archive):
    if "structure" not in archive.files:
        raise _OtherFile(_no_structure(archive))
    header = json.loads(str(archive["structure"]))
    if not isinstance(header, dict) or header.get("format") != FORMAT:
        raise _OtherFile("has another format; expected a file that rnnbook.weights.save wrote")
    if header["version"] != VERSION:
        raise _OtherFile(
            f"has version {header['version']} of the format; this rnnbook reads version {VERSION}: "
            "load it with the rnnbook that wrote it, or a newer one"
        )
    return header


def _no_structure(archive):
    """What a zip file of another kind is, by the names of what is in it."""
    members = archive.zip.namelist()
    names = ", ".join(archive.files[:5])
    expected = "expected a file that rnnbook.weights.save wrote"
    if all(name.endswith(".npy") for name in members):
        found = f"holds arrays ({names}) but no description of their nesting"
        return f"{found}; {expected}: np.load reads this one"
    if any(name.endswith("/data.pkl") for name in members):
        return f"is a file of torch; {expected}: torch.load reads this one"
    return f"is a zip file of something else ({', '.join(members[:5])}); {expected}"


def _array_name(index):
    return f"array_{index}"


def _encode(value, where, arrays):
    """A description for JSON; arrays go to the list and are described by their place in it."""
    kind = type(value)
    if value is None:
        return None
    if kind in (bool, int, float, str):
        return {"value": value}
    if kind is np.ndarray or isinstance(value, np.generic):
        _check_dtype(value, where)
        arrays.append(np.asarray(value))
        if isinstance(value, np.character) and arrays[-1][()] != value:
            plain = "str" if isinstance(value, np.str_) else "list"
            raise TypeError(
                f"{where} is {described(value)} that ends in NUL, which an array of NumPy drops; "
                f"expected another end: save {plain}(...) of it"
            )
        return {"array" if kind is np.ndarray else "scalar": len(arrays) - 1}
    if kind in (list, tuple):
        return {kind.__name__: _encode_all(enumerate(value), where, arrays)}
    if kind is dict:
        _check_keys(value, where)
        children = _encode_all(value.items(), where, arrays)
        return {"dict": [[key, child] for key, child in zip(value, children, strict=True)]}
    if _type_name(kind) is not None:
        children = [_encode(v, f"{where}.{f}", arrays) for f, v in value._asdict().items()]
        return {"type": _type_name(kind), "fields": list(value._fields), "values": children}
    raise TypeError(_refusal(value, where))


def _encode_all(items, where, arrays):
    return [_encode(value, f"{where}[{key!r}]", arrays) for key, value in items]


def _decode(node, arrays):
    if node is None:
        return None
    if not isinstance(node, dict):
        raise ValueError(f"{node!r} describes nothing")
    if "type" in node:
        return _named_tuple(node["type"], node["fields"], node["values"], arrays)
    ((kind, content),) = node.items()
    if kind == "value":
        return content
    if kind == "array":
        return arrays[content]
    if kind == "scalar":
        return arrays[content][()]
    if kind == "list":
        return [_decode(child, arrays) for child in content]
    if kind == "tuple":
        return tuple(_decode(child, arrays) for child in content)
    if kind == "dict":
        return {key: _decode(child, arrays) for key, child in content}
    raise ValueError(f"unknown kind {kind!r}")


def _named_tuple(name, fields, values, arrays):
    kind = _type_called(name)
    if kind is None:
        raise _OtherFile(f"holds a {name}; this rnnbook has no such type of weights")
    if list(kind._fields) != fields:
        raise _OtherFile(f"holds a {name} with {fields}; this rnnbook's has {list(kind._fields)}")
    return kind(*(_decode(value, arrays) for value in values))


def _type_name(kind):
    """The name of a type of weights or states of rnnbook.numpy, or None for any other."""
    name = f"{kind.__module__.removeprefix('rnnbook.numpy.')}.{kind.__name__}"
    return name if _type_called(name) is kind else None


def _type_called(name):
    """The type of this name. Nothing but a module of rnnbook.numpy is ever imported."""
    if not TYPES.fullmatch(name):
        return None
    module_name, _, type_name = name.partition(".")
    try:
        module = importlib.import_module(f"rnnbook.numpy.{module_name}")
    except ModuleNotFoundError:
        return None
    kind = getattr(module, type_name, None)
    return kind if isinstance(kind, type) and hasattr(kind, "_fields") else None


def _check_dtype(array, where):
    if array.dtype.hasobject or np.dtype(array.dtype.str) != array.dtype:
        raise TypeError(
            f"{where} has dtype {array.dtype}; expected one of NumPy's own without objects: "
            "array.astype(np.float32), say"
        )


def _check_keys(value, where):
    for key in value:
        if type(key) not in (str, int):
            raise TypeError(
                f"{where} has the key {key!r}, a {type(key).__name__}; "
                "expected strings or whole numbers"
            )


def _refusal(value, where):
    kind = type(value)
    package = kind.__module__.partition(".")[0]
    found = described(value) if package == "builtins" else f"a {kind.__module__}.{kind.__name__}"
    hint = ""
    if package in ("torch", "keras", "tensorflow"):
        hint = f": rnnbook.convert turns a layer of {package} into Params, .numpy() a tensor"
    elif isinstance(value, Mapping):
        hint = ": save dict(...) of it"
    elif kind is complex:
        hint = ": save np.complex128(...) of it"
    elif hasattr(value, "_asdict"):
        hint = ": save its _asdict()"
    elif hasattr(value, "params"):
        hint = ": save its params()"
    elif isinstance(value, np.ndarray):
        hint = ": save np.asarray(...) of it"
    return (
        f"{where} is {found}; expected Params of rnnbook.numpy, lists, tuples, dicts, "
        f"NumPy arrays, real numbers, strings or None{hint}"
    )
