"""A reader without a mouse gets everywhere, and sees where they are."""

import pytest
from built_pages import PATIENCE, visit

LSTM = "chapters/math/lstm"
WIDE = "chapters/math/gradient-flow"  # has formulas wider than a small phone
REACHED = {
    "skip link": "#pst-skip-link a",
    "search": ".search-button__button",
    "contents": ".bd-links a",
    "modules": ".bd-links summary",
    "theme": ".theme-switch-button",
    "citation": ".bd-article p a[href*=bibliography]",
    "fold": "details.fold > summary",
    "equation": ".eq-link",
    "copy": ".copybtn",
    "solution": ".solution .toggle-button",
    "next page": ".prev-next-footer .right-next",
}
# How each element, the frame around it and its parts look without the focus.
REMEMBER = """() => {
  document.activeElement.blur();
  window.look = (element) => [element.parentElement, element, ...element.children].map((part) => {
    const style = getComputedStyle(part);
    const ring = style.outlineStyle === "none" ? "" : `${style.outlineWidth} ${style.outlineColor}`;
    return `${ring} ${style.boxShadow}`;
  });
  document.querySelectorAll("a, button, input, summary, [tabindex]").forEach((element) => {
    element.unfocused = look(element);
  });
}"""
# The element with the focus: what it is, whether one sees it, and the contrast of its ring.
FOCUSED = """(reached) => {
  const element = document.activeElement;
  if (element === document.body) return null;
  const numbers = (text) => (text.match(/rgba?\\([^)]*\\)/g) || [])
    .map((colour) => colour.match(/[\\d.]+/g).map(Number));
  const luminance = (colour) => {
    const [r, g, b] = colour.map((part) => part / 255)
      .map((part) => (part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const contrast = (one, other) => {
    const [dark, bright] = [luminance(one), luminance(other)].sort((a, b) => a - b);
    return (bright + 0.05) / (dark + 0.05);
  };
  let ground = [255, 255, 255];
  for (let node = element.parentElement; node; node = node.parentElement) {
    const [colour] = numbers(getComputedStyle(node).backgroundColor);
    if (colour && !(colour[3] < 0.5)) { ground = colour; break; }  // a tint is no ground
  }
  const before = element.unfocused || [];
  const rings = look(element).filter((ring, place) => ring !== before[place]);
  const box = element.getBoundingClientRect();
  return {
    what: element.outerHTML.slice(0, 150),
    kinds: Object.keys(reached).filter((kind) => element.matches(reached[kind])),
    shown: Number(getComputedStyle(element).opacity) > 0 && box.width > 0 && box.bottom > 0,
    contrast: Math.max(0, ...rings.flatMap(numbers).map((ring) => contrast(ring, ground))),
  };
}"""


def stops(page, most):
    """What the Tab key comes to, one after another, until the page's end."""
    begins_in_a_field = page.evaluate("document.activeElement !== document.body")
    page.evaluate(REMEMBER)
    if begins_in_a_field:
        page.keyboard.press("Tab")
    for _ in range(most):
        page.keyboard.press("Tab")
        stop = page.evaluate(FOCUSED, REACHED)
        if stop is None:
            return
        yield stop


def still(page, address, theme="light"):
    """A page on which nothing moves."""
    page.add_init_script(f"localStorage.mode = localStorage.theme = '{theme}'")
    page.emulate_media(reduced_motion="reduce")
    visit(page, address)


@pytest.mark.parametrize(
    ("name", "theme"),
    [
        (LSTM, "light"),
        (LSTM, "dark"),
        ("intro", "dark"),
        ("search", "light"),
        ("chapters/appendix/api/numpy-lstm", "dark"),
        ("_modules/rnnbook/numpy/lstm", "light"),
        ("chapters/appendix/article", "light"),
    ],
)
def test_one_sees_where_the_focus_is(name, theme, book, page):
    still(page, f"{book}/{name}.html", theme)
    count = 0
    for stop in stops(page, 400):
        assert stop["shown"] and stop["contrast"] >= 3, stop
        count += 1
    assert count > 30


def test_the_tab_key_comes_to_everything_that_a_mouse_can_use(book, page):
    still(page, f"{book}/{LSTM}.html")
    kinds = [stop["kinds"] for stop in stops(page, 600)]
    assert kinds[0] == ["skip link"]
    assert {kind for some in kinds for kind in some} == set(REACHED)


def test_a_formula_takes_the_tab_key_only_where_it_scrolls(book, page):
    still(page, f"{book}/{WIDE}.html")
    assert page.locator("mjx-container[tabindex]").count() == 0
    page.set_viewport_size({"width": 320, "height": 844})
    page.reload()
    formulas = page.locator("mjx-container[tabindex='0']")
    formulas.first.wait_for(timeout=PATIENCE)
    wider = formulas.evaluate_all("all => all.map((one) => one.scrollWidth > one.clientWidth)")
    assert wider and all(wider)


def test_the_skip_link_leads_past_the_contents(book, page):
    still(page, f"{book}/{LSTM}.html")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.closest('main') !== null")


def test_folds_open_and_close_by_key(book, page):
    still(page, f"{book}/{LSTM}.html")
    fold = page.locator("details.fold").first
    fold.locator("summary").focus()
    page.keyboard.press("Enter")
    assert fold.locator("pre").first.is_visible()
    page.keyboard.press("Space")
    assert not fold.locator("pre").first.is_visible()


@pytest.mark.parametrize("key", ["Enter", "Space"])
def test_solutions_open_by_key(key, book, page):
    still(page, f"{book}/{LSTM}.html")
    solution = page.locator(".solution").first
    inside = solution.locator("section").first
    assert not inside.is_visible()
    solution.locator(".toggle-button").focus()
    page.keyboard.press(key)
    inside.wait_for(state="visible", timeout=PATIENCE)
    page.keyboard.press(key)
    inside.wait_for(state="hidden", timeout=PATIENCE)


def test_a_key_chooses_the_framework_of_the_equations(book, page):
    still(page, f"{book}/{LSTM}.html")
    page.locator(".eq-link", has_text="PyTorch").first.focus()
    page.keyboard.press("Space")
    assert page.locator(".eq-shown").count() > 5


def test_control_k_searches(book, page):
    still(page, f"{book}/{LSTM}.html")
    page.keyboard.press("Control+k")
    page.locator("input[type=search]:focus").wait_for(timeout=PATIENCE)
    page.keyboard.type("peephole")
    page.keyboard.press("Enter")
    page.wait_for_url("**/search.html?q=peephole", timeout=PATIENCE)
    page.locator("#search-results a[href*='math/lstm']").first.wait_for(timeout=PATIENCE)


def test_a_key_changes_the_theme(book, page):
    still(page, f"{book}/{LSTM}.html")
    page.locator(".theme-switch-button").first.focus()
    modes = []
    for _ in range(3):
        page.keyboard.press("Enter")
        modes.append(page.evaluate("document.documentElement.dataset.mode"))
    assert sorted(modes) == ["auto", "dark", "light"]


def test_the_contents_open_and_close_by_key_on_a_phone(book, page):
    page.set_viewport_size({"width": 390, "height": 844})
    still(page, f"{book}/{LSTM}.html")
    entry = page.locator(".bd-links a:visible").first
    assert entry.count() == 0
    button = page.locator(".primary-toggle").first
    button.focus()
    page.keyboard.press("Enter")
    entry.wait_for(timeout=PATIENCE)
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.closest('dialog[open]') !== null")
    page.keyboard.press("Escape")
    page.locator("dialog[open]").wait_for(state="detached", timeout=PATIENCE)
    assert button.evaluate("button => button === document.activeElement")
