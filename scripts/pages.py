"""What a reader meets on a page: words, visible code, claims, terms not yet explained.

    python scripts/pages.py             a table of all pages
    python scripts/pages.py allowances  write what pages over the budget may have, as of now

The rules of the book (design: "a page is for reading") are LIMITS; a page over one of them stands
in tests/allowances.json with what it has, and `tests/test_book_pages.py` lets that only get less.
Exercises and their solutions don't count.
"""

import json
import re
import sys
from pathlib import Path

import heads
import notebooks
import yaml

ROOT = Path(__file__).resolve().parent.parent
ALLOWANCES = ROOT / "tests" / "allowances.json"
FOLDED = {"set-up", "drawing", "checking", "preparing"}
LIMITS = {"words": 2500, "lines": 300, "longest": 30, "claims": 15, "terms": 0}
# Where each term of the field is explained; None until the glossary has it.
TERMS = {
    "Adam": "algorithm/training",
    "attention": "concepts/recurrence",
    "backpropagation through time": "algorithm/backward",
    "BPTT": None,
    "batch": "algorithm/forward",
    "beam search": "applications/language/text-generation",
    "bidirectional": "algorithm/forward",
    "bits per character": "applications/language/language-models",
    "BLEU": "applications/language/translation",
    "bootstrap": "project/load-forecast",
    "complex step": "algorithm/backward",
    "convolution": "concepts/recurrence",
    "CRF": "applications/language/semantic-roles",
    "cross-entropy": "applications/language/language-models",
    "decoder": "algorithm/forward",
    "dropout": "outlook/generalisation",
    "early stopping": "outlook/generalisation",
    "embedding": None,
    "encoder": "algorithm/forward",
    "epoch": None,
    "gate": "concepts/memory",
    "Jacobian": "math/gradient-flow",
    "layer normalisation": "outlook/deeper",
    "learning rate": "algorithm/training",
    "logits": "background/history",
    "mask": "algorithm/forward",
    "momentum": "algorithm/training",
    "n-gram": "applications/language/language-models",
    "orthogonal": "algorithm/training",
    "peephole": "math/lstm",
    "perplexity": "applications/language/language-models",
    "quantile": "applications/series/weather",
    "residual": "outlook/deeper",
    "ridge": "applications/series/weather",
    "scan": "outlook/efficient",
    "softmax": "background/first-look",
    "spectral radius": "math/gradient-flow",
    "state space": "outlook/efficient",
    "teacher forcing": "applications/language/translation",
    "temperature of sampling": "applications/language/text-generation",
    "transformer": "applications/language/language-models",
    "truncation": "algorithm/training",
    "validation": None,
    "Viterbi": "applications/language/semantic-roles",
    "weight decay": "outlook/generalisation",
}


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
    """The prose, without mathematics and without the head, which is made."""
    text = "\n".join(cell.source for cell in cells if cell.cell_type == "markdown")
    text = heads.HEAD.sub("", text)
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
    """The terms that a page uses though none up to here explains them."""
    known = set(pages[: pages.index(page) + 1])
    for term, explained in TERMS.items():
        pattern = r"\b" + re.escape(term).replace(r"\ ", r"[\s-]") + r"s?\b"
        if explained not in known and re.search(pattern, text, flags=re.IGNORECASE):
            yield term


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
        "terms": list(early_terms(prose, name(path), order())),
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
