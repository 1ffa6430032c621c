"""Every link of the built book leads to a page and a place that are there."""

import posixpath
from collections import namedtuple
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest
from built_pages import ROOT, contents
from lxml import html

Link = namedtuple("Link", "page button target")  # button: it stands in a menu of the theme
PLACEHOLDER = "example/rnnbook"  # until `make address` writes the repository's own
TEXT = (".css", ".html", ".js", ".svg", ".txt")


@pytest.fixture(scope="module")
def pages(site):
    """The tree of every page; `_static` holds templates of the theme, which nobody opens."""
    paths = [path for path in sorted(site.rglob("*.html")) if "_static" not in path.parts]
    return {path.relative_to(site).as_posix(): html.fromstring(path.read_bytes()) for path in paths}


@pytest.fixture(scope="module")
def links(pages):
    return [
        Link(name, "btn" in (element.get("class") or ""), target)
        for name, tree in pages.items()
        for element, _, target, _ in tree.iterlinks()
    ]


@pytest.fixture(scope="module")
def places(pages):
    """The anchors of every page."""
    return {name: {*tree.xpath("//@id"), *tree.xpath("//a/@name")} for name, tree in pages.items()}


def is_inside(link):
    parts = urlsplit(link.target)
    return not parts.scheme and not parts.netloc


def resolve(link):
    """The file below the site, and the anchor in it."""
    parts = urlsplit(link.target)
    folder = posixpath.dirname(link.page)
    path = posixpath.join(folder, unquote(parts.path)) if parts.path else link.page
    return posixpath.normpath(path), unquote(parts.fragment)


def test_every_link_inside_the_book_leads_to_a_file_and_an_anchor(site, links, places):
    inside = [link for link in links if is_inside(link)]
    assert len(inside) > 40_000
    broken = set()
    for link in inside:
        path, anchor = resolve(link)
        is_there = path in places or (site / path).is_file()
        if not is_there or (anchor and path in places and anchor not in places[path]):
            broken.add(link)
    assert not broken


def test_no_link_starts_at_the_root_of_a_server_or_of_a_disk(links):
    """Such a link breaks below a path of a server, and on a reader's disk."""
    assert not [link for link in links if link.target.startswith("/")]
    assert {urlsplit(link.target).scheme for link in links} <= {"", "data", "http", "https"}


def test_the_placeholder_address_is_only_in_the_menus(links):
    placeholders = [link for link in links if PLACEHOLDER in link.target]
    assert not [link for link in placeholders if not link.button]


def test_no_file_names_a_folder_of_this_machine(site):
    files = [path for path in site.rglob("*") if path.suffix in TEXT]
    assert len(files) > 300
    folders = [str(folder).encode() for folder in (ROOT, Path.home())]
    named = [f for f in files if any(folder in f.read_bytes() for folder in folders)]
    assert not named


def test_links_lead_from_the_first_page_to_every_other(pages, links):
    ways = {}
    for link in links:
        if is_inside(link):
            ways.setdefault(link.page, set()).add(resolve(link)[0])
    seen, ahead = set(), {"index.html"}
    while ahead:
        seen |= ahead
        ahead = set().union(*(ways.get(name, set()) for name in ahead)) - seen
    assert len(contents()) > 120
    assert {f"{name}.html" for name in contents()} <= seen
