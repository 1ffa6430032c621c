"""Run recorded experiments: grids and many seeds that take longer than a notebook may.

    python scripts/experiments.py [NAME ...]          run what is left of them, write their records
    python scripts/experiments.py point [NAME ...]    run their points, store them in the records

`experiments/NAME.py` defines SETTINGS, SEEDS and `run(seed, **settings) -> dict of numbers`.
The record, rnnbook/book/records/NAME.json, holds settings, seeds, results, versions, seconds and a
hash of the script's syntax tree, which a test compares: comments, docstrings and the place of a
module may change, what is computed may not. Where a result has "weights", {file: {name: array}},
each file is written as rnnbook/book/records/FILE.npz, and the record keeps its hash.

Finished runs are kept in _build/experiments/ until the record is complete: an experiment that
was interrupted goes on where it stopped. It begins anew if its script has changed, and stops if
its point gives other numbers than at the start.

The package may change, too, without a trace in the script. So each script also defines POINT, a
list of short runs, five seconds of CPU at most together, that pass through what the script takes
from the package. Each is a dict of "seed", "settings", "constants" (names of the script's
constants with smaller values; they replace the script's own before anything uses them),
"tolerance" and, if the data are too many, "first": {name of a loader of rnnbook.data: how many
rows or letters it gives}. The tests run the point again and compare every number with the record.

Tolerances follow this rule, which was written before any difference was seen:

    1e-6    counts, and what is computed in float64 without training
    1e-3    what went through float32, or through a few steps of training
    1 / n   a share of n examples, where one answer may turn over

They are relative for numbers of size one and more, absolute below; a whole number may differ by
the tolerance itself, so by nothing unless that is 1. A dict {key: tolerance} gives some keys of
the result, and what is below them, another tolerance than "", which stands for all others. Texts
and the lengths of lists must be equal.
Where a point fails on another machine, it gets fewer steps, not a larger tolerance.
Times have the tolerance infinity: no test compares clocks.

A script with NEEDS = "cuda" measures a device that most machines lack. It may be without a record;
its page then says that there is no recorded run yet. Everything else holds for it, too: its POINT
runs on a processor, and once a record is there, it is tested like all others.
"""

import ast
import hashlib
import importlib.util
import json
import sys
import time
from contextlib import ExitStack, contextmanager
from importlib.metadata import version
from pathlib import Path
from unittest import mock

import numpy as np
from threadpoolctl import threadpool_limits
from tqdm import tqdm

from rnnbook import data

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / "experiments"
RECORDS = ROOT / "rnnbook" / "book" / "records"
UNFINISHED = ROOT / "_build" / "experiments"
LONGEST = 5  # seconds of CPU for the runs of one point
# What a script may need: the words for it, and whether it is here.
NEEDS = {"cuda": ("a CUDA GPU", lambda: importlib.import_module("torch").cuda.is_available())}


def scripts():
    return sorted(FOLDER.glob("*.py"))


def needs(path):
    """What a script needs besides a processor, such as "cuda", or None."""
    wanted = getattr(load(path), "NEEDS", None)
    if wanted not in (None, *NEEDS):
        raise ValueError(f"{Path(path).name} has NEEDS = {wanted!r}; expected {', '.join(NEEDS)}")
    return wanted


def missing(path):
    """One line that says what a script needs and this machine lacks, or None."""
    wanted = needs(path)
    if wanted is None or NEEDS[wanted][1]():
        return None
    return (
        f"{Path(path).stem} needs {NEEDS[wanted][0]}, and there is none here: nothing was changed."
    )


def has_record(path):
    return (RECORDS / f"{Path(path).stem}.json").exists()


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


def assigned(node):
    """The names that a top-level statement assigns."""
    targets = node.targets if isinstance(node, ast.Assign) else []
    return {name.id for t in targets for name in ast.walk(t) if isinstance(name, ast.Name)}


