"""The delta rule: loop, chunks and pieces, gradients, masks, the edge, and the three frameworks."""

import numpy as np
import pytest
import tensorflow as tf
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from rnnbook import gradcheck
from rnnbook.gradcheck import max_error
from rnnbook.numpy import delta_rule
from rnnbook.numpy.delta_rule import chunks, chunks_backward, loop, loop_backward
from rnnbook.tensorflow import delta_rule as in_tensorflow
from rnnbook.torch import delta_rule as in_torch

N, T, K, V = 2, 11, 3, 4
WAYS = {"loop": (loop, loop_backward, {})}
WAYS |= {f"chunks of {n}": (chunks, chunks_backward, {"size": n}) for n in (1, 2, 5, 11, 32)}
every = pytest.mark.parametrize("way", WAYS)
both = pytest.mark.parametrize("erase", [True, False], ids=["correcting", "adding"])
masks = pytest.mark.parametrize("masked", [False, True], ids=["whole", "masked"])


def problem(seed=0, sizes=(N, T, K, V)):
    """q, k, v, b, log_a and S_0, and the gradients at the outputs and at the last memory."""
    rng = np.random.default_rng(seed)
    N, T, K, V = sizes
    q, k, v = (rng.standard_normal((N, T, size)) for size in (K, K, V))
    k = k / np.linalg.norm(k, axis=-1, keepdims=True)
    b, log_a = rng.uniform(0, 2, (N, T)), np.log(rng.uniform(1e-3, 1, (N, T)))
    S_0, dS = rng.standard_normal((2, N, K, V))
    return (q, k, v, b, log_a, S_0), rng.standard_normal((N, T, V)), dS


def some_mask():
    return np.random.default_rng(7).random((N, T)) < 0.6


def spoiled(inputs, mask):
    """All that moves is NaN where it does not count."""
    *moving, S_0 = (x.copy() for x in inputs)
    for x in moving:
        x[~mask] = np.nan
    return *moving, S_0


# NumPy.


@both
def test_the_loop_is_its_equations(erase):
    (q, k, v, b, log_a, S_0), *_ = problem()
    o, S, _ = loop(q, k, v, b, log_a, S_0, erase=erase)
    for n in range(N):
        M = S_0[n]
        for t in range(T):
            k_t, shrunk = k[n, t], np.exp(log_a[n, t])
            erased = b[n, t] * np.outer(k_t, k_t) if erase else 0
            M = shrunk * (np.eye(K) - erased) @ M + b[n, t] * np.outer(k_t, v[n, t])
            np.testing.assert_allclose(o[n, t], q[n, t] @ M, atol=1e-13)
        np.testing.assert_allclose(S[n], M, atol=1e-13)


@every
@both
@masks
def test_outputs_are_those_of_the_loop_and_gradients_those_of_the_complex_step(way, erase, masked):
    run, backward, options = WAYS[way]
    inputs, do, dS = problem()
    mask = some_mask() if masked else None
    given = spoiled(inputs, mask) if masked else inputs
    o, S, cache = run(*given, mask=mask, erase=erase, **options)
    expected = loop(*inputs, mask=mask, erase=erase)[:2]
    assert max_error([o, S], list(expected)) < 1e-13

    def loss(p):
        o, S, _ = run(*p, mask=mask, erase=erase, **options)
        return (o * do).sum() + (S * dS).sum()

    by_step = gradcheck.complex_step(loss, inputs)
    if masked:
        do = np.where(mask[..., None], do, np.nan)
    by_hand = backward(cache, do, dS)
    assert max_error(list(by_hand), list(by_step)) < 1e-12
    if masked:
        assert not o[~mask].any()
        assert all(not x[~mask].any() for x in by_hand[:5])


@given(st.integers(1, 70), st.integers(1, 70), st.integers(0, 10_000), st.booleans())
@settings(max_examples=40, deadline=None)
def test_any_length_and_any_chunk(length, size, seed, erase):
    inputs, do, dS = problem(seed, (1, length, 3, 2))
    o, S, cache = chunks(*inputs, size=size, erase=erase)
    o_1, S_1, cache_1 = loop(*inputs, erase=erase)
    assert max_error([o, S], [o_1, S_1]) < 1e-11
    grads, grads_1 = chunks_backward(cache, do, dS), loop_backward(cache_1, do, dS)
    assert max_error(list(grads), list(grads_1)) < 1e-11


