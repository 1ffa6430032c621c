"""Claims as checked sentences: a mark, the sentence, its evidence and kind, and an anchor.

Notebooks store what `rnnbook.book.claims.claim` prints, as plain text that every viewer can
show. When a page is built, each claim in such an output becomes a sentence in text type. The
page "What is claimed" lists all of them (`{claim-ledger}`).
"""

import re
from hashlib import sha256
from typing import NamedTuple

import contents
from docutils import nodes
from sphinx.util.docutils import SphinxDirective

LINE = re.compile(r"^(claim|evidence|kind): (.*)$")
KINDS = {
    "exact": "exact",
    "measured": "measured on their page each time the tests run",
    "recorded": "recorded by an experiment",
    "timed": "timed by make bench",
}


class Claim(NamedTuple):
    statement: str
    evidence: str = ""
    kind: str = ""

    @property
    def sentence(self):
        """The statement as a sentence, with the signs of print."""
        text = re.sub(r"(?<![\w.)])-(?=[\d.])", "−", self.statement).replace("'", "’")
        text = text[:1].upper() + text[1:]
        return text if text.endswith((".", "!", "?")) else text + "."

    @property
    def anchor(self):
        """Where the claim stands in its page: it stays the same when the rest changes."""
        words = re.findall(r"[a-z0-9]+", self.statement.lower())[:6]
        return "-".join(["claim", *words, sha256(self.statement.encode()).hexdigest()[:4]])


def parse(text):
    """The claims in a printed text, and what stands between them, in order."""
    found, rest = [], []
    for line in text.splitlines():
        match = LINE.match(line)
        key, value = match.groups() if match else (None, line)
        if key == "claim":
            found, rest = [*found, *plain(rest), Claim(value)], []
        elif key is not None and found and isinstance(found[-1], Claim) and not rest:
            field = "evidence" if key == "evidence" else "kind"
            found[-1] = found[-1]._replace(**{field: value})
        else:
            rest.append(line)
    return found + plain(rest)


def has_claims(text):
    return any(line.startswith("claim: ") for line in text.splitlines())


def plain(lines):
    text = "\n".join(lines).strip("\n")
    return [text] if text.strip() else []


def stored_claims(notebook):
    """All claims among the stored outputs of a notebook."""
    found = []
    for cell in notebook["cells"]:
        outputs = [o for o in cell.get("outputs", []) if o.get("name") == "stdout"]
        found += parse("".join("".join(o["text"]) for o in outputs))
    return [entry for entry in found if isinstance(entry, Claim)]


def claim_node(claim):
    """The claim as a box of two paragraphs."""
    statement = nodes.paragraph("", claim.sentence, classes=["claim-statement"])
    link = nodes.reference("", "#", refid=claim.anchor, classes=["headerlink"])
    link["reftitle"] = "Link to this claim"
    statement += [nodes.Text(" "), link]
    evidence = nodes.paragraph(classes=["claim-evidence"])
    if claim.evidence:
        evidence += nodes.inline("", claim.evidence, classes=["claim-numbers"])
    if claim.kind:
        evidence += nodes.inline("", claim.kind, classes=["claim-kind"])
    return nodes.container("", statement, evidence, classes=["claim"], ids=[claim.anchor])


def show_claims(app, doctree, docname):
    """Turn the printed claims of a page into checked sentences."""
    for output in list(doctree.findall(nodes.literal_block)):
        if "stream" not in output["classes"] or not has_claims(output.astext()):
            continue
        parts = []
        for part in parse(output.astext()):
            if isinstance(part, Claim):
                parts.append(claim_node(part))
            else:
                parts.append(nodes.literal_block(part, part, **output.attributes))
        output.parent[output.parent.index(output) : output.parent.index(output) + 1] = parts


class ClaimLedger(SphinxDirective):
    """Every claim of the book, by page and kind, each linked to its place."""

    def run(self):
        found = {file: contents.read(file) for file in contents.notebooks()}
        for file in found:
            self.env.note_dependency(str(contents.ROOT / f"{file}.ipynb"))
        claims = {file: stored_claims(notebook) for file, notebook in found.items()}
        sections = [self.section(file, found[file], claims[file]) for file in found]
        return [counts(claims), *sections]

    def section(self, file, notebook, claims):
        section = nodes.section(ids=[nodes.make_id("claims-of-" + file.rsplit("/", 1)[-1])])
        section += nodes.title("", contents.title(notebook))
        entries = nodes.bullet_list(classes=["claim-list"])
        for claim in claims:
            link = contents.link(self.env.docname, file, claim.anchor, claim.sentence)
            kind = nodes.inline("", claim.kind, classes=["claim-kind"])
            entries += nodes.list_item("", nodes.paragraph("", "", link, nodes.Text(" "), kind))
        section += entries
        return section


def counts(claims):
    """How many claims of each kind, in words."""
    kinds = [claim.kind for found in claims.values() for claim in found]
    parts = [f"{sum(k.startswith(name) for k in kinds):,} {what}" for name, what in KINDS.items()]
    text = f"{len(kinds):,} claims on {len(claims)} pages: {'; '.join(parts)}."
    return nodes.paragraph("", text)


def setup(app):
    app.add_directive("claim-ledger", ClaimLedger)
    app.connect("doctree-resolved", show_claims)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
