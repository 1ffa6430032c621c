"""`{picture}`: a figure of a notebook, shown on another page as well.

Its arguments are the notebook and the name of the figure; its content is a caption. The picture
is the notebook's own output, so it cannot grow stale, and it gets a dark twin like any other.
"""

import json
from pathlib import Path

from docutils import nodes
from sphinx.util.docutils import SphinxDirective


def figure_of(path, name):
    """The SVG and the alt text of the figure of this name."""
    for cell in json.loads(path.read_text("utf-8"))["cells"]:
        drawn = cell["metadata"].get("mystnb", {})
        if drawn.get("figure", {}).get("name") == name:
            (svg,) = (o["data"]["image/svg+xml"] for o in cell["outputs"] if "data" in o)
            return "".join(svg), drawn["image"]["alt"]
    raise ValueError(f"{path.name} has no figure {name}")


class Picture(SphinxDirective):
    required_arguments = 2
    has_content = True

    def run(self):
        page, name = self.arguments
        source = Path(self.env.srcdir)
        self.env.note_dependency(str(source / f"{page}.ipynb"))
        svg, alt = figure_of(source / f"{page}.ipynb", name)
        target = source / "_build" / "jupyter_execute" / f"{name}.svg"
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(svg, encoding="utf-8")
        uri = "/" + target.relative_to(source).as_posix()
        text = nodes.paragraph(classes=["caption"])
        children, _ = self.parse_inline(" ".join(self.content), lineno=self.content_offset)
        text += children
        return [nodes.image(uri=uri, alt=alt, classes=["mw-100", "align-center"]), text]


def setup(app):
    app.add_directive("picture", Picture)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
