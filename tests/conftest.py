"""The built book and a browser; where one is missing, only the tests that need it fail."""

import functools
import http.server
import shutil
import subprocess
import sys
import threading
from pathlib import Path

import browser as browsers
import pytest
from filelock import FileLock

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / "_build" / "tests"
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


def pytest_addoption(parser):
    parser.addoption("--site", type=Path, help="a built book to test, instead of building it anew")


def pytest_configure(config):
    config.addinivalue_line("markers", "browser: builds the book, or opens a page in a browser")


@pytest.hookimpl(tryfirst=True)  # before pytest looks at the marks
def pytest_collection_modifyitems(items):
    for item in items:
        if {"book", "browser", "site"} & set(getattr(item, "fixturenames", ())):
            item.add_marker("browser")


def build():
    """What the build said when it failed, or nothing.

    It starts from nothing: a second build of the same pages would not repeat their warnings, and
    would not see that an extension has changed.
    """
    shutil.rmtree(FOLDER, ignore_errors=True)
    program = Path(sys.executable).parent / "jupyter-book"
    options = ["--path-output", FOLDER, "-W", "-n", "--keep-going", "--quiet"]
    result = subprocess.run([program, "build", ROOT, *options], capture_output=True, text=True)
    return f"{result.stdout}{result.stderr[-3000:]}" if result.returncode else ""


def build_once(folder):
    """The first process to ask builds, the others wait for it and read what it was told.

    All processes of one run of the tests give the same folder, and each run a new one.
    """
    said = folder / "build.txt"
    with FileLock(folder / "build.lock"):
        if not said.exists():
            said.write_text(build(), "utf-8")
        return said.read_text("utf-8")


@pytest.fixture(scope="session")
def site(pytestconfig, tmp_path_factory, worker_id):
    """The folder of the freshly built book."""
    if pytestconfig.option.site:
        return pytestconfig.option.site.resolve()
    own = tmp_path_factory.getbasetemp()
    message = build_once(own if worker_id == "master" else own.parent)
    if message:
        pytest.fail(f"The book does not build:\n{message}", pytrace=False)
    return FOLDER / "_build" / "html"


class QuietHandler(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *arguments):
        pass


@pytest.fixture(scope="session")
def book(site):
    """The address of the freshly built book on a local server."""
    handler = functools.partial(QuietHandler, directory=site)
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


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
