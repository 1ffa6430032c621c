"""Forecasts beyond the last row, many targets, names and dates."""

import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.linear_model import LinearRegression, Ridge
from sklearn.neighbors import KNeighborsRegressor

from rnnbook.forecasting import (
    Direct,
    EmpiricalQuantiles,
    LinearAutoregression,
    Naive,
    Scaled,
    SeasonalNaive,
    backtest,
    forecast,
    masked_windows,
    windows,
)
from rnnbook.numpy import lstm

RNG = np.random.default_rng(0)
TABLE = RNG.standard_normal((90, 3)).cumsum(axis=0)
KNOWN = RNG.standard_normal((94, 2))
MASK = RNG.random((90, 3)) > 0.02
SIZES = {"input_length": 6, "horizon": 4}


class Recurrent:
    """The last state of an LSTM with random weights, and a ridge on it."""

    def states(self, X, known):
        X = np.where(np.isfinite(X), X, 0.0)
        params = lstm.init(np.random.default_rng(1), X.shape[-1], 7)
        state = lstm.forward(params, X)[1].h
        ahead = np.zeros((len(X), 0)) if known is None else known.reshape(len(X), -1)
        return np.concatenate([state, ahead], axis=1)

    def fit(self, X, Y, known=None):
        rows = np.isfinite(Y.reshape(len(Y), -1)).all(axis=1)
        states, self.shape = self.states(X, known)[rows], Y.shape[1:]
        self.ridge = Ridge().fit(states, Y[rows].reshape(len(states), -1))
        return self

    def predict(self, X, known=None):
        return self.ridge.predict(self.states(X, known)).reshape(len(X), *self.shape)


def filled(make):
    """A regressor that reads zero where a value is missing."""

    class Filled(make):
        def fit(self, X, y):
            return super().fit(np.nan_to_num(X), y)

        def predict(self, X):
            return super().predict(np.nan_to_num(X))

    return Filled


LEVELS = [0.1, 0.5, 0.9]
MODELS = {
    "naive": lambda target: Naive(target),
    "seasonal": lambda target: SeasonalNaive(5, target=target),
    "linear": lambda target: LinearAutoregression(0.1),
    "quantiles": lambda target: EmpiricalQuantiles(LEVELS),
    "around the naive": lambda target: EmpiricalQuantiles(LEVELS, Naive(target)),
    "direct": lambda target: Direct(filled(LinearRegression)),
    "scaled": lambda target: Scaled(LinearAutoregression(0.1), target=target),
    "scaled quantiles": lambda target: Scaled(EmpiricalQuantiles(LEVELS), target=target),
    "recurrent": lambda target: Recurrent(),
}


@pytest.mark.parametrize("target", [1, [2, 0]], ids=["one target", "two targets"])
@pytest.mark.parametrize("ahead", [None, KNOWN], ids=["", "known"])
@pytest.mark.parametrize("name", MODELS)
def test_a_forecast_from_the_rows_before_an_origin_is_that_of_the_backtest(name, ahead, target):
    model = MODELS[name](target)
    more = {"target": target, **SIZES}
    known = None if ahead is None else ahead[:90]
    for train_length in (None, 40):
        more["train_length"] = train_length
        result = backtest(
            model, TABLE, mask=MASK, start=60, stride=13, refit_every=1, known=known, **more
        )
        assert len(result.origins) == 3
        for n, o in enumerate(result.origins):
            known_ahead = None if ahead is None else ahead[: o + 4]
            ours = forecast(model, TABLE[:o], mask=MASK[:o], known=known_ahead, **more)
            assert np.array_equal(ours.values, result.forecasts[n], equal_nan=True)
            assert ours.times.tolist() == result.times[n].tolist() == list(range(o, o + 4))
            assert np.isfinite(ours.values).any()


@pytest.mark.parametrize("name", [name for name in MODELS if name != "recurrent"])
def test_two_targets_are_forecast_like_each_alone(name):
    """Without gaps, since a window without one of two targets still has the other."""
    both = forecast(MODELS[name]([2, 0]), TABLE, known=KNOWN, target=[2, 0], **SIZES).values
    assert both.shape[:2] == (4, 2)
    for k, target in enumerate((2, 0)):
        alone = forecast(MODELS[name](target), TABLE, known=KNOWN, target=target, **SIZES).values
        assert both[:, k] == pytest.approx(alone, abs=1e-9)


def test_quantiles_of_each_step_and_target_are_those_of_its_own_errors():
    Y, X = RNG.standard_normal((30, 4, 2)), np.zeros((30, 6, 3))
    Y += 10 * np.arange(8).reshape(4, 2)
    for model in (EmpiricalQuantiles(LEVELS), EmpiricalQuantiles(LEVELS, Naive([1, 2]))):
        forecasts = model.fit(X, Y).predict(X[:5])
        assert forecasts.shape == (5, 4, 2, 3)
        for h, k in np.ndindex(4, 2):
            expected = np.quantile(Y[:, h, k], LEVELS)
            assert forecasts[3, h, k] == pytest.approx(expected)


