"""Names of the built pages, and how a test opens one; `book` and `site` are in conftest.py."""

import re
from pathlib import Path

PATIENCE = 300_000  # milliseconds: a busy machine is no error
ROOT = Path(__file__).resolve().parent.parent
GENERATED = ["search", "genindex", "py-modindex", "_modules/index", "_modules/rnnbook/numpy/lstm"]
RENDERED = """() => [...document.querySelectorAll(".math")]
  .every((formula) => formula.querySelector("mjx-container"))"""


def contents():
    """Every page of the table of contents, as paths below the site."""
    return re.findall(r"(?:root|file): (\S+)", (ROOT / "_toc.yml").read_text("utf-8"))


def book_pages():
    """All but the pages of single modules, which are alike: some of them stand for all."""
    return [name for name in contents() if "/api/" not in name]


def module_pages():
    return [name for name in contents() if "/api/" in name]


def visit(page, address):
    """Open a page and wait until its formulas are set: all of them, or it is an error."""
    page.goto(address, wait_until="load")
    page.evaluate("async () => { await window.MathJax?.startup?.promise; }")
    assert page.evaluate(RENDERED)
