"""The search, in a browser: over http, and from a folder without any server."""

import gzip
import re
from pathlib import Path

import glossary
import pytest
import search_text
import yaml
from docutils import nodes

ROOT = Path(__file__).resolve().parent.parent
TERMS = yaml.safe_load((ROOT / "tests" / "search_terms.yml").read_text("utf-8"))
TABLE = yaml.safe_load((ROOT / "chapters" / "pages.yml").read_text("utf-8"))
FOUND = """query => {
  const { how, results } = bookSearch.search(query);
  return { how, pages: results.map((result) => [result.page.url, result.page.kind]) };
}"""
REACHED = 24  # of the words that nothing was tuned for, when they were first looked at


def name(url):
    return url.removeprefix("chapters/").removesuffix(".html")


@pytest.fixture(scope="module", params=["http", "file"])
def search(request, book, site, browser):
    """The page of the search, opened in both ways."""
    page = browser.new_page()
    errors = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.goto(f"{book if request.param == 'http' else site.as_uri()}/search.html")
    yield page
    page.close()
    assert not errors


def first_pages(search, words):
    """The page that comes first for each word, or None."""
    for word in words:
        pages = search.evaluate(FOUND, word)["pages"]
        yield word, name(pages[0][0]) if pages else None


def wrong(search, kind):
    return {
        word: first
        for word, first in first_pages(search, TERMS[kind])
        if first not in TERMS[kind][word]
    }


@pytest.mark.parametrize("kind", ["terms", "names", "variants"])
def test_the_right_page_comes_first(kind, search):
    assert len(TERMS["terms"]) >= 30
    assert not wrong(search, kind)


def test_it_mostly_comes_first_for_words_that_nothing_was_tuned_for(search):
    failed = wrong(search, "untuned")
    assert len(TERMS["untuned"]) - len(failed) >= REACHED, failed


@pytest.mark.parametrize("kind", ["terms", "variants"])
def test_chapters_come_before_the_appendix_and_the_package(kind, search):
    order = ["chapter", "appendix", "package"]
    for word in TERMS[kind]:
        _, *rest = search.evaluate(FOUND, word)["pages"]
        kinds = [order.index(kind) for _, kind in rest]
        assert kinds == sorted(kinds), word


