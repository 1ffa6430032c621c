"""A network that a page shows is the one whose record it draws: equal but for docstrings."""

import ast
from pathlib import Path

import nbformat
import pytest
from IPython.core.inputtransformer2 import TransformerManager

from experiments import decides_nothing

ROOT = Path(__file__).resolve().parent.parent
# What a page still shows otherwise than its experiment, and how. The list may only get shorter.
DIFFERENT = {
    "traffic.Inputs": "the page has no scale",
    "traffic.Road": "the page has no hour, weekday, validation and test",
}
# Pages that show networks of an experiment that has another name.
ALSO = {"recurrence_or_attention": "language_models", "jobs": "society", "weather_sure": "weather"}


def classes_in(source):
    """Every class in a text as text, by its name, without docstrings and comments."""
    tree = ast.parse(source)
    for node in ast.walk(tree):
        if isinstance(node, (ast.ClassDef, ast.FunctionDef)):
            node.body = [entry for entry in node.body if not decides_nothing(entry)] or [ast.Pass()]
    return {n.name: ast.unparse(n) for n in ast.walk(tree) if isinstance(n, ast.ClassDef)}


def code_of(path):
    """The code of a notebook, with its magic commands made into calls."""
    cells = [cell for cell in nbformat.read(path, 4).cells if cell.cell_type == "code"]
    return "\n".join(TransformerManager().transform_cell(cell.source) for cell in cells)


def twins():
    """{experiment.class: (as it is recorded, as it is shown)} of all classes on both sides."""
    pages = {path.stem.replace("-", "_"): path for path in ROOT.glob("chapters/**/*.ipynb")}
    found = {}
    for path in sorted((ROOT / "experiments").glob("*.py")):
        recorded = classes_in(path.read_text("utf-8"))
        shown = classes_in(code_of(pages[path.stem])) if path.stem in pages else {}
        for name in sorted(set(recorded) & set(shown)):
            found[f"{path.stem}.{name}"] = recorded[name], shown[name]
        for page in (page for page, experiment in ALSO.items() if experiment == path.stem):
            shown = classes_in(code_of(pages[page]))
            for name in sorted(set(recorded) & set(shown)):
                found[f"{page}.{name}"] = recorded[name], shown[name]
    return found


TWINS = twins()


@pytest.mark.parametrize("name", TWINS)
def test_the_network_shown_is_the_network_recorded(name):
    recorded, shown = TWINS[name]
    if name in DIFFERENT:
        assert shown != recorded, f"{name} is equal by now: take it off the list DIFFERENT"
    else:
        assert shown == recorded, "make the notebook's class equal to the experiment's"


def test_the_list_names_classes_that_are_on_both_sides():
    assert set(DIFFERENT) <= set(TWINS)


def test_what_is_no_difference_and_what_is_one():
    plain = "class A:\n    def f(self, x):\n        return 2 * x\n"
    told = 'class A:\n    """Doubles."""\n\n    def f(self, x):\n        return (2 * x)  # twice\n'
    assert classes_in(plain) == classes_in(told)
    assert classes_in(plain) != classes_in(plain.replace("2 * x", "3 * x"))
