"""The terms of the field: what the glossary says of them, and links to it.

The first use of a term on a page of the book becomes a link to the glossary, unless the page
explains the term itself. `scripts/pages.py` and the search read the glossary from here too.
"""

import re
from collections import Counter
from functools import cache
from pathlib import Path
from typing import NamedTuple

import contents
import hover
from docutils import nodes

ROOT = Path(__file__).resolve().parent.parent
PAGE = "chapters/appendix/glossary"
LINK = re.compile(r" See \{doc\}`\.\./([\w/-]+)`\.$")
# Words of every day, or of every page of this book: the glossary has them, the pages don't link
# them. The longer forms beside them are linked: "hidden state", "weight decay".
UNLINKED = {
    "accuracy", "activation", "bias", "calibrated", "calibration", "carried state", "descent",
    "feature", "features", "generalisation", "gradient", "head", "horizon", "leakage",
    "learning by heart", "logistic function", "loss", "loss function", "orthogonal matrix",
    "origin", "padded", "parameters", "precision", "readout", "recall", "recurrent network",
    "recurrent neural network", "RNN", "saturated", "seed", "stack", "state", "step", "step size",
    "test data", "test set", "time step", "timestep", "token", "tokens", "training data",
    "training set", "units", "unrolled", "vocabulary", "weights", "window",
}  # fmt: skip
MOST = 4  # links in a paragraph
PARAGRAPHS = (nodes.paragraph, nodes.caption)
SKIPPED = (nodes.title, nodes.rubric, nodes.literal, nodes.literal_block, nodes.math)
SKIPPED += (nodes.reference, nodes.raw, nodes.strong)  # bold words are headings in a paragraph
SIGNS = {
    r"\mathbf": "", r"\mathrm": "", r"\partial ": "∂", r"\partial": "∂", r"\delta ": "δ",
    r"\odot": "⊙", r"\approx": "≈", r"\leftarrow": "←", r"\dots": "…", r"\max": "max",
    r"\log": "log ", r"\rho": "ρ", r"\tau": "τ", r"\sigma": "σ", r"\phi": "φ", r"\eta": "η",
    r"\lambda": "λ", r"\varepsilon": "ε", r"\|": "‖", r"\,": " ", "{": "", "}": "", "'": "′",
    "_t-1": "ₜ₋₁", "_t": "ₜ", "_2": "₂", "_x": "ₓ", "_h": "ₕ", "^-a": "⁻ᵃ", "-": "−",
}  # fmt: skip


class Entry(NamedTuple):
    """An entry of the glossary."""

    terms: tuple  # its synonyms
    definition: str  # as plain text
    page: str  # the page that explains it, as "chapters/math/lstm"


@cache
def entries():
    """All entries in their order."""
    text = (ROOT / f"{PAGE}.md").read_text("utf-8")
    body = re.search(r"```\{glossary\}\n(.*?)\n```", text, flags=re.DOTALL)[1]
    found = []
    for block in body.split("\n\n"):
        *terms, definition = block.strip().split("\n")
        page = "chapters/" + LINK.search(definition)[1]
        found.append(Entry(tuple(terms), plain(LINK.sub("", definition.strip())), page))
    return found


def plain(markdown):
    """A definition as text: formulas in plain characters, no marks."""
    text = re.sub(r"\$([^$]*)\$", lambda formula: characters(formula[1]), markdown)
    return re.sub(r"[`*]", "", text)


def characters(formula):
    for sign, character in SIGNS.items():
        formula = formula.replace(sign, character)
    return re.sub(" +", " ", formula).strip()


@cache
def finder():
    """An expression for all terms that are linked, the longest first, and {key: (term, entry)}."""
    found = {key(t): (t, e) for e in entries() for t in e.terms if t not in UNLINKED}
    keys = sorted(found, key=len, reverse=True)
    terms = "|".join(re.escape(k).replace(r"\ ", r"[\s–-]") for k in keys)
    return re.compile(rf"(?<![\w-])({terms})s?(?!\w)"), found


def spaced(term):
    return re.sub(r"[\s–-]+", " ", term)


def key(term):
    """A term as it is looked up: in lower case, a space for a hyphen."""
    return spaced(term).lower()


def uses(text):
    """The terms in a text that the pages link: (match, entry), in order.

    A term with a capital letter is found as it is written, any other in any case.
    """
    expression, found = finder()
    for match in expression.finditer(text.lower()):
        term, entry = found[key(match[1])]
        if term == term.lower() or spaced(term) == spaced(text[slice(*match.span(1))]):
            yield match, entry


def ancestors(node):
    while node.parent is not None:
        node = node.parent
        yield node


def is_head(node):
    """Whether a node is the line in italics below the title, which no built page shows."""
    return (
        isinstance(node, nodes.paragraph) and len(node) == 1 and isinstance(node[0], nodes.emphasis)
    )


def places(doctree):
    """The texts in which a link may stand: paragraphs and captions, then those in tables."""
    prose, tables = [], []
    for text in doctree.findall(nodes.Text):
        above = list(ancestors(text))
        skipped = any(isinstance(n, SKIPPED) or is_head(n) for n in above)
        claimed = any("claim" in n.get("classes", []) for n in above)
        if not (skipped or claimed) and any(isinstance(n, PARAGRAPHS) for n in above):
            in_table = any(isinstance(n, nodes.table) for n in above)
            (tables if in_table else prose).append(text)
    return prose + tables


def explained_up_to(docname):
    """The pages before this one in the order of reading, and this one."""
    order = contents.notebooks()
    return order[: order.index(docname) + 1] if docname in order else order


def link_first_uses(app, doctree, docname):
    """Turn the first use of each term on a page into a link to the glossary.

    At most MOST of them in a paragraph, not counting those that no page has explained so far.
    """
    if app.builder.format != "html" or "/appendix/" in docname or "/" not in docname:
        return
    known = explained_up_to(docname)
    done = {entry for entry in entries() if entry.page == docname}
    links = Counter()
    for text in places(doctree):
        parts, end = [], 0
        paragraph = id(next(n for n in ancestors(text) if isinstance(n, PARAGRAPHS)))
        for match, entry in uses(str(text)):
            if entry in done or (links[paragraph] >= MOST and entry.page in known):
                continue
            done.add(entry)
            links[paragraph] += 1
            word = text[match.start() : match.end()]
            parts += [nodes.Text(text[end : match.start()]), link(app, docname, entry, word)]
            end = match.end()
        if parts:
            text.parent.replace(text, [*parts, nodes.Text(text[end:])])


def link(app, docname, entry, word):
    page, anchor = app.env.domains["std"].objects["term", entry.terms[0]]
    uri = app.builder.get_relative_uri
    attributes = {
        "title": entry.definition,
        "data-see": uri(docname, entry.page),
        "data-page": app.env.titles[entry.page].astext(),
    }
    target = f"{uri(docname, page)}#{anchor}"
    return hover.card_link("", word, refuri=target, classes=["term"], attributes=attributes)


def read_again(app, env, added, changed, removed):
    """All pages link to the glossary: when it changes, they are made again."""
    return env.found_docs if PAGE in added | changed else []


def setup(app):
    app.connect("env-get-outdated", read_again)
    app.connect("doctree-resolved", link_first_uses)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
