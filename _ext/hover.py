"""What a link shows in a small card when it is pointed at, focused or tapped: `_static/hover.js`.

The page itself holds what the cards need, so that they work offline and from a file. Terms of
the glossary and citations have it as their title, which browsers show without scripts too. Here
the build adds it to links to a statement of the article and to an equation of another page. The
script finds equations and figures of the same page by itself.
"""

import re
from html import escape

from docutils import nodes

ARTICLE = "chapters/appendix/article"
TO_STATEMENT = re.compile(r'<a href="[^"]*article\.html#([a-z]\d)"')


class card_link(nodes.reference):
    """A link with attributes of its own in HTML: {"data-tex": "x + y"}."""


def visit_card_link(translator, node):
    attributes = {"href": node["refuri"], **node["attributes"]}
    translator.body.append(
        translator.starttag(node, "a", "", CLASS="reference internal", **attributes)
    )


def depart_card_link(translator, node):
    translator.body.append("</a>")


def statements(env):
    """What the article states and what the verdict is: {"b1": text}."""
    found = {}
    for section in env.get_doctree(ARTICLE).findall(nodes.section):
        parts = [p.astext() for p in section.children if isinstance(p, nodes.paragraph)]
        text = " ".join(p for p in parts if p.startswith(("Stated:", "Verdict:")))
        if text:
            found[section[0].astext().split()[0].lower()] = text  # the title is "C3 · ..."
    return found


def equations(env):
    """The LaTeX of every labelled equation: {(page, anchor): source}."""
    labelled = env.get_domain("math").equations
    found = {}
    for docname in {docname for docname, _ in labelled.values()}:
        for block in env.get_doctree(docname).findall(nodes.math_block):
            if block.get("label") in labelled:
                anchor = nodes.make_id(f"equation-{block['label']}")
                found[docname, anchor] = block.astext().strip()
    return found


def collect(app, env):
    """Before the pages are written: what their links may have to show."""
    app.card_statements = statements(env)
    app.card_equations = equations(env)


def fill_equations(app, doctree, docname):
    """Give its source to every link to an equation of another page."""
    if app.builder.format != "html":
        return
    tex = {
        f"{app.builder.get_relative_uri(docname, page)}#{anchor}": source
        for (page, anchor), source in app.card_equations.items()
        if page != docname
    }
    for link in list(doctree.findall(nodes.reference)):
        uri = link.get("refuri")
        if uri in tex:
            card = card_link("", "", refuri=uri, attributes={"data-tex": tex[uri]})
            card += link.children
            link.replace_self(card)


def fill_statements(app, pagename, templatename, context, doctree):
    """Give a title to the links in the head of a page, which are HTML."""

    def titled(match):
        return f'{match[0]} title="{escape(app.card_statements[match[1]])}"'

    if "body" in context:
        context["body"] = TO_STATEMENT.sub(titled, context["body"])


def setup(app):
    app.add_node(card_link, html=(visit_card_link, depart_card_link))
    app.connect("env-updated", collect)
    app.connect("doctree-resolved", fill_equations)
    app.connect("html-page-context", fill_statements, priority=900)  # when the head is there
    return {"parallel_read_safe": True, "parallel_write_safe": True}
