"""Run, normalise and check the book's notebooks.

python scripts/notebooks.py execute [PATH ...]     run (all by default) and store the outputs
python scripts/notebooks.py to-py NOTEBOOK OUT     a script to edit, in jupytext's percent format
python scripts/notebooks.py from-py SOURCE OUT     the notebook again; unchanged cells keep outputs
python scripts/notebooks.py first-cell             write the install cell into every notebook
python scripts/notebooks.py heads                  write the head of every chapter (pages.yml)
python scripts/notebooks.py check                  name every notebook that must be run again
python scripts/notebooks.py address URL [SITE]     set the addresses of the repository and the book
"""

import argparse
import ast
import hashlib
import json
import os
import re
import resource
import sys
import time
from concurrent.futures import ProcessPoolExecutor, as_completed
from importlib.metadata import version
from pathlib import Path

import nbformat
import yaml

from rnnbook._files import replacing

ROOT = Path(__file__).resolve().parent.parent
VERSIONS = ("numpy", "torch", "tensorflow", "keras")
# Where a module and the package that brings it have different names.
PACKAGES = {"sklearn": "scikit-learn", "pycrfsuite": "python-crfsuite"}
# What importing a module imports in its turn.
BEHIND = {
    "rnnbook": ("numpy", "matplotlib"),
    "rnnbook.data": ("pandas",),
    "rnnbook.torch": ("torch",),
    "rnnbook.tensorflow": ("tensorflow", "keras"),
    "keras": ("tensorflow",),
    "onnxruntime": ("onnx", "onnxscript"),
    "jax": ("jaxlib",),
    "equinox": ("jax", "jaxlib"),
    "fastapi": ("pydantic", "starlette"),
}
# One thread a notebook: several run side by side, and sums come out in one order.
THREADS = [f"{name}_NUM_THREADS" for name in ("OMP", "OPENBLAS", "MKL")]
THREADS += ["TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS"]
TIMEOUT = 3000  # seconds for one cell, on a busy machine
# TensorFlow writes dated lines when it starts, whatever its log level says.
START_UP = re.compile(
    r"^(\d{4}-\d\d-\d\d .*|[WIE]\d{4} .*|WARNING: All log messages .*|To enable.*)$"
)
FIRST_CELL = """\
# Installs rnnbook where it is missing (Colab).
import importlib.util

needs = "{extras}"
if importlib.util.find_spec("rnnbook") is None:
    place = "git+{address}.git@main"
    %pip install -q "rnnbook[{{needs}}] @ {{place}}"

import rnnbook

rnnbook.require(needs)
"""

HEADER = """\
# ---
# jupyter:
#   rnnbook:
#     answers: P1 P2
#     extras: torch,notebooks
# ---"""


def paths():
    """All notebooks of the book, in the order of their paths."""
    return sorted((ROOT / "chapters").glob("**/*.ipynb"))


def address():
    """The repository's address, which stands in `_config.yml` and nowhere else by hand."""
    return yaml.safe_load((ROOT / "_config.yml").read_text("utf-8"))["repository"]["url"]


def first_cell(notebook):
    """The install cell that this notebook must begin with."""
    extras = notebook.metadata["rnnbook"]["extras"]
    return FIRST_CELL.format(extras=extras, address=address()).rstrip()


