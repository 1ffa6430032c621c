"""The page on the article: coloured verdicts, how often each is given, and a table of them all.

`{verdict}` shows a word of the scale as a badge, `{verdict-count}` how many statements of the
page have it (or `all`). `{verdict-table}` has a row for each statement, made from the sections
of the page, so that the two cannot disagree.
"""

import re
from pathlib import Path
from typing import NamedTuple

from docutils import nodes
from sphinx.util.docutils import SphinxDirective, SphinxRole

SCALE = ("right", "fair", "outdated", "overstated", "incomplete", "wrong")
LABEL = re.compile(r"^\(([A-Z]\d)\)=$", flags=re.MULTILINE)
FIELD = re.compile(r"^\*\*(\w+):\*\* (.+)$", flags=re.MULTILINE)
BADGE = re.compile(r"^\{verdict\}`(\w+)`$")
LINK = re.compile(r"\[.+?\]\(\S+?\)")


class Statement(NamedTuple):
    name: str
    title: str
    fields: dict

    @property
    def verdict(self):
        """The word on the badge; nothing where there is no badge."""
        match = BADGE.match(self.fields.get("Verdict", ""))
        return match[1] if match else ""

    @property
    def links(self):
        """What the evidence leads to, as Markdown."""
        return LINK.findall(self.fields.get("Evidence", ""))

    @property
    def row(self):
        cells = [f"{{ref}}`{self.name} <{self.name}>`", self.title]
        return [*cells, f"{{verdict}}`{self.verdict}`", self.links[0]]


def statements(text):
    """The statements of a page, in its order: each begins with a label such as (B1)=."""
    _, *parts = LABEL.split(text)
    found = zip(parts[::2], parts[1::2], strict=True)
    return [Statement(name, title(name, body), dict(FIELD.findall(body))) for name, body in found]


def title(name, body):
    """What the heading says behind the name."""
    match = re.match(rf"\s*### {name} · (.+)$", body, flags=re.MULTILINE)
    return match[1] if match else ""


def table(found):
    """The rows of all statements as a table in Markdown."""
    lines = [["", "the article states", "verdict", "evidence"], ["---"] * 4]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in [*lines, *(s.row for s in found)])


def count(word, found):
    return len(found) if word == "all" else sum(s.verdict == word for s in found)


def of_page(env):
    return statements(Path(env.doc2path(env.docname)).read_text("utf-8"))


class Verdict(SphinxRole):
    def run(self):
        if self.text not in SCALE:
            message = self.inliner.reporter.error(f"no verdict: {self.text}", line=self.lineno)
            return [self.inliner.problematic(self.rawtext, self.rawtext, message)], [message]
        return [nodes.inline("", self.text, classes=["verdict", f"verdict-{self.text}"])], []


class VerdictCount(SphinxRole):
    def run(self):
        return [nodes.Text(str(count(self.text, of_page(self.env))))], []


class VerdictTable(SphinxDirective):
    def run(self):
        found = self.parse_text_to_nodes(table(of_page(self.env)))
        for node in found:
            node["classes"].append("verdict-table")
        return found


def setup(app):
    app.add_role("verdict", Verdict())
    app.add_role("verdict-count", VerdictCount())
    app.add_directive("verdict-table", VerdictTable)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
