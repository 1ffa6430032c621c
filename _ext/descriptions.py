"""What a search engine or a message shows of a page: its description, title, picture, icon.

The sentences are those of chapters/pages.yml; a page of the package takes the first of its
module's docstring. The pictures are drawn by `cards`.
"""

import importlib
import re
from html import escape, unescape
from pathlib import Path
from urllib.parse import urljoin

import api_pages
import cards
import contents

CARDS = "_static/cards"
ICON = "_static/apple-touch-icon.png"
NOT_YET = "https://example.github.io/"  # until `make address` says where the book is published
OTHERS = {
    "genindex": "All functions and classes of the package rnnbook, in alphabetical order.",
    "py-modindex": "All modules of the package rnnbook, in alphabetical order.",
    "search": "Search the book on recurrent neural networks and its package rnnbook.",
    "_modules/index": "The source files of the package rnnbook.",
}


def parts():
    """The part of the book that each page is in, the first page too."""
    return {contents.toc()["root"]: "A book and a package", **contents.parts()}


def module_sentence(page):
    """The name of the module that a page shows, and what it is for."""
    name = api_pages.modules(page)[0]
    sentence = api_pages.first_sentence(importlib.import_module(name).__doc__)
    return f"{name}: {sentence.replace('`', '')}"


def description(page, table):
    """The sentence about a page."""
    entry = table.get(page.removeprefix("chapters/"))
    if entry:
        return entry["description"]
    if page.startswith(api_pages.FOLDER):
        return module_sentence(page)
    module = page.removeprefix("_modules/").replace("/", ".")
    return OTHERS.get(page, f"The source of {module}, whose lines link to the equations.")


def title_of(app, page, written):
    """The title without its number and without markup."""
    if page in app.env.titles:
        return app.env.titles[page].astext()
    return unescape(re.sub(r"<[^>]+>", "", written or cards.BOOK)).strip()


def card(page, known):
    """The page whose picture this one shows: its own, or that of the package."""
    return page if page in known else api_pages.FOLDER


def picture(page):
    return f"{CARDS}/{page.removeprefix('chapters/').replace('/', '-')}.png"


def tags(title, sentence, image, address, icon):
    """The lines for the head of a page."""
    named = {"description": sentence, "twitter:card": "summary_large_image"}
    open_graph = {
        "og:title": title,
        "og:description": sentence,
        "og:type": "article",
        "og:site_name": cards.BOOK,
        "og:image": image,
        "og:image:width": cards.WIDTH,
        "og:image:height": cards.HEIGHT,
        "og:image:alt": f"{title}: a unit with a loop, unrolled",
    }
    if address:
        open_graph["og:url"] = address
    lines = [f'<meta name="{key}" content="{escape(value)}">' for key, value in named.items()]
    for key, value in open_graph.items():
        lines.append(f'<meta property="{key}" content="{escape(str(value))}">')
    return "\n".join([*lines, f'<link rel="apple-touch-icon" href="{escape(icon)}">', ""])


def describe(app, pagename, templatename, context, doctree):
    """Add the tags to a page, and no address that is not yet one."""
    site = app.config.html_baseurl
    if site.startswith(NOT_YET):
        context["pageurl"] = None
    sentence = description(pagename, app.book_pages)
    image = urljoin(site, picture(card(pagename, app.book_parts)))
    icon = context["pathto"](ICON, resource=True)
    title = title_of(app, pagename, context.get("title"))
    found = tags(title, sentence, image, context.get("pageurl"), icon)
    context["metatags"] = context.get("metatags", "") + found


def put_pictures(app, exception):
    """The cards and the icon, into the built site."""
    if exception or app.builder.format != "html":
        return
    for page, part in app.book_parts.items():
        texts = part, title_of(app, page, None), description(page, app.book_pages)
        cards.put(texts, Path(app.outdir) / picture(page))
    cards.draw_icon(Path(app.outdir) / ICON)


def setup(app):
    app.book_parts = parts()
    app.connect("html-page-context", describe)
    app.connect("build-finished", put_pictures)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
