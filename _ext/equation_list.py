"""`{equation-list}`: every numbered equation by page and heading, and the module that computes it.

It is made from the pages, so no equation can be missing from it.
"""

import re

import api_links
import contents
import equation_links
from sphinx.util.docutils import SphinxDirective

HEADING = re.compile(r"#+ (.+)")
LABEL = re.compile(r"\$\$ \((eq-[\w-]+)\)")
FENCE = re.compile(r" *(```|~~~)")


def markdown(file):
    """The text of a page of either kind."""
    path = contents.ROOT / f"{file}.md"
    if path.exists():
        return path.read_text("utf-8")
    cells = [c for c in contents.read(file)["cells"] if c["cell_type"] == "markdown"]
    return "\n".join(contents.source(cell) for cell in cells)


def labels(text):
    """The labels below each heading, in their order: [(heading, [label, ...]), ...]."""
    found, heading, fenced = [], "", False
    for line in text.splitlines():
        if FENCE.match(line):
            fenced = not fenced
        elif not fenced and (match := HEADING.fullmatch(line)):
            heading = match[1]
        for label in LABEL.findall(line):
            if not found or found[-1][0] != heading:
                found.append((heading, []))
            found[-1][1].append(label)
    return found


def title(text):
    """The first heading."""
    return next(m[1] for line in text.splitlines() if (m := HEADING.fullmatch(line)))


def modules(names):
    """The files that compute these equations, each as a link to its first page: NumPy before."""
    first, documented = {}, api_links.module_pages()
    computed = equation_links.source_labels()
    for name in names:
        for module in computed.get(name, []):
            if module in documented:
                first.setdefault(module.rpartition(".")[2], module)
    return [f"{{py:mod}}`{name} <{module}>`" for name, module in first.items()]


def pages():
    """The pages with numbered equations: {file: (title, [(heading, labels), ...])}."""
    texts = {file: markdown(file) for file in contents.parts()}
    return {file: (title(t), found) for file, t in texts.items() if (found := labels(t))}


def listing():
    """The list in Markdown."""
    lines = []
    for file, (name, sections) in pages().items():
        lines.append(f"- {{doc}}`{name} </{file}>`")
        for heading, names in sections:
            numbers = ", ".join(f"{{eq}}`{label}`" for label in names)
            where = ", ".join(modules(names))
            lines.append(f"  - {heading}{f', in {where}' if where else ''}: {numbers}")
    return "\n".join(lines)


class EquationList(SphinxDirective):
    def run(self):
        for file in contents.parts():  # one without equations may get some
            self.env.note_dependency(self.env.doc2path(file))
        return self.parse_text_to_nodes(listing())


def setup(app):
    app.add_directive("equation-list", EquationList)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
