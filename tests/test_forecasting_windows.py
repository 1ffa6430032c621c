import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rnnbook.forecasting import (
    Standardizer,
    check_times,
    check_values,
    clark_west,
    crps,
    mae,
    masked_windows,
    regular_grid,
    windows,
)

RNG = np.random.default_rng(0)
TABLE = RNG.standard_normal((30, 3))


def test_windows_of_a_table_by_hand():
    X, Y, origins = windows(TABLE, 4, 2, target=1)
    assert X.shape == (25, 4, 3) and Y.shape == (25, 2)
    for x, y, o in zip(X, Y, origins, strict=True):
        assert (x == TABLE[o - 4 : o]).all() and (y == TABLE[o : o + 2, 1]).all()


@given(
    mask=st.lists(st.booleans(), min_size=12, max_size=30),
    T=st.integers(1, 4),
    H=st.integers(1, 3),
    stride=st.integers(1, 3),
    complete=st.booleans(),
)
def test_masked_windows_against_a_loop(mask, T, H, stride, complete):
    """Brute force; and what stands under the mask never shows."""
    series, mask = np.arange(float(len(mask))), np.array(mask)
    series[~mask] = 1e9
    expected = []
    for o in range(T, len(series) - H + 1, stride):
        there = [bool(mask[o + k]) for k in range(H)]
        if all(mask[o - T : o + H]) if complete else any(there):
            expected.append(o)
    if not expected:
        with pytest.raises(ValueError, match="mask leaves none of"):
            masked_windows(series, mask, T, H, stride=stride, complete=complete)
        return
    cut = masked_windows(series, mask, T, H, stride=stride, complete=complete)
    assert cut.origins.tolist() == expected
    for n, o in enumerate(expected):
        for k in range(T):
            value = cut.X[n, k]
            assert value == o - T + k if mask[o - T + k] else np.isnan(value)
            assert cut.X_mask[n, k] == mask[o - T + k]
        for k in range(H):
            assert cut.Y[n, k] == o + k if mask[o + k] else np.isnan(cut.Y[n, k])
            assert cut.Y_mask[n, k] == mask[o + k]


def test_a_mask_of_the_table_and_what_is_known_ahead():
    mask = np.ones(TABLE.shape, bool)
    mask[10, 0] = mask[20, 2] = False
    known = np.arange(60.0).reshape(30, 2)
    cut = masked_windows(TABLE, mask, 4, 2, target=2, known=known)
    assert len(cut.X) == 25  # one target of two is missing, never both
    assert np.isnan(cut.X).sum() == 8 and np.isnan(cut.Y).sum() == 2
    assert (cut.X_mask == np.isfinite(cut.X)).all() and (cut.Y_mask == np.isfinite(cut.Y)).all()
    for n, o in enumerate(cut.origins):
        assert (cut.known[n] == known[o : o + 2]).all()
    row_mask = mask.all(axis=1)
    cut = masked_windows(TABLE, row_mask, 4, 2, target=2)
    assert np.isnan(cut.X).sum() == 24


def test_the_future_enters_no_input():
    changed = TABLE.copy()
    changed[20:] += 1e6
    before, after = (windows(t, 4, 2, target=0) for t in (TABLE, changed))
    known = before[2] <= 20
    assert (before[0][known] == after[0][known]).all()
    assert not (before[0][~known] == after[0][~known]).all(axis=(1, 2)).any()


def test_standardizer_of_a_table_and_of_a_masked_series():
    scaler = Standardizer.fit(TABLE)
    assert scaler.mean.shape == (3,)
    scaled = scaler.transform(TABLE)
    assert np.abs(scaled.mean(axis=0)).max() < 1e-12 and scaled.std(axis=0) == pytest.approx(1)
    assert scaler.inverse(scaled) == pytest.approx(TABLE)
    masked = Standardizer.fit([1.0, 99.0, 3.0], mask=np.array([True, False, True]))
    assert masked == Standardizer.fit([1.0, 3.0]) == (2.0, 1.0)
    with pytest.raises(ValueError, match=r"series\[:, 1\] is constant"):
        Standardizer.fit([[1.0, 2.0], [2.0, 2.0]])
    with pytest.raises(ValueError, match="column without a value"):
        Standardizer.fit([[1.0, 2.0]], mask=[[True, False]])


@given(st.sets(st.integers(0, 50), min_size=2, max_size=20))
def test_regular_grid_keeps_every_row_in_its_place(hours):
    hours = np.array(sorted(hours))
    times = np.datetime64("2020-01-01T00") + hours.astype("timedelta64[h]")
    grid, values, mask = regular_grid(times, hours, np.timedelta64(1, "h"))
    assert check_times(grid) == np.timedelta64(1, "h")
    assert (grid[mask] == times).all() and (values[mask] == hours).all()
    assert np.isnan(values[~mask]).all() and mask[0] and mask[-1]


def test_times_of_pandas_and_of_the_shipped_traffic():
    pandas = pytest.importorskip("pandas")
    index = pandas.date_range("2020-01-01", periods=5, freq="h")
    assert check_times(index) == pandas.Timedelta("1h")
    from rnnbook import data

    table = data.load_traffic()
    with pytest.raises(ValueError, match=r"times\[\d+\] is .* expected a step of"):
        check_times(table.index)
    _, values, mask = regular_grid(
        table.index, table[["temp", "traffic_volume"]], np.timedelta64(1, "h")
    )
    assert values.shape == (24096, 2) and int((~mask).sum()) == 1012


