"""`{status-table}`: when each notebook was run, for how long, and with which versions."""

import json
from pathlib import Path

from docutils import nodes
from sphinx.util.docutils import SphinxDirective

ROOT = Path(__file__).resolve().parent.parent
COLUMNS = ("notebook", "seconds", "run on", "NumPy", "PyTorch", "TensorFlow", "Keras")


def status_rows():
    """One row for each notebook, from the metadata that `make execute` stores."""
    rows = []
    for path in sorted((ROOT / "chapters").glob("**/*.ipynb")):
        status = json.loads(path.read_text("utf-8"))["metadata"]["rnnbook"]
        name = path.relative_to(ROOT / "chapters").with_suffix("").as_posix()
        versions = [status["versions"][key] for key in ("numpy", "torch", "tensorflow", "keras")]
        rows.append([name, str(status["seconds"]), status["date"], *versions])
    return rows


class StatusTable(SphinxDirective):
    """A table of all notebooks."""

    def run(self):
        table = nodes.table(classes=["colwidths-auto", "status-table"])
        group = nodes.tgroup(cols=len(COLUMNS))
        table += group
        for _ in COLUMNS:
            group += nodes.colspec()
        head, body = nodes.thead(), nodes.tbody()
        head += row(COLUMNS)
        body.extend(row(cells) for cells in status_rows())
        group += [head, body]
        return [table]


def row(cells):
    line = nodes.row()
    for cell in cells:
        line += nodes.entry("", nodes.paragraph("", cell))
    return line


def setup(app):
    app.add_directive("status-table", StatusTable)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