def test_a_missing_letter_is_no_dead_end(search):
    words = [word for term in TERMS["terms"] for word in re.findall(r"[a-z]{6,}", term.lower())]
    assert len(words) > 30
    for word in words:
        slip = word[: len(word) // 2] + word[len(word) // 2 + 1 :]
        assert search.evaluate(FOUND, slip)["pages"], slip


def test_a_result_shows_its_part_the_section_and_the_words(book, site, page):
    for address in (book, site.as_uri()):
        page.goto(f"{address}/search.html?q=teacher forcing")
        first = page.locator(".search-list li").first
        assert "Translation" in first.locator(".search-title a").inner_text()
        assert first.locator(".search-part").inner_text() == "Applications · language"
        entry = TABLE["applications/language/translation"]
        assert first.locator(".search-about").inner_text() == entry["description"]
        marked = " ".join(first.locator("mark").all_inner_texts()).lower()
        assert "teacher" in marked and "forcing" in marked
        first.locator(".search-section a").click()
        assert page.url.endswith("chapters/applications/language/translation.html#teacher-forcing")
        page.locator("section#teacher-forcing > :is(h2, h3, h4)", has_text="Teacher").wait_for()


def test_a_term_of_the_glossary_shows_its_definition(book, page):
    [entry] = [e for e in glossary.entries() if "BPTT" in e.terms]
    page.goto(f"{book}/search.html?q=bptt")
    box = page.locator(".search-definition")
    assert entry.definition in box.inner_text()
    assert box.locator("a").get_attribute("href") == f"{entry.page}.html"


def test_nothing_found_says_what_to_try(book, site, page):
    page.goto(f"{book}/search.html?q=qqxyzzy")
    assert "Nothing was found for “qqxyzzy”" in page.locator("#search-results").inner_text()
    targets = page.locator("#search-results a").evaluate_all("all => all.map(a => a.href)")
    assert len(targets) == 2
    assert all((site / target.removeprefix(f"{book}/")).exists() for target in targets)


def test_what_a_reader_types_is_shown_as_text(book, page):
    page.goto(f"{book}/search.html?q=" + "%3Cimg src=x class=evil%3E")
    assert page.locator("#search-results").inner_text()
    assert page.locator(".evil").count() == 0


def test_the_keyboard_reaches_the_search_and_its_results(site, page):
    page.goto(f"{site.as_uri()}/chapters/math/gru.html", wait_until="load")
    page.keyboard.press("ControlOrMeta+k")
    page.locator("#pst-search-dialog input").wait_for()
    page.keyboard.type("beam search")
    page.keyboard.press("Enter")
    page.wait_for_url("**/search.html?q=beam+search")
    first = page.locator(".search-list a").first
    first.wait_for()
    page.keyboard.press("Tab")  # to the link below the definition
    page.keyboard.press("Tab")
    assert first.evaluate("link => link === document.activeElement")
    page.keyboard.press("Enter")
    page.wait_for_url("**/text-generation.html")


def test_results_follow_what_is_typed(site, page):
    page.goto(f"{site.as_uri()}/search.html?q=lstm")
    page.keyboard.type("dropout")  # the old word is selected
    page.locator(".search-definition", has_text="dropout").wait_for()
    assert page.url.endswith("?q=dropout")


def test_more_results_are_shown_on_request(book, page):
    page.goto(f"{book}/search.html?q=gradient")
    entries, more = page.locator(".search-list > li"), page.locator(".search-more")
    before = entries.count()
    hidden = int(re.search(r"\d+", more.inner_text())[0])
    more.press("Enter")
    assert entries.count() == before + hidden
    assert entries.nth(before).locator("a").first.evaluate("a => a === document.activeElement")


def test_every_section_that_a_result_can_lead_to_is_there(search, site):
    places = search.evaluate(
        "() => BOOK.pages.flatMap((page) => page.sections.map(([anchor]) => [page.url, anchor]))"
    )
    assert len(places) > 1000
    texts = {url: (site / url).read_text("utf-8") for url, _ in places}
    assert not [place for place in places if f'id="{place[1]}"' not in texts[place[0]]]


def test_the_results_fit_a_phone(book, page):
    page.set_viewport_size({"width": 390, "height": 844})
    for query in ("rnnbook.numpy.layer_norm_lstm", "cuDNN", "qqxyzzy"):
        page.goto(f"{book}/search.html?q={query}")
        assert page.evaluate("document.documentElement.scrollWidth") <= 390, query


def test_only_the_search_page_loads_the_text_of_the_book(book, site, page):
    responses = []
    page.on("response", lambda response: responses.append(response))
    page.goto(f"{book}/search.html?q=lstm", wait_until="load")
    names = [response.url.rsplit("/", 1)[-1].split("?")[0] for response in responses]
    assert "text.js" in names
    assert not {"searchindex.js", "searchtools.js", "fontawesome.js"} & set(names)
    scripts = [r.body() for r in responses if "javascript" in r.headers.get("content-type", "")]
    size = sum(len(gzip.compress(script)) for script in scripts)
    assert size <= 9_500 * len(TABLE)  # a page adds its text
    assert "_static/search/" not in (site / "chapters" / "math" / "gru.html").read_text("utf-8")


def test_the_text_of_a_section_is_what_a_reader_sees_of_it():
    link = nodes.reference("", "#", classes=["headerlink"])
    first = nodes.paragraph("", "", nodes.Text("The state "), nodes.math("", "h_t"), link)
    second = nodes.paragraph("", "", nodes.math("", r"\frac{1}{2}"), nodes.Text(" of it."))
    code = nodes.literal_block("", "hs = run(params, params)")
    inner = nodes.section("", nodes.title("", "Below"), nodes.paragraph("", "More."), ids=["below"])
    page = nodes.section("", nodes.title("", "Top"), first, second, code, inner, ids=["top"])
    assert list(search_text.sections(nodes.container("", page))) == [
        ("top", "Top", "The state h_t … of it.", "run params"),
        ("below", "Below", "More.", ""),
    ]


def test_words_to_find_are_no_terms_of_the_glossary():
    def letters(text):
        return re.sub(r"\W", "", text.lower())

    terms = {letters(term) for entry in glossary.entries() for term in entry.terms}
    words = [word for entry in TABLE.values() for word in entry.get("find", [])]
    assert words and not [word for word in words if letters(word) in terms]