def test_errors():
    with pytest.raises(ValueError, match=r"times\[2\] is 1, before times\[1\]; expected increas"):
        check_times([0, 2, 1])
    with pytest.raises(ValueError, match=r"times\[3\] is 4, the same as times\[2\]"):
        check_times([0, 2, 4, 4])
    with pytest.raises(ValueError, match=r"times\[3\] is 4, 2 after times\[2\]; .* step of 1"):
        check_times([0, 1, 2, 4, 6])
    with pytest.raises(ValueError, match=r"times\[1\] is 1, 1 after times\[0\]; .* step of 2"):
        check_times([0, 1, 2], step=2)
    with pytest.raises(ValueError, match=r"times has shape \(1,\); expected \(L,\) with at least"):
        check_times([3])
    with pytest.raises(ValueError, match=r"times\[2\] is 2.5; expected a whole number of steps"):
        regular_grid([0, 1, 2.5], [1, 2, 3], 1)
    with pytest.raises(ValueError, match="values has 2 rows; expected 3"):
        regular_grid([0, 1, 2], [1, 2], 1)
    with pytest.raises(ValueError, match="step is 0; expected a positive step"):
        regular_grid([0, 1, 2], [1, 2, 3], 0)
    with pytest.raises(ValueError, match=r"series\[1, 0\] is nan; expected finite values"):
        check_values([[1.0, 2.0], [np.nan, 2.0]])
    with pytest.raises(TypeError, match="mask has dtype int64; expected bool"):
        check_values([1.0, 2.0], mask=[1, 0])
    with pytest.raises(ValueError, match=r"mask has shape \(3,\); expected \(2,\)"):
        check_values([1.0, 2.0], mask=[True, True, True])
    with pytest.raises(ValueError, match=r"series has shape \(\); expected \(L,\) or \(L, D\)"):
        check_values(3.0)
    with pytest.raises(ValueError, match="target is 3; expected a column from 0 to 2"):
        windows(TABLE, 2, 1, target=3)
    with pytest.raises(ValueError, match="target is 0; expected None for a series of one"):
        windows(TABLE[:, 0], 2, 1, target=0)
    with pytest.raises(ValueError, match=r"known has shape \(29, 1\); expected \(L, K\)"):
        masked_windows(TABLE, None, 2, 1, target=0, known=np.zeros((29, 1)))
    with pytest.raises(ValueError, match="known has NaN or infinity"):
        masked_windows(TABLE, None, 2, 1, target=0, known=np.full((30, 1), np.nan))


def test_dates_durations_and_complex_numbers_are_no_values():
    pandas = pytest.importorskip("pandas")
    days = np.datetime64("2024-02-27") + np.arange(5)
    for values, dtype in (
        (days, r"datetime64\[D\]"),
        (days - days[0], r"timedelta64\[D\]"),
        (list(days), r"datetime64\[D\]"),
        (np.array(list(days - days[0]), object), "object"),
        (np.arange(5) + 2j, "complex128"),
        (np.array([3 + 2j, 5.0, np.complex128(7), None, 9], object), "object"),
    ):
        for kind in (lambda v: v, pandas.Series):
            with pytest.raises(
                TypeError, match=r"^series has dtype .*; expected numbers: leave it"
            ):
                windows(kind(values), 2, 1)
        for call in (
            lambda v=values: mae(v, np.ones(5)),
            lambda v=values: mae(np.ones(5), v),
            lambda v=values: crps(np.ones((5, 2)), v, [0.2, 0.7]),
            lambda v=values: clark_west(v, 1.0, np.ones(5)),
            lambda v=values: regular_grid(range(5), v, 1),
        ):
            with pytest.raises(TypeError, match=rf"^\w+ has dtype {dtype}; expected numbers"):
                call()
        with pytest.raises(TypeError, match=r"^series has column 'b' of dtype"):
            windows(pandas.DataFrame({"a": np.ones(5), "b": values}), 2, 1, target="a")
    with pytest.raises(TypeError, match=r"^series has dtype .*; expected numbers"):
        windows(pandas.date_range("2024-02-27", periods=5, tz="Europe/Berlin"), 2, 1)
    assert windows([True, False, True], 2, 1)[0].tolist() == [[1.0, 0.0]]
    assert windows(["0.5", "7", "2"], 2, 1)[0].tolist() == [[0.5, 7.0]]
    holed = np.array([3, None, 5], object)
    assert np.isnan(masked_windows(holed, [True, False, True], 2, 1).X[0, 1])


def test_a_standard_deviation_that_is_only_rounding_is_none():
    assert np.full(30, 0.1).std() > 0
    with pytest.raises(ValueError, match="series is constant"):
        Standardizer.fit(np.full(30, 0.1))
    with pytest.raises(ValueError, match=r"series\[:, 1\] is constant"):
        Standardizer.fit(np.stack([np.arange(30.0), np.full(30, 0.1)], axis=1))
