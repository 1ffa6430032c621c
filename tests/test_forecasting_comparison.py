import numpy as np
import pytest
from scipy import stats
from statsmodels.api import OLS

from rnnbook.forecasting import (
    bootstrap_groups,
    bootstrap_means,
    clark_west,
    diebold_mariano,
    hac_variance,
    mae,
    mase,
    results_table,
    rmse,
)
from rnnbook.forecasting.comparison import _t_two_sided


def differences(rng, n, horizon):
    """Losses whose difference is a moving average of order horizon - 1, with mean zero."""
    e = rng.standard_normal(n + horizon - 1)
    return np.convolve(e, np.ones(horizon), mode="valid")


@pytest.mark.parametrize("lags", [0, 1, 4, 9])
@pytest.mark.parametrize("kernel", ["bartlett", "uniform"])
def test_variance_against_statsmodels(lags, kernel):
    d = differences(np.random.default_rng(lags), 300, 5) + 0.3
    fit = OLS(d, np.ones((300, 1))).fit(
        cov_type="HAC", cov_kwds={"maxlags": lags, "kernel": kernel, "use_correction": False}
    )
    assert hac_variance(d, lags, kernel=kernel) / 300 == pytest.approx(fit.cov_params()[0, 0])
    if kernel == "bartlett":
        result = diebold_mariano(d, np.zeros(300), lags=lags)
        assert result.statistic == pytest.approx(fit.tvalues[0] * np.sqrt(299 / 300))
        assert result.difference == pytest.approx(fit.params[0])


def test_the_formula_of_the_correction_by_hand():
    rng, h, n = np.random.default_rng(3), 4, 50
    a, b = differences(rng, n, h) + 1, rng.standard_normal(n) ** 2
    d = a - b
    centred = d - d.mean()
    gamma = [sum(centred[t] * centred[t - k] for t in range(k, n)) / n for k in range(h)]
    dm = d.mean() / np.sqrt((gamma[0] + 2 * sum(gamma[1:])) / n)
    corrected = dm * np.sqrt((n + 1 - 2 * h + h * (h - 1) / n) / n)
    result = diebold_mariano(a, b, horizon=h)
    assert result.statistic == pytest.approx(corrected)
    assert result.p_value == pytest.approx(2 * stats.t.sf(abs(corrected), n - 1))
    swapped = diebold_mariano(b, a, horizon=h)
    assert swapped.statistic == -result.statistic and swapped.p_value == result.p_value


@pytest.mark.parametrize("freedom", [1, 2, 3, 10, 99, 5000, 100_000])
def test_p_values_against_scipy(freedom):
    for t in (0.0, 0.1, 1.0, 1.96, 3.5, 6.0, -2.0):
        assert _t_two_sided(t, freedom) == pytest.approx(2 * stats.t.sf(abs(t), freedom), rel=1e-8)


@pytest.mark.parametrize("freedom", [10**k for k in range(10)])
def test_p_values_of_any_number_of_losses(freedom):
    for t in (0.0, 0.1, 1.0, 1.96, -3.5, 6.0):
        assert _t_two_sided(t, freedom) == pytest.approx(2 * stats.t.sf(abs(t), freedom), rel=3e-7)


@pytest.mark.parametrize("horizon, n", [(1, 60), (1, 500), (3, 300), (6, 500)])
def test_size_by_simulation(horizon, n):
    """Equal expected losses: the test at 5 % rejects in about 5 % of 2,000 samples."""
    rng = np.random.default_rng(horizon * n)
    zeros = np.zeros(n)
    rejected = [
        diebold_mariano(differences(rng, n, horizon), zeros, horizon=horizon).p_value < 0.05
        for _ in range(2000)
    ]
    assert 0.03 < np.mean(rejected) < 0.075


def test_size_where_overlap_is_ignored_and_power():
    rng, zeros = np.random.default_rng(0), np.zeros(300)
    samples = [differences(rng, 300, 6) for _ in range(500)]
    ignored = np.mean([diebold_mariano(d, zeros, horizon=1).p_value < 0.05 for d in samples])
    assert ignored > 0.3
    newey_west = np.mean([diebold_mariano(d, zeros, lags=20).p_value < 0.05 for d in samples])
    assert newey_west < 0.12
    power = np.mean([diebold_mariano(d + 2, zeros, horizon=6).p_value < 0.05 for d in samples])
    assert power > 0.95


