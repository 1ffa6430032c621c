"""Run recorded experiments: grids and many seeds that take longer than a notebook may.

    python scripts/experiments.py [NAME ...]

`experiments/NAME.py` defines SETTINGS, SEEDS and `run(seed, **settings) -> dict of numbers`.
The record, rnnbook/book/records/NAME.json, holds settings, seeds, results, versions, seconds and a
hash of the script's syntax tree, which a test compares: comments, docstrings and the place of a
module may change, what is computed may not. Where a result has "weights", {file: {name: array}},
each file is written as rnnbook/book/records/FILE.npz, and the record keeps its hash.

Finished runs are kept in _build/experiments/ until the record is complete: an experiment that
was interrupted goes on where it stopped, unless its script has changed.
"""

import ast
import hashlib
import importlib.util
import json
import sys
import time
from importlib.metadata import version
from pathlib import Path

import numpy as np
from tqdm import tqdm

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / "experiments"
RECORDS = ROOT / "rnnbook" / "book" / "records"
UNFINISHED = ROOT / "_build" / "experiments"


def scripts():
    return sorted(FOLDER.glob("*.py"))


def decides_nothing(node):
    """Whether a statement is a docstring, or the POINT that the tests run again."""
    if isinstance(node, ast.Assign):
        return [getattr(target, "id", None) for target in node.targets] == ["POINT"]
    value = getattr(node, "value", None)
    return isinstance(node, ast.Expr) and isinstance(getattr(value, "value", None), str)


def is_ours(node):
    """Whether a statement imports names from this package: where they stand there may change."""
    return isinstance(node, ast.ImportFrom) and node.module.split(".")[0] == "rnnbook"


def what_is_computed(node):
    """A syntax tree as nested lists without docstrings, alike in every Python."""
    if isinstance(node, list):
        return [what_is_computed(entry) for entry in node if not decides_nothing(entry)]
    if not isinstance(node, ast.AST):
        return repr(node)
    fields = {name: value for name, value in ast.iter_fields(node) if value not in (None, [])}
    names = [[name, what_is_computed(value)] for name, value in sorted(fields.items())]
    return [type(node).__name__, *names]


def file_hash(path):
    return hashlib.sha256(Path(path).read_bytes()).hexdigest()


def code_hash(path):
    """A hash of the script's syntax tree, without comments, docstrings and module paths."""
    body = ast.parse(Path(path).read_text("utf-8")).body
    ours = [node for node in body if is_ours(node)]
    names = sorted([alias.name, alias.asname or ""] for node in ours for alias in node.names)
    tree = what_is_computed([node for node in body if node not in ours])
    return hashlib.sha256(json.dumps([names, tree]).encode()).hexdigest()


def load(path):
    spec = importlib.util.spec_from_file_location(Path(path).stem, path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def save(path, arrays):
    """Write arrays, under a temporary name first, and return the SHA-256 of the file."""
    temporary = path.with_suffix(".tmp")
    with temporary.open("wb") as file:
        np.savez_compressed(file, **arrays)
    temporary.replace(path)
    return file_hash(path)


def run(module, seed, settings):
    """One run: its settings and results, the seconds it took, and the hashes of its weights."""
    start = time.perf_counter()
    result = module.run(seed, **settings)
    files = {
        f"{name}.npz": save(RECORDS / f"{name}.npz", arrays)
        for name, arrays in result.pop("weights", {}).items()
    }
    seconds = time.perf_counter() - start
    return {
        "seconds": seconds,
        "files": files,
        "result": {**settings, "seed": seed, **result},
    }


def record(path):
    """Run what is left of one experiment and write its record, under a temporary name first."""
    module = load(path)
    points = [(settings, seed) for settings in module.SETTINGS for seed in module.SEEDS]
    kept = UNFINISHED / f"{path.stem}-{code_hash(path)[:16]}.jsonl"
    kept.parent.mkdir(parents=True, exist_ok=True)
    runs = [json.loads(line) for line in kept.read_text().splitlines()] if kept.exists() else []
    left = points[len(runs) :]
    for settings, seed in tqdm(left, desc=path.stem, initial=len(runs), total=len(points)):
        runs.append(run(module, seed, settings))
        temporary = kept.with_suffix(".tmp")
        temporary.write_text("".join(json.dumps(r) + "\n" for r in runs), encoding="utf-8")
        temporary.replace(kept)
    content = {
        "hash": code_hash(path),
        "date": time.strftime("%Y-%m-%d"),
        "seconds": round(sum(r["seconds"] for r in runs)),
        "versions": {name: version(name) for name in ("numpy", "torch", "tensorflow", "keras")},
        "files": {name: found for r in runs for name, found in r["files"].items()},
        "results": [r["result"] for r in runs],
    }
    target = RECORDS / f"{path.stem}.json"
    temporary = target.with_suffix(".json.tmp")
    temporary.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
    temporary.replace(target)
    kept.unlink()


if __name__ == "__main__":
    names = sys.argv[1:] or [path.stem for path in scripts()]
    known = {path.stem: path for path in scripts()}
    for name in names:
        if name not in known:
            sys.exit(
                f"There is no experiment {name!r}; there are: {', '.join(known) or 'none yet'}"
            )
        record(known[name])
