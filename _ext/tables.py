"""Lists that the build makes, so that nobody keeps them by hand.

`{status-table}`: when each notebook was run, how long it took, with which versions.
`{record-table}`: the same for the recorded experiments; `{recorded}` puts a number into a
sentence. `{exercise-list}`: every exercise, and which of them check themselves.
`{support-table}` torch or tensorflow: which layers can be compiled and exported, and how.
"""

import importlib
import json
import re

import contents
from docutils import nodes
from sphinx.util.docutils import SphinxDirective, SphinxRole

PACKAGES = {"numpy": "NumPy", "torch": "PyTorch", "tensorflow": "TensorFlow", "keras": "Keras"}
HEADS = {
    "compiles": "torch.compile",
    "free_batch": "any batch size",
    "free_steps": "any number of steps",
    "onnx": "ONNX",
    "xla": "XLA",
    "saved_model": "SavedModel",
    "mixed": "states under mixed precision",
    "half": "weights of 16 bits",
}
EXERCISE = re.compile(r":::\{exercise\} ?(.*)\n:label: (\S+)")
CHECK = re.compile(r"exercises\.check\(\s*\"([\w-]+)\"")


def table(columns, rows):
    """A table of plain text, or of nodes where a cell is a link."""
    node = nodes.table(classes=["colwidths-auto", "status-table"])
    group = nodes.tgroup(cols=len(columns))
    group += [nodes.colspec() for _ in columns]
    head, body = nodes.thead(), nodes.tbody()
    head += row(columns)
    body.extend(row(cells) for cells in rows)
    node += group
    group += [head, body]
    return node


def row(cells):
    line = nodes.row()
    for cell in cells:
        content = cell if isinstance(cell, nodes.Node) else nodes.Text(str(cell))
        line += nodes.entry("", nodes.paragraph("", "", content))
    return line


class StatusTable(SphinxDirective):
    def run(self):
        rows = []
        for file in contents.notebooks():
            self.env.note_dependency(str(contents.ROOT / f"{file}.ipynb"))
            status = contents.read(file)["metadata"]["rnnbook"]
            name = file.removeprefix("chapters/")
            versions = [status["versions"][package] for package in PACKAGES]
            link = contents.link(self.env.docname, file, "", name)
            rows.append([link, status["seconds"], status["date"], *versions])
        return [table(["notebook", "CPU seconds", "run on", *PACKAGES.values()], rows)]


def records():
    """{name: record} of all recorded experiments."""
    folder = contents.ROOT / "rnnbook" / "book" / "records"
    return {p.stem: json.loads(p.read_text("utf-8")) for p in sorted(folder.glob("*.json"))}


class RecordTable(SphinxDirective):
    def run(self):
        rows = []
        for name, record in records().items():
            runs = f"{len(record['results']):,}"
            minutes = f"{record['seconds'] / 60:,.0f}"
            versions = [record["versions"][package] for package in PACKAGES]
            rows.append([name, runs, minutes, record["date"], *versions])
        return [table(["experiment", "runs", "minutes", "run on", *PACKAGES.values()], rows)]


class Recorded(SphinxRole):
    """{recorded}`hours`, `runs` or `experiments`: how much was recorded in all."""

    def run(self):
        found = records().values()
        number = {
            "hours": sum(record["seconds"] for record in found) / 3600,
            "runs": sum(len(record["results"]) for record in found),
            "experiments": len(found),
        }[self.text]
        return [nodes.Text(f"{number:,.0f}")], []


class SupportTable(SphinxDirective):
    """Columns that say yes in every row become a sentence."""

    required_arguments = 1  # torch or tensorflow

    def run(self):
        name = f"rnnbook.{self.arguments[0]}.export"
        self.env.note_dependency(str(contents.ROOT / f"{name.replace('.', '/')}.py"))
        module = importlib.import_module(name)
        columns = dict(zip(module.Support._fields, zip(*module.SUPPORT, strict=True), strict=True))
        layers = [nodes.literal("", layer) for layer in columns.pop("layer")]
        everywhere = [field for field, values in columns.items() if set(values) == {True}]
        rest = {field: values for field, values in columns.items() if field not in everywhere}
        words = {True: "yes", False: "no", **getattr(module, "SHORT", {})}
        rows = [
            [layer, *(words.get(value, value) for value in values)]
            for layer, *values in zip(layers, *rest.values(), strict=True)
        ]
        sentence = f"Every layer: {', '.join(HEADS[field] for field in everywhere)}."
        heads = ["layer", *(HEADS[field] for field in rest)]
        return [nodes.paragraph("", sentence), table(heads, rows)]


def exercises(notebook):
    """The exercises of a notebook as (name, label), and the names of those that check."""
    text = "\n".join(contents.source(cell) for cell in notebook["cells"])
    return EXERCISE.findall(text), list(dict.fromkeys(CHECK.findall(text)))


class ExerciseList(SphinxDirective):
    def run(self):
        entries = nodes.bullet_list()
        for file in contents.notebooks():
            self.env.note_dependency(str(contents.ROOT / f"{file}.ipynb"))
            notebook = contents.read(file)
            found, checked = exercises(notebook)
            if found:
                line = self.line(file, contents.title(notebook), found, checked)
                entries += nodes.list_item("", line)
        return [entries]

    def line(self, file, title, found, checked):
        line = nodes.paragraph("", "", nodes.strong("", title), nodes.Text(" · "))
        for number, (name, label) in enumerate(found):
            line += nodes.Text("; " if number else "")
            line += contents.link(self.env.docname, file, label, name)
        if checked:
            line += nodes.Text(". Checked: ")
        for number, name in enumerate(checked):
            line += [nodes.Text(", " if number else ""), nodes.literal("", name)]
        return line


def setup(app):
    app.add_directive("status-table", StatusTable)
    app.add_directive("record-table", RecordTable)
    app.add_directive("exercise-list", ExerciseList)
    app.add_directive("support-table", SupportTable)
    app.add_role("recorded", Recorded())
    return {"parallel_read_safe": True, "parallel_write_safe": True}
