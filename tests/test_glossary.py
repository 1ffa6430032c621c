"""The glossary: what it says of each term, and the links to it on the pages."""

import re
from types import SimpleNamespace

import glossary
import notebooks
import pages
import pytest
from bs4 import BeautifulSoup
from docutils import nodes

ENTRIES = glossary.entries()
TERMS = [term for entry in ENTRIES for term in entry.terms]
# What the pages used before any of them explained it, when there was no glossary.
PROMISED = [
    "Adam", "attention", "backpropagation through time", "batch", "beam search", "bidirectional",
    "bits per character", "BLEU", "bootstrap", "BPTT", "complex step", "convolution", "CRF",
    "cross-entropy", "decoder", "dropout", "early stopping", "embedding", "encoder", "epoch",
    "gate", "Jacobian", "layer normalisation", "learning rate", "logits", "mask", "momentum",
    "n-gram", "orthogonal", "peephole", "perplexity", "quantile", "residual", "ridge", "scan",
    "softmax", "spectral radius", "state space", "teacher forcing", "temperature of sampling",
    "transformer", "truncation", "validation", "Viterbi", "weight decay",
]  # fmt: skip


def source(page):
    """All that a page holds: text, code and outputs."""
    [path] = [p for p in notebooks.ROOT.glob(f"{page}.*") if p.suffix in (".ipynb", ".md")]
    return path.read_text("utf-8")


def test_no_term_stands_in_it_twice():
    keys = [glossary.key(term) for term in TERMS]
    assert not {term for term, key in zip(TERMS, keys, strict=True) if keys.count(key) > 1}


def test_entries_are_in_the_order_of_the_alphabet():
    first = [glossary.key(entry.terms[0]) for entry in ENTRIES]
    assert first == sorted(first)


def test_every_promised_term_is_there_and_becomes_a_link():
    assert set(PROMISED) <= set(pages.TERMS)


def test_words_that_are_not_linked_are_terms_of_the_glossary():
    assert set(TERMS) >= glossary.UNLINKED


def stems(term):
    """The words of a term without their endings: "vanishing gradient" is "vani", "grad"."""
    return [word[:4] for word in glossary.key(term).split()]


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry.terms[0])
def test_an_entry_is_short_and_its_page_uses_the_term(entry):
    assert len(entry.definition.split()) <= 60
    assert entry.definition.endswith(".")
    assert not re.search(r"[$\\{}^*]|\w_\{|_t\b", entry.definition), entry.definition
    text = source(entry.page).lower()
    assert any(all(stem in text for stem in stems(term)) for term in entry.terms)


def words(text):
    return [match[0] for match, _ in glossary.uses(text)]


def test_terms_are_found_in_any_case_and_form():
    assert words("Gates, N-grams and teacher-forcing") == ["gates", "n-grams", "teacher-forcing"]
    assert words("BLEU, bleu; Adam, adam") == ["bleu", "adam"]
    assert words("delegate, gated, 4-gram, my-gate") == []
    assert words("the state, a step and its weights") == []


def test_the_longest_term_is_found():
    [(match, entry)] = glossary.uses("A forget gate")
    assert match[0] == "forget gate" and entry.terms == ("forget gate",)
    assert words("Top-k sampling") == ["top-k sampling"]


def page_of(*children):
    return nodes.section("", *children)


def paragraph(*parts):
    return nodes.paragraph("", "", *[nodes.Text(p) if isinstance(p, str) else p for p in parts])


def linked(doctree, docname="chapters/background/history"):
    """The words that become links on a page."""
    objects = {("term", entry.terms[0]): (glossary.PAGE, "term-x") for entry in ENTRIES}
    titles = {entry.page: nodes.title("", "A title") for entry in ENTRIES}
    env = SimpleNamespace(domains={"std": SimpleNamespace(objects=objects)}, titles=titles)
    builder = SimpleNamespace(format="html", get_relative_uri=lambda page, other: other)
    before = doctree.astext()
    glossary.link_first_uses(SimpleNamespace(builder=builder, env=env), doctree, docname)
    assert doctree.astext() == before, "the words stay as they are"
    return [link.astext() for link in doctree.findall(glossary.hover.card_link)]


def test_the_first_use_is_linked_and_no_other():
    doctree = page_of(paragraph("Adam and a gate"), paragraph("Adam, gates and a scan"))
    assert linked(doctree) == ["Adam", "gate", "scan"]


def test_headings_code_formulas_links_and_claims_are_not_linked():
    claim = nodes.container("", paragraph("Adam helps."), classes=["claim"])
    doctree = page_of(
        nodes.title("", "A gate"),
        paragraph(nodes.literal("", "gate"), nodes.math("", "gate"), nodes.reference("", "gate")),
        paragraph(nodes.emphasis("", "Needs a gate")),
        paragraph(nodes.strong("", "Gates."), " Text."),
        claim,
        nodes.figure("", nodes.caption("", "A gate, drawn")),
    )
    assert linked(doctree) == ["gate"]
    [link] = doctree.findall(glossary.hover.card_link)
    assert isinstance(link.parent, nodes.caption)


def test_a_page_does_not_link_what_it_explains():
    assert linked(page_of(paragraph("Adam and a gate")), "chapters/algorithm/training") == ["gate"]


def test_a_paragraph_has_few_links_but_every_term_that_is_new():
    text = "BLEU, perplexity, softmax, Adam, a gate, momentum, zoneout and dropout"
    late = linked(page_of(paragraph(text)), "chapters/outlook/society")
    assert len(late) == glossary.MOST == 4
    assert len(linked(page_of(paragraph(text)), "chapters/background/history")) >= 7


PROSE = ":is(p, figcaption)"
NO_PROSE = ":is(h1, h2, h3, h4, strong, pre, code, .claim, .math, .admonition-title, a:not(.term))"


def texts(html):
    """The paragraphs and captions of a built page, without what is no prose."""
    article = BeautifulSoup(html, "html.parser").select_one("article")
    for node in article.select(NO_PROSE):
        node.decompose()
    return [p for p in article.select(PROSE) if not p.find_parent(["figcaption", "table"])]


def entries_in(text):
    return [entry for _, entry in glossary.uses(text)]


@pytest.mark.parametrize("path", notebooks.paths(), ids=lambda path: path.stem)
def test_a_term_is_linked_before_the_page_that_explains_it(path, site):
    page = pages.name(path)
    html = (site / "chapters" / f"{page}.html").read_text("utf-8")
    found = texts(html)
    early = pages.early_terms("\n".join(p.get_text() for p in found), page, pages.order())
    for name in early:
        entry = next(entry for entry in ENTRIES if entry.terms[0] == name)
        first = next(p for p in found if entry in entries_in(p.get_text()))
        links = [a for a in first.select("a.term") if entry in entries_in(a.get_text())]
        assert links, f"{page}: {name} in {first.get_text()[:100]!r}"
        anchor = links[0]["href"].split("#")[1]
        assert f'id="{anchor}"' in (site / f"{glossary.PAGE}.html").read_text("utf-8")