def test_windows_and_backtests_of_two_targets_by_hand():
    X, Y, origins = windows(TABLE, 6, 4, target=[2, 0])
    assert X.shape == (81, 6, 3) and Y.shape == (81, 4, 2)
    for y, o in zip(Y, origins, strict=True):
        assert (y == TABLE[o : o + 4, [2, 0]]).all()
    mask = np.ones((90, 3), bool)
    mask[40:44, 2] = mask[70, 1] = False
    cut = masked_windows(TABLE, mask, 6, 4, target=[2, 0])
    assert len(cut.Y) == 81 and (~cut.Y_mask[34]).tolist() == [[True, False]] * 4
    complete = masked_windows(TABLE, mask, 6, 4, target=[2, 0], complete=True)
    assert np.isfinite(complete.X).all() and np.isfinite(complete.Y).all()
    result = backtest(Naive([2, 0]), TABLE, start=60, target=[2, 0], **SIZES)
    assert (result.targets[3] == TABLE[63:67, [2, 0]]).all()
    assert (result.forecasts[3] == TABLE[62, [2, 0]]).all()


@given(
    length=st.integers(12, 40),
    T=st.integers(1, 4),
    H=st.integers(1, 5),
    seed=st.integers(0, 99),
)
@settings(max_examples=40)
def test_what_lies_ahead_is_exact_where_the_future_is_what_is_known(length, T, H, seed):
    """y[t] = 2 known[t]: only tomorrow's rows of `known` can tell, each its own step."""
    known = np.random.default_rng(seed).standard_normal((length + H, 1))
    series = 2 * known[:length, 0]
    if length - T - H + 1 < T + H + 2:
        return
    model = LinearAutoregression(1e-12)
    ahead = forecast(model, series, input_length=T, horizon=H, known=known)
    assert ahead.values == pytest.approx(2 * known[length:, 0], abs=1e-5)


def test_the_last_rows_are_learned_from_and_the_input_is_the_end():
    class Recorder(Naive):
        def fit(self, X, Y, known=None):
            self.X, self.Y, self.known = X, Y, known
            return super().fit(X, Y)

        def predict(self, X, known=None):
            self.last, self.ahead = X, known
            return super().predict(X)

    model, time = Recorder(), np.arange(54.0)
    forecast(model, time[:50], known=time[:, None], **SIZES)
    assert model.Y.max() == 49 and model.last.tolist() == [[44, 45, 46, 47, 48, 49]]
    assert (model.known[..., 0] == model.Y).all()
    assert model.ahead[..., 0].tolist() == [[50, 51, 52, 53]]
    forecast(model, time[:50], known=time[:, None], train_length=12, **SIZES)
    assert model.X.min() == 38 and model.Y.max() == 49
    assert (model.known[..., 0] == model.Y).all()


def frame(**more):
    pandas = pytest.importorskip("pandas")
    index = pandas.date_range("2023-10-20 00:00", periods=90, freq="D", tz="Europe/Berlin")
    return pandas.DataFrame(TABLE, index=index, columns=["load", "wind", "sun"]).assign(**more)


def test_columns_by_name_and_origins_by_date():
    pandas = pytest.importorskip("pandas")
    table = frame()
    by_name = backtest(Naive(1), table, target="wind", start="2023-12-20", **SIZES)
    by_number = backtest(Naive(1), TABLE, target=1, start=61, **SIZES)
    assert (by_name.forecasts == by_number.forecasts).all()
    assert (by_name.targets == by_number.targets).all() and by_name.origins[0] == 61
    assert by_name.times.shape == by_name.targets.shape
    assert list(by_name.times[5]) == list(table.index[66:70])
    assert by_number.times[5].tolist() == [66, 67, 68, 69]
    for start in (
        table.index[61],
        table.index[61].tz_convert("UTC"),
        pandas.Timestamp("2023-12-19 05:00"),  # the first row that is not before it
        np.datetime64("2023-12-20"),
        table.index[61].to_pydatetime(),
        table.index[61].date(),
    ):
        found = backtest(Naive(1), table, target="wind", start=start, **SIZES)
        assert found.origins[0] == 61
    both = forecast(Naive([2, 0]), table, target=["sun", "load"], **SIZES)
    assert both.values.tolist() == [TABLE[-1, [2, 0]].tolist()] * 4
    assert list(both.times) == list(pandas.date_range("2024-01-18", periods=4, tz="Europe/Berlin"))
    plain = table.tz_localize(None)
    times = backtest(Naive(1), plain, target="wind", start="2023-12-20", **SIZES).times
    assert times.dtype.kind == "M" and (times[0] == plain.index[61:65]).all()


