"""What it costs to compute a long sequence in pieces, once or twice, to save memory."""

import torch
from clock import Benchmark
from torch import nn
from torch.utils.checkpoint import checkpoint


def through_pieces(way, x, layer, pieces):
    """The gradient of a sum over all outputs, whole, cut, or with pieces computed twice."""

    def piece(part, h, c):
        hs, (h, c) = layer(part, (h, c))
        return hs, h, c

    def run():
        layer.zero_grad()
        h = x.new_zeros(1, len(x), layer.hidden_size).requires_grad_()
        c, total = h, 0.0
        for part in x.chunk(1 if way == "whole" else pieces, dim=1):
            if way.startswith("checkpoints"):
                again = way.endswith("with re-entry")
                hs, h, c = checkpoint(piece, part, h, c, use_reentrant=again)
            else:
                hs, h, c = piece(part, h, c)
            loss = (hs**2).sum()
            if way == "truncated":
                loss.backward()
                h, c = h.detach(), c.detach()
            else:
                total = total + loss
        if way != "truncated":
            total.backward()

    return run


def checkpoints(T=2000, N=4, D=8, H=64, pieces=40, dtypes=("float32", "float64")):
    """In float32 oneDNN runs the loop as one operation; for float64 PyTorch goes step by step."""
    ways, runs = ("whole", "checkpoints", "checkpoints with re-entry", "truncated"), {}
    for name in dtypes:
        torch.manual_seed(0)
        dtype = getattr(torch, name)
        layer, x = nn.LSTM(D, H, batch_first=True, dtype=dtype), torch.randn(N, T, D, dtype=dtype)
        runs |= {f"{way}: {name}": through_pieces(way, x, layer, pieces) for way in ways}
    return runs


BENCHMARKS = {
    "checkpoints": Benchmark(
        page="outlook/memory-and-bits",
        what="the gradient of an LSTM over 2,000 steps in PyTorch, whole or in 40 pieces",
        dtype="float32 or float64",
        rounds=9,
        runs=checkpoints,
    ),
}
