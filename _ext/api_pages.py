"""The pages of the package: what each module is for, what is in it, and its twins.

A page in chapters/appendix/api says `automodule`. Below the first paragraph of the module's
docstring stands a table of its members; `{module-table}` lists the modules of a part of the
package. Every sentence in these tables is the first of a docstring.
"""

import importlib
import inspect
import re
from collections import namedtuple

import contents
from docutils import nodes
from docutils.statemachine import StringList
from sphinx.ext.autodoc import ALL
from sphinx.util.docutils import SphinxDirective

FOLDER = "chapters/appendix/api"
FIELD = type(namedtuple("Example", "field").field)
FRAMEWORKS = {"numpy": "NumPy", "torch": "PyTorch", "tensorflow": "TensorFlow"}
NAMED = re.compile(r"(?<![`:])`(rnnbook[\w.]*)`(?!`)")


def parts():
    """The parts of the package and the pages of each, in the order of the contents."""
    chapters = [chapter for part in contents.toc()["parts"] for chapter in part["chapters"]]
    (package,) = (chapter for chapter in chapters if chapter["file"] == FOLDER)
    for part in package["sections"]:
        yield part["file"], [part["file"], *(page["file"] for page in part.get("sections", []))]


def modules(page):
    """The modules that a page shows."""
    text = (contents.ROOT / f"{page}.md").read_text("utf-8")
    return re.findall(r"automodule:: (\S+)", text)


def first_sentence(docstring):
    """Up to the first full stop before a space and a capital letter."""
    paragraph = " ".join(inspect.cleandoc(docstring).split("\n\n")[0].split())
    return re.split(r"(?<=[.?!])\s+(?=[A-Z`])", paragraph)[0]


def members(module, chosen):
    """The functions and classes that autodoc shows, as `__all__` or the source has them."""
    if chosen is ALL:
        chosen = getattr(module, "__all__", None) or own(module)
    return [(name, getattr(module, name)) for name in chosen or ()]


def own(module):
    """The names of the public functions and classes that the module itself defines."""
    return [
        name
        for name, member in vars(module).items()
        if not name.startswith("_")
        and callable(member)
        and getattr(member, "__module__", None) == module.__name__
        and member.__doc__
    ]


def member_table(module, chosen):
    """The members and what each is for, as lines of reStructuredText."""
    rows = [
        line
        for name, member in members(module, chosen)
        for line in (
            f"   * - :py:obj:`{name} <{module.__name__}.{name}>`",
            f"     - {first_sentence(inspect.getdoc(member))}",
        )
    ]
    table = [".. list-table::", "   :class: api-table", "", *rows, "", "..", ""]  # ".." ends it
    return table if rows else []


def twins(name, known):
    """The same module in the other frameworks: {name of the framework: module}."""
    package, _, rest = name.partition(".")
    own, _, module = rest.partition(".")
    if own not in FRAMEWORKS:
        return {}
    others = {FRAMEWORKS[key]: key for key in FRAMEWORKS if key != own}
    found = {title: f"{package}.{key}.{module}".rstrip(".") for title, key in others.items()}
    return {title: twin for title, twin in found.items() if twin in known}


def place(name, known):
    """The dotted name, and links to the twins, as lines of reStructuredText."""
    links = [f":py:mod:`{key} <{twin}>`" for key, twin in twins(name, known).items()]
    also = f" · the same in {' and '.join(links)}" if links else ""
    return [".. container:: api-place", "", f"   ``{name}``{also}", ""]


def show_module(app, what, name, obj, options, lines):
    """Link the modules that a docstring names; add the tables to that of a module."""
    known = app.api_modules
    link = lambda match: f":py:mod:`{match[1]}`" if match[1] in known else match[0]  # noqa: E731
    lines[:] = [NAMED.sub(link, line) for line in lines]
    if what == "module":
        end = lines.index("") + 1 if "" in lines else len(lines)
        table = member_table(obj, options.get("members"))
        lines[:] = [*place(name, known), *lines[:end], "", *table, *lines[end:]]


def skip_fields(app, what, name, obj, skip, options):
    """Leave the fields of named tuples out: the table of symbols above them says more."""
    return True if isinstance(obj, FIELD) else skip


class ModuleTable(SphinxDirective):
    """The modules of a part of the package, and what each is for."""

    required_arguments = 1

    def run(self):
        pages = dict(parts())[f"{FOLDER}/{self.arguments[0]}"]
        others = [page for page in pages if page != self.env.docname]
        lines = ["| module | what it is for |", "| --- | --- |"]
        for name in (name for page in others for name in modules(page)):
            module = importlib.import_module(name)
            self.env.note_dependency(module.__file__)
            short = name.removeprefix("rnnbook.")
            sentence = first_sentence(module.__doc__).replace("|", r"\|")
            lines.append(f"| {{py:mod}}`{short} <{name}>` | {sentence} |")
        node = nodes.container(classes=["api-table"])
        self.state.nested_parse(StringList(lines, self.get_source_info()[0]), 0, node)
        return [node]


def setup(app):
    app.api_modules = {name for _, pages in parts() for page in pages for name in modules(page)}
    app.config.default_role = "literal"  # `name` in a docstring is code
    app.add_directive("module-table", ModuleTable)
    app.connect("autodoc-process-docstring", show_module)
    app.connect("autodoc-skip-member", skip_fields)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
