"""Results of the recorded experiments, which `make experiments` writes.

An experiment takes longer than a notebook may. Its script stands in the repository's folder
`experiments`; its record comes with the package, so that a notebook finds it on Colab too.
"""

import hashlib
import json
from pathlib import Path
from typing import Any

import numpy as np

FOLDER = Path(__file__).parent


def load_record(name: str) -> dict:
    """The record of one experiment: results (one dict a run), settings, seconds, versions, date.

    >>> len(load_record("article_project")["results"])
    20
    """
    path = FOLDER / f"{name}.json"
    if not path.exists():
        known = ", ".join(sorted(p.stem for p in FOLDER.glob("*.json")))
        raise FileNotFoundError(f"there is no record {name!r}; expected one of: {known}")
    return json.loads(path.read_text("utf-8"))


def has_record(name: str) -> bool:
    """Whether there is a record: one that needs a GPU may not have been made yet.

    >>> has_record("article_project"), has_record("nothing")
    (True, False)
    """
    return (FOLDER / f"{name}.json").exists()


def load_benchmarks() -> dict:
    """The record of `make bench`: results, machine, versions, seconds, date, and "where" in words.

    Every result has the "median" and the "quartiles" of the seconds that the processor worked, by
    the name of what ran, and "wall_median" and "wall_quartiles" beside them.

    >>> sorted(load_benchmarks()["results"]["three ways"]["median"])
    ['NumPy', 'PyTorch', 'TensorFlow']
    """
    path = FOLDER / "bench" / "benchmarks.json"
    if not path.exists():
        raise FileNotFoundError(f"there is no {path.parent.name}/{path.name}; run: make bench")
    return json.loads(path.read_text("utf-8"))


def runs(name: str, **settings: Any) -> list[dict]:
    """The runs of an experiment whose settings are these, as dicts of settings and results.

    Raises `KeyError` for a setting that no run has, and `ValueError` where no run fits.

    >>> len(runs("memory", task="recall", cell="gru", lag=50))
    60
    """
    found = load_record(name)["results"]
    for key, value in settings.items():
        known = sorted({repr(run[key]) for run in found if key in run})
        if not known:
            raise KeyError(f"{name} has no setting {key!r}; expected one of: {', '.join(found[0])}")
        found = [run for run in found if key in run and run[key] == value]
        if not found:
            raise ValueError(f"{key} is {value!r}; expected one of {', '.join(known)}")
    return found


def best(found: list[dict], by: str, *, setting: str = "rate", largest: bool = False) -> list[dict]:
    """The runs, all seeds, of that value of `setting` whose mean of `by` is smallest.

    Choose `by` a validation error, or with `largest=True` a validation score; what the chosen
    runs reach on the test data is then not chosen by the test data.

    >>> both = runs("memory", task="recall", cell="gru", lag=50)
    >>> {run["rate"] for run in best(both, "validation", largest=True)}
    {0.03}
    """
    groups: dict = {}
    for run in found:
        groups.setdefault(run[setting], []).append(run)
    means = {value: np.mean([run[by] for run in group]) for value, group in groups.items()}
    choose = max if largest else min
    return groups[choose(means, key=lambda value: means[value])]


def load_weights(name: str, file: str) -> dict[str, np.ndarray]:
    """Trained weights that an experiment left, by name, after a look at their hash.

    >>> sorted(load_weights("text_generation", "text_generation_quatrains"))[:2]
    ['bias', 'embedding']
    """
    files = load_record(name).get("files", {})
    if f"{file}.npz" not in files:
        raise FileNotFoundError(f"{name} has no weights {file!r}; expected one of: {list(files)}")
    path = FOLDER / f"{file}.npz"
    found = hashlib.sha256(path.read_bytes()).hexdigest()
    if found != files[path.name]:
        raise ValueError(f"{path.name} has SHA-256 {found}; expected {files[path.name]}")
    with np.load(path) as arrays:
        return dict(arrays)