def with_constants(tree, constants, path):
    """The tree with constants replaced, right after the script's own, before anything uses them."""
    body, left = [], set(constants)
    for node in tree.body:
        body.append(node)
        for name in sorted(assigned(node) & left):
            body.append(ast.parse(f"{name} = {constants[name]!r}").body[0])
            left.remove(name)
    if left:
        known = sorted(name for node in tree.body for name in assigned(node) if name.isupper())
        raise ValueError(
            f"{Path(path).name} has no constant {', '.join(sorted(left))}; "
            f"expected some of: {', '.join(known)}"
        )
    tree.body = body
    return ast.fix_missing_locations(tree)


def load(path, constants=None):
    """The script as a new module, with some of its constants replaced."""
    spec = importlib.util.spec_from_file_location(Path(path).stem, path)
    module = importlib.util.module_from_spec(spec)
    tree = ast.parse(Path(path).read_text("utf-8"))
    exec(compile(with_constants(tree, constants or {}, path), path, "exec"), vars(module))
    return module


def save(path, arrays):
    """Write arrays, under a temporary name first, and return the SHA-256 of the file."""
    temporary = path.with_suffix(".tmp")
    with temporary.open("wb") as file:
        np.savez_compressed(file, **arrays)
    temporary.replace(path)
    return file_hash(path)


def write(path, text):
    """Write a text, under a temporary name first."""
    temporary = path.with_suffix(path.suffix + ".tmp")
    temporary.write_text(text, encoding="utf-8")
    temporary.replace(path)


# The point.


def as_stored(values):
    """The values as a record gives them back: keys are strings, tuples are lists."""
    return json.loads(json.dumps(values, allow_nan=False))


def asked(entry):
    """What a run of the point is to do, as the record stores it."""
    return as_stored({k: v for k, v in entry.items() if k not in ("tolerance", "result")})


@contextmanager
def one_thread():
    """NumPy, scikit-learn and PyTorch with one thread; TensorFlow's number is set at its start."""
    torch = sys.modules.get("torch")
    before = torch.get_num_threads() if torch else None
    with threadpool_limits(1):
        yield
    if torch:
        torch.set_num_threads(before)


def first_rows(loader, number):
    """The loader, giving its first rows or letters only."""
    return lambda *arguments, **options: loader(*arguments, **options)[:number]


@contextmanager
def shortened(loaders):
    """Some loaders of `rnnbook.data` give only so many rows or letters."""
    with ExitStack() as stack:
        for name, number in loaders.items():
            short = first_rows(getattr(data, name), number)
            stack.enter_context(mock.patch.object(data, name, short))
        yield


def short_run(path, entry):
    """The result of one run of the point, with today's package; trained weights are left out."""
    with shortened(entry.get("first", {})), one_thread():
        module = load(path, entry["constants"])
        result = module.run(entry["seed"], **entry["settings"])
    return as_stored({key: value for key, value in result.items() if key != "weights"})


def entries(path):
    """The runs of a script's POINT."""
    point = getattr(load(path), "POINT", None)
    keys = {"seed", "settings", "constants", "tolerance"}
    if not point or any(set(entry) - {"first"} != keys for entry in point):
        raise ValueError(
            f"{Path(path).name} has POINT = {point!r}; expected a list of dicts of "
            f"{', '.join(sorted(keys))} and perhaps first"
        )
    return point


def compute_point(path):
    """All runs of the point with their results, within the time that a point may take."""
    point = entries(path)
    load(path)  # imports are not counted
    start = time.process_time()
    found = [{**asked(entry), "result": short_run(path, entry)} for entry in point]
    seconds = time.process_time() - start
    print(f"{Path(path).stem}: the point took {seconds:.1f} s of CPU")
    if seconds > LONGEST:
        raise ValueError(
            f"{Path(path).name} has a POINT of {seconds:.1f} s of CPU; expected {LONGEST} at most"
        )
    return found


