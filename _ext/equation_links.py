"""Links both ways between a numbered equation and the source lines that compute it.

A source line ends in `# eq-some-label`; a page has an equation labelled `eq-some-label`. Below
the equation come links to the lines, and in the source listings each comment links back.
"""

import re
from pathlib import Path

from docutils import nodes

ROOT = Path(__file__).resolve().parent.parent
COMMENT = re.compile(r"# (eq-[\w-]+)$")
LISTED_COMMENT = re.compile(r'<span class="c1"># (eq-[\w-]+)</span>')
NAMES = {"numpy": "NumPy", "torch": "PyTorch", "tensorflow": "TensorFlow"}


def source_labels():
    """Every label in the package: {label: [module, ...]}, NumPy before the frameworks."""
    labels = {}
    order = {"numpy": 0, "torch": 1, "tensorflow": 2}
    files = (ROOT / "rnnbook").glob("**/*.py")
    for path in sorted(files, key=lambda p: (order.get(p.parent.name, 3), p.name)):
        module = ".".join(path.relative_to(ROOT).with_suffix("").parts)
        for line in path.read_text("utf-8").splitlines():
            if match := COMMENT.search(line):
                labels.setdefault(match[1], []).append(module)
    return labels


def link_equations(app, doctree, docname):
    """Below every labelled equation: links to the lines that compute it."""
    if app.builder.format != "html":
        return
    for equation in list(doctree.findall(nodes.math_block)):
        modules = app.equation_modules.get(equation.get("label"), [])
        if modules:
            paragraph = nodes.paragraph(classes=["equation-code"])
            paragraph += nodes.Text("code: ")
            for number, module in enumerate(modules):
                if number:
                    paragraph += nodes.Text(" · ")
                page = "_modules/" + module.replace(".", "/")
                uri = app.builder.get_relative_uri(docname, page) + "#" + equation["label"]
                text = NAMES.get(module.split(".")[1], module)
                paragraph += nodes.reference("", text, refuri=uri, internal=True)
            equation.parent.insert(equation.parent.index(equation) + 1, paragraph)


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
    app.equation_modules = source_labels()
    app.connect("doctree-resolved", link_equations)
    app.connect("html-page-context", link_back)
    app.add_css_file("book.css")
    return {"parallel_read_safe": True, "parallel_write_safe": True}
