"""The labels of equations and of source lines are the same set, in the same order."""

import ast
import re
import sys
from pathlib import Path

import nbformat
import pytest

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "_ext"))
from equation_links import COMMENT, source_labels  # noqa: E402

EQUATION = re.compile(r"\$\$ \((eq-[\w-]+)\)")


def page_labels():
    texts = [path.read_text("utf-8") for path in (ROOT / "chapters").glob("**/*.md")]
    for path in (ROOT / "chapters").glob("**/*.ipynb"):
        notebook = nbformat.read(path, 4)
        texts += [cell.source for cell in notebook.cells if cell.cell_type == "markdown"]
    return [label for text in texts for label in EQUATION.findall(text)]


def labels_in(path):
    return [m[1] for line in path.read_text("utf-8").splitlines() if (m := COMMENT.search(line))]


def test_every_equation_is_computed_and_every_labelled_line_is_an_equation():
    pages = page_labels()
    assert len(pages) == len(set(pages)), "an equation is labelled twice"
    assert set(pages) == set(source_labels())
    assert len(pages) > 70


def test_a_label_stands_once_in_a_file():
    for path in (ROOT / "rnnbook").glob("**/*.py"):
        labels = labels_in(path)
        assert len(labels) == len(set(labels)), path


def labelled_twins():
    """The files that both frameworks have and at least one labels."""
    folders = (ROOT / "rnnbook" / framework for framework in ("torch", "tensorflow"))
    torchs, tensorflows = ({path.name: path for path in f.glob("*.py")} for f in folders)
    names = sorted(set(torchs) & set(tensorflows))
    return [n for n in names if labels_in(torchs[n]) + labels_in(tensorflows[n])]


@pytest.mark.parametrize("name", labelled_twins())
def test_the_frameworks_have_the_same_equations_in_the_same_order(name):
    """Where NumPy has the file, it has them, too; and those of the backward pass."""
    torchs, tensorflows = (
        labels_in(ROOT / "rnnbook" / framework / name) for framework in ("torch", "tensorflow")
    )
    assert torchs == tensorflows
    path = ROOT / "rnnbook" / "numpy" / name
    if path.exists():
        assert [label for label in labels_in(path) if label in torchs] == torchs


def test_no_labelled_file_of_one_framework_lacks_its_twin():
    names = [
        {path.name for path in (ROOT / "rnnbook" / framework).glob("*.py") if labels_in(path)}
        for framework in ("torch", "tensorflow")
    ]
    assert names[0] == names[1]
    assert len(labelled_twins()) > 14


def test_a_labelled_line_is_an_assignment():
    for path in (ROOT / "rnnbook").glob("**/*.py"):
        text = path.read_text("utf-8")
        ends = {
            node.end_lineno
            for node in ast.walk(ast.parse(text))
            if isinstance(node, (ast.Assign, ast.AugAssign))
        }
        for number, line in enumerate(text.splitlines(), start=1):
            if COMMENT.search(line):
                assert number in ends, f"{path.name}:{number}"
