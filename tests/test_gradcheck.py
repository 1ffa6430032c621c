"""Checks of gradients must not pass what is wrong: NaN, other structures, a lost imaginary part."""

import warnings

import numpy as np
import pytest

from rnnbook import gradcheck
from rnnbook.gradcheck import max_error
from rnnbook.numpy import gru, lstm
from rnnbook.tree import check_alike, leaves, named_leaves, tree_map, zip_leaves

W = np.array([[1.0, -2.0, 0.5], [3.0, 0.25, -1.0]])
CUBES = {"W": W, "b": np.array([0.5, 2.0])}


def cubes(p):
    return (p["W"] ** 3).sum() + (p["b"] ** 3).sum()


def by_hand(p):
    return tree_map(lambda w: 3 * w**2, p)


def test_the_complex_step_is_exact_and_nested_as_its_parameters():
    got = gradcheck.complex_step(cubes, CUBES)
    assert max_error(got, by_hand(CUBES)) < 1e-15
    assert max_error(gradcheck.central_difference(cubes, CUBES), by_hand(CUBES)) < 1e-9


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("side", ["tree", "reference"])
def test_nan_and_infinity_are_no_small_error(bad, side):
    spoiled = tree_map(np.copy, CUBES)
    spoiled["W"][1, 2] = bad
    pair = (spoiled, CUBES) if side == "tree" else (CUBES, spoiled)
    with pytest.raises(ValueError, match=rf"{side}\['W'\]\[1, 2\] is {bad}; expected finite"):
        max_error(*pair)
    with pytest.raises(ValueError, match="is nan; expected finite"):
        max_error([np.nan], [1.0])
    with pytest.raises(ValueError, match=r"grads\['W'\]\[1, 2\] is .*; expected finite"):
        gradcheck.directional(cubes, CUBES, spoiled, np.random.default_rng(0))
    with pytest.raises(ValueError, match=r"grads\['W'\]\[1, 2\] is .*; expected finite"):
        gradcheck.check(cubes, CUBES, spoiled)


@pytest.mark.parametrize(
    ("tree", "reference", "kind", "message"),
    [
        ({"a": 1.0}, {"b": 1.0}, ValueError, r"tree has \['a'\]; expected \['b'\], as reference"),
        ({"a": 1.0, "b": 2.0}, {"a": 1.0}, ValueError, r"tree has \['a'\], \['b'\]; expected"),
        ([1.0, 2.0], [1.0], ValueError, "tree has 2 entries; expected 1, as reference has"),
        ([1.0, (2.0, 3.0)], [(1.0, 2.0), 3.0], TypeError, r"tree\[0\] is one array or number"),
        (np.ones(2), [1.0, 1.0], TypeError, "tree is one array or number .*; expected a list of 2"),
        ({"a": 1.0}, [1.0], TypeError, "tree is a dict of 1; expected a list of 1"),
        ([np.ones(2)], [np.ones((2, 1))], ValueError, r"tree\[0\] has shape \(2,\); expected \(2"),
        ([None], [1.0], TypeError, r"tree\[0\] is None; expected numbers"),
        (["a"], ["b"], TypeError, r"tree\[0\] is a str of dtype <U1; expected numbers"),
    ],
)
def test_structures_that_differ_are_named(tree, reference, kind, message):
    with pytest.raises(kind, match=message):
        max_error(tree, reference)


def test_other_weights_are_told_apart_by_the_names_of_their_fields():
    rng = np.random.default_rng(0)
    expected = r"tree has .W_x, .W_h, .b; expected .W_x, .W_h, .b_x, .b_h, as reference has"
    with pytest.raises(ValueError, match=expected):
        max_error(lstm.init(rng, 3, 2), gru.init(rng, 3, 2))


def test_lists_tuples_and_named_tuples_are_alike_and_keys_have_no_order():
    params = lstm.init(np.random.default_rng(0), 3, 2)
    assert max_error(params, list(params)) == max_error(tuple(params), params) == 0
    one, two = {"a": 1.0, "b": 7.0}, {"b": 7.0, "a": 1.0}
    assert max_error(one, two) == 0
    assert [(a, b) for _, a, _, b in zip_leaves("", one, "", two)] == [(1.0, 1.0), (7.0, 7.0)]


def test_the_error_is_relative_to_each_leaf_and_absolute_below_one():
    assert max_error([1.0, 300.0], [1.0, 400.0]) == 0.25
    assert max_error([0.1], [0.3]) == pytest.approx(0.2, rel=1e-15)
    assert max_error(np.array([250], np.uint8), np.array([251], np.uint8)) == 1 / 251
    assert max_error([], []) == max_error([np.zeros((0, 3))], [np.zeros((0, 3))]) == 0


