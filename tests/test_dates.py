"""Written dates: one date for every text, no day in two lists, errors that say what is wrong."""

import datetime
import subprocess
import sys
import unicodedata

import numpy as np
import pytest

from rnnbook.tasks import dates


def test_a_text_stands_for_one_date_in_all_languages():
    meanings = {}
    day = datetime.date(2026, 1, 1)
    while day.year == 2026:
        for locale in dates.LOCALES:
            for format in dates.formats(locale):
                meanings.setdefault(dates.write(day, locale, format), set()).add(day)
        day += datetime.timedelta(1)
    assert all(len(days) == 1 for days in meanings.values())
    assert len(meanings) > 365 * 30


@pytest.mark.parametrize("locale", dates.LOCALES)
def test_every_format_has_the_whole_year(locale):
    for format in dates.formats(locale):
        text = dates.write(datetime.date(1987, 12, 30), locale, format)
        digits = "".join(str(unicodedata.digit(c)) for c in text if c.isdigit())
        assert "1987" in digits and "30" in digits


def test_known_dates():
    day = datetime.date(2026, 3, 7)
    assert dates.write(day, "en", "full") == "Saturday, March 7, 2026"
    assert dates.write(day, "zh", "full") == "2026年3月7日星期六"
    assert dates.write(day, "ru", "short") == "07.03.2026"
    assert dates.write(day, "hi", "long") == "7 मार्च 2026"
    assert dates.write(day, "ar_EG", "long") == "٧ مارس ٢٠٢٦"


def test_split_keeps_days_apart_and_covers_both_ends():
    parts = dates.split(np.random.default_rng(0), 60_000, 10_000, 3049)
    days = [day for part in parts for day in part]
    assert [len(part) for part in parts] == [60_000, 10_000, 3049]
    assert len(set(days)) == len(days) == 73_049
    assert (min(days), max(days)) == (dates.FIRST, dates.LAST)


def test_pairs_take_turns_and_say_what_they_are():
    rng = np.random.default_rng(1)
    (days,) = dates.split(rng, 1200)
    pairs = dates.pairs(rng, days)
    assert [pair.iso for pair in pairs] == [day.isoformat() for day in days]
    assert [pair.locale for pair in pairs[:12]] == list(dates.LOCALES)
    assert {(pair.locale, pair.format) for pair in pairs} == {
        (locale, format) for locale in dates.LOCALES for format in dates.formats(locale)
    }
    day = datetime.date.fromisoformat(pairs[5].iso)
    assert pairs[5].text == dates.write(day, pairs[5].locale, pairs[5].format)


def test_the_same_seed_gives_the_same_pairs():
    def draw(seed):
        rng = np.random.default_rng(seed)
        return dates.pairs(rng, dates.split(rng, 50)[0])

    assert draw(3) == draw(3) != draw(4)


def test_errors():
    day = datetime.date(2026, 3, 7)
    with pytest.raises(ValueError, match="locale is 'xx'; expected 'en' or 'es'"):
        dates.write(day, "xx", "full")
    with pytest.raises(ValueError, match="format is 'short'; expected 'full' or 'long' or"):
        dates.write(day, "en", "short")
    with pytest.raises(ValueError, match="sizes add up to 80000; expected at most 73049"):
        dates.split(np.random.default_rng(0), 70_000, 10_000)
    with pytest.raises(ValueError, match=r"sizes\[1\] is 0; expected a positive"):
        dates.split(np.random.default_rng(0), 1, 0)
    with pytest.raises(ValueError, match="days is empty"):
        dates.pairs(np.random.default_rng(0), [])
    with pytest.raises(ValueError, match="locales is empty"):
        dates.pairs(np.random.default_rng(0), [day], ())
    with pytest.raises(TypeError, match=r"locales is 'en'; expected several: write \('en',\)"):
        dates.pairs(np.random.default_rng(0), [day], "en")
    for call in (lambda: dates.split(5, 10), lambda: dates.pairs(5, [day])):
        with pytest.raises(TypeError, match=r"rng is 5; expected .*np.random.default_rng\(5\)"):
            call()


@pytest.mark.parametrize("wrong", ["2026-03-07", datetime.datetime(2026, 3, 7, 12)])
def test_a_text_or_a_time_is_no_day(wrong):
    day = datetime.date(2026, 3, 7)
    found = type(wrong).__name__
    with pytest.raises(TypeError, match=f"day is a {found}; expected a datetime.date"):
        dates.write(wrong, "en", "full")
    with pytest.raises(TypeError, match=rf"days\[1\] is a {found}; expected a datetime.date"):
        dates.pairs(np.random.default_rng(0), [day, wrong], ("en", "zh"))


def test_without_babel_the_error_says_what_to_install():
    code = (
        "import sys, datetime; sys.modules['babel'] = None\n"
        "from rnnbook.tasks import dates\n"
        "dates.write(datetime.date(2026, 3, 7), 'en', 'full')"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert "dates in many languages need babel: pip install babel" in result.stderr
