"""Where each data file comes from, from files/sources.toml: the one place where that is kept."""

import tomllib
from functools import cache
from pathlib import Path
from typing import NamedTuple

FOLDER = Path(__file__).parent / "files"

# The licences that data may have here, and where each can be read.
LICENCES = {
    "public domain": "",
    "MIT": "https://opensource.org/license/mit",
    "CC-BY-4.0": "https://creativecommons.org/licenses/by/4.0/",
    "CC-BY-SA-3.0": "https://creativecommons.org/licenses/by-sa/3.0/",
}


class Package(NamedTuple):
    """What passed a file on. `copyright` is the notice that its licence asks to be kept."""

    kind: str
    name: str
    version: str
    licence: str
    copyright: str = ""

    def __str__(self) -> str:
        holder = f", © {self.copyright.removesuffix('.')}" if self.copyright else ""
        return f"{self.kind} {self.name} {self.version} ({self.licence}{holder})"


class Source(NamedTuple):
    """One data file. The fields are explained at the top of files/sources.toml."""

    loader: str
    holds: str
    creators: str
    origin: str
    licence: str
    changes: str
    package: Package
    sha256: str

    @property
    def licence_link(self) -> str:
        """The licence in Markdown, with a link where there is something to read."""
        link = LICENCES[self.licence]
        return f"[{self.licence}]({link})" if link else self.licence


@cache
def read() -> dict[str, Source]:
    """{name of a file: its source}, in the order of files/sources.toml.

    >>> read()["alice29.txt"].creators
    'Lewis Carroll'
    """
    entries = tomllib.loads((FOLDER / "sources.toml").read_text("utf-8"))
    return {
        name: Source(**{**entry, "package": Package(**entry["package"])})
        for name, entry in entries.items()
    }


def table() -> str:
    """All of them as a table in Markdown: what SOURCES.md holds."""
    heads = ("file", "what it holds", "by", "origin", "through", "licence", "what was changed")
    lines = [heads, ("---",) * len(heads)]
    lines += [
        (name, s.holds, s.creators, s.origin, str(s.package), s.licence_link, s.changes)
        for name, s in read().items()
    ]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)
