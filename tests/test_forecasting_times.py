"""Calendars, clocks and the kinds in which people write times."""

import io
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rnnbook.forecasting import Naive, check_times, forecast, regular_grid
from rnnbook.forecasting._index import series_index

pandas = pytest.importorskip("pandas")

# What is found in times without a frequency, for each frequency of pandas.
CALENDARS = {
    "MS": np.timedelta64(1, "M"),
    "ME": np.timedelta64(1, "M"),
    "2ME": np.timedelta64(2, "M"),
    "QS-FEB": np.timedelta64(3, "M"),
    "QE": np.timedelta64(3, "M"),
    "YS-APR": np.timedelta64(12, "M"),
    "YE": np.timedelta64(12, "M"),
    "B": pandas.offsets.BusinessDay(1),
    "2B": pandas.offsets.BusinessDay(2),
    "W-WED": np.timedelta64(7, "D"),
    "D": np.timedelta64(1, "D"),
    "h": np.timedelta64(1, "h"),
    "15min": np.timedelta64(15, "m"),
}
KINDS = {
    "index with freq": lambda index: index,
    "index without freq": lambda index: pandas.DatetimeIndex(index, freq=None),
    "column": lambda index: index.to_series().reset_index(drop=True),
    "NumPy, seconds": lambda index: index.to_numpy().astype("datetime64[s]"),
    "NumPy, nanoseconds": lambda index: index.to_numpy().astype("datetime64[ns]"),
    "strings": lambda index: [str(time) for time in index],
    "array of strings": lambda index: index.astype(str).to_numpy(),
    "datetimes": lambda index: list(index.to_pydatetime()),
}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("freq", CALENDARS)
def test_a_calendar_is_found_and_goes_on_in_every_kind_of_times(freq, kind):
    every = pandas.date_range("2023-10-31", periods=23, freq=freq)
    times = KINDS[kind](every[:20])
    known = kind == "index with freq" and freq not in ("D", "h", "15min")
    assert check_times(times) == (every.freq if known else CALENDARS[freq])
    ahead = series_index(np.zeros(20), times, 20).ahead(3)
    assert (ahead.astype("datetime64[s]") == every[20:].to_numpy()).all()


@given(
    freq=st.sampled_from(sorted(CALENDARS)),
    start=st.datetimes(datetime(1960, 1, 1), datetime(2060, 1, 1)),
    length=st.integers(12, 40),
    horizon=st.integers(1, 9),
    data=st.data(),
)
def test_a_calendar_goes_on_as_in_pandas_and_its_gap_is_named(freq, start, length, horizon, data):
    start = pandas.Timestamp(start).floor("min")
    every = pandas.date_range(start, periods=length + horizon, freq=freq).to_numpy()
    times = every[:length]
    assert check_times(times) == CALENDARS[freq]
    assert (series_index(times, times, length).ahead(horizon) == every[length:]).all()
    hole = data.draw(st.integers(1, length - 2))
    with pytest.raises(ValueError, match=rf"^times\[{hole}\] is .* after times\[{hole - 1}\]"):
        check_times(np.delete(times, hole))
    grid, values, mask = regular_grid(np.delete(times, hole), np.ones(length - 1), CALENDARS[freq])
    assert (grid == times).all() and np.flatnonzero(~mask).tolist() == [hole]
    assert np.isnan(values[hole])


