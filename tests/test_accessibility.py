"""axe-core finds no violation on a page: light, dark, and as wide as a phone."""

from pathlib import Path

import axe_playwright_python
import light_pages
import pytest
from built_pages import GENERATED, PATIENCE, book_pages, module_pages, visit

AXE = (Path(axe_playwright_python.__file__).parent / "axe.min.js").read_text("utf-8")
PHONE_PAGES = [
    "intro",
    "chapters/math/lstm",
    "chapters/applications/series/stocks",
    "chapters/appendix/article",
    "chapters/appendix/api/numpy-lstm",
    "chapters/appendix/equations",
]

# Everything a reader can open is open, and MathJax's own markup is left to MathJax. A page has up
# to 14,000 coloured words of code in some twenty colours, and lists of 600 entries: of each colour
# one word is enough, and of a list its beginning.
PREPARE = """() => {
  for (const fold of document.querySelectorAll("details")) fold.open = true;
  for (const box of document.querySelectorAll(".toggle-hidden"))
    box.classList.remove("toggle-hidden");
  for (const formula of document.querySelectorAll("mjx-container")) formula.replaceWith("formula");
  const seen = new Set();
  for (const word of document.querySelectorAll("pre span")) {
    const box = word.closest(".cell_output, .cell_input, .admonition, details");
    const kind = word.className + " " + (box ? box.className : "");
    if (seen.has(kind)) word.replaceWith(...word.childNodes);
    seen.add(kind);
  }
  for (const list of document.querySelectorAll("ul, ol, dl, tbody"))
    [...list.children].slice(30).forEach((entry) => entry.remove());
  return new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)));
}"""
RUN = """(options) => axe.run({ resultTypes: ["violations"], preload: false, ...options })
  .then((result) => result.violations.flatMap(
    (rule) => rule.nodes.map((node) => `${rule.id} (${rule.impact}): ${node.html}`)))"""
CONTRAST = {"runOnly": ["color-contrast"]}


def prepared(page, address):
    page.add_init_script("localStorage.mode = localStorage.theme = 'light'")
    page.emulate_media(reduced_motion="reduce")
    visit(page, address)
    if "search" in address:
        page.locator("#search-results li").first.wait_for(timeout=PATIENCE)
    page.evaluate(AXE)
    page.evaluate(PREPARE)


@pytest.mark.parametrize("name", [*book_pages(), *GENERATED, *module_pages()[::10]])
def test_axe_finds_nothing_in_light_and_dark(name, book, page):
    prepared(page, f"{book}/{name}.html?q=lstm")
    assert not page.evaluate(RUN, {})
    page.evaluate("document.documentElement.dataset.theme = 'dark'")
    assert not page.evaluate(RUN, CONTRAST)


@pytest.mark.parametrize("name", PHONE_PAGES)
def test_axe_finds_nothing_on_a_phone(name, book, page):
    page.set_viewport_size({"width": 390, "height": 844})
    prepared(page, f"{book}/{name}.html")
    assert not page.evaluate(RUN, {})


def test_a_second_build_changes_no_page_that_is_tidy(site):
    """It tidies again the pages that it did not write again."""
    changed = []
    for path in site.rglob("*.html"):
        text = path.read_text("utf-8")
        if light_pages.tidy(text) != text:
            changed.append(path.name)
    assert not changed
