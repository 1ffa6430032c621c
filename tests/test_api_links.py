"""Chapters lead to the entries of what they use, and entries to the chapters."""

import ast
import functools
import re
from types import SimpleNamespace

import api_links
import contents
import pytest
from bs4 import BeautifulSoup
from docutils import nodes

IMPORTS = """
import rnnbook.torch as in_torch
from rnnbook import convert, tasks
from rnnbook.numpy import lstm
from rnnbook.numpy.activations import sigmoid
from rnnbook.numpy.scan import scan
in_torch.LRU(2, 3); tasks.copy; convert.to_torch; lstm.Params
"""


def entries(*names):
    """Enough of an application to make links: every name has an entry on one page."""
    objects = {n: SimpleNamespace(docname="api/page", node_id=n) for n in names}
    env = SimpleNamespace(get_domain=lambda name: SimpleNamespace(objects=objects))
    builder = SimpleNamespace(get_relative_uri=lambda page, to: f"{to}.html")
    return SimpleNamespace(env=env, builder=builder)


def linked(text, code=IMPORTS, within=nodes.paragraph):
    """Where the name in a sentence leads, or None."""
    app = entries("rnnbook", "rnnbook.numpy.lstm", "rnnbook.numpy.lstm.forward", "rnnbook.torch")
    section = nodes.section(
        "", nodes.title("", "A heading"), within("", "", nodes.literal("", text))
    )
    api_links.link_prose(app, section, "page", api_links.meanings(ast.parse(code)))
    found = list(section.findall(nodes.reference))
    return found[0].get("refuri", "").partition("#")[2] if found else None


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("lstm", "rnnbook.numpy.lstm"),
        ("lstm.forward", "rnnbook.numpy.lstm.forward"),
        ("lstm.forward(params, x)", "rnnbook.numpy.lstm.forward"),
        ("rnnbook.numpy.lstm.forward", "rnnbook.numpy.lstm.forward"),
        ("in_torch", "rnnbook.torch"),
    ],
)
def test_a_name_leads_to_what_the_page_imports_under_it(text, name):
    assert linked(text) == name


@pytest.mark.parametrize(
    "text",
    [
        "forward",
        "gru.forward",
        "lstm.forwards",
        "torch.nn.LSTM",
        "lstm = 3",
        "h",
        "rnnbook",
        "x.lstm",
    ],
)
def test_a_name_that_the_page_does_not_import_is_no_link(text):
    assert linked(text) is None


@pytest.mark.parametrize(
    "line",
    ["lstm = 3", "def lstm(): ...", "def f(lstm): ...", "from rnnbook.torch import lstm"],
)
def test_a_name_with_two_meanings_is_no_link(line):
    assert linked("lstm.forward", IMPORTS + line) is None


def test_headings_and_links_stay_as_they_are():
    assert linked("lstm", within=nodes.title) is None
    assert linked("lstm", within=nodes.reference) == ""


def test_a_section_has_one_link_a_name_whatever_exercises_it_holds():
    uses = [nodes.paragraph("", "", nodes.literal("", "lstm")) for _ in range(4)]
    exercise = nodes.section("", uses[1])  # it has no heading
    one = nodes.section("", nodes.title("", "One"), uses[0], exercise)
    two = nodes.section("", nodes.title("", "Two"), uses[2], uses[3])
    meanings = api_links.meanings(ast.parse(IMPORTS))
    app, page = entries("rnnbook.numpy.lstm"), nodes.section("", one, two)
    api_links.link_prose(app, page, "page", meanings)
    assert [len(list(use.findall(nodes.reference))) for use in uses] == [1, 0, 1, 0]


def test_members_of_a_package_count_as_used_those_of_a_module_do_not():
    found = api_links.used(ast.parse(IMPORTS))
    assert found["in_torch.LRU"] == "rnnbook.torch.LRU"
    assert found["tasks.copy"] == "rnnbook.tasks.copy"
    assert not {"lstm.Params", "convert.to_torch"} & set(found)
    modules = {name: api_links.module_of(target) for name, target in found.items()}
    assert modules["in_torch.LRU"] == "rnnbook.torch.lru"
    assert modules["tasks.copy"] == "rnnbook.tasks.memory"
    assert modules["sigmoid"] == "rnnbook.numpy.activations"


# On the pages as built ---------------------------------------------------------------------------


@pytest.fixture(scope="module")
def read(site):
    """The text column of a page."""

    @functools.cache
    def column(file):
        html = (site / f"{file}.html").read_text("utf-8")
        return BeautifulSoup(html, "lxml").select_one("article")

    return column


def targets(file, links):
    """Where links of a page lead, as "chapters/appendix/api/numpy-lstm#rnnbook.numpy.lstm"."""
    folder = file.rpartition("/")[0]
    found = [re.sub(r"\.html", "", f"{folder}/{link['href']}") for link in links]
    while any("/../" in target for target in found):
        found = [re.sub(r"[^/]+/\.\./", "", target, count=1) for target in found]
    return found


def test_names_in_the_text_of_a_page_lead_to_their_entries(read):
    file = "chapters/math/gradient-flow"
    links = [
        link for link in read(file).select("a.api-link") if not link.find_parent(class_="api-used")
    ]
    api = "chapters/appendix/api"
    assert list(
        zip([a.text.partition("(")[0] for a in links], targets(file, links), strict=True)
    ) == [
        ("diagnostics.jacobians", f"{api}/diagnostics#rnnbook.diagnostics.jacobians"),
        ("exercises.check", f"{api}/tools#rnnbook.book.exercises.check"),
        ("diagnostics.jacobians", f"{api}/diagnostics#rnnbook.diagnostics.jacobians"),
    ]


def test_a_chapter_leads_to_every_module_that_it_uses_and_each_leads_back(read):
    for file, tree in api_links.programs().items():
        used = {api_links.module_of(target) for target in api_links.used(tree).values()}
        assert None not in used, file
        links = read(file).select(".api-used a.api-link")
        pages = {target.partition("#")[0] for target in targets(file, links)}
        assert pages == {api_links.module_pages()[module] for module in used}, file


def test_a_module_leads_to_the_chapters_that_use_it_in_their_order(read):
    order = contents.notebooks()
    for module, page in api_links.module_pages().items():
        place = next(p for p in read(page).select(".api-place") if p.code.text == module)
        line = place.find_next_sibling()
        has_line = line is not None and "api-users" in line.get("class", [])
        found = targets(page, line.select("a")) if has_line else []
        assert found == sorted(found, key=order.index), module
        imported = {
            file
            for file, tree in api_links.programs().items()
            if any(target == module for _, target in api_links.imports(tree))
        }
        assert imported <= set(found), module
        assert set(found) == set(api_links.users().get(module, [])), module
