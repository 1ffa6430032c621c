"""Steps of training, as three pages of the book take them."""

import math

import keras
import numpy as np
import tensorflow as tf
import torch
from clock import Benchmark
from torch import nn

from rnnbook import convert
from rnnbook import torch as in_torch
from rnnbook.numpy import gru, linear, losses, lstm, optim, rnn
from rnnbook.tasks import adding, images


def numpy_step(start, x, y, rate):
    kept = {"params": start, "state": optim.sgd_init(start)}

    def run():
        params = kept["params"]
        _, state, cache = lstm.forward(params["lstm"], x)
        y_hat, head_cache = linear.forward(params["head"], state.h)
        loss, dy_hat = losses.mean_squared_error(y_hat, y)
        dhead, dh = linear.backward(params["head"], head_cache, dy_hat)
        dlstm, _, _ = lstm.backward(params["lstm"], cache, None, lstm.State(dh, np.zeros_like(dh)))
        grads = {"lstm": dlstm, "head": dhead}
        kept["params"], kept["state"] = optim.sgd_step(
            params, grads, kept["state"], learning_rate=rate
        )
        return float(loss)

    return run


def torch_step(start, x, y, rate):
    layer, head = convert.to_torch(start["lstm"]), nn.Linear(*start["head"].W.shape)
    head.load_state_dict(
        {"weight": torch.tensor(start["head"].W.T), "bias": torch.tensor(start["head"].b)}
    )
    layer.bias_hh_l0.requires_grad_(False)
    weights = [w for w in (*layer.parameters(), *head.parameters()) if w.requires_grad]
    optimizer, x, y = torch.optim.SGD(weights, rate), torch.tensor(x), torch.tensor(y)

    def run():
        loss = nn.functional.mse_loss(head(layer(x)[1][0][-1]), y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        return loss.item()

    return run


def keras_step(start, x, y, rate):
    layer, head = convert.to_keras(start["lstm"]), keras.layers.Dense(1)
    head.build((None, start["head"].W.shape[0]))
    head.set_weights(list(start["head"]))
    weights = [*layer.trainable_variables, *head.trainable_variables]
    optimizer, x, y = keras.optimizers.SGD(rate), tf.constant(x), tf.constant(y)
    optimizer.build(weights)

    @tf.function
    def step():
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean((head(layer(x)[1]) - y) ** 2)
        optimizer.apply(tape.gradient(loss, weights), weights)
        return loss

    return lambda: float(step())


def three_ways(N=64, T=24, D=1, H=16, rate=0.05):
    rng = np.random.default_rng(0)
    start = {
        "lstm": lstm.init(rng, D, H, dtype=np.float32),
        "head": linear.init(rng, H, 1, dtype=np.float32),
    }
    x, y = (rng.standard_normal(s).astype(np.float32) for s in ((N, T, D), (N, 1)))
    ways = {"NumPy": numpy_step, "PyTorch": torch_step, "TensorFlow": keras_step}
    return {name: way(start, x, y, rate) for name, way in ways.items()}


def reader(cell, places, N, hidden):
    """Forward and backward of one cell that reads N images in the order of `places`."""
    rng = np.random.default_rng(0)
    module = {"rnn": rnn, "lstm": lstm, "gru": gru}[cell]
    layer = convert.to_torch(module.init(rng, places.shape[1], hidden, dtype=np.float32))
    head = nn.Sequential(nn.Dropout(0.3), nn.Linear(hidden, 10))
    pictures = rng.random((N, 8, 8), dtype=np.float32)
    x, y = torch.tensor(images.read(pictures, places)), torch.tensor(rng.integers(0, 10, N))
    return lambda: nn.functional.cross_entropy(head(layer(x)[0])[:, -1], y).backward()


def readings(T=(1, 4, 8, 16, 64), cells=("rnn", "lstm", "gru"), N=64, hidden=64):
    torch.manual_seed(0)
    return {
        f"{cell.upper()}: {steps}": reader(cell, images.cuts((8, 8), steps), N, hidden)
        for cell in cells
        for steps in T
    }


class Adder(nn.Module):
    """Two layers of minGRU, one GRU or one LSTM, and one number after the last step.

    The same as in `experiments/efficient.py`.
    """

    def __init__(self, kind, units, length):
        super().__init__()
        keep = math.log(length)
        if kind == "minGRU":
            first, second = (in_torch.MinGRU(n, units, keep_bias=keep) for n in (2, units))
            self.layers = nn.ModuleList([first, second])
        else:
            layer = (nn.GRU if kind == "GRU" else nn.LSTM)(2, units, batch_first=True)
            layer.bias_ih_l0.data[units : 2 * units] = keep  # z, or the forget gate
            layer.bias_hh_l0.data[units : 2 * units] = 0.0
            if kind == "LSTM, shut":
                layer.bias_ih_l0.data[:units] = -keep
                layer.bias_hh_l0.data[:units] = 0.0
            self.layers = nn.ModuleList([layer])
        self.head = nn.Linear(units, 1)

    def forward(self, x):
        for layer in self.layers[:-1]:
            x = torch.tanh(layer(x)[0])
        return self.head(self.layers[-1](x)[0][:, -1])


def adder_step(kind, units, T, N):
    torch.manual_seed(0)
    rng, net = np.random.default_rng(0), Adder(kind, units, T)
    optimizer = torch.optim.Adam(net.parameters(), 0.01)

    def run():
        x, y, _ = adding(rng, N, T)
        x, y = (torch.tensor(v, dtype=torch.float32) for v in (x, y))
        loss = ((net(x) - y) ** 2).mean()
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(net.parameters(), 1.0)
        optimizer.step()

    return run


def adders(T=(100, 400), kinds=("minGRU", "LSTM", "LSTM, shut", "GRU"), N=32, units=32):
    return {f"{kind}: {steps}": adder_step(kind, units, steps, N) for kind in kinds for steps in T}


BENCHMARKS = {
    "three ways": Benchmark(
        page="project/three-ways",
        what="one step of training of an LSTM of 16 units on 64 windows of 24 steps",
        dtype="float32",
        rounds=25,
        runs=three_ways,
    ),
    "readings": Benchmark(
        page="applications/images/classification",
        what="forward and backward for 64 images of 8 by 8 pixels in PyTorch, by the number of "
        "steps",
        dtype="float32",
        rounds=15,
        runs=readings,
    ),
    "adding": Benchmark(
        page="outlook/efficient",
        what="one step of training on the adding problem, 32 sequences, in PyTorch: two layers of "
        "minGRU, one LSTM or one GRU, by the number of steps",
        dtype="float32",
        rounds=15,
        runs=adders,
    ),
}
