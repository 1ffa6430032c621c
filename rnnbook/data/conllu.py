"""Reader of CoNLL-U files with PropBank roles, as the Universal Propositions corpora have them.

CoNLL-U has one line a token with ten columns, tab-separated, and an empty line after each
sentence. Files of Universal Propositions (Akbik et al. 2015) go on in the same line: column 11
names the predicate's roleset (such as `give.01`, `_` for other tokens), and each further column
has the roles of one predicate, in their order: a head token has the role, its subtree is the
argument. Files with BIO tags or spans in brackets, ``(ARG0* ... *)``, are read as they stand. So
are files of version 2, which hold all arguments of a predicate in its own line: column 12 has
their heads, column 13 their spans, such as `ARG0:1-2|ARG1:4-5`.
"""

import re
from pathlib import Path
from typing import NamedTuple

COLUMNS = 10
FORM, HEAD, ROLESET, SPANS = 1, 6, 10, 12
SPAN = re.compile(r"([^:|]+):(\d+)-(\d+)")


class Proposition(NamedTuple):
    """One predicate of a sentence, with the roles of the other tokens."""

    tokens: list[str]
    predicate: int  # the place of the verb
    tags: list[str]  # one BIO tag a token
    roleset: str  # such as "give.01"


def read_propositions(path) -> list[Proposition]:
    """All predicates of a file, in order; a sentence with two predicates gives two.

    Raises `ValueError` with the number of the line for a line that is malformed, and for a file
    without any predicate.

    >>> import tempfile
    >>> rows = "1 Birds birds NOUN _ _ 2 nsubj _ _ _ ARG0", "2 sing sing VERB _ _ 0 _ _ _ sing.01 V"
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder) / "tiny.conllu"
    ...     _ = path.write_text("\\n".join(row.replace(" ", "\\t") for row in rows) + "\\n")
    ...     read_propositions(path)
    [Proposition(tokens=['Birds', 'sing'], predicate=1, tags=['B-ARG0', 'O'], roleset='sing.01')]
    """
    found = []
    for first, rows in _sentences(Path(path)):
        found += _propositions(rows, f"{path}, the sentence that begins in line {first}")
    if not found:
        raise ValueError(f"{path} has no predicate; expected rolesets in column {ROLESET + 1}")
    return found


def _sentences(path):
    """The first line's number and the columns of each sentence, without comments."""
    rows, first = [], 1
    for number, line in enumerate([*path.read_text("utf-8").splitlines(), ""], start=1):
        if not line.strip():
            if rows:
                yield first, rows
            rows, first = [], number + 1
        elif not line.startswith("#"):
            columns = line.split("\t")
            if "-" in columns[0] or "." in columns[0]:
                continue  # a contraction or an empty node: its words have lines of their own
            rows.append(_checked(columns, rows, f"{path}, line {number}"))


def _checked(columns, rows, place):
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
    if not columns[HEAD].isdigit() and columns[HEAD] != "_":
        raise ValueError(f"{place}: head is {columns[HEAD]!r}; expected a number or _")
    return columns


def _propositions(rows, place):
    tokens = [row[FORM] for row in rows]
    places = [k for k, row in enumerate(rows) if len(row) > ROLESET and row[ROLESET] != "_"]
    columns = len(rows[0]) - ROLESET - 1
    in_its_own_line = columns == 2 and any(SPAN.match(row[SPANS]) for row in rows)
    if places and columns != len(places) and not in_its_own_line:
        raise ValueError(f"{place}: {len(places)} predicates and {columns} columns of roles")
    result = []
    for number, predicate in enumerate(places):
        if in_its_own_line:
            tags = _from_spans(rows[predicate][SPANS], rows, place)
        else:
            tags = _bio([row[ROLESET + 1 + number] for row in rows], rows, place)
        tags = ["O" if tag[2:] == "V" else tag for tag in tags]
        result.append(Proposition(tokens, predicate, tags, rows[predicate][ROLESET]))
    return result


def _from_spans(cell, rows, place):
    """BIO tags from `ARG0:1-2|ARG1:4-5`, with both ends counted from 1."""
    tags = ["O"] * len(rows)
    for part in [] if cell == "_" else cell.split("|"):
        match = SPAN.fullmatch(part)
        if not match or not 1 <= int(match[2]) <= int(match[3]) <= len(rows):
            raise ValueError(f"{place}: argument {part!r}; expected ROLE:FIRST-LAST within it")
        first, last = int(match[2]) - 1, int(match[3])
        tags[first:last] = [f"B-{match[1]}"] + [f"I-{match[1]}"] * (last - first - 1)
    return tags


def _bio(roles, rows, place):
    """BIO tags from one column of roles, in any of the three ways of writing them."""
    if any("*" in role for role in roles):
        return _from_brackets(roles, place)
    if all(role in ("_", "O") or role[:2] in ("B-", "I-") for role in roles):
        return ["O" if role == "_" else role for role in roles]
    return _from_heads(roles, rows, place)


def _from_brackets(roles, place):
    tags, inside = [], None
    for role in roles:
        if role.startswith("("):
            if inside:
                raise ValueError(f"{place}: {role} opens inside {inside}")
            inside = role[1:].split("*")[0]
            tags.append(f"B-{inside}")
        else:
            tags.append(f"I-{inside}" if inside else "O")
        if role.endswith(")"):
            if not inside:
                raise ValueError(f"{place}: {role} closes what was not opened")
            inside = None
    if inside:
        raise ValueError(f"{place}: {inside} is not closed")
    return tags


def _from_heads(roles, rows, place):
    """The argument is the subtree below the token with the role, without the predicate's own."""
    heads = [int(row[HEAD]) - 1 if row[HEAD].isdigit() else -1 for row in rows]
    if any(not -1 <= head < len(rows) for head in heads):
        raise ValueError(f"{place}: a head lies outside the sentence")
    owner = [_owner(k, roles, heads, place) for k in range(len(rows))]
    tags = []
    for k, head in enumerate(owner):
        if head is None:
            tags.append("O")
        else:
            goes_on = k > 0 and owner[k - 1] == head
            tags.append(f"{'I' if goes_on else 'B'}-{roles[head]}")
    return tags


def _owner(k, roles, heads, place):
    """The nearest token on the way to the root, k included, that has a role; V stops the way."""
    for _ in range(len(heads) + 1):
        if roles[k] == "V":
            return None
        if roles[k] not in ("_", "O"):
            return k
        k = heads[k]
        if k < 0:
            return None
    raise ValueError(f"{place}: the heads go round in a circle")
