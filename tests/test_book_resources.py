"""The page of papers, courses and code: its links, citations and example. No network is used."""

import re
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "chapters" / "tools" / "resources.md"
CODE = re.compile(r"^```python\n(.*?)^```$", flags=re.DOTALL | re.MULTILINE)
LINK = re.compile(r"\[([^\]]+)\]\((https?://[^)\s]*)\)")
ITEM = re.compile(r"(?:-|\d+\.) ")
KEPT_QUERIES = {"list"}  # a playlist has no other address


def prose():
    return CODE.sub("", PAGE.read_text("utf-8"))


def blocks():
    """List items and paragraphs; the page writes each on one line."""
    return [line for line in prose().splitlines() if line.strip()]


def links():
    return LINK.findall(prose())


def address(url):
    """What two spellings of one address have in common."""
    parts = urlsplit(url)
    host = parts.netloc.lower().removeprefix("www.")
    return host + parts.path.rstrip("/") + parts.query


@pytest.mark.parametrize("url", [url for _, url in links()])
def test_a_link_is_well_formed(url):
    parts = urlsplit(url)
    assert parts.scheme == "https"
    assert re.fullmatch(r"([a-z0-9-]+\.)+[a-z]{2,}", parts.netloc)
    assert re.fullmatch(r"[\w~%.,:/-]*", parts.path, flags=re.ASCII)
    assert "//" not in parts.path and not parts.path.endswith((".", ","))
    assert set(parse_qs(parts.query, strict_parsing=bool(parts.query))) <= KEPT_QUERIES
    assert not parts.fragment


def test_no_address_stands_twice_or_outside_a_link():
    found = [address(url) for _, url in links()]
    assert len(found) == len(set(found)) > 40
    assert "://" not in LINK.sub("", prose())


def test_a_link_has_words_and_stands_in_one_item_or_sentence():
    for words, url in links():
        assert words.strip() == words and "://" not in words, url
        (block,) = (block for block in blocks() if f"]({url})" in block)
        assert not block.startswith(("#", "|", ">")), url
        if not ITEM.match(block):
            # An address has no space after its dots, so ". " ends a sentence.
            sentences = [s for s in re.split(r"(?<=[.!?:]) ", block) if f"]({url})" in s]
            assert len(sentences) == 1, url


def test_every_item_leads_somewhere():
    items = [block for block in blocks() if ITEM.match(block)]
    assert len(items) > 30
    assert all(LINK.search(item) for item in items)


def test_papers_and_books_are_cited_and_every_key_exists():
    text = prose()
    keys = re.findall(r"\{cite:[pt]\}`([^`]+)`", text)
    keys = [key.strip() for group in keys for key in group.split(",")]
    entries = re.findall(r"^@\w+\{([^,\s]+),", (ROOT / "references.bib").read_text("utf-8"), re.M)
    assert len(entries) == len(set(entries))
    assert set(keys) <= set(entries)
    for title in ("Papers", "Books"):
        section = re.search(rf"^## {title}.*?(?=^## )", text, flags=re.DOTALL | re.MULTILINE)[0]
        items = [line for line in section.splitlines() if ITEM.match(line)]
        assert items and all("{cite:t}" in item for item in items)


def test_the_papers_are_numbered_in_one_row():
    numbers = [int(n) for n in re.findall(r"^(\d+)\. ", prose(), flags=re.MULTILINE)]
    assert numbers == list(range(1, len(numbers) + 1))


def test_every_page_it_points_to_exists():
    pages = re.findall(r"\{doc\}`([^`<>]+)`", prose())
    assert len(set(pages)) > 10
    for page in pages:
        assert list(PAGE.parent.glob(f"{page}.*")), page


def test_the_comparison_tells_the_two_models_apart(capsys):
    (code,) = CODE.findall(PAGE.read_text("utf-8"))
    exec(code, {})
    after, before = map(float, capsys.readouterr().out.split())
    assert before < 1e-13 < 0.01 < after < 0.5
