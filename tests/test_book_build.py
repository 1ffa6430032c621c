"""The built book, in a browser: no warning, no request to anywhere else, equations and links."""

import gzip
import re
from statistics import median

import pytest
from built_pages import GENERATED, book_pages, module_pages, visit


def weight(response):
    """Bytes that a reader loads: text compressed, fonts and images as they are."""
    body = response.body()
    kind = response.headers.get("content-type", "")
    is_text = any(part in kind for part in ("text", "javascript", "json", "svg"))
    return len(gzip.compress(body)) if is_text else len(body)


WEIGHTS = {}
# What MathJax does not understand it shows as an error, a name that it does not know in red.
WRONG_FORMULA = "mjx-merror, mjx-container [mathcolor=red]"
REPEATED_IDS = """() => {
  const ids = [...document.querySelectorAll("[id]")].map((node) => node.id);
  return ids.filter((id, place) => ids.indexOf(id) !== place);
}"""


def watch(page, address):
    """What goes wrong on a page, and what it loads, filled while it loads."""
    wrong, responses = [], []
    own = (address, "data:", "blob:")
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.on("console", lambda m: m.type in ("error", "warning") and wrong.append(m.text))
    page.on("request", lambda r: r.url.startswith(own) or wrong.append(r.url))
    page.on("response", lambda r: responses.append(r))
    return wrong, responses


@pytest.mark.parametrize("name", [*book_pages(), *GENERATED])
def test_a_page_loads_without_errors_and_without_the_network(name, book, page):
    wrong, responses = watch(page, book)
    visit(page, f"{book}/{name}.html")
    page.wait_for_timeout(500)
    assert page.locator(WRONG_FORMULA).count() == 0
    assert page.locator("h1").count() >= 1
    assert page.locator("img:not([alt]), .bd-article img[alt='']").count() == 0
    assert not page.evaluate(REPEATED_IDS)
    assert not wrong
    assert not [r.url for r in responses if r.status >= 400]
    WEIGHTS[name] = sum(weight(r) for r in responses if r.url.startswith(book))
    assert WEIGHTS[name] <= 1_200_000


def test_pages_weigh_700_kilobytes_in_the_middle():
    weights = [WEIGHTS[name] for name in book_pages() if name in WEIGHTS]
    assert len(weights) < len(book_pages()) or median(weights) <= 700_000


@pytest.mark.parametrize("name", [*book_pages(), *GENERATED])
def test_a_page_fits_a_phone(name, book, page):
    page.set_viewport_size({"width": 390, "height": 844})
    visit(page, f"{book}/{name}.html")
    assert page.evaluate("document.documentElement.scrollWidth") <= 390


def test_pages_of_modules_fit_a_phone_and_load_without_errors(book, site, page):
    wrong, _ = watch(page, book)
    page.set_viewport_size({"width": 390, "height": 844})
    assert len(module_pages()) > 50
    for name in module_pages():
        visit(page, f"{book}/{name}.html")
        assert page.evaluate("document.documentElement.scrollWidth") <= 390, name
        assert page.locator(WRONG_FORMULA).count() == 0, name
        assert not page.evaluate(REPEATED_IDS), name
        assert (site / f"{name}.html").stat().st_size <= 400_000, name
        assert not wrong, name


def test_a_claim_stands_on_its_page_where_the_ledger_leads(book, page):
    page.goto(f"{book}/chapters/appendix/claims.html")
    links = page.locator(".claim-list a")
    assert links.count() > 500
    link = page.locator('.claim-list a[href*="math/lstm"]').first
    statement = link.inner_text()
    link.click()
    claim = page.locator(f"id={page.url.split('#')[1]}")
    assert claim.locator(".claim-statement").inner_text().startswith(statement)
    fold = claim.locator("xpath=../following-sibling::details").first
    assert fold.locator("summary").inner_text() == "How this was checked"
    assert not fold.locator("pre").is_visible()
    fold.locator("summary").click()
    assert "claim(" in fold.locator("pre").inner_text()


def test_set_up_is_one_fold_below_the_first_picture(book, page):
    page.goto(f"{book}/chapters/math/lstm.html")
    bars = page.locator("summary", has_text="Set-up")
    assert bars.count() == 1
    picture = page.locator(".bd-article img:visible").first
    assert picture.bounding_box()["y"] < bars.bounding_box()["y"]


def test_what_prepares_the_first_picture_is_one_fold_below_it(book, page):
    page.goto(f"{book}/chapters/algorithm/training.html")
    bars = page.locator(".bd-article summary")
    names = [name for name in bars.all_inner_texts() if name != "On this page"]
    assert names[:3] == ["Drawing", "Set-up", "Preparation"]
    picture = page.locator(".bd-article img:visible").first
    assert picture.bounding_box()["y"] < bars.first.bounding_box()["y"]


SHOWN = """images => images
  .filter((image) => getComputedStyle(image).display !== "none")
  .map((image) => image.getAttribute("src"))"""


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_figures_are_at_home_on_the_page(theme, book, page):
    page.add_init_script(f"localStorage.mode = localStorage.theme = '{theme}'")
    page.goto(f"{book}/chapters/math/lstm.html")
    files = page.locator(".cell_output img").evaluate_all(SHOWN)
    assert files and all(file.endswith("-dark.svg") == (theme == "dark") for file in files)
    captions = page.locator(".cell_output figcaption")
    assert captions.count() == len(files)
    assert all(captions.nth(k).is_visible() for k in range(captions.count()))


def test_an_equation_shows_its_lines_and_leads_to_them_and_back(book, page):
    page.goto(f"{book}/chapters/math/lstm.html")
    links = page.locator("#equation-eq-lstm-c ~ .equation-code").first
    links.locator("a", has_text="PyTorch").hover()
    assert links.locator(".eq-line:visible").inner_text() == "c = f * c_prev + i * g"
    links.locator("a", has_text="PyTorch").click()  # all equations show PyTorch's lines
    assert page.locator(".eq-shown").count() > 5
    links.locator(".eq-shown-link").click()
    assert page.url.endswith("_modules/rnnbook/torch/lstm.html#eq-lstm-c")
    line = page.locator("#eq-lstm-c")
    assert line.inner_text() == "# eq-lstm-c"
    line.click()
    assert page.url.endswith("chapters/math/lstm.html#equation-eq-lstm-c")
    page.locator(".eq-shown").first.wait_for()  # the choice is remembered


def test_every_labelled_line_leads_back_to_its_equation(site):
    pattern = r'class="c1 equation-back" href="([^"#]+)#([^"]+)"'
    count = 0
    for listing in (site / "_modules").glob("**/*.html"):
        for uri, anchor in re.findall(pattern, listing.read_text("utf-8")):
            page = (listing.parent / uri).resolve()
            assert f'id="{anchor}"' in page.read_text("utf-8"), f"{listing.name}: {anchor}"
            count += 1
    assert count > 100


def test_every_equation_has_links_and_every_link_a_line(site):
    pages = [path.read_text("utf-8") for path in (site / "chapters").glob("**/*.html")]
    link = re.compile(r'href="\.\./\.\./(_modules/[\w/]+\.html)#(eq-[\w-]+)"')
    links = [found for text in pages for found in link.findall(text)]
    assert len(links) > 130
    for file, label in links:
        assert f'id="{label}"' in (site / file).read_text("utf-8"), f"{file}#{label}"
