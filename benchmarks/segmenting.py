"""What a sweep costs: both passes of the networks of the page on segmentation."""

import runpy
from pathlib import Path

import torch
from clock import Benchmark
from torch import nn

SCRIPT = Path(__file__).resolve().parent.parent / "experiments" / "segmentation.py"


def step(net, x, y):
    """Forward and backward of one batch, without the update."""
    return lambda: nn.functional.binary_cross_entropy_with_logits(net(x), y).backward()


def segmenters(models=("dilated", "unet", "sweep 1", "sweep 2"), N=32):
    torch.manual_seed(0)
    script = runpy.run_path(str(SCRIPT))  # the networks of the experiment, as they are
    side = script["pasted"].SIDE
    x = torch.rand(N, side, side)
    y = (torch.rand_like(x) < 0.1).float()
    return {model: step(script["build"](model, 0), x, y) for model in models}


BENCHMARKS = {
    "segmentation": Benchmark(
        page="applications/images/segmentation",
        what="forward and backward of four networks for 32 scenes of 24 by 24 pixels in PyTorch",
        dtype="float32",
        rounds=15,
        runs=segmenters,
    ),
}