@every
@both
def test_pieces_hand_on_the_memory_and_its_gradient(way, erase):
    run, backward, options = WAYS[way]
    inputs, do, dS = problem()
    *moving, S_0 = inputs
    o, S, cache = run(*inputs, erase=erase, **options)
    whole = backward(cache, do, dS)
    first, second = [x[:, :4] for x in moving], [x[:, 4:] for x in moving]
    o_1, S_1, cache_1 = run(*first, S_0, erase=erase, **options)
    o_2, S_2, cache_2 = run(*second, S_1, erase=erase, **options)
    assert max_error([np.concatenate([o_1, o_2], axis=1), S_2], [o, S]) < 1e-13
    later = backward(cache_2, do[:, 4:], dS)
    earlier = backward(cache_1, do[:, :4], later.S_0)
    for name in ("q", "k", "v", "b", "log_a"):
        joined = np.concatenate([getattr(earlier, name), getattr(later, name)], axis=1)
        assert max_error(joined, getattr(whole, name)) < 1e-13
    assert max_error(earlier.S_0, whole.S_0) < 1e-13


@every
def test_what_is_left_out_is_zero(way):
    run, backward, options = WAYS[way]
    (q, k, v, b, log_a, S_0), do, dS = problem()
    zeros = np.zeros_like(log_a), np.zeros_like(S_0)
    o, S, cache = run(q, k, v, b, **options)
    o_0, S_0, cache_0 = run(q, k, v, b, *zeros, **options)
    assert max_error([o, S], [o_0, S_0]) == 0
    assert max_error(list(backward(cache, do)), list(backward(cache_0, do, 0 * dS))) == 0
    assert max_error(list(backward(cache, None, dS)), list(backward(cache_0, 0 * do, dS))) == 0


@every
def test_arrays_of_a_caller_are_neither_changed_nor_shared(way):
    run, backward, options = WAYS[way]
    inputs, do, dS = problem()
    mask = some_mask()
    copies = [x.copy() for x in (*inputs, do, dS)]
    o, S, cache = run(*inputs, mask=mask, **options)
    expected = backward(cache, do, dS)
    assert all(np.array_equal(a, b) for a, b in zip((*inputs, do, dS), copies, strict=True))
    for x in (*inputs, o, S):
        x[...] = 7
    mask[...] = True
    assert max_error(list(backward(cache, do, dS)), list(expected)) == 0


@every
def test_float32_stays_float32(way):
    run, backward, options = WAYS[way]
    inputs, do, dS = problem()
    single = [x.astype(np.float32) for x in (*inputs, do, dS)]
    o, S, cache = run(*single[:6], **options)
    grads = backward(cache, *single[6:])
    assert {x.dtype.name for x in (o, S, *grads)} == {"float32"}
    expected, _, wide = loop(*inputs)
    assert max_error(o, expected) < 1e-5
    assert max_error(list(grads), list(loop_backward(wide, do, dS))) < 1e-4


@pytest.mark.parametrize("log_a", [-1e-3, -5.0, -300.0])
def test_a_decay_as_strong_as_it_may_be(log_a):
    """Over a chunk its product is below the smallest number there is."""
    (q, k, v, b, _, S_0), do, dS = problem(sizes=(1, 64, 3, 2))
    log_a = np.full((1, 64), log_a)
    o, S, cache = chunks(q, k, v, b, log_a, S_0)
    o_1, S_1, cache_1 = loop(q, k, v, b, log_a, S_0)
    assert max_error([o, S], [o_1, S_1]) < 1e-12
    grads, grads_1 = chunks_backward(cache, do, dS), loop_backward(cache_1, do, dS)
    assert max_error(list(grads), list(grads_1)) < 1e-11


# What it does.


def unit_keys(rng, *shape):
    k = rng.standard_normal(shape)
    return k / np.linalg.norm(k, axis=-1, keepdims=True)


def test_a_write_with_strength_one_is_read_exactly():
    rng = np.random.default_rng(0)
    k, v, S_0 = unit_keys(rng, 1, 1, K), rng.standard_normal((1, 1, V)), np.ones((1, K, V))
    np.testing.assert_allclose(loop(k, k, v, np.ones((1, 1)), None, S_0)[0], v, atol=1e-14)


def test_orthogonal_keys_do_not_touch_each_other():
    v = np.random.default_rng(0).standard_normal((1, K, V))
    _, S, _ = loop(np.eye(K)[None], np.eye(K)[None], v, np.ones((1, K)))
    np.testing.assert_allclose(S, v, atol=1e-14)