@pytest.mark.parametrize(
    "loss",
    [
        lambda w: np.abs(w).sum(),
        lambda w: np.linalg.norm(w),
        lambda w: (w.real**2).sum(),
        lambda w: float((w.real**2).sum()),
        lambda w: 3,
    ],
)
def test_a_result_without_an_imaginary_part_is_refused(loss):
    with pytest.raises(TypeError, match=r"f returned a real number .* look for abs, norm, \.real"):
        gradcheck.complex_step(loss, W)
    with pytest.raises(TypeError, match="f returned a real number"):
        gradcheck.directional(loss, W, W, np.random.default_rng(0))


def test_a_cast_on_the_way_is_refused_even_where_only_a_part_is_lost():
    def assigns(w):
        out = np.zeros(2)
        out[:] = w[:, 0]
        return (w**2).sum() + out.sum()

    for loss in (assigns, lambda w: (w**2).sum() + w.astype(float).sum()):
        with warnings.catch_warnings(), pytest.raises(TypeError, match="f casts a complex number"):
            warnings.simplefilter("ignore")  # as most programs do
            gradcheck.complex_step(loss, W)


def test_no_dependence_is_a_gradient_of_zero():
    got = gradcheck.complex_step(lambda p: (p[1] ** 2).sum(), (W, np.array([1.0, 4.0])))
    assert max_error(got, (0 * W, np.array([2.0, 8.0]))) == 0


def test_check_finds_what_the_complex_step_cannot_see():
    def loss(w):
        return (w**3).sum() + 5 * np.abs(w[1, 2])

    wrong = gradcheck.complex_step(loss, W)
    with pytest.raises(ValueError, match=r"grads\[1, 2\] is 3; expected -2 \(central difference"):
        gradcheck.check(loss, W, wrong)
    wrong[1, 2] -= 5
    gradcheck.check(loss, W, wrong)


def test_check_names_the_worst_entry_and_forgives_rounding():
    wrong = by_hand(CUBES)
    wrong["W"][0, 1] += 1e-3
    wrong["W"][1, 0] += 0.5
    with pytest.raises(ValueError, match=r"grads\['W'\]\[1, 0\] is 27.5; expected 27 "):
        gradcheck.check(cubes, CUBES, wrong)
    wrong["W"][1, 0] -= 0.5
    gradcheck.check(cubes, CUBES, wrong, tolerance=1e-3)
    gradcheck.check(lambda p: cubes(p) + 1e9, CUBES, by_hand(CUBES))  # good to 1
    with pytest.raises(ValueError, match=r"f\(params\) is inf; expected a finite loss"):
        gradcheck.check(lambda p: cubes(p) + np.inf, CUBES, by_hand(CUBES))


EVERY = [gradcheck.complex_step, gradcheck.central_difference]


@pytest.mark.parametrize("method", EVERY)
def test_what_cannot_be_differentiated_is_named(method):
    with pytest.raises(TypeError, match=r"params\['n'\] has dtype int64; expected float32 or"):
        method(cubes, {"W": W, "n": np.array([1, 2])})
    with pytest.raises(TypeError, match="params has dtype complex128; expected float32 or"):
        method(lambda w: w.sum(), W + 0j)
    with pytest.raises(ValueError, match="params has no numbers; expected at least one"):
        method(cubes, {"W": np.zeros((0, 3)), "b": np.zeros(0)})
    with pytest.raises(ValueError, match=r"f returned shape \(3,\); expected one number"):
        method(lambda w: (w**2).sum(axis=0), W)
    with pytest.raises(TypeError, match="f returned something of dtype object"):
        method(lambda w: None, W)
    with pytest.raises(ValueError, match="step is 0; expected a positive number"):
        method(cubes, CUBES, step=0)


def test_parameters_may_be_single_or_lower_precision_numbers_and_stay_as_they_are():
    w = W.astype(np.float32)
    for method in EVERY:
        got = method(lambda w: (w**2).sum(), w)
        assert got.dtype == np.float64
        assert max_error(got, 2 * W) < 1e-9
    assert (w == W).all() and w.dtype == np.float32
    assert gradcheck.complex_step(lambda v: v**2, 3.0) == 6


def test_a_complex_loss_has_no_central_difference():
    with pytest.raises(TypeError, match="f returned a complex number; expected a real loss"):
        gradcheck.central_difference(lambda w: (w * 1j).sum(), W)


