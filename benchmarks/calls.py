"""What it costs to start operations one by one: layers, loops over cells, graphs, sweeps."""

import numpy as np
import tensorflow as tf
import torch
from clock import Benchmark, quartiles
from torch import nn
from torch.nn.functional import mse_loss

from rnnbook import convert
from rnnbook.book.loop import LSTMLoop
from rnnbook.numpy import lstm


def training_step(layer, x):
    """Forward and backward, as a function without arguments."""

    def run():
        layer.zero_grad()
        outputs = layer(x)[0]
        mse_loss(outputs, torch.zeros_like(outputs)).backward()

    return run


def fused_and_loop(N=16, T=128, D=16, H=64, device="cpu"):
    torch.manual_seed(0)
    layer, x = nn.LSTM(D, H, batch_first=True).to(device), torch.randn(N, T, D, device=device)
    looped = LSTMLoop(layer).to(device)
    return {"nn.LSTM": training_step(layer, x), "loop over LSTMCell": training_step(looped, x)}


def sweeps(
    batches=(1, 4, 16, 64),
    widths=(8, 32, 128, 512),
    lengths=(32, 128, 512),
    middle=(16, 128, 64),
    D=16,
    device="cpu",
):
    """A GRU in the middle (N, T, H), and beside it in one direction at a time."""
    torch.manual_seed(0)

    def step(N, T, H):
        layer = nn.GRU(D, H, batch_first=True).to(device)
        return training_step(layer, torch.randn(N, T, D, device=device))

    N, T, H = middle
    return {
        **{f"batch {n}": step(n, T, H) for n in batches},
        **{f"units {n}": step(N, T, n) for n in widths},
        **{f"steps {n}": step(N, n, H) for n in lengths},
    }


def without_gradients(run, x):
    @torch.no_grad()
    def wrapped():
        return run(x)[0]

    return wrapped


def five_calls(N=8, T=100, D=16, H=32):
    torch.manual_seed(0)
    x, layer = torch.randn(N, T, D), nn.LSTM(D, H, batch_first=True)
    params = convert.from_torch(layer)
    keras_layer = convert.to_keras(params)
    in_graph = tf.function(keras_layer, reduce_retracing=True)
    x_np, x_tf = x.numpy(), tf.constant(x.numpy())
    return {
        "NumPy, rnnbook": lambda: lstm.forward(params, x_np)[0],
        "PyTorch, loop over LSTMCell": without_gradients(LSTMLoop(layer), x),
        "PyTorch, nn.LSTM": without_gradients(layer, x),
        "Keras, called by itself": lambda: keras_layer(x_tf)[0],
        "Keras, in tf.function": lambda: in_graph(x_tf)[0],
    }


def share_of_products(rounds, **sizes):
    """Which share of the loop's own time its matrix products take, by PyTorch's profiler."""
    run, shares = five_calls(**sizes)["PyTorch, loop over LSTMCell"], []
    for _ in range(rounds):
        with torch.profiler.profile() as profile:
            run()
        taken = {event.key: event.self_cpu_time_total for event in profile.key_averages()}
        shares.append(taken["aten::addmm"] / sum(taken.values()))
    low, median, high = quartiles(np.array(shares))
    return {"share of products": {"median": median, "quartiles": [low, high]}}


BENCHMARKS = {
    "five calls": Benchmark(
        page="tools/export",
        what="the outputs of one LSTM of 32 units for 8 sequences of 100 steps, forward only",
        dtype="float32",
        rounds=15,
        runs=five_calls,
        also=share_of_products,
    ),
    "fused and loop": Benchmark(
        page="tools/gpu",
        what="forward and backward of an LSTM of 64 units over 16 sequences of 128 steps in "
        "PyTorch",
        dtype="float32",
        rounds=15,
        runs=fused_and_loop,
    ),
    "sweeps": Benchmark(
        page="tools/gpu",
        what="forward and backward of nn.GRU, around 16 sequences of 128 steps with 64 units",
        dtype="float32",
        rounds=9,
        runs=sweeps,
    ),
}
