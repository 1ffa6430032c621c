"""What a page is not about is folded under a name: set-up, drawing, checking, preparing.

A notebook's cells carry these words as tags. Figures and checked sentences come first, the code
behind them is folded below. All set-up of a page is one fold, and stands below the first picture;
so does the code that prepares this picture, where it prints nothing.
"""

import re

from docutils import nodes

NAMES = {
    "set-up": "Set-up",
    "drawing": "Drawing",
    "checking": "How this was checked",
    "preparing": "Preparation",
}
NOT_ATTEMPTED = re.compile(r"^[\w-]+: not attempted$\n?", re.MULTILINE)


class fold(nodes.General, nodes.Element):
    """Content that opens with a click; `name` is what stands on its bar."""


def visit_fold(self, node):
    name = self.encode(node["name"])
    kind = " ".join(["fold", *node["classes"]])
    self.body.append(f'<details class="{kind}"><summary>{name}</summary>\n')


def depart_fold(self, node):
    self.body.append("</details>\n")


def is_part(node, name):
    return isinstance(node, nodes.container) and node.get("nb_element") == name


def cells(doctree):
    return [node for node in doctree.findall(nodes.container) if is_part(node, "cell_code")]


def tag_of(cell):
    """The one tag of a cell that folds its code, or None."""
    return next((tag for tag in NAMES if f"tag_{tag}" in cell["classes"]), None)


def fold_code(cell, tag):
    """Put the code of a cell behind a bar: below what it shows, above where it shows nothing."""
    code = [part for part in cell.children if is_part(part, "cell_code_source")]
    for part in code:
        cell.remove(part)
    folded = fold("", *code, name=NAMES[tag], classes=[f"fold-{tag}"])
    cell.insert(len(cell) if tag in ("drawing", "checking") else 0, folded)


def join(group):
    """One fold, in the first cell, for the code of several."""
    first, *others = group
    (bar,) = first.findall(fold)
    for other in others:
        for part in next(iter(other.findall(fold))).children:
            bar += part
        other.parent.remove(other)
    return first


def first_drawing(doctree, found):
    """The cell that draws the first picture, or None where no cell does."""
    place = next(iter(doctree.findall(nodes.image)), None)
    while place is not None and place not in found:
        place = place.parent
    return place


def make_way(doctree, found):
    """One fold for all set-up, one for what the first picture needs, none of it above that."""
    place = first_drawing(doctree, found)
    before = found[: found.index(place)] if place is not None else []
    preparing = [
        cell
        for cell in before
        if tag_of(cell) == "preparing" and cell.parent is place.parent and len(cell) == 1
    ]
    set_up = [cell for cell in found if tag_of(cell) == "set-up"]
    for group in filter(None, (preparing, set_up)):
        first = join(group)
        if first in before:
            first.parent.remove(first)
            place.parent.insert(place.parent.index(place) + 1, first)


def drop_not_attempted(doctree):
    """An exercise that waits for its reader prints nothing on the page."""
    for output in list(doctree.findall(nodes.literal_block)):
        text = output.astext()
        if "stream" not in output["classes"] or not NOT_ATTEMPTED.search(text):
            continue
        left = NOT_ATTEMPTED.sub("", text).strip("\n")
        output.children = [nodes.Text(left)]
        output.rawsource = left
        if not left:
            box = output.parent
            box.remove(output)
            if not box.children:
                box.parent.remove(box)


def fold_cells(app, doctree, docname):
    drop_not_attempted(doctree)
    found = cells(doctree)
    for cell in found:
        if tag := tag_of(cell):
            fold_code(cell, tag)
    make_way(doctree, found)


def setup(app):
    app.add_node(fold, html=(visit_fold, depart_fold))
    app.connect("doctree-resolved", fold_cells, priority=600)  # after the claims have their form
    return {"parallel_read_safe": True, "parallel_write_safe": True}
