"""What comes from pandas goes together by its labels, or is refused."""

import numpy as np
import pandas as pd
import pytest

from rnnbook import data
from rnnbook.forecasting import (
    Naive,
    Standardizer,
    backtest,
    clark_west,
    coverage,
    diebold_mariano,
    forecast,
    mae,
    mase,
    masked_windows,
    pinball,
    results_table,
    width,
    windows,
)

VALUES = 1.0 + np.arange(11.0) ** 1.5
NAMES = [f"s{k}" for k in range(11)]
SIZES = {"input_length": 3, "horizon": 2}


def everywhere(series, **options):
    """What cuts or forecasts a series, one call after the other."""
    yield lambda: masked_windows(series, None, 3, 2, **options)
    yield lambda: backtest(Naive(), series, start=6, **SIZES, **options)
    yield lambda: forecast(Naive(), series, **SIZES, **options)


def test_several_series_below_each_other_are_not_one():
    stocks = data.load_stocks()["Adj Close"]
    message = r'has an index of several levels; expected one series, such as \w+\.loc\["AAPL"\]'
    for call in (*everywhere(stocks), lambda: windows(stocks, 3, 2)):
        with pytest.raises(ValueError, match="^series " + message):
            call()
    with pytest.raises(ValueError, match="^series " + message):
        windows(stocks, 3, 2, times="rows")
    with pytest.raises(ValueError, match="^training " + message):
        mase([5.0], [7.0], stocks)
    one = stocks.loc["AAPL"]
    assert forecast(Naive(), one, **SIZES, times="rows").values == pytest.approx(one.iloc[-1])
    by_day = stocks.swaplevel()
    with pytest.raises(ValueError, match=r'such as series\.xs\("AAPL", level=1\)'):
        windows(by_day, 3, 2)
    assert by_day.xs("AAPL", level=1).equals(one)


@pytest.mark.parametrize("index", [pd.RangeIndex(11), NAMES, np.arange(40, 51)], ids=str)
def test_rows_in_another_order_are_refused(index):
    series = pd.Series(VALUES, index)
    order = [0, 2, 1, *range(3, 11)]  # only the first row is in its place
    known, mask = pd.DataFrame({"k": VALUES}, index), pd.Series(VALUES != 2, index)
    message = "has the label .*2 in row 1, series has .*1; expected rows in the same order"
    for call in (
        lambda: masked_windows(series, None, 3, 2, known=known.iloc[order]),
        lambda: backtest(Naive(), series, start=6, known=known.iloc[order], **SIZES),
        lambda: forecast(Naive(), series, known=known.iloc[[*order, 9, 10]], **SIZES),
    ):
        with pytest.raises(ValueError, match="^known " + message):
            call()
    for call in (
        lambda: masked_windows(series, mask.iloc[order], 3, 2),
        lambda: backtest(Naive(), series, start=6, mask=mask.iloc[order], **SIZES),
        lambda: forecast(Naive(), series, mask=mask.iloc[order], **SIZES),
        lambda: Standardizer.fit(series, mask.iloc[order]),
    ):
        with pytest.raises(ValueError, match="^mask " + message):
            call()
    masked_windows(series, mask, 3, 2, known=known)
    back = known.iloc[order].reindex(series.index)
    cut = masked_windows(series, mask.to_numpy(), 3, 2, known=back)
    assert (cut.known[0, :, 0] == VALUES[3:5]).all()


def test_rows_that_begin_elsewhere_are_refused():
    known = pd.DataFrame({"k": np.append(VALUES, [5.0, 6.0])})
    with pytest.raises(ValueError, match="known has the label 0 in row 0, series has 2"):
        forecast(Naive(), pd.Series(VALUES).iloc[2:], **SIZES, known=known.iloc[:-2])
    forecast(Naive(), pd.Series(VALUES), **SIZES, known=known)


def test_labels_that_have_nothing_in_common_are_not_looked_at():
    series = pd.Series(VALUES, pd.date_range("2024-03-01", periods=11))
    for index in (pd.RangeIndex(11), NAMES):
        cut = masked_windows(series, None, 3, 2, known=pd.DataFrame({"k": VALUES}, index))
        assert (cut.known[0, :, 0] == VALUES[3:5]).all()
    assert mae(pd.Series(VALUES), pd.Series(VALUES + 3, NAMES)) == pytest.approx(3)
    of_two = pd.MultiIndex.from_product([["a"], range(11)])
    assert mae(pd.Series(VALUES), pd.Series(VALUES + 3, of_two)) == pytest.approx(3)


