import numpy as np
import pytest
from sklearn.ensemble import HistGradientBoostingRegressor
from sklearn.linear_model import LinearRegression

from rnnbook.forecasting import (
    Direct,
    EmpiricalQuantiles,
    LinearAutoregression,
    Naive,
    Scaled,
    SeasonalNaive,
    Standardizer,
    backtest,
    masked_windows,
    windows,
)

RNG = np.random.default_rng(0)
SERIES = RNG.standard_normal((160, 2)).cumsum(axis=0)
KNOWN = RNG.standard_normal((160, 1))
MASK = RNG.random((160, 2)) > 0.1


def trees():
    return HistGradientBoostingRegressor(max_iter=5, min_samples_leaf=3, early_stopping=False)


MODELS = {
    "naive": Naive(1),
    "seasonal": SeasonalNaive(5, target=1),
    "linear": LinearAutoregression(),
    "quantiles": EmpiricalQuantiles([0.1, 0.5, 0.9]),
    "around the naive": EmpiricalQuantiles([0.1, 0.5, 0.9], Naive(1)),
    "trees": Direct(trees),
    "scaled": Scaled(LinearAutoregression(), target=1),
}


@pytest.mark.parametrize("train_length", [None, 60])
@pytest.mark.parametrize("refit_every", [None, 9])
@pytest.mark.parametrize("name", MODELS)
def test_the_future_changes_no_forecast(name, refit_every, train_length):
    """No leakage through windows, gaps, features, refits or scales: rewrite the future."""
    settings = {
        "input_length": 6,
        "horizon": 3,
        "start": 90,
        "stride": 4,
        "target": 1,
        "known": KNOWN,
    }
    settings |= {"refit_every": refit_every, "train_length": train_length}
    before = backtest(MODELS[name], SERIES, mask=MASK, **settings)
    values, mask = SERIES.copy(), MASK.copy()
    values[122:] = 1e6 * RNG.standard_normal((38, 2))
    mask[122:] = RNG.random((38, 2)) > 0.5
    after = backtest(MODELS[name], values, mask=mask, **settings)
    common, first, second = np.intersect1d(before.origins, after.origins, return_indices=True)
    known = common <= 122
    assert known.sum() >= 8 and (~known).any()
    first, second = before.forecasts[first], after.forecasts[second]
    same = (first == second) | (np.isnan(first) & np.isnan(second))
    assert same[known].all()
    if name != "quantiles" or refit_every:
        assert not same[~known].all()


def test_expanding_and_sliding_windows_by_hand():
    settings = {
        "input_length": 6,
        "horizon": 3,
        "start": 90,
        "stride": 4,
        "target": 1,
        "refit_every": 2,
    }
    for train_length in (None, 50):
        result = backtest(LinearAutoregression(), SERIES, train_length=train_length, **settings)
        for n in (0, 2, 3):
            end = result.origins[n - n % 2]
            past = SERIES[end - train_length : end] if train_length else SERIES[:end]
            fit = masked_windows(past, None, 6, 3, target=1)
            x = SERIES[None, result.origins[n] - 6 : result.origins[n]]
            by_hand = LinearAutoregression().fit(fit.X, fit.Y).predict(x)
            assert result.forecasts[n] == pytest.approx(by_hand[0], abs=1e-9)


class Recorder(Naive):
    """Remembers what it was fitted on."""

    def fit(self, X, Y, known=None):
        self.seen = (X, Y, known)
        return super().fit(X, Y)


def test_a_model_is_fitted_on_known_targets_only():
    time = np.arange(160.0)
    model = Recorder()
    backtest(model, time, input_length=6, horizon=3, start=90, refit_every=50, known=time[:, None])
    X, Y, known = model.seen
    assert Y.max() == 139 and X.max() == 136  # the last refit is at origin 140
    assert (known[..., 0] == Y).all()


def test_gaps_are_seen_as_gaps_and_left_out_of_the_result():
    series, mask = np.arange(60.0), np.ones(60, bool)
    mask[40:43] = False
    result = backtest(Naive(), series, input_length=2, horizon=2, start=35, mask=mask)
    assert result.origins.tolist() == [o for o in range(35, 59) if o not in (40, 41)]
    assert (result.mask == np.isfinite(result.targets)).all() and (~result.mask).sum() == 2
    forecasts = dict(zip(result.origins.tolist(), result.forecasts[:, 0].tolist(), strict=True))
    assert forecasts[44] == 43 and np.isnan(forecasts[42])  # two hours back, both missing
    model = Recorder()
    backtest(model, series, input_length=2, horizon=2, start=50, mask=mask, complete=True)
    assert np.isfinite(model.seen[0]).all() and np.isfinite(model.seen[1]).all()


