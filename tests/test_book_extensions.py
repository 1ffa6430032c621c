"""What the build adds to the pages: sentences, figures, lines of code; and what it leaves out."""

import xml.etree.ElementTree as ET

import dark_figures
import equation_links
import evidence
import fonts
import light_pages
import pytest
from docutils import nodes
from evidence import Claim
from matplotlib.figure import Figure

from rnnbook.book import plotting
from rnnbook.book.claims import claim


def test_what_claim_prints_is_what_the_page_reads(capsys):
    claim("gates help", True, {"with": 1.9, "without": 2.4}, kind="recorded", seeds=3)
    claim("a sum is a sum", True, kind="exact")
    print("and a table\n  of numbers")
    assert evidence.parse(capsys.readouterr().out) == [
        Claim("gates help", "with: 1.9, without: 2.4", "recorded over 3 seeds"),
        Claim("a sum is a sum", "", "exact"),
        "and a table\n  of numbers",
    ]


def test_an_anchor_depends_on_the_sentence_alone():
    one, other = Claim("Gates help, over 100 steps: yes", "1"), Claim("Gates help", "1")
    assert one.anchor == one._replace(evidence="2", kind="exact").anchor
    assert one.anchor.startswith("claim-gates-help-over-100-steps-yes-")
    assert one.anchor != other.anchor


def test_a_statement_is_printed_as_a_sentence():
    assert Claim("it's -1.5 for x-1").sentence == "It’s −1.5 for x-1."


def test_claims_take_the_place_of_their_output():
    text = "before\nclaim: gates help\nevidence: 2\nkind: exact\n"
    box = nodes.container("", nodes.literal_block(text, text, classes=["output", "stream"]))
    evidence.show_claims(None, nodes.section("", box), "page")
    first, second = box.children
    assert first.astext() == "before"
    assert second["ids"] == [Claim("gates help").anchor]
    assert second.astext().startswith("Gates help.")


def test_every_colour_of_the_book_stands_out_on_a_dark_page():
    for color in [*plotting.COLORS.values(), *plotting.DATA]:
        assert dark_figures.contrast(dark_figures.dark(color)) > 4.5, color
    assert dark_figures.contrast(dark_figures.dark("#000000")) > 10
    assert dark_figures.dark("#ffffff") == dark_figures.PAGE
    darkened = {dark_figures.dark(c) for c in [*plotting.COLORS.values(), *plotting.DATA]}
    assert len(darkened) == len(plotting.COLORS) + len(plotting.DATA)


def test_text_on_a_picture_keeps_its_colour():
    assert dark_figures.dark(plotting.ON_LIGHT, in_text=True) == plotting.ON_LIGHT.lower()
    assert dark_figures.dark(plotting.ON_DARK, in_text=True) == plotting.ON_DARK.lower()


def test_a_dark_twin_has_no_white_panel_and_no_dark_text():
    figure = Figure()
    axes = figure.add_subplot(title="A title", xlabel="steps")
    axes.plot([1, 2], [3, 5], color=plotting.COLORS["rnn"])
    axes.imshow([[1, 2], [3, 4]])
    axes.text(0, 0, "on a white box", bbox={"fc": "white"})
    light = plotting.drawn(figure, "svg").decode()
    twin = dark_figures.dark_svg(light)
    assert "#ffffff" in light and "#ffffff" not in twin
    assert plotting.COLORS["rnn"].lower() in light
    assert plotting.COLORS["rnn"].lower() not in twin
    assert ET.fromstring(twin).get("fill") == dark_figures.INK
    images = [ET.fromstring(t).find(".//{*}image") for t in (light, twin)]
    assert images[0].attrib == images[1].attrib, "pictures in a figure keep their colours"


def test_the_line_of_an_equation_is_the_whole_statement():
    text = "def f(a):\n    b = a\n    c = (\n        a * b\n    )  # eq-c\n    return c\n"
    assert equation_links.statements(text)[5] == "c = (\n    a * b\n)  # eq-c"
    sum_in_two = "a = x @ W\na += b  # eq-a"
    assert equation_links.statements(sum_in_two)[2] == sum_in_two
    found = equation_links.sources()["eq-lstm-c"]
    assert [source.framework for source in found][:3] == ["NumPy", "PyTorch", "TensorFlow"]
    assert all("=" in source.code and "# eq-" not in source.code for source in found)


@pytest.mark.parametrize(
    "name, body, needed",
    [
        ("thebe.js", "<p>never</p>", False),
        ("clipboard.min.js", "<p>text</p>", False),
        ("clipboard.min.js", "<pre>code</pre>", True),
        ("togglebutton.js", '<div class="admonition dropdown">', True),
        ("design-tabs.js", '<div class="sd-card">', True),
        ("book.css", "", True),
    ],
)
def test_a_page_loads_what_it_needs(name, body, needed):
    assert light_pages.is_needed(name, body) is needed


def test_the_search_index_of_sphinx_is_loaded_by_no_page():
    script = '<script src="{}"></script>'.format
    page = script("searchindex.js") + script("_static/searchtools.js") + script("_static/book.js")
    assert light_pages.tidy(page) == '<script src="_static/book.js"></script>'


def test_icons_are_found_in_the_style_sheet():
    styles = r'.fa-bars:before{content:"\f0c9"}.fa-times:before,.fa-xmark:before{content:"\f00d"}'
    assert fonts.icon_codes(styles) == {"fa-bars": 0xF0C9, "fa-times": 0xF00D, "fa-xmark": 0xF00D}
