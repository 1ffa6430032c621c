"""Reader of CoNLL-U files with PropBank roles, as the Universal Propositions corpora have them.

CoNLL-U has one line a token, its columns between tabs, and an empty line after each sentence. The
Universal Propositions (Akbik et al. 2015) go on in the same line, in one of three layouts:

- *columns*, English in version 1: after ten columns, column 11 names the predicate's roleset (such
  as `give.01`, `_` for other tokens), and each further column has the roles of one predicate, in
  their order. The predicate itself has the role V.
- *flags*, the other languages in version 1: after eight columns, column 9 has Y at a predicate,
  column 10 its roleset, and the columns of roles follow. There is no V.
- *spans*, version 2 merged with its treebank: column 11 as above, and all arguments of a predicate
  in its own line: column 12 has their heads, column 13 their spans, such as `ARG0:1-2|ARG1:4-5`.

In the first two a head token has the role, and its subtree is the argument. Columns of roles with
BIO tags or with spans in brackets, ``(ARG0* ... *)``, are read as they stand.
"""

import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from rnnbook.data import _role_tags as role_tags

COLUMNS = 10  # at least, in every line but those of contractions
FORM, HEAD, FLAG, SPANS = 1, 6, 8, 12
ROLESET = {"columns": 10, "flags": 9, "spans": 10}
EMPTY = ("", "_")
PREDICATE = ("V", "B-V", "(V*", "(V*)")


class Proposition(NamedTuple):
    """One predicate of a sentence, with the roles of the other tokens."""

    tokens: list[str]
    predicate: int  # the place of the verb
    tags: list[str]  # one BIO tag a token
    roleset: str  # such as "give.01"


class _Sentence(NamedTuple):
    rows: list[list[str]]  # the columns of each token
    place: str  # where it stands, for errors


def read_propositions(path: str | os.PathLike[str]) -> list[Proposition]:
    """All predicates of a file, in order; a sentence with two predicates gives two.

    The layout is found out from the whole file. Raises `ValueError`, with the file, the line and
    the name of the sentence, where a line is malformed or where predicates and columns of roles do
    not belong together, for a file without any predicate, and for one that is not UTF-8. No
    sentence is skipped.

    >>> import tempfile
    >>> rows = "1 Birds birds NOUN _ _ 2 nsubj _ _ _ ARG0", "2 sing sing VERB _ _ 0 _ _ _ sing.01 V"
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder) / "tiny.conllu"
    ...     _ = path.write_text("\\n".join(row.replace(" ", "\\t") for row in rows) + "\\n")
    ...     read_propositions(path)
    [Proposition(tokens=['Birds', 'sing'], predicate=1, tags=['B-ARG0', 'O'], roleset='sing.01')]
    """
    sentences = list(_sentences(Path(path)))
    layout = _layout(sentences)
    found = [one for sentence in sentences for one in _propositions(sentence, layout)]
    if not found:
        raise ValueError(
            f"{path} has no predicate; expected rolesets in column 11, "
            "or in column 10 with Y in column 9"
        )
    return found


def _sentences(path: Path) -> Iterator[_Sentence]:
    """The sentences of a file, without comments, contractions and empty nodes."""
    rows: list[list[str]] = []
    first, name = 1, ""
    # Not splitlines: it also splits at characters that stand inside tokens, such as U+2028.
    for number, line in enumerate([*_text(path).split("\n"), ""], start=1):
        if not line.strip():
            if rows:
                yield _Sentence(rows, f"{path}, the sentence{name} that begins in line {first}")
            rows, first, name = [], number + 1, ""
        elif line.startswith("#"):
            named = re.match(r"#\s*sent_id\s*=?\s*(.+)", line)
            name = f" {named[1].strip()}" if named else name
        elif not re.match(r"\d+[-.]\d+\t", line):  # the words of a contraction have own lines
            place = f"{path}, {f'sentence{name}, ' if name else ''}line {number}"
            rows.append(_checked(line.split("\t"), rows, place))


