"""What loops in NumPy cost, as three pages of the book write them."""

import numpy as np
from clock import Benchmark
from layers import numpy_layer, random_layer

from rnnbook.numpy import rnn


def inside_the_loop(params, x):
    h, hs = np.zeros((len(x), len(params.b))), []
    for t in range(x.shape[1]):
        h = np.tanh(x[:, t] @ params.W_x + h @ params.W_h + params.b)
        hs.append(h)
    return np.stack(hs, axis=1)


def before_the_loop(params, x):
    a_x = x.reshape(-1, x.shape[-1]) @ params.W_x + params.b
    a_x = a_x.reshape(*x.shape[:2], -1)
    h, hs = np.zeros((len(x), len(params.b))), []
    for t in range(x.shape[1]):
        h = np.tanh(a_x[:, t] + h @ params.W_h)
        hs.append(h)
    return np.stack(hs, axis=1)


def input_products(sizes=((1, 32, 32), (1, 256, 64), (8, 256, 64), (64, 256, 64)), T=100):
    def tasks(N, D, H):
        params, x, _ = random_layer(rnn, N, T, D, H, np.float64)
        return {
            "products, step by step": lambda: [x[:, t] @ params.W_x for t in range(T)],
            "products, at once": lambda: x.reshape(-1, D) @ params.W_x,
            "loop with the product inside": lambda: inside_the_loop(params, x),
            "loop with the product before": lambda: before_the_loop(params, x),
        }

    return {
        f"N {N}, D {D}, H {H}: {name}": task
        for N, D, H in sizes
        for name, task in tasks(N, D, H).items()
    }


def through_time(T=(250, 500, 1000, 2000), N=8, D=4, H=64):
    return {
        f"{steps} steps": numpy_layer(rnn, *random_layer(rnn, N, steps, D, H, np.float64))
        for steps in T
    }


def one_step(t=(100, 1_000, 10_000, 100_000), H=64, window=64):
    """One more step when t steps have gone by."""
    rng = np.random.default_rng(0)
    wide = rnn.Params(*(rng.standard_normal(s) / 8 for s in ((H, H), (H, H), H)))
    W_wide = rng.standard_normal((window * H, H)) / 64
    W_q, W_k, W_v = rng.standard_normal((3, H, H)) / 8
    x_t = rng.standard_normal((1, H))

    def recurrent_step(kept):
        return np.tanh(x_t @ wide.W_x + kept @ wide.W_h + wide.b)

    def window_step(kept):
        return np.tanh(kept.reshape(1, -1) @ W_wide)

    def attention_step(kept):
        keys, values = kept
        x_t @ W_k, x_t @ W_v  # the new key and value, which are then kept
        scores = keys @ (x_t @ W_q)[0] / 8
        shares = np.exp(scores - scores.max())
        return shares @ values / shares.sum()

    def bound(step, *shape):
        kept = np.zeros(shape)
        return lambda: step(kept)

    runs = {}
    for steps in t:
        runs[f"recurrence: {steps}"] = bound(recurrent_step, 1, H)
        runs[f"window of {window}: {steps}"] = bound(window_step, window, H)
        runs[f"attention: {steps}"] = bound(attention_step, 2, steps, H)
    return runs


BENCHMARKS = {
    "input products": Benchmark(
        page="algorithm/forward",
        what="the product with the inputs, step by step or at once, alone and in the whole loop",
        dtype="float64",
        rounds=25,
        runs=input_products,
    ),
    "through time": Benchmark(
        page="algorithm/backward",
        what="forward and backward of a plain RNN in NumPy, by the number of steps",
        dtype="float64",
        rounds=15,
        runs=through_time,
    ),
    "one step": Benchmark(
        page="concepts/recurrence",
        what="one more step of a stream, by the number of steps that have gone by",
        dtype="float64",
        rounds=25,
        runs=one_step,
    ),
}
