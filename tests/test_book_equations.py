"""The labels of equations and of source lines are the same set, in the same order."""

import ast
import re
from pathlib import Path

import nbformat
import pytest
from equation_links import COMMENT, source_labels

ROOT = Path(__file__).resolve().parent.parent

NOT_IN_TENSORFLOW = {"newton.py"}  # two frameworks show the method
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


def labelled_files():
    """The names of all files with an equation in torch/ or tensorflow/."""
    folders = (ROOT / "rnnbook" / framework for framework in ("torch", "tensorflow"))
    return sorted({path.name for f in folders for path in f.glob("*.py") if labels_in(path)})


@pytest.mark.parametrize("name", labelled_files())
def test_the_frameworks_have_the_same_equations_in_the_same_order(name):
    """Where NumPy has the file, it has them, too; and those of the backward pass."""
    package = ROOT / "rnnbook"
    torchs = labels_in(package / "torch" / name)
    if name in NOT_IN_TENSORFLOW:
        assert not (package / "tensorflow" / name).exists(), "take it off the list"
    else:
        assert torchs == labels_in(package / "tensorflow" / name)
    path = package / "numpy" / name
    if path.exists():
        assert [label for label in labels_in(path) if label in torchs] == torchs


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
