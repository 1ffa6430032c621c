"""A browser for the tests of the built pages; one that is missing fails these tests only."""

import browser as browsers
import pytest

FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
PATIENCE = 300_000  # milliseconds: a busy machine is no error


def pytest_configure(config):
    config.addinivalue_line("markers", "browser: builds the book, or opens a page in a browser")


@pytest.hookimpl(tryfirst=True)  # before pytest looks at the marks
def pytest_collection_modifyitems(items):
    for item in items:
        if {"book", "browser"} & set(getattr(item, "fixturenames", ())):
            item.add_marker("browser")


@pytest.fixture(scope="module")  # no longer: an open Playwright forbids other event loops
def browser():
    """A Chromium that runs; `make test` has tried to get one before."""
    from playwright.sync_api import sync_playwright

    try:
        path = browsers.find()
        if path is None:
            raise browsers.Missing(browsers.advice())
    except browsers.Missing as error:
        raise pytest.fail.Exception(str(error), pytrace=False) from None
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=FLAGS, timeout=PATIENCE)
        yield browser
        browser.close()


@pytest.fixture
def page(browser):
    page = browser.new_page()
    page.set_default_timeout(PATIENCE)
    yield page
    page.close()