def test_as_many_keys_as_there_are_dimensions_are_kept_by_repeated_writes():
    """Adding keeps the same error; correcting solves k S = v for any independent keys."""
    rng = np.random.default_rng(0)
    k, v = unit_keys(rng, 1, K, K), rng.standard_normal((1, K, V))
    many = np.tile(k, (1, 400, 1)), np.tile(v, (1, 400, 1)), np.ones((1, 400 * K))
    _, S, _ = chunks(many[0], *many)
    np.testing.assert_allclose(k @ S, v, atol=1e-6)
    _, added, _ = chunks(many[0], *many[:2], many[2] / 400, erase=False)
    assert np.abs(k @ added - v).max() > 0.1


@pytest.mark.parametrize(("length", "grows"), [(1.41, False), (1.5, True)])
def test_the_state_is_bounded_up_to_the_edge(length, grows):
    """b k k^T <= 2: 1.41^2 is below, 1.5^2 beyond."""
    rng = np.random.default_rng(0)
    k = length * unit_keys(rng, 1, 512, 4)
    v = rng.standard_normal((1, 512, 4))
    o, _, _ = loop(k, k, v, np.ones((1, 512)))
    assert (np.abs(o).max() > 300) == grows


def test_substitution_keeps_the_digits_that_doubling_loses():
    rng = np.random.default_rng(0)
    k, b = unit_keys(rng, 1, 64, 4), rng.uniform(0, 2, (1, 64, 1))
    A = np.tril(b * (k @ k.mT), -1)[None].astype(np.float32)
    exact = np.linalg.inv(np.eye(64) + A.astype(float))
    doubled, power = np.eye(64, dtype=np.float32) - A, A @ A
    while np.abs(power).max() > 0:
        doubled, power = doubled + doubled @ power, power @ power
    assert np.abs(delta_rule._inverse(A) - exact).max() < 1e-4
    assert np.abs(doubled - exact).max() > 1e-3


# Broken on purpose.

inverse, decays, memory_gradients = (
    getattr(delta_rule, name) for name in ("_inverse", "_decays", "_memory_gradients")
)


def decays_without_their_own_step(G):
    return decays(np.concatenate([np.zeros_like(G[:, :, :1]), G[:, :, :-1]], axis=2))


def gradients_that_forget_the_corrections(dS, g_end, k_end, W, dU, direct):
    return memory_gradients(dS, g_end, k_end, 0 * W, dU, direct)


MUTANTS = {
    "the inverse transposed": ("_inverse", lambda A: inverse(A).mT),
    "no correction within a chunk": ("_inverse", lambda A: inverse(0 * A)),
    "decays a step late": ("_decays", decays_without_their_own_step),
    "no gradient through the corrections": (
        "_memory_gradients",
        gradients_that_forget_the_corrections,
    ),
}


@pytest.mark.parametrize("mutant", MUTANTS)
def test_a_mistake_in_the_chunks_is_found(mutant, monkeypatch):
    inputs, do, dS = problem()
    *expected, cache = loop(*inputs)
    expected += list(loop_backward(cache, do, dS))
    name, wrong = MUTANTS[mutant]
    monkeypatch.setattr(delta_rule, name, wrong)
    *found, cache = chunks(*inputs, size=5)
    found += list(chunks_backward(cache, do, dS))
    assert max_error(found, expected) > 0.01


# The three frameworks.


@both
@masks
@pytest.mark.parametrize("size", [None, 1, 4, 32])
def test_torch_and_tensorflow_give_the_same(size, masked, erase):
    inputs, do, dS = problem()
    mask = some_mask() if masked else None
    given = spoiled(inputs, mask) if masked else inputs
    o, S, cache = loop(*inputs, mask=mask, erase=erase)
    expected = [o, S, *loop_backward(cache, do, dS)]
    name, options = ("loop", {}) if size is None else ("chunks", {"size": size})

    tensors = [torch.tensor(x, requires_grad=True) for x in given]
    torch_mask = None if mask is None else torch.tensor(mask)
    o, S = getattr(in_torch, name)(*tensors, mask=torch_mask, erase=erase, **options)
    loss = (o * torch.tensor(do)).sum() + (S * torch.tensor(dS)).sum()
    grads = torch.autograd.grad(loss, tensors)
    found = [x.detach().numpy() for x in (o, S, *grads)]
    assert max_error(found, expected) < 1e-12

    tensors = [tf.constant(x) for x in given]
    with tf.GradientTape() as tape:
        tape.watch(tensors)
        tf_mask = None if mask is None else tf.constant(mask)
        o, S = getattr(in_tensorflow, name)(*tensors, mask=tf_mask, erase=erase, **options)
        loss = tf.reduce_sum(o * do) + tf.reduce_sum(S * dS)
    grads = tape.gradient(loss, tensors)
    found = [tf.convert_to_tensor(x).numpy() for x in (o, S, *grads)]
    assert max_error(found, expected) < 1e-12


