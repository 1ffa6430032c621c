"""Dates as people write them in twelve languages, and the same dates in ISO 8601.

A small translation task with one right answer: "samedi 7 mars 2026" is 2026-03-07. It has what
makes translation hard, a different order, several words for one number, letters that mean
nothing for the answer (the weekday), and four scripts' worth of month names. The texts come from
the Unicode Common Locale Data Repository through the package babel, which is loaded when a date
is first written.
"""

import datetime
from typing import NamedTuple

import numpy as np

from rnnbook._check import check_choice, check_sizes, type_name
from rnnbook._rng import check_rng

LOCALES = {
    "en": "English",
    "es": "Spanish",
    "fr": "French",
    "de": "German",
    "ru": "Russian",
    "el": "Greek",
    "tr": "Turkish",
    "zh": "Chinese",
    "ja": "Japanese",
    "ko": "Korean",
    "ar_EG": "Arabic (Egypt)",
    "hi": "Hindi",
}
FORMATS = ("full", "long", "medium", "short")
# Elsewhere the short format has two digits for the year, or slashes that 3/7 and 7/3 share.
SHORT = ("ru", "tr", "zh", "ja", "ar_EG")
FIRST, LAST = datetime.date(1900, 1, 1), datetime.date(2099, 12, 31)
# Egypt writes numbers with these digits; babel's dates come with European ones.
ARABIC_DIGITS = str.maketrans("0123456789", "٠١٢٣٤٥٦٧٨٩")


class Pair(NamedTuple):
    """One date, twice."""

    text: str
    iso: str
    locale: str
    format: str


def formats(locale: str) -> tuple[str, ...]:
    """The formats of a locale that leave no doubt about the date.

    >>> formats("en"), formats("zh")
    (('full', 'long', 'medium'), ('full', 'long', 'medium', 'short'))
    """
    check_choice("locale", locale, tuple(LOCALES))
    return FORMATS if locale in SHORT else FORMATS[:3]


def write(day: datetime.date, locale: str, format: str) -> str:
    """A date as `locale` writes it in the format "full", "long", "medium" or "short".

    Raises `ValueError` for a locale or format that is not offered, `TypeError` for what is no
    `datetime.date`.

    >>> day = datetime.date(2026, 3, 7)
    >>> write(day, "de", "full"), write(day, "ja", "long"), write(day, "ar_EG", "long")
    ('Samstag, 7. März 2026', '2026年3月7日', '٧ مارس ٢٠٢٦')
    """
    _check_day("day", day)
    check_choice("format", format, formats(locale))
    text = _babel().format_date(day, format, locale=locale)
    return text.translate(ARABIC_DIGITS) if locale == "ar_EG" else text


def split(rng: np.random.Generator, *sizes: int) -> list[list[datetime.date]]:
    """Days drawn from 1900 to 2099, in lists of the given sizes; no day is in two lists.

    To divide pairs at random would put the same date, written in two languages, into training
    and test.

    >>> training, test = split(np.random.default_rng(0), 1000, 100)
    >>> len(training), len(test), len(set(training) & set(test))
    (1000, 100, 0)
    """
    check_rng(rng)
    check_sizes(**{f"sizes[{i}]": size for i, size in enumerate(sizes)})
    count = (LAST - FIRST).days + 1
    if sum(sizes) > count:
        raise ValueError(f"sizes add up to {sum(sizes)}; expected at most {count} days")
    days = [FIRST + datetime.timedelta(int(n)) for n in rng.permutation(count)[: sum(sizes)]]
    ends = np.cumsum(sizes)
    return [days[end - size : end] for size, end in zip(sizes, ends, strict=True)]


def pairs(
    rng: np.random.Generator, days: list[datetime.date], locales: tuple[str, ...] = tuple(LOCALES)
) -> list[Pair]:
    """Each day written once; locales take turns, the format is drawn among those of the locale.

    >>> day = datetime.date(2026, 3, 7)
    >>> [pair.text for pair in pairs(np.random.default_rng(1), [day, day, day], ("en", "zh"))]
    ['March 7, 2026', '2026年3月7日', 'Mar 7, 2026']
    """
    check_rng(rng)
    if isinstance(locales, str):
        raise TypeError(f"locales is {locales!r}; expected several: write ({locales!r},)")
    if len(days) == 0 or len(locales) == 0:
        empty = "days" if len(days) == 0 else "locales"
        raise ValueError(f"{empty} is empty; expected at least one")
    for number, day in enumerate(days):
        _check_day(f"days[{number}]", day)
    choices = [formats(locale) for locale in locales]
    result = []
    for number, day in enumerate(days):
        place = number % len(locales)
        format = choices[place][rng.integers(len(choices[place]))]
        text = write(day, locales[place], format)
        result.append(Pair(text, day.isoformat(), locales[place], format))
    return result


def _check_day(name, day):
    if not isinstance(day, datetime.date) or isinstance(day, datetime.datetime):
        raise TypeError(
            f"{name} is a {type_name(type(day))}; expected a datetime.date "
            "(`.date()` of a time is one)"
        )


def _babel():
    try:
        from babel import dates
    except ModuleNotFoundError as error:
        raise ModuleNotFoundError(
            "dates in many languages need babel: pip install babel", name="babel"
        ) from error
    return dates