@given(
    day=st.integers(1, 31),
    months=st.integers(1, 14),
    first=st.integers(0, 900),
    length=st.integers(6, 30),
)
def test_months_keep_their_day_or_the_last_where_there_are_fewer(day, months, first, length):
    """Against Python, month by month: a 30th that is 28 February in between stays a 30th."""
    numbers = first + months * np.arange(length + 2)
    month = [date(1960 + int(n) // 12, int(n) % 12 + 1, 1) for n in numbers]
    lengths = [((m + timedelta(31)).replace(day=1) - m).days for m in month]
    every = [m.replace(day=min(day, size)) for m, size in zip(month, lengths, strict=True)]
    cut = any(size >= day for size in lengths[:length]) and max(t.day for t in every[:length])
    if cut != day or all(s == t.day for s, t in zip(lengths[:length], every, strict=False)):
        return  # these months are too short, or all end on that day, to tell which day it is
    assert check_times(every[:length]) == np.timedelta64(months, "M")
    assert series_index(month[:length], every[:length], length).ahead(2).tolist() == every[length:]


def test_ends_of_short_months_are_followed_by_ends_of_long_ones():
    for times, ahead in {
        ("2001-02-28", "2002-02-28", "2003-02-28"): "2004-02-29",
        ("2001-04-30", "2001-06-30"): "2001-08-31",
        ("2001-02-28", "2001-03-28"): "2001-04-28",
        ("2001-01-30", "2001-02-28"): "2001-03-30",
    }.items():
        assert series_index(times, times, len(times)).ahead(1).astype(str).tolist() == [ahead]


def test_a_step_of_days_keeps_the_time_of_day():
    months = ["2000-01-31T00", "2000-02-29T00", "2000-03-31T06"]
    with pytest.raises(ValueError, match=r"times\[2\] is 2000-03-31T06.* a step of 1 month"):
        check_times(months)
    days = [*np.arange("2024-01-01", "2024-01-06", dtype="datetime64[D]"), "2024-01-08T06"]
    with pytest.raises(ValueError, match=r"times\[5\] is 2024-01-08T06.* of 1 business day"):
        check_times(np.array(days, "datetime64[h]"), "1B")
    assert check_times(np.array(days[:5], "datetime64[h]") + 9) == np.timedelta64(1, "D")
    later = np.array(["2024-01-04T09", "2024-01-05T09", "2024-01-08T09"], "datetime64[h]")
    assert series_index(later, later, 3).ahead(1)[0] == np.datetime64("2024-01-09T09")


def test_one_time_that_is_off_is_the_one_that_is_named():
    for step in (np.timedelta64(6, "h"), np.timedelta64(1, "D"), np.timedelta64(7, "D")):
        times = np.datetime64("2024-01-03T00:00") + np.arange(40) * step
        times[23] += np.timedelta64(7, "m")
        with pytest.raises(ValueError, match=r"^times\[23\] is 2024-.*T\d\d:07, "):
            check_times(times)
    numbers = 6 * np.arange(40)
    numbers[23] += 1
    with pytest.raises(ValueError, match=r"^times\[23\] is 139, 7 after .* a step of 6"):
        check_times(numbers)


def test_times_read_back_from_a_file_are_those_that_were_written():
    index = pandas.date_range("2024-01-31", periods=20, freq="ME", name="month")
    text = pandas.DataFrame({"load": np.arange(20.0)}, index=index).to_csv()
    parsed = pandas.read_csv(io.StringIO(text), index_col=0, parse_dates=True)
    plain = pandas.read_csv(io.StringIO(text), index_col=0)
    for table in (parsed, plain):
        ahead = forecast(Naive(), table["load"], input_length=3, horizon=2)
        assert [str(time)[:10] for time in ahead.times] == ["2025-09-30", "2025-10-31"]
        with pytest.raises(ValueError, match=r"times\[7\] is 2024-09-30.* a step of 1 month"):
            forecast(Naive(), table["load"].drop(table.index[7]), input_length=3, horizon=2)


def test_whole_months_and_years_of_numpy():
    months = np.datetime64("2000-01") + np.arange(7)
    assert check_times(months) == np.timedelta64(1, "M")
    with pytest.raises(ValueError, match=r"times\[2\] is 2000-04, 2 months after.* of 1 month"):
        check_times(np.delete(months, 2))
    grid, _, mask = regular_grid(np.delete(months, 2), np.ones(6), np.timedelta64(1, "M"))
    assert (grid == months).all() and mask.tolist() == [True] * 2 + [False] + [True] * 4
    assert check_times(np.datetime64("2000") + np.arange(3)) == np.timedelta64(1, "Y")
    with pytest.raises(ValueError, match=r"step is 1D for times of dtype datetime64\[M\]"):
        regular_grid(months, np.ones(7), "1D")


@pytest.mark.parametrize("freq", ["M", "Q-NOV", "Y", "W", "D", "h"])
def test_periods_of_pandas(freq):
    every = pandas.period_range("2019-01-31", periods=20, freq=freq)
    times, column = every[:18], pandas.Series(every[:18])
    assert check_times(times) == check_times(column) == every.freq
    ahead = forecast(Naive(), pandas.Series(np.ones(18), times), input_length=3, horizon=2)
    assert (ahead.times == every[18:]).all()
    with pytest.raises(ValueError, match=r"times\[5\] is .*, 2 periods after .* of 1 period"):
        check_times(times.delete(5))
    grid, _, mask = regular_grid(times.delete(5), np.ones(17), 1)
    assert (grid == times).all() and np.flatnonzero(~mask).tolist() == [5]
    assert series_index(np.ones(18), times, 18).row(str(times[4])) == 4


def test_trading_days_are_counted_by_rows_and_the_error_says_so():
    days = pandas.bdate_range("2024-12-20", periods=20).drop("2024-12-25")
    prices = pandas.Series(np.arange(19.0), days)
    sizes = {"input_length": 3, "horizon": 2}
    with pytest.raises(ValueError, match=r"2024-12-26, 2 days.* 1 business day: .*times=\"rows\""):
        forecast(Naive(), prices, **sizes)
    ahead = forecast(Naive(), prices, times="rows", **sizes)
    assert ahead.times.tolist() == [19, 20] and ahead.values.tolist() == [18, 18]
    with pytest.raises(ValueError, match=r"before times\[0\]; .* sort the rows by time"):
        forecast(Naive(), prices[::-1], times="rows", **sizes)
    _, values, mask = regular_grid(days, prices, "1B")
    assert np.isnan(values[3]) and (~mask).sum() == 1
    known = pandas.offsets.CustomBusinessDay(holidays=["2024-12-25"])
    ahead = forecast(Naive(), prices.set_axis(pandas.DatetimeIndex(days, freq=known)), **sizes)
    assert ahead.times.astype("datetime64[D]").astype(str).tolist() == ["2025-01-17", "2025-01-20"]


def test_one_row_a_month_on_different_days_can_be_given_as_months():
    days = pandas.date_range("2019-01-31", periods=9, freq="BME").to_numpy()  # not 31 March
    with pytest.raises(ValueError, match=r'give months: np.array\(times, "datetime64\[M\]"\)'):
        check_times(days)
    assert check_times(np.array(days, "datetime64[M]")) == np.timedelta64(1, "M")


ZONES = ["Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kolkata", "UTC"]


@settings(max_examples=60)
@given(
    zone=st.sampled_from(ZONES),
    start=st.datetimes(datetime(2020, 1, 1), datetime(2025, 1, 1)),
    minutes=st.sampled_from([15, 30, 60, 180]),
    length=st.integers(30, 300),
)
def test_regular_in_absolute_time_is_regular_in_every_zone(zone, start, minutes, length):
    index = pandas.date_range(start, periods=length + 2, freq=f"{minutes}min", tz=zone)
    times = pandas.DatetimeIndex(index[:length], freq=None)
    assert check_times(times) == np.timedelta64(minutes, "m")
    assert check_times(list(times.to_pydatetime())) == np.timedelta64(minutes, "m")
    assert (series_index(times, times, length).ahead(2) == index[length:]).all()
    grid, _, mask = regular_grid(times.delete([7, 20]), np.ones(length - 2), f"{minutes}min")
    assert (grid == times).all() and np.flatnonzero(~mask).tolist() == [7, 20]


@pytest.mark.parametrize(
    "zone, jump", [("Asia/Beirut", "2024-03-31"), ("Africa/Cairo", "2024-04-26")]
)
@pytest.mark.parametrize("before", [4, 0, 9], ids=["in the middle", "first", "last"])
def test_days_go_on_where_clocks_jump_over_midnight(zone, jump, before):
    days = pandas.date_range(pandas.Timestamp(jump) - pandas.Timedelta(before, "D"), periods=13)
    every = days.tz_localize(zone, nonexistent="shift_forward")
    assert every[before].hour == 1 and set(every.delete(before).hour) == {0}
    for times in (every[:10], list(every[:10].to_pydatetime())):
        assert check_times(times) == np.timedelta64(1, "D")
        assert list(series_index(np.ones(10), times, 10).ahead(3)) == list(every[10:])
    hole = before + 1 if before < 8 else 3
    with pytest.raises(ValueError, match=rf"^times\[{hole}\] is .*, 2 days after"):
        check_times(every.delete(hole))
    grid, _, mask = regular_grid(every.delete(hole), np.ones(12), "1D")
    assert (grid == every).all() and np.flatnonzero(~mask).tolist() == [hole]


@pytest.mark.parametrize("start", ["2024-03-28", "2024-10-24"], ids=["spring", "autumn"])
@pytest.mark.parametrize("freq", ["h", "D"])
def test_both_clock_changes(start, freq):
    index = pandas.date_range(start, periods=240, freq=freq, tz="Europe/Berlin")
    for times in (index, pandas.DatetimeIndex(index, freq=None), list(index.to_pydatetime())):
        short = times[:3]  # before the change
        for part, more in ((times[:-2], index[-2:]), (short, index[3:5])):
            ahead = series_index(np.ones(len(part)), part, len(part)).ahead(2)
            assert list(map(str, ahead)) == list(map(str, more))  # the hour of the clock, too
        assert check_times(times) == np.timedelta64(1, freq)
    gap = index.delete(50)
    with pytest.raises(ValueError, match=r"times\[50\] is .* after times\[49\]"):
        check_times(gap)
    grid, _, _ = regular_grid(gap, np.ones(239), f"1{freq}")
    assert (grid == index).all()


def test_a_day_of_24_hours_is_no_day_of_the_clock():
    index = pandas.date_range("2024-10-26", periods=4, freq="D", tz="Europe/Berlin")
    with pytest.raises(ValueError, match=r"times\[2\] is 2024-10-28 .* say '1D', which may have"):
        regular_grid(index, np.ones(4), "24h")
    assert regular_grid(index, np.ones(4), "1D")[2].all()


def test_clocks_without_a_zone_point_to_the_recipe():
    hours = np.array(["2024-10-27T01", "2024-10-27T02", "2024-10-27T02"], "datetime64[h]")
    with pytest.raises(
        ValueError, match=r"the same as times\[1\].* clocks went back, see 'Clock ch"
    ):
        check_times(hours)
    halves = ["2024-10-27T02:00", "2024-10-27T02:30", "2024-10-27T02:00"]
    with pytest.raises(ValueError, match=r"before times\[1\].* clocks went back, see 'Clock ch"):
        check_times(halves)
    spring = ["2024-03-31T00", "2024-03-31T01", "2024-03-31T03"]
    with pytest.raises(ValueError, match=r"2 hours after .* clocks went forward, see 'Clock ch"):
        check_times(spring)
    with pytest.raises(ValueError, match=r"one row for each time$"):
        check_times(["2024-10-27", "2024-10-27"])
    zoned = [datetime(2024, 10, 27, 2, fold=k, tzinfo=ZoneInfo("Europe/Berlin")) for k in (0, 1)]
    assert check_times(zoned) == np.timedelta64(1, "h")
    offsets = ["2024-10-27 02:00:00+02:00", "2024-10-27 02:00:00+01:00"]
    assert check_times(offsets) == np.timedelta64(1, "h")


@given(
    step=st.sampled_from([0.1, 0.001, 1 / 3, 0.25, 2.5, 1e-6]),
    offset=st.sampled_from([0.0, -3.7, 1000.3]),
    length=st.integers(5, 400),
    data=st.data(),
)
def test_float_clocks(step, offset, length, data):
    """By products and by running sums, whose roundings differ."""
    products = offset + step * np.arange(length)
    sums = np.cumsum(np.full(length, step))
    for times in (products, sums):
        assert check_times(times) == pytest.approx(step)
        hole = data.draw(st.integers(1, length - 2))
        with pytest.raises(ValueError, match=rf"^times\[{hole}\] is"):
            check_times(np.delete(times, hole))
        grid, _, mask = regular_grid(np.delete(times, hole), np.ones(length - 1), step)
        assert np.flatnonzero(~mask).tolist() == [hole] and grid == pytest.approx(times)
        late = times.copy()
        late[hole] += 0.002 * step
        with pytest.raises(ValueError, match=rf"^times\[{hole}\] is"):
            regular_grid(late, np.ones(length), step)


def test_float_clocks_of_the_issue_and_of_unix():
    assert check_times(np.arange(0, 1, 0.1)) == pytest.approx(0.1)
    _, values, _ = regular_grid([0, 0.1, 0.30000000000000004], [5.0, 6.0, 7.0], 0.1)
    assert values[[0, 1, 3]].tolist() == [5.0, 6.0, 7.0] and np.isnan(values[2])
    assert check_times(1.7e9 + 1e-3 * np.arange(1000)) == pytest.approx(1e-3, rel=1e-6)
    with pytest.raises(ValueError, match=r"times\[2\] is 0.10001; expected a whole number"):
        regular_grid([0, 0.1, 0.10001, 0.2], [5.0, 6.0, 7.0, 8.0], 0.1)  # two for one place
    with pytest.raises(ValueError, match=r"times\[\d+\] is .* whole number of steps of 0.1001"):
        regular_grid(0.1 * np.arange(1000), np.ones(1000), 0.1001)  # a drift


STEPS = {
    "text": "1h",
    "minutes": "60min",
    "NumPy": np.timedelta64(1, "h"),
    "Python": timedelta(hours=1),
    "pandas": pandas.Timedelta("1h"),
    "offset": pandas.offsets.Hour(1),
}


@pytest.mark.parametrize("step", STEPS.values(), ids=STEPS)
def test_a_step_is_written_in_many_ways(step):
    times = ["2024-01-01 00:00", "2024-01-01 01:00", "2024-01-01 03:00"]
    for kind in (times, pandas.DatetimeIndex(times)):
        grid, values, mask = regular_grid(kind, [5.0, 6.0, 7.0], step)
        assert (grid == np.datetime64("2024-01-01T00", "m") + 60 * np.arange(4)).all()
        assert mask.tolist() == [True, True, False, True] and values[3] == 7
    assert check_times(times[:2], step) == step
    with pytest.raises(ValueError, match=r"2 hours after .* expected a step of 1 hour"):
        check_times(times, step)


def test_a_grid_of_months_of_days():
    grid, values, mask = regular_grid(
        np.array(["2000-01-31", "2000-02-29", "2000-04-30"], "datetime64[D]"),
        [[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]],
        np.timedelta64(1, "M"),
    )
    assert grid.astype(str).tolist() == ["2000-01-31", "2000-02-29", "2000-03-31", "2000-04-30"]
    assert values[mask].tolist() == [[1, 2], [3, 4], [5, 6]] and np.isnan(values[2]).all()
    with pytest.raises(ValueError, match=r"times\[1\] is 2000-03-02; .* steps of 1 month"):
        regular_grid(["2000-01-31", "2000-03-02", "2000-03-31"], [1, 2, 3], "1M")


def test_what_is_nan_was_not_measured():
    _, values, mask = regular_grid([0, 1, 2, 4], [1.0, np.nan, 3.0, 4.0], 1)
    assert mask.tolist() == [True, False, True, False, True]
    assert np.isfinite(values).tolist() == mask.tolist()
    table = [[1.0, 2.0], [np.nan, 4.0], [np.nan, np.nan]]
    _, values, mask = regular_grid([0, 1, 2], table, 1)
    assert mask.tolist() == [True, True, False]  # by row; by value:
    assert np.isfinite(values).tolist() == [[True, True], [False, True], [False, False]]


@pytest.mark.parametrize(
    "times, error, message",
    [
        (["2024-01-01", "", "2024-01-03"], ValueError, r"times\[1\] is missing"),
        ([1.0, np.nan, 3.0], ValueError, r"times\[1\] is missing"),
        (pandas.PeriodIndex(["2024-01", None], freq="M"), ValueError, r"times\[1\] is missing"),
        (["1", "2"], ValueError, r"times\[0\] is '1'; expected an ISO date"),
        (["31.01.2024", "2024-02-01"], ValueError, r"is '31.01.2024'; expected an ISO date"),
        (["2024-01-31", "01/02/2024"], ValueError, r"times\[1\] is .*pandas.to_datetime reads"),
        (["2024-01-31", "2024-13-01"], ValueError, r"times\[1\] is '2024-13-01'; expected an ISO"),
        (["2024-01-31T00:00+01:00", "2024-01-31T01:00"], ValueError, "without a time zone"),
        ([date(2024, 1, 31), 5], ValueError, r"times\[1\] is 5; expected an ISO date"),
        ([date(2024, 1, 31), None], ValueError, r"times\[1\] is missing"),
        ([True, False], TypeError, "times has dtype bool; expected numbers"),
        ([1j, 2j], TypeError, "times has dtype complex128; expected numbers"),
        (np.array([5, 3], np.uint8), ValueError, "before times"),
        ([[1, 2], [3, 4]], ValueError, r"times has shape \(2, 2\); expected \(L,\)"),
    ],
)
def test_times_that_are_none(times, error, message):
    with pytest.raises(error, match=message):
        check_times(times)


@pytest.mark.parametrize(
    "times, step, error, message",
    [
        ([1, 2], "1D", TypeError, "step is '1D' for numbers; expected a number"),
        (["2024-01-01", "2024-01-02"], 1, TypeError, "step is 1 for times; expected a duration"),
        (["2024-01-01", "2024-01-02"], "1m", ValueError, "step is '1m'; expected a number and a"),
        (["2024-01-01", "2024-01-02"], "0D", ValueError, "step is 0D; expected a positive step"),
        (["2024-01-01", "2024-01-02"], "-1h", ValueError, "step is -1h; expected a positive step"),
        ([1, 2], [1], TypeError, r"step is \[1\]; expected a number, a duration"),
        ([1, 2], True, TypeError, "step is True; expected a number, a duration"),
        ([1.0, 2.0], np.nan, ValueError, "step is nan; expected a positive step"),
    ],
)
def test_steps_that_are_none(times, step, error, message):
    for function in (check_times, lambda times, step: regular_grid(times, [5.0, 6.0], step)):
        with pytest.raises(error, match=message):
            function(times, step)


def test_periods_are_steps_of_periods():
    pandas = pytest.importorskip("pandas")
    months = pandas.PeriodIndex(["2024-01", "2024-02", "2024-05"], freq="M")
    for step in (1, "M", "1M", pandas.offsets.MonthEnd()):
        grid, values, _ = regular_grid(months, [5.0, 6.0, 7.0], step)
        assert grid.equals(pandas.period_range("2024-01", "2024-05", freq="M"))
        assert np.isnan(values).tolist() == [False, False, True, True, False]
    quarters = pandas.period_range("2024-01", periods=4, freq="3M")
    assert check_times(quarters) == pandas.offsets.MonthEnd(3)
    assert check_times(quarters, "3M") == "3M" and check_times(quarters[:3], check_times(quarters))
    with pytest.raises(ValueError, match=r"times.* expected a step of 1 period"):
        check_times(quarters, "M")
    with pytest.raises(TypeError, match=r"step is 'Q' for periods; .* as in period\[M\]"):
        check_times(months, "Q")
