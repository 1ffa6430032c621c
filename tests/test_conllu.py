"""The CoNLL-U reader, on a small file of our own in the three ways of writing roles."""

import pytest

from rnnbook.data.conllu import read_propositions

# "The girl gave the boy a book and left": two predicates, roles at the heads.
HEADS = """\
# text = The girl gave the boy a book and left
1 The the DET _ _ 2 det _ _ _ _ _
2 girl girl NOUN _ _ 3 nsubj _ _ _ ARG0 ARG0
3 gave give VERB _ _ 0 root _ _ give.01 V _
4 the the DET _ _ 5 det _ _ _ _ _
5 boy boy NOUN _ _ 3 iobj _ _ _ ARG2 _
6 a a DET _ _ 7 det _ _ _ _ _
7 book book NOUN _ _ 3 obj _ _ _ ARG1 _
8 and and CCONJ _ _ 9 cc _ _ _ _ _
9 left leave VERB _ _ 3 conj _ _ leave.01 _ V
"""
GIVEN = ["B-ARG0", "I-ARG0", "O", "B-ARG2", "I-ARG2", "B-ARG1", "I-ARG1", "O", "O"]
BRACKETS = ["(ARG0*", "*)", "(V*)", "(ARG2*", "*)", "(ARG1*", "*)", "*", "*"]


def write(tmp_path, text):
    path = tmp_path / "own.conllu"
    lines = [line if line.startswith("#") else line.replace(" ", "\t") for line in text.split("\n")]
    path.write_text("\n".join(lines), "utf-8")
    return path


def replaced(column):
    """The sentence with one predicate, whose roles are written another way."""
    rows = [line.split(" ") for line in HEADS.splitlines()[1:]]
    for row, role in zip(rows, column, strict=True):
        row[10:] = [row[10] if row[10] == "give.01" else "_", role]
    return "\n".join(" ".join(row) for row in rows) + "\n"


def test_roles_at_heads_become_the_spans_of_their_subtrees(tmp_path):
    give, leave = read_propositions(write(tmp_path, HEADS))
    assert give.tokens == ["The", "girl", "gave", "the", "boy", "a", "book", "and", "left"]
    assert (give.predicate, give.roleset, give.tags) == (2, "give.01", GIVEN)
    assert (leave.predicate, leave.roleset) == (8, "leave.01")
    assert leave.tags[:3] == ["B-ARG0", "I-ARG0", "O"]


@pytest.mark.parametrize("column", [BRACKETS, [t if t != "O" else "_" for t in GIVEN]])
def test_brackets_and_bio_tags_are_read_as_they_stand(tmp_path, column):
    (found,) = read_propositions(write(tmp_path, replaced(column)))
    assert found.tags == GIVEN


def own_lines(spans):
    """The same sentence as version 2 has it: all arguments in the line of the verb."""
    rows = [line.split(" ")[:10] + ["_", "_", "_"] for line in HEADS.splitlines()[1:]]
    rows[2][10:] = ["give.01", "ARG0:2|ARG2:5|ARG1:7", spans]
    return "\n".join(" ".join(row) for row in rows) + "\n"


def test_spans_in_the_line_of_the_verb(tmp_path):
    (found,) = read_propositions(write(tmp_path, own_lines("ARG0:1-2|ARG2:4-5|ARG1:6-7")))
    assert (found.predicate, found.roleset, found.tags) == (2, "give.01", GIVEN)


@pytest.mark.parametrize("spans", ["ARG0:1-2|ARG1:6-10", "ARG0:1-2|ARG1:7-6", "ARG0:1-2|ARG1"])
def test_a_span_outside_the_sentence_is_named(tmp_path, spans):
    with pytest.raises(ValueError, match="expected ROLE:FIRST-LAST within it"):
        read_propositions(write(tmp_path, own_lines(spans)))


def test_contractions_comments_and_the_last_line_do_not_matter(tmp_path):
    text = HEADS.replace("3 gave", "3-4 gavethe _ _ _ _ _ _ _ _\n3 gave").rstrip("\n")
    (give, _) = read_propositions(write(tmp_path, text))
    assert give.tags == GIVEN


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("2 girl girl NOUN _ _ 3 nsubj _ _ _ ARG0 ARG0", "2 girl", r"line 3: 2 columns; expected"),
        ("4 the", "5 the", r"line 5: token number '5'; expected 4"),
        ("5 boy boy NOUN _ _ 3", "5 boy boy NOUN _ _ x", r"line 6: head is 'x'"),
        ("7 book book NOUN _ _ 3 obj _ _ _ ARG1 _", "7 book book NOUN _ _ 3 obj _ _", "line 8: 10"),
        ("9 left leave VERB _ _ 3 conj _ _ leave.01", "9 left leave VERB _ _ 3 _ _ _ _", "1 pre"),
        ("give.01 V _", "give.01 V _ _", r"line 4: 14 columns; the sentence has 13"),
        ("5 boy boy NOUN _ _ 3", "5 boy boy NOUN _ _ 12", "a head lies outside the sentence"),
        ("2 det _ _ _ _ _\n2 girl girl NOUN _ _ 3 nsubj _ _ _ ARG0 ARG0",
         "2 det _ _ _ _ _\n2 girl girl NOUN _ _ 1 nsubj _ _ _ _ _", "go round in a circle"),
    ],
)  # fmt: skip
def test_a_malformed_file_is_refused_with_its_line(tmp_path, old, new, message):
    assert old in HEADS
    with pytest.raises(ValueError, match=message):
        read_propositions(write(tmp_path, HEADS.replace(old, new)))


@pytest.mark.parametrize(
    ("place", "role", "message"),
    [(1, "*", r"\(V\*\) opens inside ARG0"), (7, "*)", "closes what"), (8, "(ARGM*", "not closed")],
)
def test_brackets_that_do_not_match_are_refused(tmp_path, place, role, message):
    column = [*BRACKETS[:place], role, *BRACKETS[place + 1 :]]
    with pytest.raises(ValueError, match=message):
        read_propositions(write(tmp_path, replaced(column)))


@pytest.mark.parametrize("text", ["", "1 Hush hush INTJ _ _ 0 root _ _\n"])
def test_a_file_without_predicates_is_refused(tmp_path, text):
    with pytest.raises(ValueError, match="has no predicate"):
        read_propositions(write(tmp_path, text))
