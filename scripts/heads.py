"""The head of a chapter: what comes before it, what it leads to, what it needs and answers.

`chapters/pages.yml` says which pages each page stands on; this module turns that round, finds
circles, and writes the line below the title of every chapter:

    python scripts/notebooks.py heads
"""

import os
import re
from functools import cache

import notebooks
import yaml

MOST = 3  # pages before and after a page
HEAD = re.compile(r"^\*Before this: .*\*$", flags=re.MULTILINE)
# What the optional parts of the installation bring that a reader should know of.
EXTRAS = {
    "torch": ["PyTorch"],
    "tensorflow": ["TensorFlow"],
    "language": ["nltk", "babel", "sacrebleu", "sentencepiece"],
    "series": ["arch", "statsmodels", "holidays"],
    "crf": ["CRFsuite"],
    "jax": ["JAX"],
    "export": ["ONNX"],
    "serving": ["ONNX", "FastAPI"],
}


def table():
    """What pages.yml says: {"math/lstm": {"description": ..., "before": [...]}, ...}."""
    return yaml.safe_load((notebooks.ROOT / "chapters" / "pages.yml").read_text("utf-8"))


def chapters(pages):
    """The pages with a head: all but the introduction and the appendix."""
    return [page for page, entry in pages.items() if "before" in entry]


def leads_to(page, pages):
    """The pages that stand on this one: the three that are nearest to it in the contents."""
    order = list(pages)
    found = [other for other in chapters(pages) if page in pages[other]["before"]]
    return sorted(found, key=lambda other: abs(order.index(other) - order.index(page)))[:MOST]


def after(page, pages):
    """Where to go from here, and what to call it."""
    found = leads_to(page, pages)
    return ("Leads to", found) if found else ("Read next", pages[page].get("also", []))


def circle(pages):
    """Pages each of which stands on the next, the last being the first again; or nothing."""
    done = set()

    def follow(page, path):
        if page in path:
            return [*path[path.index(page) :], page]
        if page in done:
            return []
        found = (follow(other, [*path, page]) for other in pages[page].get("before", []))
        result = next(filter(None, found), [])
        done.add(page)
        return result

    return next(filter(None, (follow(page, []) for page in pages)), [])


def file(page):
    """The notebook or the Markdown file of a page."""
    path = notebooks.ROOT / "chapters" / f"{page}.ipynb"
    return path if path.exists() else path.with_suffix(".md")


@cache  # reading a notebook takes a while
def document(page):
    """The text that begins with the title, and the metadata of a notebook."""
    path = file(page)
    if path.suffix == ".md":
        return path.read_text("utf-8"), {}
    notebook = notebooks.read(path)
    return notebook.cells[0].source, notebook.metadata["rnnbook"]


def listed(words):
    *first, last = words
    return f"{', '.join(first)} and {last}" if first else last


def needs(about):
    """What a notebook needs beside NumPy, in words; nothing for a page that runs nothing."""
    if "extras" not in about:
        return ""
    names = [name for extra, found in EXTRAS.items() if extra in about["extras"] for name in found]
    return listed(names) if names else "NumPy only"


def statements(entry, about):
    """The verb and the statements of the article: ("Answers", ["A2"])."""
    ids = lambda text: re.findall(r"\w+", text)  # noqa: E731
    answers = ids(about.get("answers") or entry.get("answers", ""))
    return ("Answers", answers) if answers else ("About", ids(entry.get("about", "")))


def link(page, other, text):
    return f"[{text}]({os.path.relpath(file(other), file(page).parent)})"


def line(page, pages):
    """The head of a page as one line of Markdown whose links work on Colab and GitHub, too."""
    entry, about = pages[page], document(page)[1]
    links = lambda others: ", ".join(  # noqa: E731
        link(page, other, pages[other]["short"]) for other in others
    )
    verb, ids = statements(entry, about)
    article = link(page, "appendix/article", "the article")
    next_label, next_pages = after(page, pages)
    parts = [
        f"Before this: {links(entry['before']) or 'no other page'}",
        f"{next_label}: {links(next_pages)}" if next_pages else "",
        f"Needs {needs(about)}" if needs(about) else "",
        f"{verb} {listed(ids)} of {article}" if ids else "",
        entry.get("note", ""),
    ]
    return f"*{' · '.join(filter(None, parts))}*"


def with_head(text, head):
    """The text with this head below its title."""
    title, first, *rest = text.split("\n\n", 2)
    return "\n\n".join([title, head, *([] if HEAD.match(first) else [first]), *rest])


def write():
    """Write the head into every chapter. No code changes: what is current stays so."""
    pages = table()
    for page in chapters(pages):
        path, old = file(page), document(page)[0]
        text = with_head(old, line(page, pages))
        if text == old:
            continue
        if path.suffix == ".ipynb":
            notebook = notebooks.read(path)
            notebook.cells[0].source = text
            notebooks.save(notebook, path)
        else:
            notebooks.write(path, text)
