"""Real data that comes with the package: small files, their hashes, and one loader for each.

Tables come as pandas DataFrames. Every loader compares the file with its recorded SHA-256 first,
reads it anew and returns what the caller may change. Nothing is downloaded. Creators, origins,
licences and what was changed: `sources()`.
"""

import gzip
import hashlib
import io
import re
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from rnnbook.data import _sources

if TYPE_CHECKING:  # importing this module loads no pandas
    import pandas as pd

FOLDER: Path = _sources.FOLDER

# Disjoint sectors of the employment table: with `government` they add up to `nonfarm`.
EMPLOYMENT_LEAVES = (
    "mining_and_logging",
    "construction",
    "durable_goods",
    "nondurable_goods",
    "wholesale_trade",
    "retail_trade",
    "transportation_and_warehousing",
    "utilities",
    "information",
    "financial_activities",
    "professional_and_business_services",
    "education_and_health_services",
    "leisure_and_hospitality",
    "other_services",
    "government",
)


def sources() -> str:
    """The table of creators, origins, licences and changes, in Markdown.

    >>> print(sources().splitlines()[0])
    | file | what it holds | by | origin | through | licence | what was changed |
    """
    return _sources.table()


def read_bytes(name: str) -> bytes:
    """One shipped file, unpacked, after its hash was compared with the recorded one.

    Raises `FileNotFoundError` for a file that is not there and `ValueError` for one that was
    changed.

    >>> len(read_bytes("alice29.txt"))
    152089
    """
    path = FOLDER / name
    recorded = {name: source.sha256 for name, source in _sources.read().items()}
    if name not in recorded or not path.exists():
        raise FileNotFoundError(
            f"{name} is not among the data files; expected one of {', '.join(recorded)}. "
            "If one of these is missing, get the package again where you got it."
        )
    content = path.read_bytes()
    found = hashlib.sha256(content).hexdigest()
    if found != recorded[name]:
        raise ValueError(
            f"{name} has SHA-256 {found}; expected {recorded[name]}. "
            "The file was changed: get the package again where you got it."
        )
    return gzip.decompress(content) if name.endswith(".gz") else content


def read_arrays(name: str) -> dict[str, np.ndarray]:
    """The arrays of a shipped .npz file, by name, as they are stored.

    >>> read_arrays("mnist_10000.npz")["images"].shape
    (10000, 28, 28)
    """
    with np.load(io.BytesIO(read_bytes(name)), allow_pickle=False) as arrays:
        return dict(arrays)


def load_text(name: str) -> str:
    """An English text: "alice29" (a story, 1865) or "asyoulik" (a play, about 1599).

    >>> load_text("asyoulik").split()[:4]
    ['AS', 'YOU', 'LIKE', 'IT']
    """
    if name not in ("alice29", "asyoulik"):
        raise ValueError(f"name is {name!r}; expected 'alice29' or 'asyoulik'")
    return read_bytes(f"{name}.txt").decode("ascii")


def load_scenes() -> "pd.DataFrame":
    """The scenes of the play "asyoulik": act, scene, place, text.

    The text begins with the stage direction below the heading. The heading itself ("AS YOU LIKE
    IT, ACT I, SCENE I", the place) is the same before each scene but for the numbers and is left
    out, and so is the list of persons in front of the play. The epilogue, with its own heading, is
    the end of the last scene.

    >>> scenes = load_scenes()
    >>> len(scenes), scenes.act[21], scenes.scene[21], scenes.place[21]
    (22, 'V', 'IV', 'The forest.')
    >>> scenes.text[0][:30]
    '[Enter ORLANDO and ADAM]\\n\\nORLA'
    """
    heading = re.compile(r"\tAS YOU LIKE IT\n+ACT (\w+)\n+SCENE (\w+)\t([^\n]+)\n+")
    _, *pieces = heading.split(load_text("asyoulik"))
    table = np.array(pieces, dtype=object).reshape(-1, 4)
    table[:, 3] = [text.strip() + "\n" for text in table[:, 3]]
    return _pandas().DataFrame(table, columns=["act", "scene", "place", "text"])


