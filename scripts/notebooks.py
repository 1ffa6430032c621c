"""Run, normalise and check the book's notebooks.

python scripts/notebooks.py execute [PATH ...]     run (all by default) and store the outputs
python scripts/notebooks.py from-py SOURCE OUT     make a notebook from a jupytext script
python scripts/notebooks.py first-cell             write the install cell into every notebook
python scripts/notebooks.py check                  name every notebook that must be run again
python scripts/notebooks.py address URL            set the repository's address everywhere
"""

import argparse
import hashlib
import json
import os
import re
import sys
import time
from importlib.metadata import version
from pathlib import Path

import nbformat
import yaml

ROOT = Path(__file__).resolve().parent.parent
VERSIONS = ("numpy", "torch", "tensorflow", "keras")
TIMEOUT = 600  # seconds for one cell
# TensorFlow writes dated lines when it starts, whatever its log level says.
START_UP = re.compile(
    r"^(\d{4}-\d\d-\d\d .*|[WIE]\d{4} .*|WARNING: All log messages .*|To enable.*)$"
)
FIRST_CELL = """\
# Installs rnnbook where it is missing (Colab, a browser); does nothing where it is installed.
import importlib.util
import sys

if importlib.util.find_spec("rnnbook") is None:
    if sys.platform == "emscripten":
        %pip install -q rnnbook
    else:
        %pip install -q "rnnbook[{extras}] @ git+{address}.git@main"

import rnnbook

rnnbook.require("{extras}")
"""


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


def code_hash(notebook):
    """A hash of all that determines the outputs: the code cells and the pinned versions."""
    code = [cell.source for cell in notebook.cells if cell.cell_type == "code"]
    pins = (ROOT / "constraints.txt").read_text("utf-8")
    return hashlib.sha256(json.dumps([code, pins]).encode()).hexdigest()


def read(path):
    return nbformat.read(path, as_version=4)


def write(path, text):
    """Write to a temporary name, then move: a broken run leaves the old file."""
    path = Path(path)
    temporary = path.with_name(path.name + ".tmp")
    temporary.write_text(text, encoding="utf-8")
    temporary.replace(path)


def save(notebook, path):
    nbformat.validate(notebook)
    write(path, nbformat.writes(notebook) + "\n")


def set_first_cell(notebook):
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    if code[0].metadata.get("tags") != ["hide-input", "install"]:
        cell = nbformat.v4.new_code_cell(metadata={"tags": ["hide-input", "install"]})
        notebook.cells.insert(1, cell)
        code = [cell]
    code[0].source = first_cell(notebook)


def execute(path):
    """Run one notebook in a fresh kernel and store its outputs with a hash of its code."""
    from nbclient import NotebookClient

    notebook = read(path)
    set_first_cell(notebook)
    start = time.perf_counter()
    client = NotebookClient(
        notebook,
        timeout=TIMEOUT,
        kernel_name="python3",
        record_timing=False,
        resources={"metadata": {"path": str(Path(path).parent)}},
    )
    client.execute()
    normalise(notebook, path)
    notebook.metadata["rnnbook"].update(
        hash=code_hash(notebook),
        seconds=round(time.perf_counter() - start, 1),
        date=time.strftime("%Y-%m-%d"),
        versions={name: version(name) for name in VERSIONS},
    )
    save(notebook, path)
    return notebook.metadata["rnnbook"]["seconds"]


def normalise(notebook, path):
    """Drop what changes from run to run and from machine to machine."""
    notebook.metadata = nbformat.from_dict(
        {
            "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
            "language_info": {"name": "python"},
            "rnnbook": notebook.metadata["rnnbook"],
        }
    )
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
    code = [cell.source for cell in notebook.cells if cell.cell_type == "code"]
    if not code or code[0] != first_cell(notebook):
        yield "its first cell is not the install cell: run scripts/notebooks.py first-cell"
    if not is_current(notebook):
        yield f"its outputs are not those of its code: run make execute NB={path}"


def check():
    """Print every problem and return how many there are."""
    found = [f"{path.relative_to(ROOT)}: {text}" for path in paths() for text in problems(path)]
    print("\n".join(found) or f"{len(paths())} notebooks are up to date")
    return len(found)


def set_first_cells():
    """Write the install cell into every notebook; one that changes has to be run again."""
    for path in paths():
        notebook = read(path)
        set_first_cell(notebook)
        save(notebook, path)


def set_address(url):
    """Write the repository's address into every file that holds it."""
    if not re.fullmatch(r"https://github\.com/[\w.-]+/[\w.-]+", url):
        raise SystemExit(f"URL is {url!r}; expected https://github.com/OWNER/REPOSITORY")
    old = address()
    current = [path for path in paths() if is_current(read(path))]
    names = ["_config.yml", "README.md", "CITATION.cff", "CONTRIBUTING.md", "pyproject.toml"]
    pages = (ROOT / "chapters").glob("**/*.md")
    for path in [*(ROOT / name for name in names), *pages, *paths()]:
        text = path.read_text("utf-8")
        if old in text:
            write(path, text.replace(old, url))
    for path in current:  # the install cell belongs to the hash; a stale notebook stays stale
        notebook = read(path)
        notebook.metadata["rnnbook"]["hash"] = code_hash(notebook)
        save(notebook, path)


def from_py(source, out):
    """A notebook from a script in jupytext's percent format; outputs come with `execute`."""
    import jupytext

    notebook = jupytext.read(source)
    for cell in notebook.cells:
        cell.metadata.pop("lines_to_next_cell", None)
    notebook.metadata.pop("jupytext", None)
    set_first_cell(notebook)
    for number, cell in enumerate(notebook.cells):
        cell.id = f"cell-{number:03d}"
    save(notebook, out)


def main(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("execute").add_argument("paths", nargs="*", type=Path)
    convert = commands.add_parser("from-py")
    convert.add_argument("source")
    convert.add_argument("out")
    commands.add_parser("first-cell")
    commands.add_parser("check")
    commands.add_parser("address").add_argument("url")
    options = parser.parse_args(arguments)
    if options.command == "from-py":
        from_py(options.source, options.out)
    elif options.command == "address":
        set_address(options.url.rstrip("/").removesuffix(".git"))
    elif options.command == "first-cell":
        set_first_cells()
    elif options.command == "check":
        return min(check(), 1)
    else:
        os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
        todo = options.paths or paths()
        for number, path in enumerate(todo, start=1):
            print(f"[{number}/{len(todo)}] {path} ...", end=" ", flush=True)
            print(f"{execute(path)} s")


if __name__ == "__main__":
    sys.exit(main())