@pytest.mark.parametrize("name", ["loop", "chunks"])
@both
def test_second_derivatives_in_torch(name, erase):
    inputs, *_ = problem(sizes=(2, 5, 3, 2))
    tensors = [torch.tensor(x, requires_grad=True) for x in inputs]
    mask = torch.tensor([[1, 0, 1, 1, 1], [0, 1, 1, 0, 1]], dtype=torch.bool)
    options = {"size": 2} if name == "chunks" else {}

    def run(*x):
        return getattr(in_torch, name)(*x, mask=mask, erase=erase, **options)

    assert torch.autograd.gradcheck(run, tensors, fast_mode=True)
    assert torch.autograd.gradgradcheck(run, tensors, fast_mode=True)


def test_a_traced_function_takes_batches_of_any_size():
    inputs, *_ = problem()
    shapes = [(None, *x.shape[1:]) for x in inputs]
    specs = [tf.TensorSpec(shape, tf.float64) for shape in shapes]
    traced = tf.function(lambda *x: in_tensorflow.chunks(*x, size=4), input_signature=specs)
    o, S, _ = loop(*inputs)
    for rows in (1, N):
        found = [x.numpy() for x in traced(*(x[:rows] for x in inputs))]
        assert max_error(found, [o[:rows], S[:rows]]) < 1e-12


@pytest.mark.parametrize(
    ("place", "change", "error", "message"),
    [
        (0, lambda x: x[:, 0], ValueError, r"q has shape \(2, 3\); expected \(N, T, K\)"),
        (0, lambda x: x[:, :0], ValueError, r"q has shape \(2, 0, 3\); expected \(N, T, K\)"),
        (1, lambda x: x[:, 1:], ValueError, r"k has shape .*\(N, T, K\) = \(2, 11, 3\)"),
        (2, lambda x: x[:1], ValueError, r"v has shape .*expected \(N, T, V\) = \(2, 11, 4\)"),
        (3, lambda x: x[..., None], ValueError, r"b has shape .*expected \(N, T\) = \(2, 11\)"),
        (4, lambda x: x[:, 1:], ValueError, r"log_a has shape .*expected \(N, T\) = \(2, 11\)"),
        (5, lambda x: x.swapaxes(1, 2), ValueError, r"S_0 has shape .*= \(2, 3, 4\)"),
        (1, lambda x: x.astype("float32"), TypeError, "k has dtype .*float32; expected .*float64"),
        (5, lambda x: x.astype("float32"), TypeError, "S_0 has dtype .*float32; expected"),
    ],
)
def test_errors_name_the_argument_in_all_frameworks(place, change, error, message):
    inputs = list(problem()[0])
    inputs[place] = change(inputs[place])
    for module, tensor in (
        (delta_rule, np.asarray),
        (in_torch, torch.tensor),
        (in_tensorflow, tf.constant),
    ):
        for name in ("loop", "chunks"):
            with pytest.raises(error, match=message):
                getattr(module, name)(*(tensor(x.copy()) for x in inputs))


def test_other_errors():
    inputs, do, dS = problem()
    with pytest.raises(ValueError, match="size is 0; expected a positive whole number"):
        chunks(*inputs, size=0)
    with pytest.raises(
        ValueError, match=r"mask has shape \(2, 10\); expected \(N, T\) = \(2, 11\)"
    ):
        loop(*inputs, mask=some_mask()[:, 1:])
    for run, backward in ((loop, loop_backward), (chunks, chunks_backward)):
        _, _, cache = run(*inputs)
        with pytest.raises(ValueError, match=r"do has shape .*expected \(N, T, V\)"):
            backward(cache, do[:, 1:])
        with pytest.raises(ValueError, match=r"dS has shape .*expected \(N, K, V\)"):
            backward(cache, do, dS[:1])
        with pytest.raises(TypeError, match="do has dtype float32; expected float64"):
            backward(cache, do.astype(np.float32))