def test_seasonal_naive_takes_the_last_season_that_was_measured():
    X = np.array([[1.0, 2.0, 3.0, 4.0, np.nan, 6.0, np.nan]])
    model = SeasonalNaive(3).fit(X, np.zeros((1, 4)))
    assert model.predict(X)[0].tolist() == [2.0, 6.0, 4.0, 2.0]


def test_direct_is_one_regression_for_each_step():
    X, Y = RNG.standard_normal((40, 5)), RNG.standard_normal((40, 3))
    Y[3, 1] = np.nan
    known = RNG.standard_normal((40, 3, 2))
    model = Direct(LinearRegression).fit(X, Y, known)
    rows = np.isfinite(Y[:, 1])
    inputs = np.concatenate([X, known[:, 1]], axis=1)
    by_hand = LinearRegression().fit(inputs[rows], Y[rows, 1]).predict(inputs)
    assert model.predict(X, known)[:, 1] == pytest.approx(by_hand, abs=1e-12)


def test_linear_autoregression_skips_gaps():
    X, Y = RNG.standard_normal((40, 4)), RNG.standard_normal((40, 2))
    holes = X.copy()
    holes[5, 2] = np.nan
    kept = np.arange(40) != 5
    whole = LinearAutoregression().fit(X[kept], Y[kept])
    model = LinearAutoregression().fit(holes, Y)
    assert pytest.approx(whole.W) == model.W and np.isfinite(model.predict(holes)).all()


def test_scaled_does_not_depend_on_the_units():
    settings = {"input_length": 6, "horizon": 3, "start": 90, "target": 1, "refit_every": 20}
    plain = backtest(Scaled(LinearAutoregression(0.1), 1), SERIES, **settings).forecasts
    units = np.array([1000.0, 0.01])
    other = backtest(Scaled(LinearAutoregression(0.1), 1), SERIES * units, **settings).forecasts
    assert other / 0.01 == pytest.approx(plain, abs=1e-8)
    unscaled = backtest(LinearAutoregression(0.1), SERIES * units, **settings).forecasts
    assert not np.allclose(unscaled / 0.01, plain, atol=1e-3)


def test_the_scale_is_that_of_what_was_fitted_on():
    X, Y = SERIES[None, :50], np.zeros((1, 2))
    model = Scaled(Naive(1), target=1).fit(X, Y)
    assert model.x_scaler.mean == pytest.approx(SERIES[:50].mean(axis=0))
    assert model.y_scaler == pytest.approx(Standardizer.fit(SERIES[:50, 1]))


def test_a_column_that_is_constant_while_fitting_is_only_shifted():
    flag = np.full(len(SERIES), 0.1)  # whose standard deviation rounds to more than 0
    flag[-9:] = 1.1
    table = np.stack([SERIES[:, 1], flag], axis=1)
    settings = {"input_length": 4, "horizon": 2, "start": len(table) - 12, "target": 0}
    seen = backtest(Scaled(LinearAutoregression(0.1)), table, **settings)
    alone = backtest(Scaled(LinearAutoregression(0.1)), SERIES[:, 1], **settings | {"target": None})
    assert seen.forecasts == pytest.approx(alone.forecasts)  # no weight on what never changed
    model = Scaled(Naive()).fit(table[None, :-9], SERIES[None, :2, 1])
    assert model.x_scaler.transform(table)[:, 1] == pytest.approx(np.rint(flag))
    with pytest.raises(ValueError, match=r"^the target is constant in the windows to fit on"):
        Scaled(Naive(1), target=1).fit(table[None, :-9], SERIES[None, :2, 1])
    with pytest.raises(ValueError, match=r"^the target is constant"):
        Scaled(Naive()).fit(np.full((3, 30), 0.1), np.ones((3, 2)))
    table[:, 1] = np.nan
    with pytest.raises(ValueError, match=r"^column 1 of series has no value in the windows to fit"):
        Scaled(Naive()).fit(table[None], SERIES[None, :2, 1])


def test_a_model_for_one_number_may_return_one_axis():
    result = backtest(
        LinearRegression(), SERIES[:, 0], input_length=4, horizon=1, start=90, refit_every=10
    )
    assert result.forecasts.shape == result.targets.shape == (70, 1)


