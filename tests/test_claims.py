import numpy as np
import pytest

from rnnbook.book.claims import ClaimError, claim, words


def test_a_true_claim_is_printed(capsys):
    claim("one is less than two", np.bool_(True), evidence="1 < 2", kind="exact")
    out = capsys.readouterr().out
    assert out == "claim: one is less than two\nevidence: 1 < 2\nkind: exact\n"


def test_a_false_claim_raises():
    with pytest.raises(ClaimError, match=r"the earth is flat \(evidence: 0.3 % higher\)"):
        claim("the earth is flat", False, evidence="0.3 % higher", kind="measured")


@pytest.mark.parametrize("holds", [1, None, np.array([True]), "yes"])
def test_only_a_truth_value_counts(holds):
    with pytest.raises(TypeError, match=r"holds is a .*; expected one bool"):
        claim("anything", holds, kind="exact")


@pytest.mark.parametrize(
    "kind, seeds, line",
    [
        ("exact", None, "exact"),
        ("measured", None, "measured here"),
        ("measured", 1, "measured here with one seed"),
        ("measured", 5, "measured here over 5 seeds"),
        ("recorded", 1, "recorded with one seed"),
        ("timed", None, "timed by make bench"),
        ("recorded", np.int64(20), "recorded over 20 seeds"),
    ],
)
def test_the_kind_is_said(kind, seeds, line, capsys):
    claim("anything", True, kind=kind, seeds=seeds)
    assert capsys.readouterr().out == f"claim: anything\nkind: {line}\n"


@pytest.mark.parametrize(
    "kind, seeds, error, message",
    [
        ("sure", None, ValueError, "kind is 'sure'; expected 'exact', 'measured', 'recorded'"),
        ("recorded", None, ValueError, "seeds is missing; expected how many random starts"),
        ("recorded", 0, ValueError, "seeds is 0 for kind 'recorded'"),
        ("exact", 3, ValueError, "seeds is 3 for kind 'exact'"),
        ("timed", 3, ValueError, "seeds is 3 for kind 'timed'"),
        ("measured", 2.5, TypeError, r"seeds is 2\.5; expected a positive whole number"),
        ("measured", True, TypeError, "seeds is True; expected a positive whole number"),
    ],
)
def test_a_kind_that_is_none_is_refused(kind, seeds, error, message):
    with pytest.raises(error, match=message):
        claim("anything", True, kind=kind, seeds=seeds)
    with pytest.raises(TypeError, match="kind"):
        claim("anything", True)


@pytest.mark.parametrize(
    "evidence, text",
    [
        ("as it is", "as it is"),
        (np.float32(0.1), "0.1"),
        (3, "3"),
        (-1234.5, "-1,234"),
        (float("nan"), "nan"),
        (2e12, "2e+12"),
        ([], "none"),
        (["a"], "a"),
        ((1, 2), "1 and 2"),
        ([[1, 2], [3, 4]], "1 and 2; 3 and 4"),
        ({"a": 1, "b": 2}, "a: 1, b: 2"),
        ({("GRU", 32): 1, 5: [1, 2, 3]}, "GRU 32: 1; 5: 1, 2 and 3"),
        ({"a": {"x": 1.0, "y": 2.0}}, "a: x: 1, y: 2"),
        (np.array([0.5, 1 / 3]), "0.5 and 0.3333"),
        ({1: 2}.values(), "2"),
    ],
)
def test_evidence_is_words_and_numbers(evidence, text):
    assert words(evidence) == text
