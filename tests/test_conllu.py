"""The CoNLL-U reader, on small files of our own in the layouts of the real corpora."""

import gzip

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


# The layouts of the Universal Propositions, version 1. Columns are between bars, so that those
# which are empty can be seen.
ENGLISH = """\
# propbank = no-up
# sent_id = own-1
# text = Good book
1|Good|good|ADJ|JJ|_|2|amod|2:amod|_=||
2|book|book|NOUN|NN|_|0|root|0:root|SpaceAfter=No||

# sent_id = own-2
# text = Oh !
1|Oh|oh|INTJ|UH|_|0|root|0:root|_|_|
2|!|!|PUNCT|.|_|1|punct|1:punct|_|_|

# sent_id = own-3
# text = A man who sang wants to leave .
1|A|a|DET|DT|_|2|det|2:det|_|_|_|_|_
2|man|man|NOUN|NN|_|5|nsubj|5:nsubj|_|_|ARG0|ARG0|ARG0
3|who|who|PRON|WP|_|4|nsubj|2:ref|_|_|R-ARG0|_|_
4|sang|sing|VERB|VBD|_|2|acl:relcl|2:acl:relcl|_|sing.01|V|_|_
5|wants|want|VERB|VBZ|_|0|root|0:root|_|want.01|_|V|_
6|to|to|PART|TO|_|7|mark|7:mark|_|_|_|_|_
7|leave|leave|VERB|VB|_|5|xcomp|5:xcomp|_|leave.01|_|ARG1|V
8|.|.|PUNCT|.|_|5|punct|5:punct|_|_|_|_|_
"""
OTHER = """\
# sent_id own-1
1|Guten|gut|ADJ|ADJA|_|2|amod|_|_
2|Abend|Abend|NOUN|NN|_|0|root|_|_

# sent_id own-2
1|El|el|DET|DET|_|2|det|_|_|_|_
2|hombre|hombre|NOUN|NOUN|_|4|nsubj|_|_|A0|A0
3|cantado|cantar|VERB|VERB|_|2|acl|Y|sing.01|_|_
4|viene|venir|VERB|VERB|_|0|root|Y|come.01|_|_
5-6|del|_|_|_|_|_|_|_|_
5|de|de|ADP|ADP|_|7|case|_|_|_|_
6|el|el|DET|DET|_|7|det|_|_|_|_
7|mercado|mercado|NOUN|NOUN|_|4|nmod|_|_|_|A3
"""


def read(tmp_path, text):
    path = tmp_path / "own.conllu"
    path.write_text(text.replace("|", "\t"), "utf-8")
    return read_propositions(path)


def test_english_of_version_1_is_read_whole(tmp_path):
    sing, want, leave = read(tmp_path, ENGLISH)
    assert [p.roleset for p in (sing, want, leave)] == ["sing.01", "want.01", "leave.01"]
    assert [p.predicate for p in (sing, want, leave)] == [3, 4, 6]
    assert sing.tags == ["B-ARG0", "I-ARG0", "B-R-ARG0", *["O"] * 5]
    assert want.tags == ["B-ARG0", *["I-ARG0"] * 3, "O", "B-ARG1", "I-ARG1", "O"]
    assert leave.tags == ["B-ARG0", *["I-ARG0"] * 3, *["O"] * 4]


def test_other_languages_of_version_1_are_read_whole(tmp_path):
    sing, come = read(tmp_path, OTHER)
    assert sing.tokens == come.tokens == ["El", "hombre", "cantado", "viene", "de", "el", "mercado"]
    assert (sing.roleset, sing.predicate) == ("sing.01", 2)
    assert (come.roleset, come.predicate) == ("come.01", 3)
    # The verb does not belong to its own argument, though it hangs below the man.
    assert sing.tags == ["B-A0", "I-A0", *["O"] * 5]
    assert come.tags == ["B-A0", "I-A0", "I-A0", "O", "B-A3", "I-A3", "I-A3"]


