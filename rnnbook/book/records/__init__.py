"""Results of the recorded experiments, which `make experiments` writes.

An experiment takes longer than a notebook may. Its script stands in the repository's folder
`experiments`; its record comes with the package, so that a notebook finds it on Colab too.
"""

import hashlib
import json
from pathlib import Path

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
