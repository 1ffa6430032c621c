"""The built book, in a browser: no warning, no request to anywhere else, equations and links."""

import functools
import http.server
import re
import subprocess
import sys
import threading
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
HTML = ROOT / "_build" / "html"


@pytest.fixture(scope="module")
def book():
    """The address of the freshly built book on a local server."""
    command = [
        Path(sys.executable).parent / "jupyter-book",
        "build",
        ROOT,
        "-W",
        "-n",
        "--keep-going",
    ]
    result = subprocess.run(command, capture_output=True, text=True, timeout=600)
    assert result.returncode == 0, result.stdout[-3000:] + result.stderr[-3000:]

    class Handler(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *arguments):
            pass

    handler = functools.partial(Handler, directory=HTML)
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


def book_pages():
    """Every page of the table of contents, as paths below the site."""
    toc = (ROOT / "_toc.yml").read_text("utf-8")
    return re.findall(r"(?:root|file): (\S+)", toc)


@pytest.mark.parametrize("name", book_pages())
def test_a_page_loads_without_errors_and_without_the_network(name, book, page):
    errors, outside, failed = [], [], []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.on(
        "request", lambda r: r.url.startswith((book, "data:", "blob:")) or outside.append(r.url)
    )
    page.on(
        "response",
        lambda r: r.status < 400 or r.url.endswith("favicon.ico") or failed.append(r.url),
    )
    page.goto(f"{book}/{name}.html", wait_until="load")
    page.wait_for_timeout(500)
    if page.locator(".math").count():
        page.wait_for_selector("mjx-container", state="attached", timeout=20000)
        assert page.locator("mjx-merror, [data-mml-node=merror]").count() == 0
    assert page.locator("h1").count() >= 1
    assert page.locator("img:not([alt])").count() == 0
    assert not errors and not outside and not failed


def test_an_equation_leads_to_its_line_and_back(book, page):
    page.goto(f"{book}/chapters/math/lstm.html")
    page.locator("#equation-eq-lstm-c ~ .equation-code a", has_text="PyTorch").first.click()
    assert page.url.endswith("_modules/rnnbook/torch/lstm.html#eq-lstm-c")
    line = page.locator("#eq-lstm-c")
    assert line.inner_text() == "# eq-lstm-c"
    line.click()
    assert page.url.endswith("chapters/math/lstm.html#equation-eq-lstm-c")


def test_every_labelled_line_leads_back_to_its_equation(book):
    pattern = r'class="c1 equation-back" href="([^"#]+)#([^"]+)"'
    count = 0
    for listing in (HTML / "_modules").glob("**/*.html"):
        for uri, anchor in re.findall(pattern, listing.read_text("utf-8")):
            page = (listing.parent / uri).resolve()
            assert f'id="{anchor}"' in page.read_text("utf-8"), f"{listing.name}: {anchor}"
            count += 1
    assert count > 100


def test_every_equation_has_links_and_every_link_a_line(book):
    pages = [path.read_text("utf-8") for path in (HTML / "chapters").glob("**/*.html")]
    link = re.compile(r'href="\.\./\.\./(_modules/[\w/]+\.html)#(eq-[\w-]+)"')
    links = [found for text in pages for found in link.findall(text)]
    assert len(links) > 130
    for file, label in links:
        assert f'id="{label}"' in (HTML / file).read_text("utf-8"), f"{file}#{label}"
