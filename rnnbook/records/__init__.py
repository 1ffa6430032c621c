"""Results of the recorded experiments, which `make experiments` writes.

An experiment takes longer than a notebook may. Its script stands in the repository's folder
`experiments`; its record comes with the package, so that a notebook finds it on Colab too.
"""

import json
from pathlib import Path

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
