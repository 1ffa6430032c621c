"""Linear recurrences: chunks against the loop, gradients, and the three frameworks."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rnnbook import gradcheck
from rnnbook.numpy import scan as numpy_scan
from rnnbook.numpy.scan import loop, scan, scan_backward

N, T, H = 2, 7, 3


def problem(seed=0, complex_=False, shape=(N, T, H)):
    rng = np.random.default_rng(seed)
    a, b, dhs = rng.uniform(-1.1, 1.1, (3, *shape))
    h_0 = rng.standard_normal((shape[0], *shape[2:]))
    if complex_:
        turn = np.exp(1j * rng.uniform(0, 6, shape))
        return a * turn, b * turn[::-1], h_0 + 0.3j, dhs * turn.conj()
    return a, b, h_0, dhs


@pytest.mark.parametrize("chunk", [None, 1, 2, 3, 7, 100])
@pytest.mark.parametrize("complex_", [False, True])
def test_chunks_give_the_states_of_the_loop(chunk, complex_):
    a, b, h_0, _ = problem(complex_=complex_)
    np.testing.assert_allclose(scan(a, b, h_0, chunk=chunk), loop(a, b, h_0), atol=1e-14)


@given(st.integers(1, 60), st.integers(1, 70), st.integers(0, 10_000))
@settings(max_examples=60, deadline=None)
def test_any_length_and_any_chunk(length, chunk, seed):
    a, b, h_0, _ = problem(seed, shape=(1, length, 2))
    expected = loop(a, b, h_0)
    np.testing.assert_allclose(scan(a, b, h_0, chunk=chunk), expected, rtol=1e-9, atol=1e-9)


def test_gradients_agree_with_the_complex_step():
    a, b, h_0, dhs = problem()
    by_step = gradcheck.complex_step(lambda p: (loop(*p) * dhs).sum(), (a, b, h_0))
    by_hand = scan_backward(a, scan(a, b, h_0), h_0, dhs)
    assert gradcheck.max_error(by_hand, by_step) < 1e-12


def test_what_vanishes_in_the_loop_does_not_divide_by_zero():
    a, b, h_0, _ = problem()
    a[:, 3] = 0
    assert np.isfinite(scan(a, b, h_0)).all()
    np.testing.assert_allclose(scan(a, b, h_0), loop(a, b, h_0), atol=1e-14)


@pytest.mark.parametrize("chunk", [None, 3])
def test_reverse_is_the_scan_of_the_reversed(chunk):
    a, b, h_0, _ = problem()
    expected = loop(a[:, ::-1].copy(), b[:, ::-1].copy(), h_0)[:, ::-1]
    np.testing.assert_allclose(scan(a, b, h_0, chunk=chunk, reverse=True), expected, atol=1e-14)


def test_nothing_that_came_in_is_changed():
    a, b, h_0, dhs = problem()
    copies = [v.copy() for v in (a, b, h_0, dhs)]
    scan_backward(a, scan(a, b, h_0), h_0, dhs)
    assert all(np.array_equal(v, c) for v, c in zip((a, b, h_0, dhs), copies, strict=True))


@pytest.mark.parametrize("complex_", [False, True])
@pytest.mark.parametrize("chunk", [None, 3])
def test_torch_states_and_gradients(complex_, chunk):
    import torch

    from rnnbook.torch import scan as torch_scan

    a, b, h_0, dhs = problem(complex_=complex_)
    expected = scan(a, b, h_0)
    grads = scan_backward(a, expected, h_0, dhs)
    for run in (lambda *v: torch_scan.scan(*v, chunk=chunk), torch_scan.loop):
        tensors = [torch.tensor(v, requires_grad=True) for v in (a, b, h_0)]
        hs = run(*tensors)
        assert gradcheck.max_error(hs.detach().numpy(), expected) < 1e-12
        (hs * torch.tensor(dhs).conj()).real.sum().backward()
        assert gradcheck.max_error([t.grad.numpy() for t in tensors], list(grads)) < 1e-12


@pytest.mark.parametrize("chunk", [None, 3])
@pytest.mark.parametrize("masked", [False, True])
@pytest.mark.parametrize("place", [0, 1, 2], ids=["a", "b", "h_0"])
@pytest.mark.filterwarnings("ignore:`torch.jit.script` is deprecated:DeprecationWarning")
def test_forward_mode_by_each_input_is_reverse_mode(place, masked, chunk):
    import torch
    from torch.func import jacfwd, jacrev

    from rnnbook.torch import scan as torch_scan

    tensors = [torch.tensor(v) for v in problem()[:3]]
    mask = torch.tensor([[1, 0, 1, 1, 1, 0, 1], [0, 1, 1, 1, 0, 1, 1]], dtype=torch.bool)

    def run(v):
        given = [*tensors[:place], v, *tensors[place + 1 :]]
        return torch_scan.scan(*given, mask=mask if masked else None, chunk=chunk)

    found = jacfwd(run)(tensors[place])
    assert found.abs().max() > 0.1
    torch.testing.assert_close(found, jacrev(run)(tensors[place]), atol=1e-12, rtol=0)
    torch.testing.assert_close(
        found, torch.autograd.functional.jacobian(run, tensors[place]), atol=1e-12, rtol=0
    )


@pytest.mark.parametrize("complex_", [False, True])
@pytest.mark.parametrize("compiled", [False, True])
def test_tensorflow_states_and_gradients(complex_, compiled):
    import tensorflow as tf

    from rnnbook.tensorflow import scan as tf_scan

    a, b, h_0, dhs = problem(complex_=complex_)
    expected = scan(a, b, h_0)
    grads = scan_backward(a, expected, h_0, dhs)
    for run in (tf_scan.scan, tf_scan.loop):
        tensors = [tf.Variable(v) for v in (a, b, h_0)]
        call = tf.function(run) if compiled else run
        with tf.GradientTape() as tape:
            hs = call(*(t.value() for t in tensors))
            total = tf.reduce_sum(tf.math.real(hs * np.conj(dhs)))
        assert gradcheck.max_error(hs.numpy(), expected) < 1e-12
        found = [tf.convert_to_tensor(g).numpy() for g in tape.gradient(total, tensors)]
        assert gradcheck.max_error(found, list(grads)) < 1e-12


def test_a_wrong_gradient_is_found(monkeypatch):
    """Coefficients that are not moved by one step must make the gradient check fail."""
    a, b, h_0, dhs = problem()
    by_step = gradcheck.complex_step(lambda p: (loop(*p) * dhs).sum(), (a, b, h_0))
    hs = scan(a, b, h_0)

    def moved_back(a, b, **options):
        return scan(np.roll(a, 1, axis=1), b, **options)

    monkeypatch.setattr(numpy_scan, "scan", moved_back)
    wrong = scan_backward(a, hs, h_0, dhs)
    assert gradcheck.max_error(wrong[1], by_step[1]) > 0.01


def test_tensorflow_traces_once_for_batches_of_any_size():
    import tensorflow as tf

    from rnnbook.tensorflow import scan as tf_scan

    shapes = [(None, T, H), (None, T, H), (None, H)]
    signature = [tf.TensorSpec(shape, tf.float64) for shape in shapes]
    compiled = tf.function(tf_scan.scan, input_signature=signature)
    for size in (1, 5):
        a, b, h_0, dhs = problem(shape=(size, T, H))
        tensors = [tf.constant(v) for v in (a, b, h_0)]
        with tf.GradientTape() as tape:
            tape.watch(tensors)
            hs = compiled(*tensors)
        expected = scan(a, b, h_0)
        assert gradcheck.max_error(hs.numpy(), expected) < 1e-12
        found = [g.numpy() for g in tape.gradient(hs, tensors, tf.constant(dhs))]
        assert gradcheck.max_error(found, list(scan_backward(a, expected, h_0, dhs))) < 1e-12
    assert compiled.experimental_get_tracing_count() == 1


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        (lambda a, b, h: (a, b[:, :3], h), ValueError, r"b has shape \(2, 3, 3\)"),
        (lambda a, b, h: (a, b, h[:1]), ValueError, r"h_0 has shape \(1, 3\); expected \(N, ...\)"),
        (lambda a, b, h: (a[:, :0], b[:, :0], h), ValueError, r"a has shape \(2, 0, 3\)"),
        (lambda a, b, h: (a, b.astype("float32"), h), TypeError, "b has dtype .*float32"),
        (lambda a, b, h: (a, b, h.astype("float32")), TypeError, "h_0 has dtype .*float32"),
    ],
)
def test_errors_in_three_frameworks(change, error, message):
    import tensorflow as tf
    import torch

    from rnnbook.tensorflow import scan as tf_scan
    from rnnbook.torch import scan as torch_scan

    arrays = change(*problem()[:3])
    for function, tensor in (
        (scan, np.asarray),
        (torch_scan.scan, torch.tensor),
        (tf_scan.scan, tf.constant),
    ):
        with pytest.raises(error, match=message):
            function(*map(tensor, arrays))
    with pytest.raises(ValueError, match="chunk is 0"):
        scan(*problem()[:3], chunk=0)