def test_clark_west_against_statsmodels():
    """A regression of the adjusted differences on a constant, for one series and for several."""
    rng = np.random.default_rng(0)
    y, small, large = rng.standard_normal((3, 200, 2))
    d = (y - small) ** 2 - ((y - large) ** 2 - (small - large) ** 2)
    for adjusted, columns in ((d[:, 0], 0), (d.mean(axis=1), slice(None))):
        result = clark_west(y[:, columns], small[:, columns], large[:, columns], lags=4)
        fit = OLS(adjusted, np.ones(200)).fit(
            cov_type="HAC", cov_kwds={"maxlags": 4, "use_correction": False}
        )
        assert result.difference == pytest.approx(fit.params[0])
        assert result.statistic == pytest.approx(fit.tvalues[0])
        assert result.p_value == pytest.approx(stats.norm.sf(fit.tvalues[0]))
    zero = clark_west(y[:, 0], 0.0, large[:, 0])
    assert zero.difference == pytest.approx(np.mean(2 * y[:, 0] * large[:, 0]))
    assert clark_west(y, large, small, horizon=3).p_value != result.p_value


def rolling_regressions(rng, slope, samples=2000, length=360, train=120):
    """y = slope x + e, and forecasts by an intercept and a slope fitted on `train` days before."""
    x, e = rng.standard_normal((2, samples, length))
    y = slope * x + e

    def window(values):
        sums = np.cumsum(np.insert(values, 0, 0.0, axis=1), axis=1)
        return (sums[:, train:-1] - sums[:, : -train - 1]) / train

    mean_x, mean_y = window(x), window(y)
    fitted = (window(x * y) - mean_x * mean_y) / (window(x * x) - mean_x**2)
    return y[:, train:], mean_y, mean_y + fitted * (x[:, train:] - mean_x)


def share_rejected(y, small, large):
    """By Clark and West, and by Diebold and Mariano, both against the upper tail at 5 %."""
    rows = list(zip(y, small, large, strict=True))
    nested = [clark_west(*row).p_value < 0.05 for row in rows]
    equal = [diebold_mariano((t - a) ** 2, (t - b) ** 2) for t, a, b in rows]
    return np.mean(nested), np.mean([r.p_value < 0.1 and r.difference > 0 for r in equal])


@pytest.mark.parametrize("reference", ["zero", "mean"])
def test_size_for_nested_models_by_simulation(reference):
    """Nothing to know: Clark-West rejects in about 5 % of 2,000 samples, the other almost never."""
    y, mean, large = rolling_regressions(np.random.default_rng(1), slope=0.0)
    nested, equal = share_rejected(y, 0 * mean if reference == "zero" else mean, large)
    assert 0.02 < nested < 0.065 and equal < 0.01


def test_power_for_nested_models():
    """A little to know: less than its estimate costs, so that the forecast is no better."""
    y, mean, large = rolling_regressions(np.random.default_rng(2), slope=0.1)
    assert ((y - large) ** 2).mean() == pytest.approx(((y - mean) ** 2).mean(), rel=0.005)
    nested, equal = share_rejected(y, mean, large)
    assert nested > 0.25 and equal < 0.1


def test_a_variance_that_is_not_positive_falls_back_to_bartlett():
    d = np.tile([1.0, -1.0], 20) + np.linspace(0, 0.1, 40)
    assert hac_variance(d, 1, kernel="uniform") < 0 < hac_variance(d, 1)
    assert 0 < diebold_mariano(d, np.zeros(40), horizon=2).p_value <= 1


def test_bootstrap_interval_covers_like_the_variance_says():
    losses = differences(np.random.default_rng(1), 2000, 10)
    means = bootstrap_means(losses, block=50, rng=np.random.default_rng(2), draws=3000)
    assert means.std() == pytest.approx(np.sqrt(hac_variance(losses, 30) / 2000), rel=0.15)
    singles = bootstrap_means(losses, block=1, rng=np.random.default_rng(2), draws=500)
    assert singles.std() < 0.5 * means.std()