@pytest.mark.parametrize(
    ("text", "old", "new", "message"),
    [
        (ENGLISH, "want.01|_|V|_", "_|_|V|_",
         r"own.conllu, the sentence own-3 that begins in line 12: 2 predicates and 3 columns"),
        (ENGLISH, "1|Oh|oh|INTJ|UH|_|0|root|0:root|_|_|",
         "1|Oh|oh|INTJ|UH|_|0|root|0:root|_|_|ARG0", "own-2 .*line 7: 0 predicates and 1 columns"),
        (ENGLISH, "want.01|_|V|_\n6|to|to|PART|TO|_|7|mark|7:mark|_|_|_|_",
         "want.01|_|_|V\n6|to|to|PART|TO|_|7|mark|7:mark|_|_|_|V",
         "the roles of 'wants', token 5, have their V at token 6"),
        (ENGLISH, "8|.|.", "9|.|.", r"own.conllu, sentence own-3, line 21: token number '9'"),
        (ENGLISH, "8|.|.", "-8|.|.", r"line 21: token number '-8'; expected 8"),
        (OTHER, "Y|come.01", "Y|_", "own-2 .*: rolesets in column 10 do not stand where column 9"),
        (OTHER, "Y|come.01", "_|come.01", "own-2 .*: rolesets in column 10 do not stand where"),
        (OTHER, "|_|_\n2|Abend|Abend|NOUN|NN|_|0|root|_|_",
         "|_|_|A0\n2|Abend|Abend|NOUN|NN|_|0|root|_|_|_", "own-1 .*: 0 predicates and 1 columns"),
        (OTHER, "nmod|_|_|_|A3", "nmod|_|_|_", "sentence own-2, line 13: 11 columns; .* has 12"),
    ],
)  # fmt: skip
def test_what_does_not_align_is_refused_with_its_place(tmp_path, text, old, new, message):
    assert old in text
    with pytest.raises(ValueError, match=message):
        read(tmp_path, text.replace(old, new))


def test_a_sentence_of_version_2_may_have_a_predicate_without_arguments(tmp_path):
    rows = own_lines("ARG0:1-2|ARG2:4-5|ARG1:6-7")
    bare = rows.replace("ARG0:2|ARG2:5|ARG1:7 ARG0:1-2|ARG2:4-5|ARG1:6-7", "_ _")
    found = read_propositions(write(tmp_path, f"{rows}\n{bare}"))
    assert [p.tags for p in found] == [GIVEN, ["O"] * len(GIVEN)]


def test_the_arguments_of_version_2_stand_at_the_predicate(tmp_path):
    rows = own_lines("ARG0:1-2")
    wrong = rows.replace("conj _ _ _ _ _", "conj _ _ _ _ ARG0:1-2")
    assert wrong != rows
    with pytest.raises(ValueError, match="token 9 has arguments, but no roleset in column 11"):
        read_propositions(write(tmp_path, wrong))


def test_of_overlapping_spans_the_shorter_one_has_the_tokens(tmp_path):
    (found,) = read_propositions(write(tmp_path, own_lines("ARG0:6-7|ARG0:6-7|ARG1:5-9")))
    assert found.tags == ["O", "O", "O", "O", "B-ARG1", "B-ARG0", "I-ARG0", "B-ARG1", "I-ARG1"]


@pytest.mark.parametrize("character", ["\u2028", "\x85", "\x0c"])
def test_only_line_ends_end_a_line(tmp_path, character):
    """These characters stand inside tokens; `str.splitlines` would cut there."""
    (give, _) = read_propositions(
        write(tmp_path, HEADS.replace("girl girl", f"gi{character}rl girl"))
    )
    assert give.tokens[1] == f"gi{character}rl" and give.tags == GIVEN


def test_a_byte_order_mark_and_windows_line_ends_do_not_matter(tmp_path):
    path = write(tmp_path, HEADS)
    expected = read_propositions(path)
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes().replace(b"\n", b"\r\n"))
    assert read_propositions(path) == expected


def test_a_file_that_is_no_utf_8_is_named_with_its_line(tmp_path):
    path = tmp_path / "latin.conllu"
    path.write_bytes("# a comment\n1\tcafé\n".encode("latin-1"))
    with pytest.raises(
        ValueError, match=r"latin\.conllu, line 2: byte 0xe9 is not UTF-8; expected"
    ):
        read_propositions(path)
    path = tmp_path / "packed.conllu.gz"
    path.write_bytes(gzip.compress(b"1\tsing\n"))
    with pytest.raises(ValueError, match=r"packed\.conllu\.gz is packed with gzip; expected text"):
        read_propositions(path)
