"""The head of a chapter in HTML: what comes before, what it leads to, how long it takes.

The line below the title of a notebook (scripts/heads.py) is for those who read it on Colab or
GitHub. Here a block takes its place, with what the build knows besides: how long the page takes
to read and to run.
"""

import re
import sys
from html import escape

import contents
from docutils import nodes

sys.path.append(str(contents.ROOT / "scripts"))  # tests have it, the build knows _ext only
import heads
import notebooks
import pages

# Reading: 200 words, 20 lines of visible code or 3 displayed equations a minute.
WORDS, LINES, EQUATIONS = 200, 20, 3
# Running, in seconds of CPU time on one thread: up to 10, up to 20, ...
RUN = {10: "ten seconds", 20: "twenty seconds", 40: "half a minute", 80: "a minute"}
LONGEST = "two minutes"


def reading_minutes(cells):
    """The time for the prose, code and equations of a page, to the nearest five minutes."""
    text = "\n".join(cell.source for cell in cells if cell.cell_type == "markdown")
    words = len(pages.text_of(cells).split())
    equations = len(re.findall(r"\$\$.+?\$\$", text, flags=re.DOTALL))
    minutes = words / WORDS + sum(pages.visible(cells)) / LINES + equations / EQUATIONS
    return rounded(minutes)


def rounded(minutes):
    return max(5, 5 * round(minutes / 5))


def run_time(seconds):
    return next((words for limit, words in RUN.items() if seconds <= limit), LONGEST)


def takes(page):
    """How long a page takes to read."""
    path = heads.file(page)
    if path.suffix == ".ipynb":
        minutes = reading_minutes(list(pages.counted(notebooks.read(path))))
    else:
        minutes = rounded(len(path.read_text("utf-8").split()) / WORDS)
    return f"{minutes} minutes"


def runs(about):
    """How long a notebook takes to run, and with what, in words."""
    return f"in {run_time(about['seconds'])} with {heads.needs(about)}" if about else ""


def part(label, html):
    """A label and what it says; nothing where there is nothing to say."""
    return f'<span><span class="head-label">{label}</span> {html}</span>' if html else ""


def links(others, table, uri):
    """The short names of pages, each a link."""
    named = ((uri(other), escape(table[other]["short"])) for other in others)
    return ", ".join(f'<a href="{address}">{name}</a>' for address, name in named)


def block(page, table, uri):
    """The head as HTML; `uri` gives the address of another page."""
    entry, about = table[page], heads.document(page)[1]
    next_label, next_pages = heads.after(page, table)
    verb, ids = heads.statements(entry, about)
    stated = [f'<a href="{uri("appendix/article")}#{name.lower()}">{name}</a>' for name in ids]
    way = [
        part("Before this", links(entry["before"], table, uri) or "no other page"),
        part(next_label, links(next_pages, table, uri)),
    ]
    rest = [
        part("Takes", takes(page)),
        part("Runs", runs(about)),
        part(verb, f"{heads.listed(stated)} of the article" if stated else ""),
        f"<span>{escape(entry['note'])}</span>" if "note" in entry else "",
    ]
    lines = "".join(f"<p>{' '.join(filter(None, parts))}</p>" for parts in (way, rest))
    return f'<div class="page-head">{lines}</div>'


def depend_on_table(app, doctree):
    app.env.note_dependency(str(contents.ROOT / "chapters" / "pages.yml"))


def drop_line(app, doctree, docname):
    """Take out the line that the block replaces."""
    if app.builder.format != "html":
        return
    for paragraph in list(doctree.findall(nodes.paragraph)):
        if paragraph.astext().startswith("Before this: "):
            paragraph.parent.remove(paragraph)


def show_block(app, pagename, templatename, context, doctree):
    page = pagename.removeprefix("chapters/")
    if page not in heads.chapters(app.book_pages) or "body" not in context:
        return
    uri = lambda other: app.builder.get_relative_uri(pagename, f"chapters/{other}")  # noqa: E731
    head = block(page, app.book_pages, uri)
    context["body"] = context["body"].replace("</h1>", f"</h1>\n{head}", 1)


def setup(app):
    app.book_pages = heads.table()
    app.connect("doctree-read", depend_on_table)
    app.connect("doctree-resolved", drop_line)
    app.connect("html-page-context", show_block)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