def test_one_direction_needs_gradients_of_the_same_shape_and_a_generator():
    rng = np.random.default_rng(0)
    with pytest.raises(ValueError, match=r"grads has shape \(3,\); expected \(2, 3\), that of par"):
        gradcheck.directional(lambda w: (w**2).sum(), W, 2 * W[0], rng)
    with pytest.raises(TypeError, match=r"rng is 7; expected .*np.random.default_rng\(7\)"):
        gradcheck.directional(lambda w: (w**2).sum(), W, 2 * W, 7)
    expected, got = gradcheck.directional(cubes, CUBES, by_hand(CUBES), rng)
    assert got == pytest.approx(expected, rel=1e-13)
    wrong = by_hand(CUBES)
    wrong["b"] = wrong["b"] * 1.5
    expected, got = gradcheck.directional(cubes, CUBES, wrong, rng)
    assert abs(got - expected) > 0.01


def test_leaves_are_named_as_one_would_write_them():
    params = lstm.init(np.random.default_rng(0), 3, 2)
    tree = {"layers": [[params]], "head": 1.0}
    names = [name for name, _ in named_leaves("p", tree)]
    first = "p['layers'][0][0]"
    assert names == [f"{first}.W_x", f"{first}.W_h", f"{first}.b", "p['head']"]
    assert [leaf.shape for leaf in leaves(tree)[:3]] == [(3, 8), (2, 8), (8,)]
    assert leaves(tree)[3] == 1.0


def test_a_map_over_two_structures_refuses_what_would_be_paired_wrongly():
    with pytest.raises(TypeError, match=r"others\[0\] is one array .*; expected a tuple of 2"):
        tree_map(np.add, (W, W), W)  # would go through the rows of W
    with pytest.raises(ValueError, match=r"others\[0\] has \['a'\], \['b'\]; expected \['a'\]"):
        tree_map(np.add, {"a": 1}, {"a": 1, "b": 2})
    check_alike("a", CUBES, "b", {"b": np.ones(2), "W": np.ones((2, 3))})


def test_a_function_may_change_its_argument():
    def doubles(p):
        p["W"] *= 2
        p["b"] += 1
        return (p["W"] ** 2).sum() + (p["b"] ** 3).sum()

    start = tree_map(np.copy, CUBES)
    expected = {"W": 8 * W, "b": 3 * (CUBES["b"] + 1) ** 2}
    assert max_error(gradcheck.complex_step(doubles, CUBES), expected) < 1e-15
    assert max_error(gradcheck.central_difference(doubles, CUBES), expected) < 1e-9
    gradcheck.check(doubles, CUBES, expected)
    by_step, by_grads = gradcheck.directional(doubles, CUBES, expected, np.random.default_rng(1))
    assert by_step == pytest.approx(by_grads, rel=1e-13)
    assert max_error(CUBES, start) == 0


def test_check_finds_a_wrong_entry_among_small_ones():
    y = np.random.default_rng(2).standard_normal(2000)

    def loss(w):
        return ((w[0] * 1e-4 * y - 1e-4 * w[1]) ** 2).mean()

    w = np.array([0.5, 1.5])
    grads = gradcheck.complex_step(loss, w)
    assert 1e-9 < np.abs(grads).max() < 1e-6
    gradcheck.check(loss, w, grads)
    for factor in (0.0, 0.99, -1.0):
        with pytest.raises(ValueError, match=r"grads\[.\] is .*; expected .* \(central difference"):
            gradcheck.check(loss, w, factor * grads)
    gradcheck.check(lambda w: (w**3).sum(), np.zeros(3), np.zeros(3))  # its differences are 1e-12


def test_check_allows_no_more_than_rounding_for_a_large_loss():
    def loss(w):
        return (w**2).sum() + 10

    w = np.array([0.25, -0.5, 0.75])
    wrong = 2 * w
    gradcheck.check(loss, w, wrong)
    wrong[1] += 5e-6
    with pytest.raises(ValueError, match=r"grads\[1\] is -0.999995; expected -1 "):
        gradcheck.check(loss, w, wrong)


def test_tensors_of_a_graph_are_refused_by_name():
    torch = pytest.importorskip("torch")
    tensor = torch.ones(3, dtype=torch.float64, requires_grad=True)
    for pair in (([tensor], [np.ones(3)]), ([np.ones(3)], [tensor])):
        with pytest.raises(
            TypeError, match=r"(tree|reference)\[0\] is a Tensor that requires grad"
        ):
            max_error(*pair)
    with pytest.raises(TypeError, match=r"params is a Tensor that requires grad; write .detach"):
        gradcheck.complex_step(lambda w: (w**2).sum(), tensor)
    loose = tensor.detach()
    gradcheck.check(lambda w: (w**2).sum(), np.ones(3), 2 * loose)
    pair = gradcheck.directional(lambda w: w.sum(), np.ones(3), loose, np.random.default_rng(0))
    assert pair[0] == pytest.approx(pair[1], rel=1e-13)
    assert max_error([loose], [np.full(3, 1.5)]) == pytest.approx(1 / 3, rel=1e-15)
