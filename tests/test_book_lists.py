"""The lists of the appendix are made from the pages and the package: none can be short."""

import ast
import re

import api_links
import contents
import data_list
import equation_list
import pytest
import tables
from equation_links import source_labels

from rnnbook.book.exercises import EXERCISES
from rnnbook.data import _sources

DATA_PAGE = (contents.ROOT / "chapters/appendix/data.md").read_text("utf-8")
# Modules that bring data of their own, as far as this book has ever used any.
BRING_DATA = {"sklearn.datasets", "babel", "holidays", "nltk.corpus", "statsmodels.datasets"}


def test_every_equation_is_listed_once():
    listed = re.findall(r"\{eq\}`(eq-[\w-]+)`", equation_list.listing())
    assert sorted(listed) == sorted(source_labels())


def test_an_equation_is_listed_below_its_heading_with_the_file_that_computes_it():
    text = "# A page\n\nwords\n\n## One\n$$ a $$ (eq-rnn-a)\n```python\n# no heading\n```\n"
    text += "$$ b $$ (eq-rnn-h)\n### Two\n$$ c $$ (eq-linear-y)\n"
    assert equation_list.labels(text) == [
        ("One", ["eq-rnn-a", "eq-rnn-h"]),
        ("Two", ["eq-linear-y"]),
    ]
    assert equation_list.title(text) == "A page"
    assert equation_list.modules(["eq-rnn-a", "eq-linear-y"]) == [
        "{py:mod}`rnn <rnnbook.numpy.rnn>`",
        "{py:mod}`linear <rnnbook.numpy.linear>`",
    ]
    assert equation_list.modules(["eq-not-yet"]) == []


def test_every_exercise_is_listed_once_and_every_checker_stands_on_a_page():
    listed, checked = [], set()
    for file in contents.notebooks():
        found, names = tables.exercises(contents.read(file))
        listed += [label for _, label in found]
        checked |= set(names)
    texts = [path.read_text("utf-8") for path in (contents.ROOT / "chapters").glob("**/*.ipynb")]
    labels = [label for text in texts for label in re.findall(r":label: (ex-[\w-]+)", text)]
    assert sorted(listed) == sorted(labels)
    assert checked == set(EXERCISES)


@pytest.mark.parametrize("name", _sources.read())
def test_a_file_names_its_loader_and_the_pages_that_read_it(name):
    source = _sources.read()[name]
    text = data_list.entry(name, source)
    for part in (name, source.loader, source.creators, source.changes):
        assert part in text
    assert source.origin in re.sub(r"\[(doi \S+)\]\(https://doi.org/\S+\)", r"\1", text)
    for file in contents.notebooks():
        code = "\n".join(
            contents.source(cell)
            for cell in contents.read(file)["cells"]
            if cell["cell_type"] == "code"
        )
        alone = source.loader != "load_text" or f'"{name.removesuffix(".txt")}"' in code
        reads = bool(re.search(rf"\b{source.loader}\b", code)) and alone
        assert reads == (f"</{file}>`" in text or f"{{doc}}`/{file}`" in text), file


def trees():
    """The programs of the book: notebooks, experiments, the package."""
    yield from api_links.programs().values()
    for folder in ("experiments", "rnnbook"):
        for path in (contents.ROOT / folder).glob("**/*.py"):
            yield ast.parse(path.read_text("utf-8"))


def imported(tree):
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def test_data_that_other_packages_bring_are_named():
    used = {name for tree in trees() for name in imported(tree)} & BRING_DATA
    assert {"sklearn.datasets", "babel"} <= used
    named = set(re.findall(r"^`([\w.]+)`$", DATA_PAGE, flags=re.MULTILINE))
    assert used <= named <= BRING_DATA


def test_nothing_says_that_it_downloads():
    downloads = {"urllib.request", "requests", "torchvision", "keras.datasets", "ucimlrepo"}
    used = {name for tree in trees() for name in imported(tree)}
    assert not used & downloads
