"""Spans of BIO tags and their scores, on cases counted by hand."""

import pytest

from rnnbook.text.spans import Score, Span, score, spans


@pytest.mark.parametrize(
    ("tags", "expected"),
    [
        ("", []),
        ("O O", []),
        ("B-A I-A O", [Span(0, 2, "A")]),
        ("B-A B-A", [Span(0, 1, "A"), Span(1, 2, "A")]),
        ("B-A I-B", [Span(0, 1, "A"), Span(1, 2, "B")]),
        ("I-A I-A", [Span(0, 2, "A")]),
        ("O I-A O I-A", [Span(1, 2, "A"), Span(3, 4, "A")]),
        ("B-R-ARG0 B-ARG0", [Span(0, 1, "R-ARG0"), Span(1, 2, "ARG0")]),
    ],
)
def test_spans(tags, expected):
    assert spans(tags.split()) == expected


def test_a_span_is_right_only_with_its_role_and_both_ends():
    true = [["B-A", "I-A", "O", "B-B"]]
    assert score(true, true) == Score(1, 1, 1)
    for wrong in ("B-A O O B-B", "B-B I-B O B-B", "I-A B-A O B-B", "O B-A O B-B"):
        found = score(true, [wrong.split()])
        assert found.recall == 0.5
    assert score(true, [["B-A", "I-A", "I-A", "B-B"]]) == Score(0.5, 0.5, 0.5)


def test_the_spans_of_all_sentences_are_counted_together():
    found = score([["B-A"], ["B-A", "B-B", "B-C"]], [["O"], ["B-A", "B-B", "O"]])
    assert found == Score(precision=1.0, recall=0.5, f1=2 * 2 / (2 + 4))


def test_without_spans_the_score_is_zero():
    assert score([["O"]], [["O"]]) == Score(0, 0, 0)


def test_errors():
    with pytest.raises(ValueError, match=r"tags\[1\] is 'A'; expected 'O', 'B-ROLE' or 'I-ROLE'"):
        spans(["O", "A"])
    with pytest.raises(ValueError, match=r"predicted has 2 sentences; expected 1, as true"):
        score([["O"]], [["O"], ["O"]])
    with pytest.raises(ValueError, match=r"predicted\[0\] has 2 tags; expected 1, as true\[0\]"):
        score([["O"]], [["O", "O"]])
