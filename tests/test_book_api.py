"""The pages of the package show every module that a reader may import, and what it is for."""

import ast
import importlib
import re
from pathlib import Path

import pytest
from sphinx.ext.autodoc import ALL

ROOT = Path(__file__).resolve().parent.parent
PAGES = sorted((ROOT / "chapters" / "appendix" / "api").glob("*.md"))
TEXT = "\n".join(path.read_text("utf-8") for path in PAGES)
LISTED = re.findall(r"automodule:: (\S+)(?:\n   :members: (.+))?", TEXT)


@pytest.fixture
def api_pages(monkeypatch):
    monkeypatch.syspath_prepend(ROOT / "_ext")
    return importlib.import_module("api_pages")


def public_modules():
    """All modules but those of single exercises, and packages that only have modules in them."""
    for path in sorted((ROOT / "rnnbook").glob("**/*.py")):
        if path.stem == "__init__":
            kinds = (ast.FunctionDef, ast.ClassDef)
            if not any(isinstance(node, kinds) for node in ast.parse(path.read_text("utf-8")).body):
                continue
            path = path.parent
        elif path.parent.name == "exercises":
            continue
        if not path.name.startswith("_"):
            yield ".".join(path.relative_to(ROOT).with_suffix("").parts)


def test_every_module_is_listed_once():
    names = [name for name, _ in LISTED]
    assert len(names) == len(set(names))
    assert set(public_modules()) <= set(names)


def test_what_is_listed_is_there():
    for name, members in LISTED:
        module = importlib.import_module(name)
        for member in filter(None, members.split(", ")):
            assert hasattr(module, member), f"{name}.{member}"


def test_every_page_is_in_the_contents_below_its_part(api_pages):
    files = [page for _, pages in api_pages.parts() for page in pages]
    assert sorted(files) == sorted(str(p.relative_to(ROOT).with_suffix("")) for p in PAGES)


def test_the_package_page_has_a_table_of_every_part(api_pages):
    text = (ROOT / "chapters" / "appendix" / "api.md").read_text("utf-8")
    parts = [part.rpartition("/")[2] for part, _ in api_pages.parts()]
    assert re.findall(r"\{module-table\} (\S+)", text) == parts
    assert re.findall(r"### \[.+\]\(api/(\S+)\.md\)", text) == parts


def test_every_page_has_a_title_of_its_own():
    titles = [path.read_text("utf-8").splitlines()[0] for path in PAGES]
    assert all(title.startswith("# ") and "rnnbook" not in title for title in titles)
    assert len(titles) == len(set(titles))


def test_what_a_module_is_for_is_one_sentence(api_pages):
    for name, _ in LISTED:
        sentence = api_pages.first_sentence(importlib.import_module(name).__doc__)
        assert 10 < len(sentence) <= 120 and sentence[-1] in ".?", f"{name}: {sentence}"


@pytest.mark.parametrize(
    ("docstring", "sentence"),
    [
        ("Masks. A mask is Boolean.", "Masks."),
        (
            "LSTM (Shi et al. 2015): at\n    every pixel.\n\n    More.",
            "LSTM (Shi et al. 2015): at every pixel.",
        ),
        ("Is it right? Four answers.", "Is it right?"),
        ("Weights, e.g. 0.5 or so.", "Weights, e.g. 0.5 or so."),
        ("Means. `mask` is optional.", "Means."),
    ],
)
def test_the_first_sentence(docstring, sentence, api_pages):
    assert api_pages.first_sentence(docstring) == sentence


def test_twins_are_the_same_layer_in_other_frameworks(api_pages):
    known = {name for name, _ in LISTED}
    assert api_pages.twins("rnnbook.torch.lstm", known) == {
        "NumPy": "rnnbook.numpy.lstm",
        "TensorFlow": "rnnbook.tensorflow.lstm",
    }
    assert api_pages.twins("rnnbook.tensorflow.zoneout", known) == {
        "PyTorch": "rnnbook.torch.zoneout"
    }
    assert set(api_pages.twins("rnnbook.numpy", known)) == {"PyTorch", "TensorFlow"}
    assert api_pages.twins("rnnbook.tasks.memory", known) == {}


def test_the_table_of_members_has_what_the_module_defines_in_its_order(api_pages):
    lstm = importlib.import_module("rnnbook.numpy.lstm")
    names = [name for name, _ in api_pages.members(lstm, ALL)]
    assert names[-4:] == ["init", "step", "forward", "backward"]
    assert "Params" in names and "NamedTuple" not in names and "check_axes" not in names
    assert api_pages.members(lstm, ["step"]) == [("step", lstm.step)]
    assert api_pages.members(lstm, None) == []
    table = "\n".join(api_pages.member_table(lstm, ["step"]))
    assert ":py:obj:`step <rnnbook.numpy.lstm.step>`" in table
    assert "One step of N sequences" in table


def test_the_table_of_members_has_what_a_package_exports(api_pages):
    decoding = importlib.import_module("rnnbook.text.decoding")
    assert [name for name, _ in api_pages.members(decoding, ALL)] == decoding.__all__
