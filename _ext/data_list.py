"""`{data-list}`: every data file, with its loader and the pages that use it.

It is made from the entries beside the files, rnnbook/data/files/sources.toml.
"""

import ast
import re
from functools import cache

import api_links
import contents
import yaml
from sphinx.util.docutils import SphinxDirective

from rnnbook import data
from rnnbook.data import _sources, mnist

DOI = re.compile(r"\bdoi (10\.\d+/[\w.]*\w)")


def words(tree):
    """All names and strings of a program."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Name):
            yield node.id
        elif isinstance(node, ast.Attribute):
            yield node.attr
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value


@cache
def used():
    """{page: the words of its program}, in the order of the contents."""
    return {file: set(words(tree)) for file, tree in api_links.programs().items()}


def users(name, loader):
    """The pages that read a file: those that name its loader, and its name where two share one."""
    shared = sum(source.loader == loader for source in _sources.read().values()) > 1
    asked = {loader, name.partition(".")[0]} if shared else {loader}
    return [file for file, found in used().items() if asked <= found]


def page_link(file):
    """A link with the short name that the heads of pages use."""
    name = short_names().get(file.removeprefix("chapters/"), {}).get("short")
    return f"{{doc}}`{name} </{file}>`" if name else f"{{doc}}`/{file}`"


@cache
def short_names():
    return yaml.safe_load((contents.ROOT / "chapters" / "pages.yml").read_text("utf-8"))


def with_links(text):
    """A DOI leads to what it names."""
    return DOI.sub(r"[doi \1](https://doi.org/\1)", text)


def entry(name, source):
    """A file, as a term and what belongs to it."""
    module = "rnnbook.data" if hasattr(data, source.loader) else mnist.__name__
    pages = ", ".join(page_link(file) for file in users(name, source.loader))
    lines = [
        f"{source.holds[0].upper()}{source.holds[1:]}.",
        f"Loader: {{py:func}}`{source.loader}() <{module}.{source.loader}>`"
        f"{f'; read in: {pages}' if pages else ''}.",
        f"By: {source.creators}.",
        f"From: {with_links(source.origin)}; through the {source.package}.",
        f"Licence: {source.licence_link}.",
        f"Changed: {source.changes}.",
        f"SHA-256: `{source.sha256[:16]}…`",
    ]
    return f"`{name}`\n: " + "\\\n  ".join(lines)


class DataList(SphinxDirective):
    def run(self):
        files = [data.FOLDER / "sources.toml"]
        files += [contents.ROOT / f"{file}.ipynb" for file in contents.notebooks()]
        for path in files:
            self.env.note_dependency(str(path))
        entries = [entry(name, source) for name, source in _sources.read().items()]
        return self.parse_text_to_nodes("\n\n".join(entries))


def setup(app):
    app.add_directive("data-list", DataList)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
