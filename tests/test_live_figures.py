"""The figures that answer: their numbers, their scripts, and what every reader can do with them."""

import base64
import gzip
import hashlib
import json
import re
import tomllib
from collections import defaultdict
from pathlib import Path
from types import SimpleNamespace

import axe_playwright_python
import live_figures
import notebooks
import numpy as np
import pytest
import stills
from docutils import nodes
from docutils.utils import new_document
from live_figures import FIGURES, element, maker

NAMES = live_figures.names()
OWN, WITH_LIBRARY = 60_000, 150_000  # bytes of a page's scripts, compressed
AXE = (Path(axe_playwright_python.__file__).parent / "axe.min.js").read_text("utf-8")
VIOLATIONS = """() => axe.run({ resultTypes: ["violations"], preload: false })
  .then((result) => result.violations.flatMap(
    (rule) => rule.nodes.map((node) => `${rule.id} (${rule.impact}): ${node.html}`)))"""
MODULE = 'import { a } from "./b.js";\nexport const c = a;\n'


# Scripts and files.


def test_a_module_becomes_a_function_with_what_it_imports(tmp_path, monkeypatch):
    monkeypatch.setattr(live_figures, "FIGURES", tmp_path)
    (tmp_path / "one").mkdir()
    (tmp_path / "b.js").write_text("export function a() {}\nconst own = 1;\n")
    text = 'import { a as d } from "../b.js";\nimport * as b from "../b.js";\nd(b.a);\n'
    (tmp_path / "one" / "figure.js").write_text(text)
    joined = live_figures.script("one")
    assert 'modules["b.js"] = (() => {\nfunction a() {}' in joined
    assert "return { a };" in joined
    assert 'const { a: d } = modules["b.js"];\nconst b = modules["b.js"];' in joined
    assert joined.index('modules["b.js"] =') < joined.index('modules["one/figure.js"] =')
    assert "import" not in joined and "export" not in joined


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('import { a } from "./figure.js";\n', "figure.js imports itself"),
        ("export default 1;\n", "'export default 1;' is no form"),
        ('import a from "./b.js";\n', "is no form"),
    ],
)
def test_what_the_build_cannot_join_it_refuses(text, message, tmp_path, monkeypatch):
    monkeypatch.setattr(live_figures, "FIGURES", tmp_path)
    (tmp_path / "one").mkdir()
    (tmp_path / "one" / "figure.js").write_text(text)
    with pytest.raises(ValueError, match=re.escape(message)):
        live_figures.script("one")


def test_the_style_of_a_figure_reaches_no_other(tmp_path, monkeypatch):
    monkeypatch.setattr(live_figures, "FIGURES", tmp_path)
    (tmp_path / "one_two").mkdir()
    (tmp_path / "one_two" / "figure.css").write_text(
        ".a:is(.b, .c), .d { fill: red; }\n.live-narrow .e { fill: red; }\n"
        "live-one-two .f { fill: red; }\n@media print { .g { fill: red; } }\n"
    )
    assert " ".join(live_figures.own_style("one_two").split()) == (
        "live-one-two .a:is(.b, .c), live-one-two .d { fill: red; } "
        "live-one-two.live-narrow .e { fill: red; } live-one-two .f { fill: red; } "
        "@media print {live-one-two .g { fill: red; } }"
    )


def test_every_module_is_used_by_a_figure():
    used = {path for name in NAMES for path in live_figures.modules(FIGURES / name / "figure.js")}
    assert used == set(FIGURES.glob("*/*.js")) - set(FIGURES.glob("vendor/*"))


def test_the_library_is_what_its_table_says():
    table = tomllib.loads((FIGURES / "vendor" / "vendor.toml").read_text("utf-8"))
    assert list(table) == [f"d3-{name}" for name in live_figures.D3]
    assert {path.stem for path in FIGURES.glob("vendor/*.min.js")} == {
        f"{name}.min" for name in table
    }
    for name, entry in table.items():
        content = (FIGURES / "vendor" / f"{name}.min.js").read_bytes()
        assert hashlib.sha256(content).hexdigest() == entry["sha256"], name
        assert f"{name}/ v{entry['version']}".encode() in content.splitlines()[0]
        assert entry["licence"] == "ISC"
    licence = (FIGURES / "vendor" / "LICENSE").read_text("utf-8")
    notice = (live_figures.ROOT / "NOTICE").read_text("utf-8")
    assert " ".join(licence.split()) in " ".join(notice.split())


