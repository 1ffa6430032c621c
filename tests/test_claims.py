import numpy as np
import pytest

from rnnbook.book.claims import ClaimError, claim


def test_a_true_claim_is_printed(capsys):
    claim("one is less than two", np.bool_(True), evidence="1 < 2")
    assert capsys.readouterr().out == "claim: one is less than two\nevidence: 1 < 2\n"


def test_a_false_claim_raises():
    with pytest.raises(ClaimError, match=r"the earth is flat \(evidence: 0.3 % higher\)"):
        claim("the earth is flat", False, evidence="0.3 % higher")


@pytest.mark.parametrize("holds", [1, None, np.array([True]), "yes"])
def test_only_a_truth_value_counts(holds):
    with pytest.raises(TypeError, match=r"holds is a .*; expected one bool"):
        claim("anything", holds)
