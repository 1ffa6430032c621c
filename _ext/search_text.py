"""The text of a page as the search needs it: cut at its headings, and at the functions of a module.

Mathematics is left out, but for symbols that read well as text; of code only the names are kept.
"""

import re
from typing import NamedTuple

from docutils import nodes
from sphinx import addnodes

CODE = (nodes.literal_block, nodes.doctest_block)
HIDDEN = (*CODE, nodes.raw, nodes.comment, nodes.math_block, nodes.image, nodes.title)
HIDDEN += (addnodes.index, addnodes.toctree, addnodes.desc_signature)
LEFT_OUT = {"headerlink", "claim-evidence"}  # classes
PLAIN_SYMBOL = re.compile(r"[\w ,.=+()-]{1,20}")
NAME = re.compile(r"[A-Za-z_]\w{2,}")


class Section(NamedTuple):
    anchor: str
    heading: str
    text: str
    code: str


def is_section(node):
    """Whether a node has a place in the page that a result can lead to."""
    if isinstance(node, addnodes.desc):
        return bool(node[0]["ids"])
    return isinstance(node, nodes.section) and bool(node["ids"])


def inside(node, wanted):
    """The nodes of a kind below a node, without those that belong to a section below it."""
    for child in node.children:
        if wanted(child):
            yield child
        elif not is_section(child):
            yield from inside(child, wanted)


def words(node):
    """What a reader sees of a node as text."""
    if isinstance(node, HIDDEN) or is_section(node):
        return ""
    if isinstance(node, nodes.Element) and LEFT_OUT & set(node["classes"]):
        return ""
    if isinstance(node, nodes.math):
        return node.astext() if PLAIN_SYMBOL.fullmatch(node.astext()) else "…"
    if isinstance(node, nodes.Text):
        return node.astext()
    gap = "" if isinstance(node, nodes.Inline) else " "
    return "".join(words(child) for child in node.children) + gap


def section(node):
    """What stands in a section itself, above the sections below it."""
    text = "".join(words(child) for child in node.children)
    return Section(*place(node), " ".join(text.split()), " ".join(names_in_code(node)))


def names_in_code(node):
    """The names in the code of a section, each once."""
    code = [found.astext() for found in inside(node, lambda child: isinstance(child, CODE))]
    return dict.fromkeys(NAME.findall(" ".join(code)))


def place(node):
    """The anchor and the heading of a section; of a function, its full name twice."""
    if isinstance(node, addnodes.desc):
        return node[0]["ids"][0], node[0]["ids"][0]
    title = node.next_node(nodes.title)
    return (node["ids"][0], title.astext()) if title else ("", "")


def sections(node):
    """The sections of a page, in order: the first is the page itself, above its first heading."""
    for child in inside(node, is_section):
        yield section(child)
        yield from sections(child)