def test_a_page_loads_no_more_script_than_it_may():
    """All figures of a page together; weights and other data come when they are needed."""
    size = lambda text: len(gzip.compress(text.encode()))  # noqa: E731
    pages = defaultdict(int)
    for path, _, still, _, _ in stills_in_notebooks():
        pages[path] += size(live_figures.script(Path(still).stem))
    assert max(pages.values()) <= OWN
    assert max(pages.values()) + size(live_figures.library()) <= WITH_LIBRARY


def test_weights_come_back_from_their_bytes():
    for kind in ("float16", "float32", "int16", "uint8"):
        array = np.array([[0, 1, 250], [2, 3, 4]]).astype(kind)
        packed = live_figures.packed(array)
        assert packed["shape"] == [2, 3] and packed["kind"] == kind
        back = np.frombuffer(base64.b64decode(packed["bytes"]), kind).reshape(2, 3)
        np.testing.assert_array_equal(back, array)


@pytest.mark.parametrize("name", NAMES)
def test_data_and_still_are_current(name):
    made, folder = stills.made(name), FIGURES / name
    assert made["data"] == live_figures.data_sum(name)
    assert made["still"] == live_figures.source_hash(name), "run make stills"
    assert (folder / f"{name}.png").stat().st_size < 150_000
    close(json.loads((folder / "data.json").read_text("utf-8")), maker(name).data(), 1e-12)


def close(found, wanted, tolerance, place=""):
    """Whether two nestings hold the same: numbers nearly, all else exactly."""
    if isinstance(wanted, dict):
        assert set(wanted) <= set(found), place
        for key in wanted:
            close(found[key], wanted[key], tolerance, f"{place}.{key}")
    elif isinstance(wanted, list) and wanted and isinstance(wanted[0], (list, dict, str)):
        assert len(found) == len(wanted), place
        for k, (one, other) in enumerate(zip(found, wanted, strict=True)):
            close(one, other, tolerance, f"{place}[{k}]")
    elif isinstance(wanted, (str, bool, type(None))):
        assert found == wanted, place
    else:
        error = np.abs(np.subtract(found, wanted)) / np.maximum(1, np.abs(wanted))
        assert np.max(error, initial=0) <= tolerance, f"{place}: {found} for {wanted}"


LINKED = re.compile(r"\[!\[([^\]]+)\]\((\S+?)\)\]\((\S+?)\) (\S)")


def stills_in_notebooks():
    """Where figures stand: (path, alt, still, link) of each."""
    for path in notebooks.paths():
        for cell in notebooks.read(path).cells:
            if cell.cell_type == "markdown":
                yield from ((path, *found) for found in LINKED.findall(cell.source))


def test_every_figure_stands_on_one_page_with_a_link_to_its_place():
    found = list(stills_in_notebooks())
    assert sorted(Path(still).stem for _, _, still, _, _ in found) == NAMES
    for path, alt, still, link, _ in found:
        assert (path.parent / still).resolve().parent.parent == FIGURES
        place = path.relative_to(notebooks.ROOT).with_suffix(".html").as_posix()
        assert link == f"{notebooks.published()}{place}#{element(Path(still).stem)}"
        assert len(alt) > 80


def document(*children):
    doctree = new_document("page")
    doctree += nodes.paragraph("", "", *children)
    return doctree


def linked_still(uri):
    return nodes.reference("", "", nodes.image(uri=uri, alt="a line"), refuri="https://...")


def test_a_still_becomes_its_figure_and_the_rest_of_the_paragraph_its_caption():
    app = SimpleNamespace(builder=SimpleNamespace(format="html"))
    doctree = document(linked_still("interactive/one/one.png"), nodes.Text(" What one sees."))
    live_figures.put_figures(app, doctree, "page")
    (figure,) = doctree.findall(live_figures.live_figure)
    assert figure["name"] == "one"
    assert isinstance(figure[0], nodes.image) and figure[0]["alt"] == "a line"
    assert figure[1].astext().strip() == "What one sees."
    assert not list(doctree.findall(nodes.paragraph)) and not list(doctree.findall(nodes.reference))


