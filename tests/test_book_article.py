"""Every statement of the article is answered, with a verdict, reasons and links that work."""

import re
from pathlib import Path

import notebooks
import pytest
import verdicts
from myst_parser.mdit_to_docutils.base import default_slugify

PAGE = Path(__file__).resolve().parent.parent / "chapters" / "appendix" / "article.md"
SECTIONS = {"B": 3, "C": 4, "A": 3, "M": 4, "P": 3, "N": 4, "I": 5, "T": 3, "R": 7, "F": 7}
IDS = [f"{letter}{k}" for letter, count in SECTIONS.items() for k in range(1, count + 1)]
FIELDS = ["Stated", "Verdict", "Why", "Evidence"]
TEXT = PAGE.read_text("utf-8")
STATEMENTS = verdicts.statements(TEXT)
EXAMPLE = "\n(B1)=\n### B1 · old\n\n**Verdict:** {verdict}`wrong`\n\n**Evidence:** [A](a.md).\n"


def headings(path):
    """What a link to a section of this page may say behind its #."""
    if path.suffix == ".ipynb":
        cells = [c.source for c in notebooks.read(path).cells if c.cell_type == "markdown"]
        text = "\n\n".join(cells)
    else:
        text = path.read_text("utf-8")
    text = re.sub(r"^```.*?^```", "", text, flags=re.DOTALL | re.MULTILINE)
    return [default_slugify(title) for title in re.findall(r"^##+ (.+)$", text, re.MULTILINE)]


def test_all_ids_are_answered_in_their_order():
    assert [statement.name for statement in STATEMENTS] == IDS


@pytest.mark.parametrize("statement", STATEMENTS, ids=lambda statement: statement.name)
def test_an_answer_has_all_its_parts(statement):
    assert statement.title
    assert list(statement.fields) == FIELDS
    assert statement.verdict in verdicts.SCALE, f"no verdict: {statement.fields['Verdict']}"
    assert statement.links
    assert 1 <= len(re.findall(r"[.?!](?= [A-Z]|$)", statement.fields["Why"])) <= 3


@pytest.mark.parametrize("statement", STATEMENTS, ids=lambda statement: statement.name)
def test_the_evidence_leads_to_a_section_that_is_there(statement):
    for text, target in re.findall(r"\[(.+?)\]\((\S+?)\)", statement.fields["Evidence"]):
        file, _, section = target.partition("#")
        path = (PAGE.parent / file).resolve()
        assert path.is_file(), target
        if section:
            assert section in headings(path), f"{file} has no heading #{section}"
            assert default_slugify(text.split(" · ")[-1]) == section


def test_the_scale_is_defined_once_and_used_whole():
    defined = re.findall(r"^\| \{verdict\}`(\w+)` \| .+ \| \{verdict-count\}`(\w+)`", TEXT, re.M)
    assert defined == [(word, word) for word in verdicts.SCALE]
    counts = [verdicts.count(word, STATEMENTS) for word in verdicts.SCALE]
    assert min(counts) > 0
    assert sum(counts) == verdicts.count("all", STATEMENTS) == len(IDS)


def test_a_row_of_the_table_says_what_its_section_says():
    statement = verdicts.statements(EXAMPLE)[0]
    assert statement == verdicts.Statement(
        "B1", "old", {"Verdict": "{verdict}`wrong`", "Evidence": "[A](a.md)."}
    )
    row = verdicts.table([statement]).splitlines()[-1]
    assert row == "| {ref}`B1 <B1>` | old | {verdict}`wrong` | [A](a.md) |"


def test_what_is_no_badge_is_no_verdict():
    assert verdicts.statements(EXAMPLE.replace("{verdict}`wrong`", "wrong"))[0].verdict == ""


CARD = """node => [
  node.querySelector("h3").firstChild.textContent,
  node.querySelector(".verdict").textContent,
]"""
ROW = """node => [
  `${node.cells[0].textContent.trim()} · ${node.cells[1].textContent.trim()}`,
  node.querySelector(".verdict").textContent,
]"""


def test_the_built_table_comes_first_and_agrees_with_the_cards(book, page):
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto(f"{book}/chapters/appendix/article.html")
    rows = page.locator("table.verdict-table tbody tr")
    cards = page.locator("section:has(> p > .verdict)")
    shown = [card.evaluate(CARD) for card in cards.all()]
    assert [row.evaluate(ROW) for row in rows.all()] == shown
    assert len(shown) == len(IDS)
    assert rows.last.bounding_box()["y"] < cards.first.bounding_box()["y"]
    for row in rows.all():
        box = row.locator(".verdict").bounding_box()
        assert box["x"] > 0 and box["x"] + box["width"] <= 390
    rows.nth(3).locator("a").first.click()
    assert page.url.endswith("#c1")
