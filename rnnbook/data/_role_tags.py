"""BIO tags from the four ways in which files write the arguments of a predicate."""

import re

SPAN = re.compile(r"([^:|]+):(\d+)-(\d+)")


def from_roles(roles: list[str], predicate: int, heads: list[int], place: str) -> list[str]:
    """BIO tags from one column of roles: in brackets, as BIO tags, or at the heads."""
    if any("*" in role for role in roles):
        return from_brackets(roles, place)
    if all(role in ("_", "O") or role[:2] in ("B-", "I-") for role in roles):
        return ["O" if role == "_" else role for role in roles]
    return from_heads(roles, predicate, heads, place)


def from_spans(cell: str, length: int, place: str) -> list[str]:
    """BIO tags from `ARG0:1-2|ARG1:4-5`, with both ends counted from 1.

    Where two spans overlap, the shorter one has the tokens, as it lies deeper in the tree.
    """
    spans = []
    for part in [] if cell in ("", "_") else cell.split("|"):
        match = SPAN.fullmatch(part)
        if not match or not 1 <= int(match[2]) <= int(match[3]) <= length:
            raise ValueError(f"{place}: argument {part!r}; expected ROLE:FIRST-LAST within it")
        spans.append((int(match[2]) - 1, int(match[3]), match[1]))
    owner: list[int | None] = [None] * length
    by_length = sorted(range(len(spans)), key=lambda n: spans[n][0] - spans[n][1])
    for n in by_length:
        start, stop, _ = spans[n]
        owner[start:stop] = [n] * (stop - start)
    return _tags(owner, [role for _, _, role in spans])


def from_brackets(roles: list[str], place: str) -> list[str]:
    """BIO tags from `(ARG0*`, `*`, `*)`."""
    tags: list[str] = []
    inside = ""
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
            inside = ""
    if inside:
        raise ValueError(f"{place}: {inside} is not closed")
    return tags


def from_heads(roles: list[str], predicate: int, heads: list[int], place: str) -> list[str]:
    """The argument is the subtree below the token with the role, without the predicate's own."""
    if any(not -1 <= head < len(heads) for head in heads):
        raise ValueError(f"{place}: a head lies outside the sentence")
    roles = list(roles)
    if roles[predicate] in ("_", "O"):
        roles[predicate] = "V"  # not all files say so
    return _tags([_owner(k, roles, heads, place) for k in range(len(roles))], roles)


def _owner(token: int, roles: list[str], heads: list[int], place: str) -> int | None:
    """The nearest token on the way to the root, this one included, that has a role; V stops."""
    for _ in range(len(heads) + 1):
        if roles[token] == "V":
            return None
        if roles[token] not in ("_", "O"):
            return token
        token = heads[token]
        if token < 0:
            return None
    raise ValueError(f"{place}: the heads go round in a circle")


def _tags(owner: list[int | None], roles: list[str]) -> list[str]:
    """A tag for each token from the number of the argument that has it."""
    tags = []
    for k, n in enumerate(owner):
        if n is None:
            tags.append("O")
        else:
            goes_on = k > 0 and owner[k - 1] == n
            tags.append(f"{'I' if goes_on else 'B'}-{roles[n]}")
    return tags