def test_other_linked_pictures_stay():
    app = SimpleNamespace(builder=SimpleNamespace(format="html"))
    doctree = document(linked_still("_static/logo.png"), nodes.Text(" text"))
    live_figures.put_figures(app, doctree, "page")
    assert not list(doctree.findall(live_figures.live_figure))


def test_a_still_without_a_caption_is_refused():
    app = SimpleNamespace(builder=SimpleNamespace(format="html"))
    with pytest.raises(ValueError, match="the still of one must begin a paragraph"):
        live_figures.put_figures(app, document(linked_still("interactive/one/one.png")), "page")


# In a browser.


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("live")


@pytest.fixture
def opened(folder, page):
    """Opens the page of one figure from its file, and watches what goes wrong."""

    def open_page(name, width=802, theme="light"):
        page.set_viewport_size({"width": width, "height": 900})
        address = stills.trial_page(name, folder).as_uri()
        page.goto(address)
        page.evaluate("(theme) => { document.documentElement.dataset.theme = theme; }", theme)
        page.evaluate("(name) => document.querySelector(name).come()", element(name))
        return page

    wrong = []
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.on("console", lambda m: m.type in ("error", "warning") and wrong.append(m.text))
    page.on("request", lambda r: r.url.startswith(("file:", "data:")) or wrong.append(r.url))
    page.on("requestfailed", lambda r: wrong.append(r.url))
    yield open_page
    assert not wrong


@pytest.mark.parametrize("name", NAMES)
def test_the_numbers_are_those_of_the_package(name, opened):
    page, rng = opened(name), np.random.default_rng(0)
    for _ in range(20):
        settings = maker(name).random_settings(rng)
        found = page.evaluate(
            """async ([name, settings]) => {
              const figure = document.querySelector(name);
              await figure.set(settings);
              figure.now();
              return figure.numbers;
            }""",
            [element(name), settings],
        )
        close(found, maker(name).reference(settings), 1e-6)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(("width", "theme"), [(802, "light"), (802, "dark"), (390, "light")])
def test_axe_finds_nothing(name, width, theme, opened):
    page = opened(name, width, theme)
    page.evaluate(AXE)
    assert not page.evaluate(VIOLATIONS)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("width", [802, 390, 320])
def test_it_fits_the_page(name, width, opened):
    page = opened(name, width)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    cut = """(name) => [...document.querySelectorAll(`${name} svg text`)]
      .filter((text) => text.textContent && text.getBBox().width > 0)
      .filter((text) => {
        const [box, room] = [text, text.ownerSVGElement].map((n) => n.getBoundingClientRect());
        return box.left < room.left - 1 || box.right > room.right + 1
          || box.top < room.top - 1 || box.bottom > room.bottom + 1;
      }).map((text) => text.textContent)"""
    assert not page.evaluate(cut, element(name))


STATE = """(name) => {
  const figure = document.querySelector(name);
  return JSON.stringify([figure.settings, Boolean(figure.playing)]);
}"""


@pytest.mark.parametrize("name", NAMES)
def test_the_keyboard_alone_is_enough(name, opened):
    """The Tab key comes to every control, and each control answers a key."""
    page = opened(name)
    page.evaluate("() => document.querySelector('h1').focus()")
    reached, silent, changed = 0, [], set()
    takes_tab = ":is(button:not([tabindex='-1']), input, select, svg[tabindex])"
    controls = page.locator(f"{element(name)} {takes_tab}").count()
    before = page.evaluate(STATE, element(name))
    while True:
        page.keyboard.press("Tab")
        kind = page.evaluate("document.activeElement.type || document.activeElement.role || ''")
        if page.evaluate("document.activeElement === document.body"):
            break
        about = page.evaluate("document.activeElement.outerHTML.slice(0, 150)")
        reached += 1
        for key in ("Space",) if kind == "button" else ("ArrowLeft", "ArrowRight", "Space"):
            page.keyboard.press(key)
            after = page.evaluate(STATE, element(name))
            changed |= differences(before, after)
            if after != before:
                break
        else:
            silent.append(about)
        before = after
    radios = page.locator(f"{element(name)} input[type=radio]").count()
    groups = page.locator(f"{element(name)} fieldset.live-choice").count()
    assert reached == controls - radios + groups
    # What is already so stays so: the chosen stage, and a figure that is as it began.
    assert len(silent) <= 2, silent
    wanted = set(maker(name).random_settings(np.random.default_rng(0)))
    assert wanted <= changed, wanted - changed