def test_seasonal_blocks_keep_the_share_of_every_phase():
    losses = np.tile(np.arange(24.0), 40)
    means = bootstrap_means(losses, block=48, season=24, rng=np.random.default_rng(0), draws=50)
    assert means == pytest.approx(11.5)
    loose = bootstrap_means(losses, block=10, rng=np.random.default_rng(0), draws=50)
    assert loose.std() > 0.1


def test_groups_of_one_are_the_plain_bootstrap():
    values = np.random.default_rng(0).standard_normal(400) + 1
    means = bootstrap_groups(values, np.arange(400), rng=np.random.default_rng(1), draws=4000)
    assert means.mean() == pytest.approx(values.mean(), abs=3 * values.std() / 20 / 4000**0.5)
    assert means.std() == pytest.approx(values.std() / 20, rel=0.05)


def test_what_hangs_together_in_a_group_widens_the_interval():
    rng = np.random.default_rng(0)
    groups = np.repeat(np.arange(100), 4)
    values = rng.standard_normal(100)[groups]  # four cases that are one
    means = bootstrap_groups(values, groups, rng=rng, draws=4000)
    assert means.std() == pytest.approx(values[::4].std() / 10, rel=0.05)
    loose = bootstrap_groups(values, np.arange(400), rng=rng, draws=4000)
    assert loose.std() == pytest.approx(means.std() / 2, rel=0.1)


def test_a_large_group_carries_its_weight_and_the_order_does_not_matter():
    values, groups = np.array([1.0] * 9 + [0.0]), np.array(["large"] * 9 + ["small"])
    means = bootstrap_groups(values, groups, rng=np.random.default_rng(0))
    assert set(means) == {0.0, 0.9, 1.0}
    order = np.random.default_rng(1).permutation(10)
    mixed = bootstrap_groups(values[order], groups[order], rng=np.random.default_rng(0))
    assert (mixed == means).all()


def test_columns_are_drawn_together():
    values = np.random.default_rng(0).random((30, 2))
    groups = np.arange(30) // 3
    both = bootstrap_groups(values, groups, rng=np.random.default_rng(1), draws=70)
    assert both.shape == (70, 2)
    for k in range(2):
        one = bootstrap_groups(values[:, k], groups, rng=np.random.default_rng(1), draws=70)
        assert both[:, k] == pytest.approx(one, abs=1e-12)


def test_results_table_is_its_scores():
    rng = np.random.default_rng(0)
    y, training = rng.standard_normal((20, 3)), rng.standard_normal(50)
    forecasts = {"zero": np.zeros((20, 3)), "half": y / 2}
    table = results_table(forecasts, y, training, reference="zero", season=7)
    assert table["half"]["skill"] == pytest.approx(0.5) and table["zero"]["skill"] == 0
    assert table["half"]["MAE"] == mae(y / 2, y) and table["half"]["RMSE"] == rmse(y / 2, y)
    assert table["half"]["MASE"] == mase(y / 2, y, training, season=7)
    lines = str(table).splitlines()
    assert lines[0].split() == ["MAE", "RMSE", "MASE", "skill"] and len(set(map(len, lines))) == 1
    assert str(type(table)()) == "no rows"
    pandas = pytest.importorskip("pandas")
    assert pandas.DataFrame(table).T.loc["half", "MAE"] == mae(y / 2, y)