def load_quatrains(*, distinct: bool = False) -> "pd.DataFrame":
    """Tang quatrains in traditional script: author, title, poem.

    Every poem has 24 characters: four lines of five, each ended by a comma or a full stop, also
    where the collection has another sign. Some poems came down in several versions that differ in a
    few characters, also under several names. With `distinct` only the first of those that agree in
    ten places or more (of the 20 without the signs) is kept: without it, a random split puts
    versions of one poem on both sides.

    >>> load_quatrains().shape, load_quatrains(distinct=True).shape
    ((3772, 3), (3549, 3))
    """
    table = _table("tang_quatrains.tsv", ["author", "title", "poem"])
    if not distinct:
        return table
    places = [k for k in range(24) if k % 6 != 5]
    characters = np.array([[ord(poem[k]) for k in places] for poem in table.poem])
    kept: list[int] = []
    for number, poem in enumerate(characters):
        agreeing = (characters[kept] == poem).sum(axis=1)
        if not (agreeing >= 10).any():
            kept.append(number)
    return table.iloc[kept].reset_index(drop=True)


def load_rhymes() -> dict[str, set[str]]:
    """The Pingshui rhyme classes of each character; two characters rhyme if they share one.

    The 106 classes were fixed in the 13th century, after the rhymes of Tang poetry. A character
    with several readings is in several classes; one that is missing is in none.

    >>> rhymes = load_rhymes()
    >>> rhymes["光"] & rhymes["霜"]
    {'下平聲七陽'}
    """
    rhymes: dict[str, set[str]] = {}
    for line in read_bytes("pingshui_rhymes.tsv").decode("utf-8").splitlines():
        _, name, characters = line.split("\t")
        for character in characters:
            rhymes.setdefault(character, set()).add(name)
    return rhymes


def load_verses() -> "pd.DataFrame":
    """Pairs of verses: reference, english, spanish, at most 16 words a side.

    From the World English Bible (2020) and the Reina-Valera of 1909, in the spelling of its time.

    >>> load_verses().english[0]
    'In the beginning, God created the heavens and the earth.'
    """
    return _table("verses_english_spanish.tsv", ["reference", "english", "spanish"])


def load_surnames() -> "pd.DataFrame":
    """Surnames with a language they are common in: language, surname.

    Unbalanced (173 to 2,379 a language). 225 surnames stand under more than one language, so no
    classifier can be right on all.

    >>> load_surnames().language.nunique()
    16
    """
    return _table("surnames.tsv", ["language", "surname"])


def load_splice_junctions() -> "pd.DataFrame":
    """Windows of 60 DNA bases: junction, bases.

    The junction is "ei" (exon to intron), "ie" or "n" (none); it lies at the middle of *every*
    window, so a model that looks at fixed places has an advantage. One sequence occurs twice,
    with two labels. In 11 windows there is a G wherever the archive has the letter N, a base that
    was not known: StatLog, whose version this is, coded N like G. One of them ends in 41 such Gs.

    >>> load_splice_junctions().junction.value_counts().to_dict()
    {'n': 1653, 'ei': 679, 'ie': 670}
    """
    return _table("dna_splice_junctions.tsv", ["junction", "bases"])


def load_stocks() -> "pd.DataFrame":
    """Daily prices in US dollars and volumes in shares, by ticker and date.

    `Close` jumps where a share was split (MSFT on 2003-02-18 by -48 %); `Adj Close` is corrected
    for splits and dividends: use that one. Trading days only.

    >>> load_stocks().groupby("Ticker").size().to_dict()
    {'AAPL': 3270, 'FB': 196, 'GOOG': 2148, 'IBM': 3270, 'MSFT': 3270}
    """
    return _csv("stocks_daily.csv.gz", ["Date"]).set_index(["Ticker", "Date"])


def load_beijing_weather() -> "pd.DataFrame":
    """Hourly weather in Beijing, 2010 to 2014, indexed by time, complete.

    pm2.5 in micrograms per cubic metre (2,067 hours missing), DEWP and TEMP in degrees Celsius,
    PRES in hPa, cbwd wind direction, Iws cumulated wind speed in m/s, Is and Ir cumulated hours
    of snow and rain (Liang et al. 2015).

    >>> load_beijing_weather().shape
    (43824, 8)
    """
    table = _csv("beijing_weather_hourly.csv.gz")
    table.index = _pandas().to_datetime(table[["year", "month", "day", "hour"]])
    return table.drop(columns=["No", "year", "month", "day", "hour"]).rename_axis("time")


