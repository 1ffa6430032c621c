"""Links both ways between a numbered equation and the source lines that compute it.

A source line ends in `# eq-some-label`; a page has an equation labelled `eq-some-label`. Below
the equation stand links to the lines; pointing at one shows the line itself, and choosing one
shows the lines of that framework below every equation. In the listings each comment links back.
"""

import ast
import re
from html import escape
from itertools import pairwise
from pathlib import Path
from textwrap import dedent
from typing import NamedTuple

from docutils import nodes

ROOT = Path(__file__).resolve().parent.parent
COMMENT = re.compile(r"# (eq-[\w-]+)$")
LISTED_COMMENT = re.compile(r'<span class="c1"># (eq-[\w-]+)</span>')
NAMES = {"numpy": "NumPy", "torch": "PyTorch", "tensorflow": "TensorFlow"}


class Source(NamedTuple):
    """Where an equation is computed, and how."""

    module: str
    code: str

    @property
    def framework(self):
        return NAMES.get(self.module.split(".")[1], self.module)


def files():
    """The files of the package, NumPy before the frameworks."""
    order = {"numpy": 0, "torch": 1, "tensorflow": 2}
    found = (ROOT / "rnnbook").glob("**/*.py")
    return sorted(found, key=lambda p: (order.get(p.parent.name, 3), p.name))


def statements(text):
    """The statement that ends on each line: {number of its last line: its source}.

    A sum in two steps, `a = x @ W` and `a += b`, is shown whole.
    """
    lines, found = text.splitlines(), {}
    for block in blocks(ast.parse(text)):
        for before, node in pairwise([None, *block]):
            if isinstance(node, (ast.Assign, ast.AugAssign)):
                first = before if adds_to(node, before) else node
                source = "\n".join(lines[first.lineno - 1 : node.end_lineno])
                found[node.end_lineno] = dedent(source)
    return found


def blocks(tree):
    """Every list of statements in a syntax tree."""
    for node in ast.walk(tree):
        parts = [getattr(node, name, None) for name in ("body", "orelse", "finalbody")]
        yield from (part for part in parts if isinstance(part, list))


def adds_to(node, before):
    """Whether `node` is `a += ...` directly after `a = ...`."""
    return (
        isinstance(node, ast.AugAssign)
        and isinstance(before, ast.Assign)
        and ast.unparse(before.targets[0]) == ast.unparse(node.target)
    )


def sources():
    """Every label in the package: {label: [Source, ...]}."""
    labels = {}
    for path in files():
        module = ".".join(path.relative_to(ROOT).with_suffix("").parts)
        module = module.removesuffix(".__init__")
        text = path.read_text("utf-8")
        ends = statements(text) if "# eq-" in text else {}
        for number, line in enumerate(text.splitlines(), start=1):
            if match := COMMENT.search(line):
                code = COMMENT.sub("", ends.get(number, line)).rstrip()
                labels.setdefault(match[1], []).append(Source(module, code))
    return labels


def source_labels():
    """Every label in the package and the modules that have it: {label: [module, ...]}."""
    return {label: [s.module for s in found] for label, found in sources().items()}


def link_equations(app, doctree, docname):
    """Below every labelled equation: links to the lines that compute it."""
    if app.builder.format != "html":
        return
    for equation in list(doctree.findall(nodes.math_block)):
        found = app.equation_sources.get(equation.get("label"), [])
        if found:
            html = links(app, docname, equation["label"], found)
            raw = nodes.raw("", html, format="html")
            equation.parent.insert(equation.parent.index(equation) + 1, raw)


def links(app, docname, label, found):
    entries = []
    for source in found:
        page = "_modules/" + source.module.replace(".", "/")
        href = app.builder.get_relative_uri(docname, page) + "#" + label
        entries.append(
            f'<a class="eq-link" href="{href}" data-framework="{source.framework}">'
            f'{source.framework}<code class="eq-line">{escape(source.code)}</code></a>'
        )
    return f'<p class="equation-code">in {" ".join(entries)}</p>'


def link_back(app, pagename, templatename, context, doctree):
    """In the source listings: make each label an anchor that links to its equation."""
    if not pagename.startswith("_modules/") or "body" not in context:
        return
    equations = app.env.get_domain("math").equations

    def anchor(match):
        label = match[1]
        if label not in equations:
            return match[0]
        uri = app.builder.get_relative_uri(pagename, equations[label][0])
        href = f"{uri}#{nodes.make_id(f'equation-{label}')}"  # anchors are in lower case
        return f'<a id="{label}" class="c1 equation-back" href="{href}"># {label}</a>'

    context["body"] = LISTED_COMMENT.sub(anchor, context["body"])


def setup(app):
    app.equation_sources = sources()
    app.connect("doctree-resolved", link_equations)
    app.connect("html-page-context", link_back)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
