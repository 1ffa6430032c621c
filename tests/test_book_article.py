"""Every statement of the article is answered, in order, with a link that works."""

import re
from pathlib import Path

PAGE = Path(__file__).resolve().parent.parent / "chapters" / "appendix" / "article.md"
SECTIONS = {"B": 2, "C": 4, "A": 2, "M": 4, "P": 3, "N": 4, "I": 5, "T": 3, "R": 5, "F": 5}
IDS = [f"{letter}{k}" for letter, count in SECTIONS.items() for k in range(1, count + 1)]


def answers():
    """The text of each answered id."""
    parts = re.split(r"\n\((\w+)\)=\n", PAGE.read_text("utf-8"))
    return dict(zip(parts[1::2], parts[2::2], strict=True))


def test_all_ids_are_answered_in_their_order():
    assert list(answers()) == IDS


def test_an_answer_states_judges_and_links():
    for name, text in answers().items():
        assert all(part in text for part in ("**Stated:**", "**Verdict:**", "**Evidence:**")), name
        targets = re.findall(r"\{doc\}`([^`<>]+)`", text)
        assert targets, name
        for target in targets:
            assert list(PAGE.parent.glob(f"{target}.*")), f"{name}: {target}"
