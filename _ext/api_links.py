"""Links both ways between the chapters and the pages of the package.

In prose, a name in code leads to its entry if the imports of the page say what it means:
`lstm.forward` after `from rnnbook.numpy import lstm`. A line above the exercises lists what the
page uses of the package, and below the name of a module stand the pages that use it.
"""

import ast
import inspect
import pydoc
import re
from functools import cache

import api_pages
import contents
from docutils import nodes
from sphinx.util.nodes import make_refnode

TOOLS = "rnnbook.book."
SHOWN = 3  # pages that use a module; the others are folded
NAME = re.compile(r"([A-Za-z_]\w*(?:\.\w+)*)(?:\(.*\))?")  # lstm.forward or lstm.forward(params)
MAGIC = re.compile(r"^\s*[%!].*$", re.MULTILINE)


def program(notebook):
    """The code cells as one syntax tree."""
    cells = [contents.source(c) for c in notebook["cells"] if c["cell_type"] == "code"]
    return ast.parse("\n".join(MAGIC.sub("", cell) for cell in cells))


@cache
def programs():
    """The code of all notebooks, in the order of the contents: {file: syntax tree}."""
    return {file: program(contents.read(file)) for file in contents.notebooks()}


def imports(tree):
    """What is imported from the package, in order: [(name on the page, full name), ...]."""
    found = []
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom):
            found += [(a.asname or a.name, f"{node.module}.{a.name}") for a in node.names]
        elif isinstance(node, ast.Import):
            found += [(a.asname, a.name) for a in node.names if a.asname]
    return [(name, target) for name, target in found if target.startswith("rnnbook.")]


def meanings(tree):
    """What imported names mean, without those that mean something else elsewhere on the page."""
    found = {}
    for name, target in imports(tree):
        found.setdefault(name, set()).add(target)
    for name in defined(tree):
        found.pop(name, None)
    return {name: min(targets) for name, targets in found.items() if len(targets) == 1}


def defined(tree):
    """The names that the page gives to functions, classes, arguments and values of its own."""
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            yield node.name
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            yield node.id
        elif isinstance(node, ast.arg):
            yield node.arg


def expand(text, known):
    """The full name that stands for a name in code, or None."""
    match = NAME.fullmatch(text)
    first, dot, rest = match[1].partition(".") if match else ("", "", "")
    known = {"rnnbook": "rnnbook"} | known
    return known[first] + dot + rest if first in known else None


def used(tree):
    """What a page uses: {name on the page: full name}, members of imported packages as well."""
    known = dict(imports(tree))
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            package = known.get(node.value.id)
            if package and is_reexport(package, f"{package}.{node.attr}"):
                known[f"{node.value.id}.{node.attr}"] = f"{package}.{node.attr}"
    return known


def is_reexport(package, target):
    """Whether a package has something from one of its modules: `rnnbook.tasks.copy`."""
    return (module_of(target) or "").startswith(package + ".")


@cache
def module_of(target):
    """The documented module in which something is defined, or None."""
    found = pydoc.locate(target)
    if found is None:
        return None
    default = target.rpartition(".")[0]
    name = found.__name__ if inspect.ismodule(found) else getattr(found, "__module__", default)
    while name and name not in module_pages():  # rnnbook.convert._torch: the page of its package
        name = name.rpartition(".")[0]
    return name or None


@cache
def module_pages():
    """The page of each module that has one: {module: page}."""
    found = [page for _, pages in api_pages.parts() for page in pages]
    return {module: page for page in found for module in api_pages.modules(page)}


@cache
def users():
    """The pages that use each module, in the order of the contents: {module: [file, ...]}."""
    found = {}
    for file, tree in programs().items():
        for module in {module_of(target) for target in used(tree).values()}:
            found.setdefault(module, []).append(file)
    return found


def documented(target, objects):
    """The name under which something has its entry, or None."""
    if target in objects:
        return target
    defined_as = f"{module_of(target)}.{getattr(pydoc.locate(target), '__qualname__', '')}"
    return defined_as if defined_as in objects else None


def link(app, docname, target, text):
    """A link to an entry, or None."""
    objects = app.env.get_domain("py").objects
    name = documented(target, objects)
    if name in (None, "rnnbook"):
        return None
    code = nodes.literal("", text)
    where = objects[name]
    node = make_refnode(app.builder, docname, where.docname, where.node_id, code, name)
    node["classes"].append("api-link")
    return node


def link_prose(app, doctree, docname, known):
    """Make a link of the first use of each name in each section."""
    seen = set()
    for literal in list(doctree.findall(nodes.literal)):
        target = expand(literal.astext(), known)
        place = (section(literal), target)
        if target is None or place in seen or is_inside(literal, nodes.title, nodes.reference):
            continue
        if found := link(app, docname, target, literal.astext()):
            literal.replace_self(found)
            seen.add(place)


def above(node):
    while node.parent is not None:
        node = node.parent
        yield node


def is_inside(node, *kinds):
    return any(isinstance(parent, kinds) for parent in above(node))


def section(node):
    """The section with a title that holds a node; exercises are sections without."""
    sections = (parent for parent in above(node) if isinstance(parent, nodes.section))
    return next((found for found in sections if isinstance(found[0], nodes.title)), None)


def list_used(app, doctree, docname, tree):
    """Above the exercises: what the page uses of the package."""
    links = {True: [], False: []}
    for name, target in used(tree).items():
        if found := link(app, docname, target, name):
            links[target.startswith(TOOLS)].append(found)
    line = nodes.paragraph(classes=["api-used"])
    for text, found in (("From the package: ", links[False]), ("Tools of the book: ", links[True])):
        line += joined(text, found, ". ") if found else []
    exercises = [s for s in doctree.findall(nodes.section) if "exercises" in s["ids"]]
    if exercises:
        exercises[0].parent.insert(exercises[0].parent.index(exercises[0]), line)
    else:
        next(iter(doctree.findall(nodes.section))).append(line)


def joined(text, links, end=""):
    """A list of links as a sentence."""
    commas = [part for node in links for part in (node, nodes.Text(", "))]
    return nodes.inline("", text, *commas[:-1], nodes.Text(end))


def list_users(app, doctree, docname):
    """Below the name of each module: the pages that use it."""
    for place in list(doctree.findall(nodes.container)):
        if "api-place" not in place["classes"]:
            continue
        module = next(iter(place.findall(nodes.literal))).astext()
        files = users().get(module, [])
        links = [contents.link(docname, file, None, page_title(file)) for file in files]
        if links:
            place.parent.insert(place.parent.index(place) + 1, users_line(links))


@cache
def page_title(file):
    return contents.title(contents.read(file))


def users_line(links):
    first, others = links[:SHOWN], links[SHOWN:]
    line = nodes.container("", joined("Used in: ", first), classes=["api-users"])
    if others:
        fold = f" <details><summary>and {len(others)} more</summary>"
        line += [raw(fold), joined("", others), raw("</details>")]
    return line


def raw(html):
    return nodes.raw("", html, format="html")


def link_page(app, doctree, docname):
    if app.builder.format != "html":
        return
    if docname in module_pages().values():
        list_users(app, doctree, docname)
        return
    tree = programs().get(docname)
    link_prose(app, doctree, docname, meanings(tree) if tree else {})
    if tree:
        list_used(app, doctree, docname, tree)


def setup(app):
    app.connect("doctree-resolved", link_page)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