@pytest.mark.parametrize("kind", ["times", "index"])
@pytest.mark.parametrize(
    "rows, message",
    [
        (np.arange(160)[::-1], "before times"),
        (np.insert(np.arange(160), 7, 7), "the same as times"),
        (np.delete(np.arange(160), 50), "2 hours after times.* expected a step of 1 hour"),
    ],
    ids=["reversed", "duplicated", "gapped"],
)
def test_times_out_of_step_are_refused(rows, message, kind):
    pandas = pytest.importorskip("pandas")
    times = np.datetime64("2024-01-01T00") + np.arange(160)
    series = pandas.Series(SERIES[:, 0], index=times)
    values, more = series.iloc[rows], {}
    if kind == "times":
        values, more = SERIES[rows, 0], {"times": times[rows]}
    for function in (
        lambda: backtest(Naive(), values, input_length=6, horizon=3, start=90, **more),
        lambda: windows(values, 6, 3, **more),
        lambda: masked_windows(values, None, 6, 3, **more),
    ):
        with pytest.raises(ValueError, match=message):
            function()
    backtest(Naive(), series, input_length=6, horizon=3, start=90)
    backtest(Naive(), series.to_numpy()[rows], input_length=6, horizon=3, start=90)


def test_which_times_are_looked_at():
    pandas = pytest.importorskip("pandas")
    settings = {"input_length": 6, "horizon": 3, "start": 90}
    for index in (
        pandas.date_range("2000-01-01", periods=160, freq="MS"),
        pandas.date_range("2024-03-29", periods=160, freq="h", tz="Europe/Berlin"),
        pandas.RangeIndex(160)[::-1],
    ):
        series = pandas.Series(SERIES[:, 0], index=index)
        assert len(backtest(Naive(), series, **settings).origins) == 68
    months = pandas.Series(SERIES[:, 0], pandas.date_range("2000-01-01", periods=160, freq="MS"))
    with pytest.raises(ValueError, match="before times"):
        windows(months[::-1], 6, 3)
    read = months.set_axis(pandas.DatetimeIndex(months.index, freq=None))  # as from a file
    assert len(windows(read, 6, 3)[2]) == 152
    with pytest.raises(ValueError, match=r"times\[50\] is 2004-04-01, 60 days.* step of 1 month"):
        windows(read.drop(read.index[50]), 6, 3)
    with pytest.raises(ValueError, match=r"times has shape \(159,\); expected \(160,\)"):
        windows(months, 6, 3, times=np.arange(159))
    with pytest.raises(ValueError, match=r"times has shape \(159,\); expected \(160,\)"):
        backtest(Naive(), SERIES[:, 0], times=np.arange(159), **settings)
    assert len(windows(list(SERIES[:, 0]), 6, 3, times=range(160))[2]) == 152


def test_errors():
    settings = {"input_length": 6, "horizon": 3, "start": 90}
    with pytest.raises(TypeError, match=r"start is 60\.0; expected a positive whole number"):
        backtest(Naive(), SERIES[:, 0], input_length=6, horizon=3, start=60.0)
    with pytest.raises(ValueError, match="X has 3 steps; expected at least season = 7"):
        SeasonalNaive(7).fit(np.zeros((2, 9)), np.zeros((2, 1))).predict(np.zeros((2, 3)))
    with pytest.raises(ValueError, match=r"train_length is 5; expected at least .* = 9"):
        backtest(Naive(), SERIES[:, 0], train_length=5, **settings)
    with pytest.raises(ValueError, match="refit_every is 0; expected a positive whole number"):
        backtest(Naive(), SERIES[:, 0], refit_every=0, **settings)
    nothing = np.arange(160) < 90
    with pytest.raises(ValueError, match="mask leaves no target from start = 90 on"):
        backtest(Naive(), SERIES[:, 0], mask=nothing, **settings)
    with pytest.raises(ValueError, match="mask leaves none of 82 windows"):
        backtest(Naive(), SERIES[:, 0], mask=~nothing, **settings)
    with pytest.raises(ValueError, match="every row; expected one without"):
        LinearAutoregression().fit(np.full((2, 2), np.nan), np.zeros((2, 1)))
    with pytest.raises(ValueError, match=r"Y\[:, 1\] has no value"):
        Direct(LinearRegression).fit(np.zeros((2, 1)), np.array([[1.0, np.nan]] * 2))
    with pytest.raises(ValueError, match="Y has a step ahead without a value"):
        EmpiricalQuantiles([0.5]).fit(np.zeros((2, 1)), np.array([[1.0, np.nan]] * 2))
    with pytest.raises(ValueError, match=r"levels is \[0.9 0.1\]; expected increasing numbers"):
        EmpiricalQuantiles([0.9, 0.1])
    for model in (Direct(LinearRegression), Scaled(Naive()), EmpiricalQuantiles([0.5])):
        with pytest.raises(ValueError, match="is not fitted"):
            model.predict(np.zeros((1, 2)))
