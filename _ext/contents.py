"""What stands in the book, in its order: pages, titles, and links to places on them."""

import json
from pathlib import Path

import yaml
from docutils import nodes

ROOT = Path(__file__).resolve().parent.parent


def toc():
    return yaml.safe_load((ROOT / "_toc.yml").read_text("utf-8"))


def parts():
    """The pages in order, and the part that each is in: {"chapters/math/lstm": "Mathematics"}."""
    return {c["file"]: part["caption"] for part in toc()["parts"] for c in part["chapters"]}


def notebooks():
    """The notebooks in the order of the contents."""
    return [file for file in parts() if (ROOT / f"{file}.ipynb").exists()]


def read(file):
    return json.loads((ROOT / f"{file}.ipynb").read_text("utf-8"))


def source(cell):
    return "".join(cell["source"])


def title(notebook):
    """The first heading."""
    lines = [line for cell in notebook["cells"] for line in source(cell).splitlines()]
    return next(line[2:] for line in lines if line.startswith("# "))


def link(docname, file, anchor, text):
    """A link from the page `docname` to a place on the page of a notebook."""
    up = "/".join([".."] * docname.count("/"))
    place = f"#{anchor}" if anchor else ""
    return nodes.reference("", text, refuri=f"{up}/{file}.html{place}", internal=True)