def test_errors():
    a = np.arange(10.0)
    with pytest.raises(ValueError, match=r"losses_a has shape \(9,\); expected \(10,\)"):
        diebold_mariano(a[1:], a)
    with pytest.raises(ValueError, match="losses_a and losses_b differ by a constant"):
        diebold_mariano(a, a + 1)
    with pytest.raises(ValueError, match="losses_a has 3 values; expected more than 5"):
        diebold_mariano(a[:3], a[:3] ** 2, horizon=5)
    with pytest.raises(ValueError, match="horizon is 0; expected a positive whole number"):
        diebold_mariano(a, a**2, horizon=0)
    holed, whole = [1.0, np.nan, 2.0], [1.0, 2.0, 3.0]
    with pytest.raises(ValueError, match=r"losses_a\[1\] is nan; expected finite values"):
        diebold_mariano(holed, whole)
    with pytest.raises(ValueError, match=r"losses_b\[1\] is nan; expected finite values"):
        diebold_mariano(whole, holed)
    with pytest.raises(ValueError, match=r"losses_b has shape \(1, 3\); expected \(L,\)"):
        diebold_mariano(whole, [whole])
    with pytest.raises(ValueError, match=r"^losses\[1\] is nan"):
        bootstrap_means(holed, block=2, rng=np.random.default_rng(0))
    with pytest.raises(ValueError, match=r"^values\[1\] is nan"):
        bootstrap_groups(holed, holed, rng=np.random.default_rng(0))
    with pytest.raises(ValueError, match=r"^values\[1\] is nan"):
        hac_variance(holed, 1)
    with pytest.raises(ValueError, match=r"^training\[1\] is nan"):
        mase([1.0], [2.0], holed)
    with pytest.raises(ValueError, match=r"larger has shape \(9,\); expected \(10,\)"):
        clark_west(a, a, a[1:])
    with pytest.raises(ValueError, match="smaller and larger are the same forecast"):
        clark_west(a, 0.0, 0 * a)
    with pytest.raises(ValueError, match=r"larger\[0\] is not finite"):
        clark_west(a, 0.0, a * np.nan)
    with pytest.raises(ValueError, match="targets has 2 values; expected more than 2"):
        clark_west([1.0, 2.0], 0.0, [1.0, 1.0])
    with pytest.raises(ValueError, match="lags is 10; expected 0 to 9"):
        hac_variance(a, 10)
    for lags in (1.5, "2", True):
        with pytest.raises(TypeError, match=f"lags is {lags!r}; expected a whole number, 0 or mor"):
            diebold_mariano(a, a**2, lags=lags)
    assert hac_variance(a, np.int64(2)) == hac_variance(a, 2)
    with pytest.raises(ValueError, match=r"targets has shape \(\); expected \(n,\) or \(n, K\)"):
        clark_west(1.0, 2.0, 3.0)
    with pytest.raises(TypeError, match="rng is 7; expected a NumPy generator, such as"):
        bootstrap_means(a, block=2, rng=7)
    with pytest.raises(TypeError, match="rng is 7; expected a NumPy generator"):
        bootstrap_groups(a, a, rng=7)
    with pytest.raises(ValueError, match=r"groups has shape \(9,\); expected \(10,\), a group"):
        bootstrap_groups(a, a[1:], rng=np.random.default_rng(0))
    with pytest.raises(ValueError, match=r"values has shape \(0,\); expected \(n,\) or \(n, K\)"):
        bootstrap_groups([], [], rng=np.random.default_rng(0))
    with pytest.raises(ValueError, match="draws is 0"):
        bootstrap_groups(a, a, rng=np.random.default_rng(0), draws=0)
    with pytest.raises(ValueError, match="kernel is 'flat'; expected 'bartlett' or 'uniform'"):
        hac_variance(a, 1, kernel="flat")
    with pytest.raises(ValueError, match="block is 25; expected a multiple of season = 24"):
        bootstrap_means(np.arange(99.0), block=25, season=24, rng=np.random.default_rng(0))
    with pytest.raises(ValueError, match="reference is 'x'; expected one of zero"):
        results_table({"zero": a}, a, a, reference="x")
    with pytest.raises(ValueError, match=r"gappy\[0\] is not finite"):
        results_table({"zero": 0 * a, "gappy": a * np.nan}, a + 1, a, reference="zero")


def test_a_table_names_the_forecast_that_is_wrong():
    a = np.arange(1.0, 11.0)
    for name in ("half", "reference", "targets", "mask", 7):
        good = {"reference": a + 1, name: a / 2}
        holed = good | {name: np.where(a == 4, np.nan, a)}
        with pytest.raises(ValueError, match=rf"^{name}\[3\] is not finite"):
            results_table(holed, a, a, reference="reference")
        with pytest.raises(ValueError, match=rf"^{name} has shape \(9,\); expected \(10,\)"):
            results_table(good | {name: a[1:]}, a, a, reference="reference")
        with pytest.raises(ValueError, match=rf"^{name} has rows of different lengths"):
            results_table(good | {name: [[1.0], [2.0, 3.0]]}, a, a, reference="reference")
        assert str(name) in str(results_table(good, a, a, reference="reference"))
    with pytest.raises(
        ValueError, match=r"^perfect has an MAE of 0; expected a reference that errs"
    ):
        results_table({"perfect": a, "half": a / 2}, a, a, reference="perfect")
