"""What is shown of a page elsewhere: description, title, picture and icon in its head."""

import re
import struct
from html import unescape
from pathlib import Path

import cards
import descriptions
import heads
import notebooks
import pytest

CONFIG = notebooks.ROOT / "_config.yml"
SHOWN = ["description", "twitter:card", "og:title", "og:description", "og:type", "og:image"]
TAG = re.compile(r'<meta (?:name|property)="([\w:]+)" content="([^"]*)"')


@pytest.fixture(scope="module")
def shown(site):
    """What the head of each built page says: {"chapters/math/lstm.html": {"og:title": ...}}."""
    paths = [path for path in Path(site).rglob("*.html") if "_static" not in path.parts]
    paths = [path for path in paths if "http-equiv" not in path.read_text("utf-8")]
    return {
        path.relative_to(site).as_posix(): {
            key: unescape(value) for key, value in TAG.findall(path.read_text("utf-8"))
        }
        for path in paths
    }


def size(picture):
    """Width and height of a PNG."""
    header = picture.read_bytes()[:24]
    assert header.startswith(b"\x89PNG"), picture
    return struct.unpack(">II", header[16:24])


def test_every_page_says_what_it_is(shown):
    assert len(shown) > 150
    for name, tags in shown.items():
        assert not [key for key in SHOWN if not tags.get(key)], name
        assert tags["description"] == tags["og:description"]


def test_no_two_pages_have_the_same_description(shown):
    found = {}
    for name, tags in shown.items():
        found.setdefault(tags["description"], []).append(name)
    assert not [names for names in found.values() if len(names) > 1]


def test_a_chapter_is_described_by_its_sentence_in_the_table(shown):
    for page, entry in heads.table().items():
        name = "intro.html" if page == "intro" else f"chapters/{page}.html"
        assert shown[name]["description"] == entry["description"]


def test_every_picture_is_there_and_has_the_size_that_is_shown(shown, site):
    address = re.search(r"(?m)^  baseurl: (\S+)", CONFIG.read_text("utf-8"))[1]
    for name, tags in shown.items():
        assert tags["og:image"].startswith(address), name
        picture = Path(site) / tags["og:image"].removeprefix(address)
        assert size(picture) == (1200, 630)
        assert picture.stat().st_size < 120_000, picture
    chapters = [shown[f"chapters/{page}.html"] for page in heads.chapters(heads.table())]
    assert len({tags["og:image"] for tags in chapters}) == len(chapters)


def test_the_icons_are_there(site):
    assert size(Path(site) / descriptions.ICON) == (180, 180)
    text = (Path(site) / "chapters" / "math" / "lstm.html").read_text("utf-8")
    for rel in ("icon", "apple-touch-icon"):
        link = re.search(rf'<link rel="{rel}"[^>]*href="([^"]+)"', text)[1]
        assert (Path(site) / "chapters" / "math" / link.split("?")[0]).exists(), rel


def test_no_page_names_an_address_that_is_not_yet_one(site):
    published = descriptions.NOT_YET not in CONFIG.read_text("utf-8")
    text = (Path(site) / "chapters" / "math" / "lstm.html").read_text("utf-8")
    assert ('<link rel="canonical"' in text) == published == ('property="og:url"' in text)


def test_the_longest_texts_stay_above_the_logo(tmp_path):
    for page, part in descriptions.parts().items():
        table = heads.table()
        text = descriptions.description(page, table)
        title = notebooks_title(page)
        assert cards.draw(part, title, text, tmp_path / "card.png") > 110, page


def notebooks_title(page):
    name = page.removeprefix("chapters/")
    path = notebooks.ROOT / f"{page}.md"
    text = path.read_text("utf-8") if path.exists() else heads.document(name)[0]
    return next(line[2:] for line in text.splitlines() if line.startswith("# "))


def test_a_line_is_no_wider_than_its_room():
    font, text = cards.face(400, 33), "one two three four five six seven eight nine ten " * 3
    lines = cards.wrapped(text, font, 300)
    assert " ".join(lines).split() == text.split()
    assert len(lines) > 3 and all(cards.width(line, font) <= 300 for line in lines)


def test_a_card_is_drawn_once(monkeypatch, tmp_path):
    monkeypatch.setattr(cards, "KEPT", tmp_path)
    drawn = []
    monkeypatch.setattr(cards, "draw", lambda *given: drawn.append(given[-1].touch()))
    for texts in [("a", "b", "c"), ("a", "b", "c"), ("a", "b", "d")]:
        cards.put(texts, tmp_path / "site" / "card.png")
    assert len(drawn) == 2


def test_tags_escape_what_html_would_misread():
    found = descriptions.tags('A "title" & more', "a < b", "card.png", None, "icon.png")
    assert 'content="A &quot;title&quot; &amp; more"' in found and "a &lt; b" in found
    assert "og:url" not in found
    found = descriptions.tags("A", "b", "card.png", "https://you.org/a.html", "icon.png")
    assert 'property="og:url" content="https://you.org/a.html"' in found


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (["https://github.com/You/book"], "https://you.github.io/book/"),
        (["https://github.com/you/you.github.io"], "https://you.github.io/"),
        (["https://github.com/you/book", "https://book.org/rnn"], "https://book.org/rnn/"),
    ],
)
def test_the_address_of_the_book_is_set_with_that_of_its_repository(
    given, expected, tmp_path, monkeypatch
):
    for name in ("_config.yml", "README.md", "CITATION.cff", "CONTRIBUTING.md", "pyproject.toml"):
        (tmp_path / name).write_text((notebooks.ROOT / name).read_text("utf-8"), "utf-8")
    (tmp_path / "chapters").mkdir()
    monkeypatch.setattr(notebooks, "ROOT", tmp_path)
    notebooks.main(["address", *given])
    text = (tmp_path / "_config.yml").read_text("utf-8")
    assert f"  baseurl: {expected}   #" in text and f"  url: {given[0]}\n" in text


def test_an_address_of_the_book_that_is_none_is_refused():
    with pytest.raises(SystemExit, match=r"SITE is 'book'; expected https"):
        notebooks.main(["address", "https://github.com/you/book", "book"])
