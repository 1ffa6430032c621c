"""Run recorded experiments: grids and many seeds that take longer than a notebook may.

    python scripts/experiments.py [NAME ...]

`experiments/NAME.py` defines SETTINGS, SEEDS and `run(seed, **settings) -> dict of numbers`.
The record, rnnbook/records/NAME.json, holds settings, seeds, results, versions, seconds and the
hash of the script, which a test compares. Where a result has "weights", {file: {name: array}},
each file is written as rnnbook/records/FILE.npz, and the record keeps its hash.
"""

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
RECORDS = ROOT / "rnnbook" / "records"


def scripts():
    return sorted(FOLDER.glob("*.py"))


def code_hash(path):
    return hashlib.sha256(Path(path).read_bytes()).hexdigest()


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
    return code_hash(path)


def record(path):
    """Run one experiment and write its record, under a temporary name first."""
    module, start, results, files = load(path), time.perf_counter(), [], {}
    points = [(settings, seed) for settings in module.SETTINGS for seed in module.SEEDS]
    for settings, seed in tqdm(points, desc=path.stem):
        result = module.run(seed, **settings)
        for name, arrays in result.pop("weights", {}).items():
            files[f"{name}.npz"] = save(RECORDS / f"{name}.npz", arrays)
        results.append({**settings, "seed": seed, **result})
    content = {
        "hash": code_hash(path),
        "date": time.strftime("%Y-%m-%d"),
        "seconds": round(time.perf_counter() - start),
        "versions": {name: version(name) for name in ("numpy", "torch", "tensorflow", "keras")},
        "files": files,
        "results": results,
    }
    target = RECORDS / f"{path.stem}.json"
    temporary = target.with_suffix(".json.tmp")
    temporary.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
    temporary.replace(target)


if __name__ == "__main__":
    names = sys.argv[1:] or [path.stem for path in scripts()]
    known = {path.stem: path for path in scripts()}
    for name in names:
        if name not in known:
            sys.exit(
                f"There is no experiment {name!r}; there are: {', '.join(known) or 'none yet'}"
            )
        record(known[name])