def test_known_rows_must_be_those_of_the_series_and_of_what_is_forecast():
    pandas = pytest.importorskip("pandas")
    table = frame()
    days = pandas.date_range(table.index[0], periods=94, freq="D")
    known = pandas.DataFrame(KNOWN, index=days)
    settings = {"target": "sun", **SIZES}
    model = LinearAutoregression()
    named = forecast(model, table, known=known, **settings)
    assert (named.values == forecast(model, TABLE, known=KNOWN, target=2, **SIZES).values).all()
    with pytest.raises(ValueError, match="known has other dates in its index than series"):
        forecast(model, table, known=known.shift(1, freq="D"), **settings)
    gap = known.set_axis(days[:93].append(days[-1:] + pandas.Timedelta("1D")))
    with pytest.raises(ValueError, match=r"known ends at 2024-01-22 .*; expected 2024-01-21"):
        forecast(model, table, known=gap, **settings)
    with pytest.raises(ValueError, match="mask has other dates in its index than series"):
        mask = pandas.DataFrame(MASK, index=days[1:91])
        backtest(model, table, mask=mask, start=60, **settings)
    with pytest.raises(ValueError, match=r"known has shape \(90, 2\); expected \(L \+ H, K\).* 94"):
        forecast(model, TABLE, known=KNOWN[:90], target=2, **SIZES)
    with pytest.raises(
        ValueError, match=r"known has shape \(94, 2\); expected \(L, K\) with L = 90"
    ):
        backtest(model, TABLE, known=KNOWN, start=60, target=2, **SIZES)
    with pytest.raises(TypeError, match="known has column 'sky' of dtype str; expected numbers"):
        forecast(model, table, known=known.assign(sky="grey"), **settings)


def test_errors_of_names_and_dates():
    table, sizes = frame(), {"start": 60, **SIZES}
    for target, message in {
        "wnd": "target is 'wnd'; expected one of 'load', 'wind', 'sun'",
        3: "target is 3; expected a column from 0 to 2",
        True: "target is True; expected one of 'load'",
        None: r"series has shape \(90, 3\); expected \(L,\), or \(L, D\) with target",
    }.items():
        with pytest.raises(ValueError, match=message):
            backtest(LinearAutoregression(), table, target=target, **sizes)
    for target in ([], ["sun", 2]):
        with pytest.raises(ValueError, match="expected one column or several, each once"):
            backtest(LinearAutoregression(), table, target=target, **sizes)
    with pytest.raises(ValueError, match="target is 'load'; expected 0 to 2"):
        backtest(LinearAutoregression(), TABLE, target="load", **sizes)
    with pytest.raises(TypeError, match="series has column 'sky' of dtype str; expected numbers"):
        backtest(Naive(), frame(sky="grey"), target="load", **sizes)
    with pytest.raises(TypeError, match=r"start is '2023-12-20'; expected a row number, or dates"):
        backtest(Naive(), TABLE[:, 0], start="2023-12-20", **SIZES)
    with pytest.raises(ValueError, match="start is 2025; expected a date up to 2024-01-17"):
        backtest(Naive(), table["load"], start="2025", **SIZES)
    with pytest.raises(ValueError, match="start is 2020, row 0; expected 10 to 86"):
        backtest(Naive(), table["load"], start="2020", **SIZES)
    with pytest.raises(TypeError, match="expected a date without a time zone, as times are"):
        backtest(Naive(), table["load"].tz_localize(None), start=table.index[60], **SIZES)


def test_a_model_that_looks_at_another_column_is_refused():
    for model in (Naive(), SeasonalNaive(3), Scaled(Recurrent()), Scaled(Naive(), target=1)):
        with pytest.raises(
            ValueError, match=r"target 0; expected 1, the column to forecast: .*=1\)"
        ):
            forecast(model, TABLE, target=1, **SIZES)
    with pytest.raises(ValueError, match=r"Naive has target 1; expected \[1, 2\]"):
        forecast(EmpiricalQuantiles(LEVELS, Naive(1)), TABLE, target=[1, 2], **SIZES)


