"""The cards that links show: definitions, references, statements, equations, figures."""

import pytest

PAGES = "chapters/background/history", "chapters/math/lstm", "chapters/project/three-ways"
INSIDE = """card => {
  const box = card.getBoundingClientRect();
  return box.left >= 0 && box.right <= document.documentElement.clientWidth;
}"""


@pytest.fixture
def card(page):
    return page.locator("#hover-card")


@pytest.fixture
def go(book, page):
    """Open a page, and fail on any request to elsewhere and on any error."""
    outside, errors = [], []
    page.on(
        "request", lambda r: r.url.startswith((book, "data:", "blob:")) or outside.append(r.url)
    )
    page.on("pageerror", lambda error: errors.append(str(error)))

    def opened(name):
        page.goto(f"{book}/{name}.html", wait_until="load")
        if page.locator(".math").count():
            page.wait_for_selector("mjx-container", state="attached")
        page.evaluate("[...document.images].forEach(image => image.loading = 'eager')")
        page.wait_for_function("[...document.images].every(image => image.complete)")
        return page

    yield opened
    assert not outside and not errors


def test_pointing_at_a_term_shows_its_definition(go, card):
    page = go("chapters/background/history")
    term = page.locator("a.term", has_text="backpropagation through time")
    term.hover()
    card.wait_for()
    assert card.inner_text().startswith("The computation of all gradients of a recurrent network")
    assert not term.get_attribute("title"), "one card is enough"
    card.locator("a").hover()  # the pointer may go into the card, and stay there
    page.wait_for_timeout(600)
    assert card.is_visible()
    card.locator("a", has_text="Backward").click()
    assert page.url.endswith("algorithm/backward.html")


def test_a_card_goes_when_the_pointer_has_left(go, card):
    page = go("chapters/background/history")
    page.locator("a.term").first.hover()
    card.wait_for()
    page.locator("article h1").hover()
    card.wait_for(state="detached")


def test_a_citation_shows_its_reference(go, card):
    page = go("chapters/math/lstm")
    page.locator(".bd-article p a[href*='bibliography.html#']").first.hover()
    card.wait_for()
    assert "Long short-term memory" in card.inner_text()
    assert "Hochreiter" in card.inner_text()


def test_a_statement_of_the_article_shows_what_is_said_of_it(go, card):
    page = go("chapters/concepts/memory")
    page.locator(".bd-article a[href$='article.html#c3']").hover()
    card.wait_for()
    assert card.inner_text().startswith("Stated: Because its weights are shared, a recurrent")
    assert "Verdict: wrong" in card.inner_text()


def test_an_equation_of_the_page_is_shown_as_it_is_drawn(go, card):
    page = go("chapters/math/lstm")
    page.locator("p a[href='#equation-eq-lstm-h']").first.hover()
    card.locator("mjx-container").wait_for()
    drawn = page.locator("#equation-eq-lstm-h mjx-container mjx-math")
    assert card.locator("mjx-math").inner_html() == drawn.inner_html()


def test_an_equation_of_another_page_is_drawn(go, card):
    page = go("chapters/project/three-ways")
    page.locator("p a[href$='training.html#equation-eq-sgd-v']").first.hover()
    card.locator("mjx-container").wait_for()
    assert not card.locator("mjx-merror, [data-mml-node=merror]").count()
    page.goto(page.locator("a[href$='#equation-eq-sgd-v']").first.evaluate("link => link.href"))
    page.wait_for_selector("#equation-eq-sgd-v mjx-container")


def test_a_figure_is_shown(go, card):
    page = go("chapters/math/lstm")
    page.locator("p a[href='#fig-lstm-backward']:not(.headerlink)").first.hover()
    card.locator("img").wait_for()
    assert card.locator("img").get_attribute("alt")
    assert card.locator("img").evaluate("image => image.naturalWidth") > 0


def test_the_keyboard_shows_a_card_and_escape_closes_it(go, card):
    page = go("chapters/background/history")
    term = page.locator("a.term").first
    page.locator("article h1 a").focus()
    while not term.evaluate("link => link === document.activeElement"):
        page.keyboard.press("Tab")
        assert page.evaluate("document.activeElement !== document.body")
    card.wait_for()
    assert term.get_attribute("aria-describedby") == card.get_attribute("id")
    page.keyboard.press("Escape")
    card.wait_for(state="detached")
    assert term.evaluate("link => link === document.activeElement")
    assert not term.get_attribute("aria-describedby")
    page.keyboard.press("Enter")
    page.wait_for_url("**/glossary.html#term-*")


def test_on_a_phone_a_tap_shows_the_card_and_another_follows_the_link(book, browser):
    context = browser.new_context(viewport={"width": 390, "height": 844}, has_touch=True)
    page = context.new_page()
    page.goto(f"{book}/chapters/background/history.html", wait_until="load")
    term, card = page.locator("a.term").first, page.locator("#hover-card")
    term.tap()
    card.wait_for()
    assert card.evaluate(INSIDE)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    assert "history" in page.url
    page.locator("article h1").tap()
    card.wait_for(state="detached")
    term.tap()
    card.wait_for()
    term.tap()
    page.wait_for_url("**/glossary.html#term-*")
    context.close()


@pytest.mark.parametrize("name", PAGES)
def test_no_card_is_wider_than_a_phone(name, go, card):
    card.page.set_viewport_size({"width": 390, "height": 844})
    page = go(name)
    kinds = "a.term", "p a[href*='bibliography.html#']", "p a[href*='#equation-']"
    for kind in kinds:
        links = page.locator(f".bd-article {kind}")
        for k in range(min(3, links.count())):
            links.nth(k).hover()
            card.wait_for()
            assert card.evaluate(INSIDE)
            page.keyboard.press("Escape")


def test_cards_work_from_a_file_and_definitions_without_scripts(site, browser):
    address = (site / "chapters/background/history.html").as_uri()
    page = browser.new_page()
    page.goto(address)
    page.locator("a.term").first.hover()
    page.locator("#hover-card").wait_for()
    page.close()
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(address)
    assert len(page.locator("a.term").first.get_attribute("title")) > 20
    context.close()