@pytest.mark.parametrize("name", NAMES)
def test_arrows_come_to_every_button_of_a_group(name, opened):
    page = opened(name)
    hidden = page.locator(f"{element(name)} button[tabindex='-1']").count()
    groups = page.locator(f"{element(name)} [role=group]:has(> button[tabindex='-1'])")
    reached = 0
    for k in range(groups.count()):
        buttons = groups.nth(k).locator("button")
        buttons.first.focus()
        for _ in range(buttons.count() - 1):
            page.keyboard.press("ArrowRight")
            reached += 1
        assert buttons.last.evaluate("(button) => button === document.activeElement")
    assert reached == hidden


def differences(before, after):
    (before, _), (after, _) = json.loads(before), json.loads(after)
    return {key for key in after if before.get(key) != after[key]}


@pytest.mark.parametrize("name", NAMES)
def test_it_rests_when_out_of_sight(name, opened):
    page = opened(name)
    plays = page.locator(f"{element(name)} button", has_text="▶")
    if not plays.count():
        pytest.skip("it does not play")
    plays.first.click()
    playing = "(name) => Boolean(document.querySelector(name).playing)"
    assert page.evaluate(playing, element(name))
    page.evaluate("() => { document.body.style.paddingBottom = '5000px'; scrollTo(0, 4000); }")
    page.wait_for_function(f"!({playing})('{element(name)}')")


@pytest.mark.parametrize("name", NAMES)
def test_nothing_moves_by_itself(name, opened):
    page = opened(name)
    before = page.evaluate(STATE, element(name))
    page.wait_for_timeout(1000)
    assert page.evaluate(STATE, element(name)) == before
    moving = """(name) => [...document.querySelectorAll(`${name} *`)].filter((node) =>
      getComputedStyle(node).animationName !== "none"
      || getComputedStyle(node).transitionDuration !== "0s").length"""
    assert page.evaluate(moving, element(name)) == 0


def test_a_pointer_paints_a_line_on_the_memory_and_a_second_press_takes_it_away(opened):
    page = opened("hopfield")
    page.get_by_role("button", name="Clear").click()
    box = page.locator("svg.live-paint").bounding_box()
    black = """() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() =>
      done(document.querySelector("live-hopfield").settings.pixels.filter((p) => p > 0).length)
    )))"""
    for expected in (14, 0):
        page.mouse.move(box["x"] + 2, box["y"] + box["height"] / 2)
        page.mouse.down()
        page.mouse.move(box["x"] + box["width"] - 2, box["y"] + box["height"] / 2, steps=3)
        page.mouse.up()
        assert page.evaluate(black) == expected


def test_a_pointer_pulls_the_disc_of_eigenvalues(opened):
    page = opened("gradient_flow")
    box = page.locator("live-gradient-flow svg.live-drag").bounding_box()
    middle = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.mouse.move(*middle)
    page.mouse.down()
    page.mouse.move(middle[0] + box["width"] / 4, middle[1], steps=4)
    page.mouse.up()
    radius = page.evaluate("() => document.querySelector('live-gradient-flow').settings.radius")
    assert abs(radius - 3.25 / 2) < 0.15
    slider = page.get_by_role("slider", name="Spectral radius")
    page.wait_for_function(
        "([input, radius]) => Number(input.value) === radius", arg=[slider.element_handle(), radius]
    )


def test_a_pointer_chooses_the_step_of_the_unit(opened):
    page = opened("lstm_unit")
    box = page.locator("live-lstm-unit svg").first.bounding_box()
    page.mouse.click(box["x"] + box["width"] - 5, box["y"] + box["height"] / 2)
    assert page.evaluate("() => document.querySelector('live-lstm-unit').settings.step") == 11