def differences(stored, now, tolerance, place=""):
    """Each place where two results differ: its path, the stored value, today's, the tolerance."""
    if isinstance(stored, dict) and isinstance(now, dict) and set(stored) == set(now):
        pairs = [(key, stored[key], now[key]) for key in stored]
    elif isinstance(stored, list) and isinstance(now, list) and len(stored) == len(now):
        pairs = [(k, a, b) for k, (a, b) in enumerate(zip(stored, now, strict=True))]
    else:
        allowed = tolerance[""] if isinstance(tolerance, dict) else tolerance
        return [] if alike(stored, now, allowed) else [(place, stored, now, allowed)]
    found = []
    for key, a, b in pairs:
        below = tolerance.get(key, tolerance) if isinstance(tolerance, dict) else tolerance
        found += differences(a, b, below, f"{place}[{key!r}]")
    return found


def alike(stored, now, allowed):
    """Whether two numbers are equal within the tolerance, or two other values are equal."""
    if not all(isinstance(value, int | float) for value in (stored, now)):
        return stored == now
    whole = isinstance(stored, int) and isinstance(now, int)
    size = 1 if whole else max(1, abs(stored))
    return abs(now - stored) <= allowed * size * (1 + 1e-9)


def changes(path, stored, now):
    """In words, where the point of an experiment differs from the stored one."""
    again = f"run: python scripts/experiments.py point {path.stem}"
    point = entries(path)
    if [asked(entry) for entry in stored] != [asked(entry) for entry in point]:
        return [f"the stored point of {path.stem} is not its POINT; {again}"]
    return [
        f"{path.stem}, run {k} of POINT, {place}: stored {a!r}, now {b!r}, tolerance {allowed:g}"
        for k, (entry, old, new) in enumerate(zip(point, stored, now, strict=True))
        for place, a, b, allowed in differences(old["result"], new["result"], entry["tolerance"])
    ]


def store_point(path):
    """Run the point and store it in the record, of which nothing else changes."""
    if not has_record(path):
        sys.exit(f"{path.stem} has no record yet; run: make experiments NAME={path.stem}")
    target = RECORDS / f"{path.stem}.json"
    content = json.loads(target.read_text("utf-8"))
    results = content.pop("results")
    content = {**content, "point": compute_point(path), "results": results}
    write(target, json.dumps(content, indent=1) + "\n")


# The record.


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


def begun(path, kept):
    """The point and the finished runs of an interrupted experiment, or of a new one."""
    point = compute_point(path)
    if not kept.exists():
        return {"point": point, "runs": []}
    old = json.loads(kept.read_text("utf-8"))
    if found := changes(path, old["point"], point):
        raise ValueError(
            f"the package is not the one that made the {len(old['runs'])} finished runs: "
            f"{found[0]}; delete {kept} to begin anew"
        )
    return old


def record(path):
    """Run what is left of one experiment and write its record."""
    kept = UNFINISHED / f"{path.stem}-{code_hash(path)[:16]}.json"
    kept.parent.mkdir(parents=True, exist_ok=True)
    state, module = begun(path, kept), load(path)
    plan = [(settings, seed) for settings in module.SETTINGS for seed in module.SEEDS]
    runs = state["runs"]
    left = plan[len(runs) :]
    for settings, seed in tqdm(left, desc=path.stem, initial=len(runs), total=len(plan)):
        runs.append(run(module, seed, settings))
        write(kept, json.dumps(state))
    content = {
        "hash": code_hash(path),
        "date": time.strftime("%Y-%m-%d"),
        "seconds": round(sum(r["seconds"] for r in runs)),
        "versions": {name: version(name) for name in ("numpy", "torch", "tensorflow", "keras")},
        "files": {name: found for r in runs for name, found in r["files"].items()},
        "point": state["point"],
        "results": [r["result"] for r in runs],
    }
    write(RECORDS / f"{path.stem}.json", json.dumps(content, indent=1) + "\n")
    kept.unlink()


def main(arguments):
    act, names = record, arguments
    if arguments[:1] == ["point"]:
        act, names = store_point, arguments[1:]
    known = {path.stem: path for path in scripts()}
    for name in names or known:
        if name not in known:
            sys.exit(
                f"There is no experiment {name!r}; there are: {', '.join(known) or 'none yet'}"
            )
        if act is record and (lacking := missing(known[name])):
            print(lacking)
        elif names or act is record or has_record(known[name]):
            act(known[name])


if __name__ == "__main__":
    main(sys.argv[1:])