def code_cells(notebook):
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def imported(source):
    """Dotted names of the modules that a code cell imports: all that stand before a dot, too."""
    plain = re.sub(r"(?m)^([ ]*)%pip .*$", r"\1pass", source)
    for node in ast.walk(ast.parse(plain)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def pins(notebook):
    """The lines of constraints.txt for the packages that a notebook imports, sorted."""
    modules = {name for cell in code_cells(notebook) for name in imported(cell.source)}
    modules |= {m for part, behind in BEHIND.items() for m in behind if reaches(modules, part)}
    packages = {PACKAGES.get(name, name) for name in (module.split(".")[0] for module in modules)}
    lines = (ROOT / "constraints.txt").read_text("utf-8").split()
    return sorted(line for line in lines if line.split("==")[0].lower() in packages)


def reaches(modules, part):
    return any(name == part or name.startswith(part + ".") for name in modules)


def code_hash(notebook):
    """A hash of what decides the outputs: the code, and the versions of what it imports."""
    code = [cell.source for cell in code_cells(notebook)]
    return hashlib.sha256(json.dumps([code, pins(notebook)]).encode()).hexdigest()


def read(path):
    return nbformat.read(path, as_version=4)


def write(path, text):
    """Write to a temporary name, then move: a broken run leaves the old file."""
    with replacing(path) as temporary:
        temporary.write_text(text, encoding="utf-8")


def save(notebook, path):
    nbformat.validate(notebook)
    write(path, nbformat.writes(notebook) + "\n")


def set_first_cell(notebook):
    code = code_cells(notebook)
    if not code or "install" not in code[0].metadata.get("tags", []):
        code = [nbformat.v4.new_code_cell()]
        notebook.cells.insert(1, code[0])
    code[0].metadata["tags"] = ["install", "set-up"]
    code[0].source = first_cell(notebook)


def cpu_seconds():
    """CPU time of all child processes that have ended: the kernels."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def execute(path):
    """Run one notebook in a fresh kernel and store its outputs with a hash of its code."""
    from nbclient import NotebookClient

    notebook = read(path)
    set_first_cell(notebook)
    start = cpu_seconds()
    client = NotebookClient(
        notebook,
        timeout=TIMEOUT,
        kernel_name="python3",
        record_timing=False,
        coalesce_streams=True,
        resources={"metadata": {"path": str(Path(path).parent)}},
    )
    client.execute()
    normalise(notebook, path)
    notebook.metadata["rnnbook"].update(
        hash=code_hash(notebook),
        seconds=round(cpu_seconds() - start, 1),
        date=time.strftime("%Y-%m-%d"),
        versions={name: version(name) for name in VERSIONS},
    )
    save(notebook, path)
    return notebook.metadata["rnnbook"]["seconds"]


def set_metadata(notebook, about):
    """Nothing but what viewers need and what the book knows of a notebook."""
    kernel = {"display_name": "Python 3", "language": "python", "name": "python3"}
    language = {"name": "python"}
    stored = {"kernelspec": kernel, "language_info": language, "rnnbook": about}
    notebook.metadata = nbformat.from_dict(stored)


def normalise(notebook, path):
    """Drop what changes from run to run and from machine to machine."""
    set_metadata(notebook, notebook.metadata["rnnbook"])
    for number, cell in enumerate(notebook.cells):
        cell.id = f"cell-{number:03d}"
        if cell.cell_type == "code":
            cell.outputs = [o for o in map(clean_output, cell.outputs) if o is not None]
            check_outputs(cell, path)


def clean_output(output):
    if output.get("name") == "stderr":
        lines = [line for line in output.text.splitlines() if not START_UP.match(line)]
        output.text = "\n".join(line for line in lines if line.strip())
        return output if output.text else None
    return output


def check_outputs(cell, path):
    for output in cell.outputs:
        if output.get("name") == "stderr":
            raise SystemExit(f"{path}: {cell.id} writes to stderr:\n{output.text}")


def is_current(notebook):
    """Whether the stored outputs belong to this code and these versions."""
    return notebook.metadata["rnnbook"].get("hash") == code_hash(notebook)


def problems(path):
    """What is out of date in a notebook."""
    notebook = read(path)
    code = code_cells(notebook)
    if not code or code[0].source != first_cell(notebook):
        yield "its first cell is not the install cell: run scripts/notebooks.py first-cell"
    if not is_current(notebook):
        yield f"its outputs are not those of its code: run make execute NB={path}"


def check():
    """Print every problem and return how many there are."""
    found = [f"{path.relative_to(ROOT)}: {text}" for path in paths() for text in problems(path)]
    print("\n".join(found) or f"{len(paths())} notebooks are up to date")
    return len(found)


def set_first_cells():
    """Write the install cell into every notebook. It prints nothing: what is current stays so."""
    for path in paths():
        notebook = read(path)
        current = is_current(notebook)
        set_first_cell(notebook)
        if current:
            notebook.metadata["rnnbook"]["hash"] = code_hash(notebook)
        save(notebook, path)


def pages_address(url):
    """Where GitHub publishes the pages of a repository."""
    owner, repository = url.split("/")[-2:]
    root = f"https://{owner.lower()}.github.io/"
    return root if f"https://{repository.lower()}/" == root else f"{root}{repository}/"


def published():
    """Where the book is published."""
    return yaml.safe_load((ROOT / "_config.yml").read_text("utf-8"))["html"]["baseurl"]


def set_site(site):
    """Write the address of the published book into `_config.yml`."""
    path = ROOT / "_config.yml"
    text = path.read_text("utf-8")
    write(path, re.sub(r"(?m)^(  baseurl:) \S+", rf"\1 {site.rstrip('/')}/", text))


def set_address(url, site=None):
    """Write the repository's address into every file that holds it, and the book's."""
    if not re.fullmatch(r"https://github\.com/[\w.-]+/[\w.-]+", url):
        raise SystemExit(f"URL is {url!r}; expected https://github.com/OWNER/REPOSITORY")
    if site and not re.fullmatch(r"https?://[\w.-]+(/[\w./~-]*)?", site):
        raise SystemExit(f"SITE is {site!r}; expected https://...")
    old, old_site = address(), published()
    set_site(site or pages_address(url))
    current = [path for path in paths() if is_current(read(path))]
    names = ["_config.yml", "README.md", "CITATION.cff", "CONTRIBUTING.md", "pyproject.toml"]
    pages = (ROOT / "chapters").glob("**/*.md")
    for path in [*(ROOT / name for name in names), *pages, *paths()]:
        text = path.read_text("utf-8")
        new = text.replace(old, url).replace(old_site, published())
        if new != text:
            write(path, new)
    for path in current:  # the install cell belongs to the hash; a stale notebook stays stale
        notebook = read(path)
        notebook.metadata["rnnbook"]["hash"] = code_hash(notebook)
        save(notebook, path)


def to_py(path, out):
    """A script in jupytext's percent format: the whole notebook but for its outputs."""
    import jupytext

    notebook = read(path)
    about = notebook.metadata["rnnbook"]
    kept = {key: about[key] for key in ("extras", "answers") if key in about}
    filters = {"notebook_metadata_filter": "rnnbook,-kernelspec", "cell_metadata_filter": "all"}
    notebook.metadata = nbformat.from_dict({"rnnbook": kept, "jupytext": filters})
    for cell in notebook.cells:
        cell.pop("id", None)
    write(out, jupytext.writes(notebook, fmt="py:percent"))


def from_py(source, out):
    """A notebook from such a script; where OUT exists, cells with the same code keep outputs."""
    import jupytext

    notebook = jupytext.read(source)
    old = read(out) if Path(out).exists() else None
    stored = {} if old is None else old.metadata["rnnbook"]
    about = stored | notebook.metadata.get("rnnbook", {})
    if "extras" not in about:
        raise SystemExit(
            f"{source} does not say what it needs; expected it to begin with\n{HEADER}"
        )
    set_metadata(notebook, about)
    set_first_cell(notebook)
    outputs = {cell.source: cell for cell in code_cells(old)} if old is not None else {}
    for number, cell in enumerate(notebook.cells):
        cell.metadata.pop("lines_to_next_cell", None)
        cell.id = f"cell-{number:03d}"
        if cell.cell_type == "code" and cell.source in outputs:
            cell.outputs = outputs[cell.source].outputs
            cell.execution_count = outputs[cell.source].execution_count
    save(notebook, out)


def run_all(todo, jobs):
    """Execute notebooks side by side, the longest first, and say how far it is."""
    os.environ |= dict.fromkeys(THREADS, "1") | {"TF_CPP_MIN_LOG_LEVEL": "3"}
    todo = sorted(todo, key=lambda path: -read(path).metadata["rnnbook"].get("seconds", 0))
    with ProcessPoolExecutor(jobs) as pool:
        futures = {pool.submit(execute, path): path for path in todo}
        for number, future in enumerate(as_completed(futures), start=1):
            path, problem = futures[future], future.exception()
            said = f"{future.result()} s of CPU time" if problem is None else f"failed: {problem}"
            print(f"[{number}/{len(todo)}] {path}: {said}", flush=True)
    return sum(future.exception() is not None for future in futures)


def main(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    commands = parser.add_subparsers(dest="command", required=True)
    run = commands.add_parser("execute")
    run.add_argument("paths", nargs="*", type=Path)
    run.add_argument("--jobs", type=int, default=min(4, os.cpu_count() or 1))
    for name in ("to-py", "from-py"):
        convert = commands.add_parser(name)
        convert.add_argument("source", type=Path)
        convert.add_argument("out", type=Path)
    commands.add_parser("first-cell")
    commands.add_parser("heads")
    commands.add_parser("check")
    where = commands.add_parser("address")
    where.add_argument("url")
    where.add_argument("site", nargs="?")
    options = parser.parse_args(arguments)
    if options.command == "from-py":
        from_py(options.source, options.out)
    elif options.command == "to-py":
        to_py(options.source, options.out)
    elif options.command == "address":
        set_address(options.url.rstrip("/").removesuffix(".git"), options.site)
    elif options.command == "first-cell":
        set_first_cells()
    elif options.command == "heads":
        import heads  # which imports this module

        heads.write()
    elif options.command == "check":
        return min(check(), 1)
    else:
        return min(run_all(options.paths or paths(), options.jobs), 1)


if __name__ == "__main__":
    sys.exit(main())
