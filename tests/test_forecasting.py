import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.linear_model import Ridge

from rnnbook import forecasting
from rnnbook.forecasting import (
    LinearAutoregression,
    Naive,
    SeasonalNaive,
    Standardizer,
    backtest,
    mae,
    mase,
    rmse,
    skill,
    time_split,
    windows,
)

SERIES = np.random.default_rng(0).standard_normal(200).cumsum()
MODELS = [Naive(), SeasonalNaive(7), LinearAutoregression(), Ridge()]


@given(
    length=st.integers(6, 40), T=st.integers(1, 3), H=st.integers(1, 3), stride=st.integers(1, 4)
)
def test_windows_are_pieces_of_the_series(length, T, H, stride):
    series = np.arange(float(length))
    X, Y, origins = windows(series, T, H, stride=stride)
    assert (X[:, -1] == origins - 1).all() and (Y[:, 0] == origins).all()
    assert (np.diff(np.concatenate([X, Y], axis=1), axis=1) == 1).all()
    assert origins[-1] + H <= length < origins[-1] + stride + H


@pytest.mark.parametrize("model", MODELS, ids=lambda m: type(m).__name__)
@pytest.mark.parametrize("refit_every", [None, 5])
def test_the_future_changes_no_forecast(model, refit_every):
    """No leakage: rewrite everything from an origin on; earlier and equal origins must agree."""
    settings = {"input_length": 10, "horizon": 4, "start": 100, "refit_every": refit_every}
    before = backtest(model, SERIES, **settings)
    changed = SERIES.copy()
    changed[150:] += 1e6
    after = backtest(model, changed, **settings)
    known = before.origins <= 150
    assert known.any() and not known.all()
    assert (before.forecasts[known] == after.forecasts[known]).all()
    assert (before.forecasts[~known] != after.forecasts[~known]).any()


def test_backtest_does_what_it_says_by_hand():
    result = backtest(
        LinearAutoregression(),
        SERIES,
        input_length=10,
        horizon=4,
        start=100,
        stride=7,
        refit_every=1,
    )
    assert result.origins.tolist() == list(range(100, 197, 7))
    origin = result.origins[3]
    X, Y, _ = windows(SERIES[:origin], 10, 4)
    by_hand = LinearAutoregression().fit(X, Y).predict(SERIES[None, origin - 10 : origin])
    assert (result.forecasts[3] == by_hand[0]).all()
    assert (result.targets[3] == SERIES[origin : origin + 4]).all()


def test_seasonal_naive_is_exact_on_a_periodic_series():
    series = np.tile(np.arange(24.0), 10)
    result = backtest(SeasonalNaive(24), series, input_length=24, horizon=50, start=100)
    assert (result.forecasts == result.targets).all()


def test_linear_autoregression_finds_the_process():
    rng, y = np.random.default_rng(0), [0.0, 0.0]
    for noise in 0.1 * rng.standard_normal(20000):
        y.append(0.6 * y[-1] + 0.3 * y[-2] + noise)
    X, Y, _ = windows(y, 2, 1)
    assert LinearAutoregression().fit(X, Y).W.ravel() == pytest.approx([0.3, 0.6], abs=0.02)


def test_linear_autoregression_is_ridge_regression():
    X, Y, _ = windows(SERIES, 10, 4)
    ours = LinearAutoregression(ridge=0.5).fit(X, Y).predict(X)
    assert ours == pytest.approx(Ridge(alpha=0.5 * len(X)).fit(X, Y).predict(X), abs=1e-8)


def test_scores_by_hand():
    assert mae([[1.0, 5.0]], [[2.0, 2.0]]) == 2
    assert rmse([0.0, 0.0], [3.0, 4.0]) == pytest.approx(np.sqrt(12.5))
    assert mase([10.0], [14.0], [0.0, 1.0, 2.0, 3.0], season=2) == 2
    assert skill(1.0, 4.0) == 0.75 and skill(6.0, 4.0) == -0.5


@given(st.lists(st.floats(-1e6, 1e6), min_size=2, max_size=20).filter(lambda v: np.std(v) > 1e-3))
def test_standardizer_round_trip(values):
    scaler, values = Standardizer.fit(values), np.array(values)
    scaled = scaler.transform(values)
    assert scaled.mean() == pytest.approx(0, abs=1e-6) and scaled.std() == pytest.approx(1)
    assert scaler.inverse(scaled) == pytest.approx(values, abs=1e-6)


def test_time_split_covers_everything_in_order():
    parts = time_split(101, (0.7, 0.1, 0.2))
    assert np.concatenate([np.arange(101)[part] for part in parts]).tolist() == list(range(101))


def test_errors():
    with pytest.raises(ValueError, match=r"fractions is \(\); expected positive numbers"):
        time_split(3, ())
    with pytest.raises(ValueError, match=r"series has 3 values; expected at least .* = 4"):
        windows([1, 2, 3], 2, 2)
    with pytest.raises(ValueError, match=r"series\[1\] is inf; expected finite values"):
        windows([1, np.inf, 3], 1, 1)
    with pytest.raises(ValueError, match=r"series has shape \(1, 3\); expected \(L,\)"):
        windows([[1, 2, 3]], 1, 1)
    with pytest.raises(ValueError, match=r"horizon is 0; expected a positive whole number"):
        windows([1, 2, 3], 1, 0)
    with pytest.raises(ValueError, match=r"fractions is \(0.5, 0.6\); expected positive numbers"):
        time_split(10, (0.5, 0.6))
    with pytest.raises(ValueError, match=r"length is 2; too short for the fractions"):
        time_split(2, (0.4, 0.3, 0.3))
    with pytest.raises(ValueError, match=r"series is constant"):
        Standardizer.fit([1.0, 1.0])
    for model in MODELS[:3]:
        with pytest.raises(ValueError, match=r"is not fitted; call fit\(X, Y\) first"):
            type(model)(*([7] if isinstance(model, SeasonalNaive) else [])).predict(
                np.zeros((1, 9))
            )
    with pytest.raises(ValueError, match=r"X has 3 steps; expected at least season = 7"):
        SeasonalNaive(7).fit(np.zeros((2, 3)), np.zeros((2, 1)))
    with pytest.raises(ValueError, match=r"ridge is -1; expected zero or a positive number"):
        LinearAutoregression(ridge=-1)
    with pytest.raises(ValueError, match=r"start is 5; expected 14 to 196"):
        backtest(Naive(), SERIES, input_length=10, horizon=4, start=5)
    with pytest.raises(ValueError, match=r"forecasts has shape \(1,\); expected \(2,\)"):
        mae([1], [1, 2])
    with pytest.raises(ValueError, match=r"training has 2 values; expected more than season 2"):
        mase([1.0], [1.0], [1.0, 2.0], season=2)
    with pytest.raises(ValueError, match=r"training repeats itself exactly"):
        mase([1.0], [1.0], [1.0, 1.0, 1.0])
    with pytest.raises(ValueError, match=r"reference_error is 0; expected a positive number"):
        skill(1, 0)

    class Wrong(Naive):
        def predict(self, X):
            return super().predict(X)[:, :1]

    with pytest.raises(
        ValueError, match=r"model.predict returns shape \(97, 1\); expected \(N, H\)"
    ):
        backtest(Wrong(), SERIES, input_length=10, horizon=4, start=100)
    assert forecasting.check_series([1, 2]).dtype == float
