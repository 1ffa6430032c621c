"""A readable loop in NumPy beside the frameworks: forward and backward of one layer.

Every contender does the same work: outputs of one layer from random inputs, then the gradients
of all weights and of the inputs.
"""

import tracemalloc

import numpy as np
import tensorflow as tf
import torch
from clock import Benchmark

from rnnbook import convert
from rnnbook.numpy import gru, lstm
from rnnbook.numpy.masks import rows

MODULES = {"LSTM": lstm, "GRU": gru}


def random_layer(module, N, T, D, H, dtype=np.float32):
    rng = np.random.default_rng(0)
    params = module.init(rng, D, H, dtype=dtype)
    x = rng.standard_normal((N, T, D)).astype(dtype)
    dhs = rng.standard_normal((N, T, H)).astype(dtype)
    return params, x, dhs


def numpy_layer(module, params, x, dhs):
    def run():
        _, _, cache = module.forward(params, x)
        module.backward(params, cache, dhs)

    return run


def matrix_products(params, x, dhs, *, transpose_once):
    """Only the matrix products of forward and backward, on the same shapes, in plain NumPy."""
    x = x.swapaxes(0, 1).copy()
    hs = dhs.swapaxes(0, 1).copy()

    def run():
        a = (rows(x) @ params.W_x).reshape(*x.shape[:2], -1)
        for h_t in hs:
            h_t @ params.W_h
        W_hT = params.W_h.T.copy() if transpose_once else params.W_h.T
        for a_t in a:
            a_t @ W_hT
        rows(a) @ params.W_x.T
        rows(x).T @ rows(a)
        rows(hs).T @ rows(a)

    return run


def torch_layer(params, x, dhs):
    layer, x, dhs = convert.to_torch(params), torch.tensor(x, requires_grad=True), torch.tensor(dhs)

    def run():
        hs, _ = layer(x)
        torch.autograd.grad(hs, [x, *layer.parameters()], dhs)

    return run


def keras_layer(params, x, dhs):
    layer, x, dhs = convert.to_keras(params), tf.Variable(x), tf.constant(dhs)
    weights = [w.value for w in layer.trainable_weights]

    @tf.function
    def gradients():
        with tf.GradientTape() as tape:
            hs, *_ = layer(x)
        return tape.gradient(hs, [x, *weights], dhs)

    return lambda: gradients()[0].numpy()


def contenders(layer="LSTM", size=(32, 100, 64, 128)):
    module = MODULES[layer]
    problem = random_layer(module, *size)
    return {
        "rnnbook.numpy": numpy_layer(module, *problem),
        "products": matrix_products(*problem, transpose_once=False),
        "products, W_h.T copied once": matrix_products(*problem, transpose_once=True),
        "torch.nn": torch_layer(*problem),
        "Keras, tf.function": keras_layer(*problem),
    }


def layers(layers=("LSTM", "GRU"), sizes=((32, 100, 64, 128), (64, 100, 128, 256))):
    return {
        f"{layer}, {', '.join(map(str, size))}: {name}": run
        for layer in layers
        for size in sizes
        for name, run in contenders(layer, size).items()
    }


def lengths(layers=("LSTM", "GRU"), T=(250, 500, 1000, 2000, 4000), N=8, D=16, H=32):
    return {
        f"{layer}: {steps}": numpy_layer(
            MODULES[layer], *random_layer(MODULES[layer], N, steps, D, H)
        )
        for layer in layers
        for steps in T
    }


def peaks(runs):
    """Peak MiB that NumPy takes in each run."""
    found = {}
    for name, run in runs.items():
        tracemalloc.start()
        run()
        found[name] = float(f"{tracemalloc.get_traced_memory()[1] / 2**20:.4g}")
        tracemalloc.stop()
    return found


BENCHMARKS = {
    "layers": Benchmark(
        page="appendix/benchmarks",
        what="forward and backward of one layer, by N, T, D, H",
        dtype="float32",
        rounds=15,
        runs=layers,
    ),
    "lengths": Benchmark(
        page="appendix/benchmarks",
        what="forward and backward of one layer of this book in NumPy, by the number of steps",
        dtype="float32",
        rounds=9,
        runs=lengths,
        also=lambda rounds: {"MiB": peaks(lengths())},
    ),
}
