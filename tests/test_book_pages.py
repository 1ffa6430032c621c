"""A page is for reading: limits on what it holds. Pages over one of them may only get shorter."""

import json

import nbformat
import notebooks
import pages
import pytest

ALLOWED = json.loads(pages.ALLOWANCES.read_text("utf-8"))
PATHS = notebooks.paths()


@pytest.mark.parametrize("path", PATHS, ids=lambda path: path.stem)
def test_a_page_keeps_to_the_limits_or_to_what_it_had(path):
    allowed = ALLOWED.get(pages.name(path), {})
    for key, value in pages.measure(path).items():
        most = max(pages.LIMITS[key], pages.amount(allowed.get(key, 0)))
        assert pages.amount(value) <= most, (
            f"{key}: {value}; at most {most}. A page that grows is two pages, or its code belongs "
            "into the package; a term that no page explains so far needs a place for a link."
        )
        if isinstance(value, list):
            new = set(value) - set(allowed.get(key, []))
            assert not new, f"{key} that nothing explains: {', '.join(sorted(new))}"


def test_the_list_of_allowances_only_gets_shorter():
    for page, allowed in ALLOWED.items():
        measured = pages.measure(pages.ROOT / "chapters" / f"{page}.ipynb")
        for key, value in allowed.items():
            found = measured[key]
            assert pages.amount(found) > pages.LIMITS[key], (
                f"{page} keeps to the limit of {key} now: run python scripts/pages.py allowances"
            )
            assert pages.amount(value) <= pages.amount(found), (
                f"{page} has fewer {key} now: run python scripts/pages.py allowances"
            )


def test_every_term_is_explained_on_a_page_of_the_book():
    assert len(pages.TERMS) > 100
    assert set(pages.TERMS.values()) <= set(pages.order())


def test_exercises_folds_captions_and_mathematics_do_not_count():
    code, text = nbformat.v4.new_code_cell, nbformat.v4.new_markdown_cell
    book = nbformat.v4.new_notebook()
    book.cells = [
        text("two words $x = 1$\n\n$$\na + b\n$$ (eq-a)"),
        text("[![A line](../interactive/one/one.png)](https://...) Its caption."),
        code("a = 1\n\nb = 2"),
        code("c = 3", metadata={"tags": ["preparing"]}),
        text(":::{exercise} many more words here"),
        code("exercises.check('a', f)"),
        text(":::{solution-start} ex-a"),
        code("d = 4"),
        text(":::{solution-end}\n\n:::{solution-start} ex-b"),
        code("d = 5"),
        text(":::{solution-end}"),
        code("e = 5"),
    ]
    cells = list(pages.counted(book))
    assert pages.text_of(cells).split() == ["two", "words", "(eq-a)"]
    assert list(pages.visible(cells)) == [2, 1]


ORDER = ["algorithm/training", "math/lstm"]


def test_a_term_is_early_until_a_page_has_explained_it():
    text = "Peepholes, gradient clipping and `gate`"
    assert pages.early_terms(text, "algorithm/training", ORDER) == ["peephole"]
    assert pages.early_terms(text, "math/lstm", ORDER) == []


@pytest.mark.parametrize(
    "text, counts",
    [
        ("A peephole sees.", False),
        ("## A peephole\n\nIt sees.", True),
        ("## A peephole\n\nPeepholes see.", False),
        ("See [the peephole](lstm.ipynb).", True),
        ("**Peepholes.** They see.", True),
        ("| a peephole | 1 |", False),
    ],
)
def test_an_early_term_counts_where_it_cannot_be_linked(text, counts):
    found = pages.unexplained_terms(text, "algorithm/training", ORDER)
    assert found == (["peephole"] if counts else [])
