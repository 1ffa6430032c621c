import numpy as np
import pytest
from sklearn.linear_model import QuantileRegressor

from rnnbook.forecasting import ByGroup, LinearAutoregression, LinearQuantiles, Scaled

RNG = np.random.default_rng(0)
X = RNG.standard_normal((301, 4)) @ RNG.standard_normal((4, 4))
Y = np.stack([X @ [1.0, -2.0, 0.5, 0.0], 0.1 * X[:, 1]], axis=1)
Y += RNG.standard_t(3, Y.shape) * [1.0, 0.1]
LEVELS = [0.1, 0.5, 0.9]


def cost(e, tau, penalty, w):
    return np.maximum(tau * e, (tau - 1) * e).mean() + penalty * (w @ w)


@pytest.mark.parametrize("penalty", [0.0, 0.01])
def test_it_reaches_the_least_cost(penalty):
    model = LinearQuantiles(LEVELS, penalty, iterations=1000).fit(X, Y)
    assert model.predict(X).shape == (301, 2, 3)
    for h in range(2):
        for q, tau in enumerate(LEVELS):
            w, e = model.W[:, 3 * h + q], Y[:, h] - model.predict(X)[:, h, q]
            if penalty:  # convex: no step in any direction is cheaper
                steps = 1e-3 * np.concatenate([np.eye(4), -np.eye(4)])
                near = [cost(e - X @ s, tau, penalty, w + s) for s in steps]
                assert cost(e, tau, penalty, w) < min(near) + 2e-5
            else:
                best = QuantileRegressor(quantile=tau, alpha=0).fit(X, Y[:, h])
                least = cost(Y[:, h] - best.predict(X), tau, 0, w)
                assert least <= cost(e, tau, 0, w) < 1.0005 * least


def test_the_share_below_each_quantile_is_its_level():
    below = (Y[:, :, None] <= LinearQuantiles(LEVELS).fit(X, Y).predict(X)).mean(axis=0)
    np.testing.assert_allclose(below, np.tile(LEVELS, (2, 1)), atol=0.02)


def test_a_large_penalty_leaves_the_quantiles_of_the_targets():
    found = LinearQuantiles([0.25], 1e6, iterations=2000).fit(X, Y).predict(X[:1])
    np.testing.assert_allclose(found[0, :, 0], np.quantile(Y, 0.25, axis=0), atol=0.02)


def test_it_takes_several_columns_and_what_is_known_ahead_and_is_scaled():
    X, known = RNG.standard_normal((50, 3, 2)), RNG.standard_normal((50, 2, 4))
    Y = 20 + 5 * known[:, :, 0] + X[:, -1:, 1]
    model = Scaled(LinearQuantiles([0.5]), target=0).fit(X, Y, known)
    np.testing.assert_allclose(model.predict(X, known)[..., 0], Y, atol=0.05)
    constant = np.concatenate([X, np.ones((50, 3, 1))], axis=2)
    again = LinearQuantiles([0.5]).fit(constant, Y, known).predict(constant, known)
    np.testing.assert_allclose(again[..., 0], Y, atol=0.05)


def test_gaps():
    holes, missing = X.copy(), Y.copy()
    holes[3, 1], missing[5, 0] = np.nan, np.nan
    kept = np.delete(np.arange(301), [3, 5])
    a = LinearQuantiles(LEVELS).fit(holes, missing)
    b = LinearQuantiles(LEVELS).fit(X[kept], Y[kept])
    np.testing.assert_array_equal(a.W, b.W)
    filled = np.where(np.isnan(holes), a.x_mean, holes)
    np.testing.assert_allclose(a.predict(holes), a.predict(filled), rtol=1e-12)
    with pytest.raises(ValueError, match="missing value in every row"):
        LinearQuantiles(LEVELS).fit(np.full((2, 1), np.nan), np.zeros((2, 1)))


def test_what_it_refuses():
    with pytest.raises(ValueError, match="ridge is -1"):
        LinearQuantiles([0.5], -1)
    with pytest.raises(ValueError, match="levels"):
        LinearQuantiles([0.0])
    with pytest.raises(ValueError, match=r"Y has shape \(301,\); expected \(N, H\)"):
        LinearQuantiles([0.5]).fit(X, Y[:, 0])
    with pytest.raises(ValueError, match="not fitted"):
        LinearQuantiles([0.5]).predict(X)


def test_one_model_for_each_group():
    def side(X, known):
        return np.where(X[:, 0] > 0, 7, 3)

    found = ByGroup(LinearAutoregression, side).fit(X, Y)
    assert set(found.models) == {3, 7}
    for name in (3, 7):
        rows = side(X, None) == name
        alone = LinearAutoregression().fit(X[rows], Y[rows]).predict(X[rows])
        np.testing.assert_array_equal(found.predict(X)[rows], alone)
    quantiles = ByGroup(lambda: LinearQuantiles(LEVELS, 1e-3, 20), side).fit(X, Y)
    assert quantiles.predict(X[:5]).shape == (5, 2, 3)
    known = RNG.standard_normal((301, 2, 1))
    model = ByGroup(LinearAutoregression, lambda X, known: known[:, 0, 0] > 0).fit(X, Y, known)
    assert model.predict(X, known).shape == (301, 2)


def test_groups_that_do_not_fit():
    model = ByGroup(LinearAutoregression, lambda X, known: X[:, 0].round())
    with pytest.raises(ValueError, match=r"windows of group 9\.0; there were none in fit"):
        model.fit(X, Y).predict(np.full((1, 4), 9.0))
    with pytest.raises(ValueError, match=r"group\(X, known\) has shape \(\); expected \(301,\)"):
        ByGroup(LinearAutoregression, lambda X, known: 1).fit(X, Y)
    with pytest.raises(ValueError, match="X has no window"):
        model.predict(X[:0])
    with pytest.raises(ValueError, match="not fitted"):
        ByGroup(LinearAutoregression, lambda X, known: X[:, 0]).predict(X)
