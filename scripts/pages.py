"""What a reader meets on a page: words, visible code, claims, terms not yet explained.

    python scripts/pages.py             a table of all pages
    python scripts/pages.py allowances  write what pages over the budget may have, as of now

The rules of the book (design: "a page is for reading") are LIMITS; a page over one of them stands
in tests/allowances.json with what it has, and `tests/test_book_pages.py` lets that only get less.
Exercises and their solutions don't count.

A term is explained by a page, or by the glossary where the build links to it the first use on a
page. What counts under "terms" is neither: a page uses it before the page that explains it, and
only where no link can be, as in a heading. `tests/test_glossary.py` looks for the links themselves.
"""

import json
import re
import sys
from pathlib import Path

import heads
import notebooks
import yaml

ROOT = Path(__file__).resolve().parent.parent
sys.path.append(str(ROOT / "_ext"))
import glossary  # noqa: E402

ALLOWANCES = ROOT / "tests" / "allowances.json"
FOLDED = {"set-up", "drawing", "checking", "preparing"}
LIMITS = {"words": 2500, "lines": 300, "longest": 30, "claims": 15, "terms": 0}
# Where each term of the field is explained: {"BPTT": "algorithm/backward", ...}.
TERMS = {
    term: entry.page.removeprefix("chapters/")
    for entry in glossary.entries()
    for term in entry.terms
    if term not in glossary.UNLINKED
}
# A figure that answers: its still, which is a link, and its caption.
FIGURE = re.compile(r"^\[!\[.*$", flags=re.MULTILINE)
# Where the build puts no link: headings, the lines of a directive, bold words, links.
NO_LINK = re.compile(r"^(#|:::).*$|\*\*[^*]*\*\*|\[[^\]]*\]\([^)]*\)", flags=re.MULTILINE)


def order():
    """The pages of the book in the order of the contents: "math/lstm", ..."""
    toc = yaml.safe_load((ROOT / "_toc.yml").read_text("utf-8"))
    files = [chapter["file"] for part in toc["parts"] for chapter in part["chapters"]]
    return [file.removeprefix("chapters/") for file in files]


def name(path):
    return Path(path).relative_to(ROOT / "chapters").with_suffix("").as_posix()


def counted(notebook):
    """The cells that count: no exercise, no attempt at one, no solution."""
    in_solution = False
    for cell in notebook.cells:
        marks = re.findall(r"\{solution-(start|end)\}", cell.source)
        is_exercise = "{exercise}" in cell.source or "exercises.check(" in cell.source
        if not (in_solution or marks or is_exercise):
            yield cell
        if marks:
            in_solution = marks[-1] == "start"


def text_of(cells):
    """The prose, without mathematics, captions of figures, and the head, which is made."""
    text = "\n".join(cell.source for cell in cells if cell.cell_type == "markdown")
    text = FIGURE.sub("", heads.HEAD.sub("", text))
    return re.sub(r"\$\$.*?\$\$|\$[^$]*\$", "", text, flags=re.DOTALL)


def visible(cells):
    """The numbers of lines, without empty ones, of the code cells that are not folded."""
    for cell in cells:
        if cell.cell_type == "code" and not FOLDED & set(cell.metadata.get("tags", [])):
            yield sum(bool(line.strip()) for line in cell.source.splitlines())


def claims(cells):
    printed = [o.get("text", "") for cell in cells for o in cell.get("outputs", [])]
    return sum(line.startswith("claim: ") for text in printed for line in text.splitlines())


def early_terms(text, page, pages):
    """The terms, as the glossary names them first, that a page uses before they are explained."""
    known = {f"chapters/{other}" for other in pages[: pages.index(page) + 1]}
    text = re.sub(r"`[^`]*`", "", text)  # a name in code is no use of a term
    found = [entry for _, entry in glossary.uses(text) if entry.page not in known]
    return list(dict.fromkeys(entry.terms[0] for entry in found))


def unexplained_terms(text, page, pages):
    """The early terms of which no use can become a link to the glossary."""
    linked = early_terms(NO_LINK.sub("", text), page, pages)
    return [term for term in early_terms(text, page, pages) if term not in linked]


def measure(path):
    """What a page has, under the names of LIMITS."""
    cells = list(counted(notebooks.read(path)))
    lines = list(visible(cells))
    prose = text_of(cells)
    return {
        "words": len(prose.split()),
        "lines": sum(lines),
        "longest": max(lines, default=0),
        "claims": claims(cells),
        "terms": unexplained_terms(prose, name(path), order()),
    }


def amount(value):
    return len(value) if isinstance(value, list) else value


def excess(measured):
    """The part of a measurement that is over the limits."""
    return {key: value for key, value in measured.items() if amount(value) > LIMITS[key]}


def write_allowances():
    over = {name(path): excess(measure(path)) for path in notebooks.paths()}
    content = {page: found for page, found in over.items() if found}
    notebooks.write(ALLOWANCES, json.dumps(content, indent=1, ensure_ascii=False) + "\n")


def print_table():
    print(f"{'':40}" + "".join(f"{key:>9}" for key in LIMITS))
    for path in notebooks.paths():
        found = measure(path)
        print(f"{name(path):40}" + "".join(f"{amount(found[key]):9,}" for key in LIMITS))


if __name__ == "__main__":
    write_allowances() if sys.argv[1:] == ["allowances"] else print_table()
