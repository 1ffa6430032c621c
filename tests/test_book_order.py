"""The table of the pages, the order of reading that it gives, and the heads made from it."""

import re
from html import unescape
from itertools import pairwise
from pathlib import Path

import head_block
import heads
import nbformat
import notebooks
import pytest
import yaml

TABLE = heads.table()
CHAPTERS = heads.chapters(TABLE)
KEYS = {"description", "short", "before", "also", "note", "about", "answers", "find"}


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


def test_every_chapter_has_a_short_name_of_its_own():
    names = [TABLE[page]["short"] for page in CHAPTERS]
    assert len(set(names)) == len(names) and max(map(len, names)) <= 25


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
    text, _ = heads.document(page)
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


def test_a_built_page_shows_its_head_once(site):
    for page in CHAPTERS:
        text = (Path(site) / "chapters" / f"{page}.html").read_text("utf-8")
        (head,) = re.findall(r'<div class="page-head">.*?</div>', text, flags=re.DOTALL)
        assert "Before this: " not in text, f"{page}: the line of the notebook is shown, too"
        for other in TABLE[page]["before"] + heads.leads_to(page, TABLE):
            name = re.escape(TABLE[other]["short"])
            (address,) = re.findall(rf'href="([^"]*)">{name}<', unescape(head))
            path = Path(site) / "chapters" / f"{page}.html"
            assert (
                (path.parent / address)
                .resolve()
                .samefile(Path(site) / "chapters" / f"{other}.html")
            )
        for anchor in re.findall(r'href="[^"]*article.html#(\w+)"', head):
            article = Path(site) / "chapters" / "appendix" / "article.html"
            assert f'id="{anchor}"' in article.read_text("utf-8")


def test_reading_time_counts_words_code_and_equations():
    new = nbformat.v4
    prose = new.new_markdown_cell("word " * 1000)  # 5 minutes
    code = new.new_code_cell("x = 1\n" * 100)  # 5 minutes
    folded = new.new_code_cell("x = 1\n" * 100, metadata={"tags": ["drawing"]})
    equations = new.new_markdown_cell("$$ a = b $$\n\n" * 15)  # 5 minutes
    assert head_block.reading_minutes([prose]) == 5
    assert head_block.reading_minutes([prose, code, folded]) == 10
    assert head_block.reading_minutes([prose, code, folded, equations]) == 15


def test_running_time_is_given_in_rough_words():
    assert head_block.run_time(9.9) == "ten seconds"
    assert head_block.run_time(31.0) == "half a minute"
    assert head_block.run_time(110.0) == "two minutes"
