"""Poems with pinyin and English: every shown line has a gloss, and glosses fit their lines."""

import re

import pytest

from rnnbook.book.poems import GLOSSES, glossed

POEM = "白日依山盡，黃河入海流。欲窮千里目，更上一層樓。"
TONES = "āáǎàēéěèīíǐìōóǒòūúǔùǖǘǚǜ"


def test_the_table_has_every_line_its_pinyin_and_its_english():
    html = glossed({"Wang & co": POEM})._repr_html_()
    assert html.count("<tr>") == 5 and "Wang &amp; co" in html
    for k in range(0, 24, 6):
        pinyin, words = GLOSSES[POEM[k : k + 5]]
        assert POEM[k : k + 6] in html and pinyin in html and words in html


def test_a_line_without_a_gloss_is_refused():
    with pytest.raises(ValueError, match="the line '欲窮千里月' has no gloss"):
        glossed({"changed": POEM.replace("目", "月")})


@pytest.mark.parametrize("line", GLOSSES)
def test_a_gloss_has_a_syllable_for_each_character(line):
    pinyin, words = GLOSSES[line]
    assert len(line) == 5 and len(pinyin.split()) == 5, pinyin
    assert re.fullmatch(rf"[a-zü{TONES} ]+", pinyin) and words.strip() == words


def test_a_character_reads_the_same_in_every_line_but_for_those_with_two_readings():
    """A slip of the pen would show here; these characters do have two readings."""
    two = set("長行重樂還朝數")
    readings = {}
    for line, (pinyin, _) in GLOSSES.items():
        for character, syllable in zip(line, pinyin.split(), strict=True):
            readings.setdefault(character, set()).add(syllable)
    assert not {c: r for c, r in readings.items() if len(r) > 1 and c not in two}