def load_electricity() -> "pd.Series":
    """Hourly electricity load of the average of 321 clients in Portugal, in kilowatt, 2012 to 2014.

    A Series indexed by local time, rounded to one decimal: 26,304 hours, no gap. The days on which
    the clock changes have two faults, six hours in all. The hour that summer time leaves out, at
    01:00 on a Sunday in March, is near zero (5.8 to 54.7 kW) and no measurement of demand; the
    hour that comes twice, at 01:00 on a Sunday in October, holds the sum of both. A mean of
    2,500 kW a client is no household's: the average is one of large customers, not of a grid.

    >>> series = load_electricity()
    >>> len(series), int((series < 100).sum()), int(series.mean())
    (26304, 3, 2538)
    """
    return _csv("electricity_hourly.csv.gz", ["ts"]).set_index("ts").y.rename("load")


def load_traffic() -> "pd.DataFrame":
    """Vehicles in an hour on Interstate 94 near Minneapolis, with weather, indexed by time.

    23,084 hours of 24,096 are there: 1,012 are missing, in 907 gaps. temp in kelvin, rain_1h and
    snow_1h in mm (one rain_1h is 9,831, which no hour can hold), clouds_all in percent. `holiday`
    names a holiday at its hour 0 only, 28 rows, and is None elsewhere. The archive has up to five
    rows an hour, one for each kind of weather, and here is the first: the last would change
    `weather_main` in 3,415 hours, the temperature in 54 and the traffic in none.

    >>> table = load_traffic()
    >>> len(table), int(table.holiday.notna().sum())
    (23084, 28)
    """
    return _csv("traffic_i94_hourly.csv.gz", ["date_time"]).set_index("date_time")


def load_employment() -> "pd.DataFrame":
    """US employment in thousands, by month and sector, 2006 to 2015.

    Sectors are nested (nonfarm = private + government, and so on) and `nonfarm_change` is a
    difference: use `EMPLOYMENT_LEAVES` for sectors that do not overlap.

    >>> table = load_employment()
    >>> gap = table[list(EMPLOYMENT_LEAVES)].sum(axis=1) - table.nonfarm
    >>> bool(gap.abs().max() < 10)
    True
    """
    return _csv("us_employment_monthly.csv", ["month"]).set_index("month")


class JapaneseVowels(NamedTuple):
    """Speech: 640 utterances of two vowels by nine men, in the split of Kudo et al. (1999)."""

    training: list[np.ndarray]  # 270 utterances (T, 12), float64, T from 7 to 26 frames
    training_speakers: np.ndarray  # (270,), int64, 0 to 8, thirty utterances each
    test: list[np.ndarray]  # 370 utterances (T, 12), T from 7 to 29
    test_speakers: np.ndarray  # (370,), int64, 24 to 88 utterances each


def load_japanese_vowels() -> JapaneseVowels:
    """Who speaks? Utterances of different lengths, for padding, packing, masks and buckets.

    Each is the two vowels /ae/ in a row. A frame is the 12 LPC cepstrum coefficients (no unit) of
    25.6 ms of sound at 10 kHz, and the next one begins 6.4 ms later. The archive numbers the
    speakers from 1, here they count from 0. They come in order: shuffle the training set. The test
    was recorded on other occasions, with the same speakers.

    >>> vowels = load_japanese_vowels()
    >>> len(vowels.training), len(vowels.test), vowels.training[0].shape
    (270, 370, (20, 12))
    """
    arrays = read_arrays("japanese_vowels.npz")
    train, frames = int(arrays["train"]), arrays["frames_millionths"] / 1e6
    utterances = np.split(frames, np.cumsum(arrays["lengths"])[:-1])
    speakers = arrays["speakers"].astype(np.int64) - 1
    return JapaneseVowels(
        utterances[:train], speakers[:train], utterances[train:], speakers[train:]
    )


def _pandas() -> Any:
    try:
        import pandas
    except ModuleNotFoundError as error:
        raise ModuleNotFoundError(
            "this table needs pandas: pip install pandas", name="pandas"
        ) from error
    return pandas


def _csv(name: str, dates: Sequence[str] = ()) -> "pd.DataFrame":
    content = io.BytesIO(read_bytes(name))
    return _pandas().read_csv(content, parse_dates=list(dates), encoding="utf-8")


def _table(name: str, columns: list[str]) -> "pd.DataFrame":
    """Tab-separated text, taken as it stands: no quoting, and "NA" is a name."""
    lines = read_bytes(name).decode("utf-8").removesuffix("\n").split("\n")
    return _pandas().DataFrame([line.split("\t") for line in lines], columns=columns)