def _text(path: Path) -> str:
    content = path.read_bytes()
    if content.startswith(b"\x1f\x8b"):
        raise ValueError(f"{path} is packed with gzip; expected text: gunzip it first")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        raise ValueError(
            f"{path}, line {line}: byte {content[error.start]:#04x} is not UTF-8; "
            "expected UTF-8: convert the file, for example with iconv"
        ) from None
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _checked(columns: list[str], rows: list[list[str]], place: str) -> list[str]:
    """The columns of a line, after a look at those that every layout has."""
    if len(columns) < COLUMNS:
        raise ValueError(f"{place}: {len(columns)} columns; expected at least {COLUMNS}, with tabs")
    if columns[0] != str(len(rows) + 1):
        raise ValueError(f"{place}: token number {columns[0]!r}; expected {len(rows) + 1}")
    if rows and len(columns) != len(rows[0]):
        raise ValueError(
            f"{place}: {len(columns)} columns; the sentence has {len(rows[0])} in its first line"
        )
    if not columns[FORM]:
        raise ValueError(f"{place}: the token is empty")
    if not columns[HEAD].isdecimal() and columns[HEAD] != "_":
        raise ValueError(f"{place}: head is {columns[HEAD]!r}; expected a number or _")
    return columns


def _layout(sentences: list[_Sentence]) -> str:
    rows = [row for sentence in sentences for row in sentence.rows]
    if any(row[FLAG] == "Y" for row in rows):
        return "flags"
    if any(len(row) == SPANS + 1 and role_tags.SPAN.match(row[SPANS]) for row in rows):
        return "spans"
    return "columns"


def _propositions(sentence: _Sentence, layout: str) -> list[Proposition]:
    rows, place = sentence
    at = ROLESET[layout]
    places = [k for k, row in enumerate(rows) if len(row) > at and row[at] not in EMPTY]
    if layout == "flags" and places != [k for k, row in enumerate(rows) if row[FLAG] == "Y"]:
        raise ValueError(f"{place}: rolesets in column 10 do not stand where column 9 has Y")
    if layout == "spans":
        tags = _from_spans(rows, places, place)
    else:
        tags = _from_columns([row[at + 1 :] for row in rows], rows, places, place)
    tokens = [row[FORM] for row in rows]
    return [
        Proposition(tokens, k, ["O" if tag[2:] == "V" else tag for tag in found], rows[k][at])
        for k, found in zip(places, tags, strict=True)
    ]


def _from_spans(rows: list[list[str]], places: list[int], place: str) -> list[list[str]]:
    """The tags of each predicate from its own line."""
    if places and len(rows[0]) != SPANS + 1:
        raise ValueError(
            f"{place}: {len(rows[0])} columns; expected {SPANS + 1}, the last of spans"
        )
    for k, row in enumerate(rows):
        if k not in places and any(cell not in EMPTY for cell in row[SPANS - 1 :]):
            raise ValueError(f"{place}: token {k + 1} has arguments, but no roleset in column 11")
    return [role_tags.from_spans(rows[k][SPANS], len(rows), place) for k in places]


def _from_columns(
    cells: list[list[str]], rows: list[list[str]], places: list[int], place: str
) -> list[list[str]]:
    """The tags of each predicate from its column of roles."""
    columns = [[cell or "_" for cell in column] for column in zip(*cells, strict=True)]
    blank = all(role == "_" for column in columns for role in column)
    if len(columns) != len(places) and (places or not blank):
        raise ValueError(
            f"{place}: {len(places)} predicates and {len(columns)} columns of roles; "
            "expected one column for each predicate"
        )
    heads = [int(row[HEAD]) - 1 if row[HEAD].isdecimal() else -1 for row in rows]
    found = []
    for k, roles in zip(places, columns, strict=False):
        verbs = [token for token, role in enumerate(roles) if role in PREDICATE]
        if verbs and k not in verbs:
            raise ValueError(
                f"{place}: the roles of {rows[k][FORM]!r}, token {k + 1}, "
                f"have their V at token {verbs[0] + 1}"
            )
        found.append(role_tags.from_roles(roles, k, heads, place))
    return found
