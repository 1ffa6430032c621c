"""What a sweep costs: one step of training for each network of the page on segmentation."""

import importlib.util
from pathlib import Path

import torch
from clock import Benchmark
from torch import nn

SCRIPT = Path(__file__).resolve().parent.parent / "experiments" / "segmentation.py"


def networks():
    """The module of the experiment, whose networks are measured as they are."""
    spec = importlib.util.spec_from_file_location(SCRIPT.stem, SCRIPT)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def step(net, x, y):
    """Forward and backward of one batch."""
    return lambda: nn.functional.binary_cross_entropy_with_logits(net(x), y).backward()


def segmenters(models=("dilated", "unet", "sweep 1", "sweep 2"), N=32):
    torch.manual_seed(0)
    module = networks()
    x = torch.rand(N, module.pasted.SIDE, module.pasted.SIDE)
    y = (torch.rand_like(x) < 0.1).float()
    return {model: step(module.build(model, 0), x, y) for model in models}


BENCHMARKS = {
    "segmentation": Benchmark(
        page="applications/images/segmentation",
        what="forward and backward of four networks for 32 scenes of 24 by 24 pixels in PyTorch",
        dtype="float32",
        rounds=15,
        runs=segmenters,
    ),
}
