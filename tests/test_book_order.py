"""The table of the pages, the order of reading that it gives, and the heads made from it."""

from itertools import pairwise

import heads
import notebooks
import pytest
import yaml

TABLE = heads.table()
CHAPTERS = heads.chapters(TABLE)
KEYS = {"description", "before", "also", "note", "about", "answers", "find"}


def entries(part):
    """All pages of a part of the contents, those below others too."""
    for chapter in part:
        yield chapter["file"]
        yield from entries(chapter.get("sections", []))


def contents():
    """Every page of the book: "intro", "background/first-look", ..., "appendix/api/numpy", ..."""
    toc = yaml.safe_load((notebooks.ROOT / "_toc.yml").read_text("utf-8"))
    files = [toc["root"], *(file for part in toc["parts"] for file in entries(part["chapters"]))]
    return [file.removeprefix("chapters/") for file in files]


def shows_a_module(page):
    return "automodule::" in heads.file(page).read_text("utf-8")


def test_every_page_is_in_the_table_in_the_order_of_the_contents():
    found = [page for page in contents() if page == "intro" or not shows_a_module(page)]
    assert list(TABLE) == found


def test_an_entry_says_nothing_that_nobody_reads():
    assert not [page for page, entry in TABLE.items() if set(entry) - KEYS]


def test_every_chapter_says_what_comes_before_it():
    assert set(CHAPTERS) == {page for page in TABLE if page.count("/") and "appendix" not in page}
    for page in CHAPTERS:
        entry = TABLE[page]
        assert len(entry["before"]) <= heads.MOST, page
        unknown = set(entry["before"] + entry.get("also", [])) - set(CHAPTERS)
        assert not unknown, f"{page} names {unknown}, which is no chapter"


def test_no_page_stands_on_itself():
    found = heads.circle(TABLE)
    assert not found, f"each of these stands on the next: {' -> '.join(found)}"


def test_a_circle_is_found_and_named():
    table = {page: dict(entry) for page, entry in TABLE.items()}
    table["algorithm/forward"]["before"] = ["math/lstm"]
    found = heads.circle(table)
    assert found[0] == found[-1] and {"algorithm/forward", "math/lstm"} < set(found)
    for page, other in pairwise(found):
        assert other in table[page]["before"]


def test_a_newcomer_needs_the_first_page_only():
    first = "background/first-look"
    assert CHAPTERS[0] == first and TABLE[first]["before"] == []
    assert TABLE["background/history"]["before"] == [first]


def test_what_leads_to_a_page_is_what_it_stands_on():
    for page in CHAPTERS:
        found = heads.leads_to(page, TABLE)
        others = [other for other in CHAPTERS if page in TABLE[other]["before"]]
        assert set(found) <= set(others) and len(found) == min(len(others), heads.MOST)
        assert not (found and "also" in TABLE[page]), f"{page}: `also` would not be shown"


@pytest.mark.parametrize("page", CHAPTERS)
def test_the_head_of_a_chapter_is_the_one_of_the_table(page):
    text = heads.first_text(page)
    assert text == heads.with_head(text, heads.line(page, TABLE)), (
        "run: python scripts/notebooks.py heads"
    )


def test_a_page_without_a_head_gets_one():
    text = heads.with_head("# A title\n\nA question.\n\nMore.", "*Before this: ...*")
    assert text == "# A title\n\n*Before this: ...*\n\nA question.\n\nMore."
    assert heads.with_head(text, "*Another*").split("\n\n")[1:3] == ["*Another*", "A question."]


def test_descriptions_have_a_sentence_each():
    texts = [entry["description"] for entry in TABLE.values()]
    assert len(set(texts)) == len(texts)
    for page, entry in TABLE.items():
        text = entry["description"]
        assert 90 <= len(text) <= 160, f"{page}: {len(text)} characters"
        assert text[0].isupper() and text.endswith("."), page