def test_what_is_no_model_is_named_and_points_to_direct():
    settings = {"known": KNOWN, **SIZES}
    for model in (
        Ridge(),
        KNeighborsRegressor(),
        Scaled(Ridge()),
        EmpiricalQuantiles([0.5], Ridge()),
    ):
        with pytest.raises(TypeError, match=r"\.fit\(.*\) can't take known: wrap .* in Direct"):
            forecast(model, TABLE[:, 0], **settings)
    with pytest.raises(TypeError, match=r"model is the class Naive; expected Naive\(...\)"):
        forecast(Naive, TABLE[:, 0], **SIZES)
    with pytest.raises(TypeError, match=r"model is a str without fit; expected fit\(X, Y\)"):
        forecast("naive", TABLE[:, 0], **SIZES)

    class Needy(Recurrent):
        def fit(self, X, Y, known):
            return super().fit(X, Y, known)

    with pytest.raises(TypeError, match=r"Needy.fit needs X, Y, known; expected known for it"):
        forecast(Needy(), TABLE, target=0, **SIZES)

    with pytest.raises(ValueError, match="dim 3") as error:
        forecast(Ridge(), TABLE, target=0, **SIZES)
    assert "Ridge got X of shape (81, 6, 3)" in error.value.__notes__[0]
    assert "Direct makes a model of a regressor" in error.value.__notes__[0]

    class Flat(Naive):
        def predict(self, X, known=None):
            return super().predict(X)[:, :1]

    with pytest.raises(ValueError, match=r"returns shape \(1, 1\); expected \(N, H\) = \(1, 4\)"):
        forecast(Flat(), TABLE[:, 0], **SIZES)
    with pytest.raises(
        ValueError, match=r"returns shape \(1, 4\); expected \(N, H, K\) = \(1, 4, 2\)"
    ):
        forecast(Naive(1), TABLE[:, 1], **SIZES)  # one column is enough for it
        forecast(
            type("Other", (Recurrent,), {"predict": _one_column})(), TABLE, target=[1, 2], **SIZES
        )
    with pytest.raises(ValueError, match=r"train_length is 9; expected at least .* = 10"):
        forecast(Naive(), TABLE[:, 0], train_length=9, **SIZES)
    with pytest.raises(ValueError, match=r"series has 9 values; expected at least .* = 10"):
        forecast(Naive(), TABLE[:9, 0], **SIZES)


def _one_column(self, X, known=None):
    return np.zeros((len(X), 4))


def test_numbers_and_fixed_steps_of_numpy_work_without_pandas():
    code = """
import sys
sys.modules["pandas"] = None
import numpy as np
from rnnbook.forecasting import SeasonalNaive, backtest, check_times, forecast, regular_grid
days = np.arange("2024-02-26", "2024-03-02", dtype="datetime64[D]")
sizes = {"input_length": 2, "horizon": 1, "times": days}
ahead = forecast(SeasonalNaive(2), np.arange(5.0), **sizes)
assert ahead.times.astype(str).tolist() == ["2024-03-02"] and ahead.values == [3.0]
found = backtest(SeasonalNaive(2), np.arange(5.0), start=days[3], **sizes)
assert found.times.astype(str).tolist() == [["2024-02-29"], ["2024-03-01"]]
assert len(regular_grid(days, np.ones(5), np.timedelta64(12, "h"))[0]) == 9
try:
    check_times(np.delete(days, 2))
except ValueError as error:
    assert "times[2] is 2024-02-29, 2 days after times[1]" in str(error)
months = ["2023-11-30", "2023-12-31", "2024-01-31"]
for times in (months, np.array(months, "datetime64[D]")):
    try:
        check_times(times)
    except ModuleNotFoundError as error:
        assert "pip install pandas" in str(error)
    else:
        raise AssertionError
"""
    subprocess.run([sys.executable, "-c", code], check=True)


def test_arguments_of_a_model_that_cannot_take_the_windows_are_named():
    def model(fit, predict):
        return type("Sk", (), {"fit": fit, "predict": predict})()

    for fit, predict, message in (
        (
            lambda self, X: 0,
            lambda self, X: X,
            r"Sk.fit\(X\) can't take X and Y; expected fit\(X, Y",
        ),
        (lambda self: 0, lambda self, X: X, r"Sk.fit\(\) can't take X and Y; expected fit\(X, Y\)"),
        (lambda self, X, Y: 0, lambda self: 0, r"Sk.predict\(\) can't take X; expected predict\(X"),
    ):
        with pytest.raises(TypeError, match="^" + message):
            forecast(model(fit, predict), range(8), input_length=3, horizon=1)
    alone = model(lambda self, X: 0, lambda self, X, known: X)
    with pytest.raises(TypeError, match=r"^Sk.fit\(X\) can't take X and Y"):
        forecast(alone, range(8), input_length=3, horizon=1, known=np.ones((9, 1)))


def test_durations_are_followed_by_durations():
    pandas = pytest.importorskip("pandas")
    hours = pandas.timedelta_range("2h", periods=7, freq="h")
    settings = {"input_length": 3, "horizon": 2}
    for index in (hours, pandas.TimedeltaIndex(hours.to_numpy()), hours + pandas.Timedelta("1s")):
        times = forecast(Naive(), pandas.Series(range(7), index), **settings).times
        assert times.dtype.kind == "m"
        assert (times == index[-1] + np.array([1, 2], "timedelta64[h]")).all()
