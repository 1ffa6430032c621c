"""Statistics of text, on cases that can be counted by hand and on the real poems."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rnnbook import data
from rnnbook.text.quality import distinct_share, is_quatrain, longest_copied_run, rhymes

POEM = "床前明月光，疑是地上霜。舉頭望明月，低頭思故鄉。"


@given(st.text("ab", max_size=12), st.text("ab", max_size=12))
def test_the_longest_copied_run_is_the_longest_common_substring(text, corpus):
    pieces = {text[i:j] for i in range(len(text)) for j in range(i, len(text) + 1)}
    expected = max((len(p) for p in pieces if p in corpus), default=0)
    assert longest_copied_run(text, corpus) == expected


def test_real_poems_are_quatrains_and_most_rhyme():
    poems, classes = data.load_quatrains().poem[:500], data.load_rhymes()
    form = [p for p in poems if is_quatrain(p)]
    assert len(form) > 0.95 * len(poems)
    known = [r for r in (rhymes(p, classes) for p in form) if r is not None]
    assert sum(known) > 0.85 * len(known)


@pytest.mark.parametrize(
    "poem", [POEM[:-1], POEM + "。", POEM.replace("明", "，"), "", POEM[:5] + "水" + POEM[6:]]
)
def test_what_is_no_quatrain(poem):
    assert not is_quatrain(poem)
    with pytest.raises(ValueError, match="expected four lines of five characters"):
        rhymes(poem, {})


def test_rhyme_needs_both_characters():
    assert rhymes(POEM, {"霜": {"陽"}}) is None
    assert rhymes(POEM, {"霜": {"陽"}, "鄉": {"東"}}) is False


def test_distinct_needs_a_run():
    with pytest.raises(ValueError, match="sequences has no run of 3 tokens"):
        distinct_share(["ab"], 3)
