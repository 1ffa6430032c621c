"""Pages without scripts, from a file, on paper, and for readers who want nothing to move."""

import re
import zlib

import pytest
from built_pages import GENERATED, PATIENCE, visit

LSTM = "chapters/math/lstm"
SHOWN = """images => images
  .filter((image) => getComputedStyle(image).display !== "none")
  .map((image) => image.getAttribute("src"))"""


@pytest.fixture
def scriptless(browser):
    page = browser.new_page(java_script_enabled=False)
    page.set_default_timeout(PATIENCE)
    yield page
    page.close()


def test_a_page_reads_without_scripts(book, scriptless):
    scriptless.goto(f"{book}/{LSTM}.html")
    assert "c_t = c_{t-1}" in scriptless.locator("div.math").first.inner_text()
    images = scriptless.locator(".cell_output img:visible")
    assert images.count() > 3
    assert images.count() == scriptless.locator(".cell_output figure").count()
    assert scriptless.locator(".cell_output img.only-dark:visible").count() == 0
    solutions = scriptless.locator(".solution")
    assert all(solutions.nth(k).locator("section").first.is_visible() for k in range(3))


def test_a_fold_opens_without_scripts(book, scriptless):
    scriptless.goto(f"{book}/{LSTM}.html")
    fold = scriptless.locator("details.fold").first
    assert not fold.locator("pre").first.is_visible()
    fold.locator("summary").click()
    assert fold.locator("pre").first.is_visible()


@pytest.mark.parametrize("name", ["intro", LSTM, *GENERATED, "chapters/appendix/api/numpy-lstm"])
def test_a_page_opens_from_a_file(name, site, page):
    errors, outside = [], []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.on("console", lambda m: m.type in ("error", "warning") and errors.append(m.text))
    page.on("request", lambda r: r.url.startswith(("file:", "data:")) or outside.append(r.url))
    page.on("requestfailed", lambda r: errors.append(r.url))
    visit(page, (site / f"{name}.html").as_uri())
    assert not errors and not outside
    assert page.evaluate("""document.fonts.check("16px 'Source Serif 4'")""")


def test_search_answers_from_a_file(site, page):
    page.goto((site / "search.html").as_uri() + "?q=peephole")
    page.locator("#search-results a[href*='math/lstm']").first.wait_for(timeout=PATIENCE)


def test_paper_has_the_page_without_its_controls(book, page):
    visit(page, f"{book}/{LSTM}.html")
    page.locator("details.fold > summary").first.click()
    page.emulate_media(media="print")
    for control in (".bd-sidebar-primary", ".bd-header-article", ".copybtn", "summary", ".eq-link"):
        assert page.locator(control).count() > 0
        assert page.locator(f"{control}:visible").count() == 0, control
    assert page.locator("details.fold pre:visible").count() == 1  # the one that is open
    files = page.locator("figure img").evaluate_all(SHOWN)
    assert len(files) == page.locator("figure").count()
    assert not [file for file in files if file.endswith("-dark.svg")]
    assert page.locator("mjx-container:visible").count() > 50


def sheets(pdf):
    """What each page of a PDF draws, as Chromium writes it."""
    objects = dict(re.findall(rb"\n(\d+) 0 obj\n(.*?)\nendobj", pdf, re.DOTALL))
    for entry in objects.values():
        if re.search(rb"/Type /Page\b", entry):
            contents = objects[re.search(rb"/Contents (\d+) 0 R", entry)[1]]
            head, drawn = contents.split(b"stream\n", 1)
            yield zlib.decompress(drawn) if b"FlateDecode" in head else drawn


def test_no_sheet_of_paper_is_empty(book, page):
    visit(page, f"{book}/{LSTM}.html")
    drawn = list(sheets(page.pdf(format="A4")))
    assert len(drawn) > 10
    assert all(re.search(rb"\b(Tj|TJ|Do)\b", sheet) for sheet in drawn)


def test_nothing_moves_for_readers_who_ask_for_that(book, page):
    page.emulate_media(reduced_motion="reduce")
    visit(page, f"{book}/{LSTM}.html")
    moving = """() => [...document.querySelectorAll("*")].filter((element) =>
      ["", "::before", "::after"].some((part) => {
        const style = getComputedStyle(element, part || null);
        return style.animationName !== "none" || style.transitionDuration !== "0s"
          || style.scrollBehavior !== "auto";
      })).map((element) => element.outerHTML.slice(0, 150))"""
    assert not page.evaluate(moving)