def test_each_date_is_compared_and_not_only_the_first():
    days = pd.date_range("2024-03-01", periods=11)
    series = pd.Series(VALUES, days)
    other = pd.DataFrame({"k": VALUES}, [days[0], *(days[1:] + pd.Timedelta("1D"))])
    with pytest.raises(ValueError, match="known has other dates in its index than series"):
        masked_windows(series, None, 3, 2, known=other)


def test_columns_of_a_mask_stand_where_those_of_the_table_do():
    table = pd.DataFrame({"a": VALUES, "b": -VALUES})
    mask = pd.DataFrame({"a": VALUES != 2, "b": VALUES > 0})
    with pytest.raises(ValueError, match="mask has column 'b' where series has 'a'; expected the"):
        masked_windows(table, mask[["b", "a"]], 3, 2, target="a")
    assert np.isnan(masked_windows(table, mask, 3, 2, target="a").X[0]).sum() == 1


def test_scores_and_tests_refuse_rows_in_another_order():
    true = pd.Series(VALUES[:5])
    mixed = true.sample(frac=1, random_state=1)
    ends, levels = pd.DataFrame({0.1: true - 2, 0.9: true + 1}), [0.1, 0.9]
    others = {0.1: mixed - 2, 0.9: mixed + 1}
    mask = pd.Series(VALUES[:5] != 2)
    assert mae(true + 2, true, mask) == pytest.approx(2)
    assert pinball(ends, true, levels) == pytest.approx(0.1 * np.array([2, 1]))
    for call in (
        lambda: mae(mixed, true),
        lambda: mae(true + 2, true, mask.loc[mixed.index]),
        lambda: results_table({"b": true + 1, "a": mixed}, true, VALUES, reference="b"),
        lambda: pinball(pd.DataFrame(others).loc[mixed.index], true, levels),
        lambda: pinball(ends, true, levels, mask.loc[mixed.index]),
        lambda: coverage(mixed - 2, true + 1, true),
        lambda: width(true - 2, mixed + 9),
        lambda: diebold_mariano(true, mixed + 1),
        lambda: clark_west(true, 0.0, mixed),
        lambda: clark_west(true, mixed, true + 1),
    ):
        with pytest.raises(ValueError, match=r"has the label \d in row 0, \w+ has \d; expected"):
            call()
    first, second = pd.DataFrame({"1 h": true, "2 h": -true}), pd.DataFrame({"2 h": -true})
    second["1 h"] = true
    with pytest.raises(ValueError, match="forecasts has column '2 h' where targets has '1 h'"):
        mae(second, first)
    assert mae(second[["1 h", "2 h"]], first) == 0


def test_an_index_of_numbers_leaves_no_row_out():
    series = pd.Series(VALUES)
    for call in everywhere(series.drop([5, 6, 7])):
        with pytest.raises(ValueError, match=r"series.index\[5\] is 8, after 4; expected steps of"):
            call()
    with pytest.raises(ValueError, match=r"series.index\[3\] is 0.8, after 0.2; .* steps of 0.1"):
        windows(pd.Series(VALUES[:6], [0.0, 0.1, 0.2, 0.8, 0.9, 1.0]), 3, 2)
    with pytest.raises(ValueError, match=r"series.index\[11\] is 0, after 10; .* times=\"rows\""):
        windows(pd.concat([series, series]), 3, 2)
    seconds = [*range(0, 18_000, 3600), 18_001]
    with pytest.raises(ValueError, match=r"series.index\[5\] is 18001, after 14400; .* of 3600"):
        windows(pd.Series(VALUES[:6], seconds), 3, 2)
    assert len(windows(series.drop([5, 6, 7]), 3, 2, times="rows")[0]) == 4
    for index in (range(20, 42, 2), range(10, -1, -1), np.arange(11) * 0.1, [3] * 11):
        assert forecast(Naive(), pd.Series(VALUES, index), **SIZES).times.tolist() == [11, 12]


def test_a_number_that_is_also_the_name_of_another_column_is_refused():
    table = pd.DataFrame({1: VALUES, 0: -VALUES})
    with pytest.raises(ValueError, match="target is 1, the name of column number 0, but column nu"):
        windows(table, 3, 2, target=1)
    with pytest.raises(ValueError, match="target is 0, the name of column number 1, but column nu"):
        windows(table, 3, 2, target=[0])
    assert windows(table.rename(columns=str), 3, 2, target="1")[1][0, 0] == VALUES[3]
    same = table[[0, 1]]  # number and name agree
    assert windows(same, 3, 2, target=1)[1][0, 0] == VALUES[3]
    years = table.set_axis([2023, 2024], axis=1)
    assert windows(years, 3, 2, target=2024)[1][0, 0] == -VALUES[3]
    assert windows(years, 3, 2, target=1)[1][0, 0] == -VALUES[3]
