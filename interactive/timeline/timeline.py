"""The timeline of the page on history: entries, what they build on, and their sources."""

import json
import re
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
LARGEST = {"entry": 39}


def events():
    """The entries of the table in the notebook, in its order."""
    page = json.loads((ROOT / "chapters/background/history.ipynb").read_text("utf-8"))
    sources = ("".join(cell["source"]) for cell in page["cells"])
    table = next(source for source in sources if 'TABLE = """' in source)
    lines = table.split('TABLE = """\n')[1].split('"""')[0].splitlines()
    found = []
    for line, what in zip(lines[::2], lines[1::2], strict=True):
        year, name, key, family, bases = line.split("|")
        bases = [base for base in bases.split(", ") if base]
        found.append(
            {
                "year": int(year),
                "name": name,
                "family": family,
                "bases": bases,
                "what": what.strip(),
                "source": source_of(key),
            }
        )
    return found


def source_of(key):
    """Authors and title from the bibliography, in plain letters."""
    bibliography = (ROOT / "references.bib").read_text("utf-8")
    (line,) = re.findall(rf"^@\w+{{{re.escape(key)},.*$", bibliography, flags=re.MULTILINE)
    authors = plain(re.search(r"author=\{(.*?)\}, \w+=", line)[1]).split(" and ")
    names = [author.split(",")[0] for author in authors]
    if len(names) > 2:
        names = [f"{names[0]} and others"]
    return f"{' and '.join(names)}, {plain(re.search(r'title={(.*?)}, ', line + ', ')[1])}"


ACCENTS = {'"': "\u0308", "'": "\u0301", "`": "\u0300", "^": "\u0302", "~": "\u0303", "v": "\u030c"}


def plain(text):
    r"""Without the braces and accents of TeX: K{\"o}nig becomes König."""
    import unicodedata

    text = re.sub(r"\{?\\([\"'`^~v])\s*\{?(\w)\}?\}?", lambda m: m[2] + ACCENTS[m[1]], text)
    text = re.sub(r"[{}]|\\(?=&)", "", text).replace("--", "–")
    return unicodedata.normalize("NFC", text)


def data():
    return {"events": events()}


def random_settings(rng):
    """Settings that a reader could choose."""
    return {"entry": int(rng.integers(len(events())))}


def ancestors(entries, name):
    """All that an entry builds on, directly or through others."""
    bases = next(entry["bases"] for entry in entries if entry["name"] == name)
    return {*bases}.union(*(ancestors(entries, base) for base in bases))


def reference(settings):
    """The places of an entry's ancestors, and of all that builds on it."""
    entries = events()
    names = [entry["name"] for entry in entries]
    before = {name: ancestors(entries, name) for name in names}
    own = names[settings["entry"]]
    return {
        "ancestors": [k for k, name in enumerate(names) if name in before[own]],
        "heirs": [k for k, name in enumerate(names) if own in before[name]],
    }
