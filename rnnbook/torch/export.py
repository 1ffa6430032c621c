"""What can be compiled and exported, and how to serve sequences of any length.

A loop over T steps becomes T copies of its body when torch traces it. So an exported layer takes
batches of any size, but as many steps as its example had:

>>> from torch.export import Dim, export
>>> from rnnbook.torch import GRU
>>> x, batch = torch.ones(2, 5, 3), {0: Dim("batch")}
>>> program = export(GRU(3, 4).eval(), (x,), dynamic_shapes={"x": batch})
>>> program.module()(torch.ones(7, 5, 3))[0].shape
torch.Size([7, 5, 4])

For another T export one step, and let the program that serves the layer write the loop:

>>> step = OneStep(GRU(3, 4).eval())
>>> example = x[:, 0], torch.zeros(2, 4)
>>> program = export(step, example, dynamic_shapes={"x_t": batch, "state": batch})
>>> program.module()(torch.ones(7, 3), torch.zeros(7, 4)).shape
torch.Size([7, 4])

`torch.export` fixes T for the layers of `torch.nn`, too. But `torch.onnx.export` leaves T free for
`torch.nn.LSTM` and `GRU`, in a process that has exported none before; so for ONNX give it
`rnnbook.convert.to_torch(layer.params())`. TorchScript (`torch.jit`) is deprecated in PyTorch, and
`torch.jit.trace` would fix T without a word, so these layers refuse it: use `torch.compile` or
`torch.export`.
"""

from typing import TYPE_CHECKING, Any, NamedTuple

import torch
from torch import Tensor, nn

if TYPE_CHECKING:
    from rnnbook.torch.crf import CRF
    from rnnbook.torch.recurrent import Recurrent, Wrapper

ONE_STEP = "one step, rnnbook.torch.export.OneStep(layer), and loop outside"
TO_TORCH_NN = (
    f"{ONE_STEP}; or for ONNX rnnbook.convert.to_torch(layer.params()), in a process of its own"
)
SHORT = {ONE_STEP: "one step", TO_TORCH_NN: "one step; torch.nn in ONNX"}  # in a table


class Support(NamedTuple):
    """What works for a layer."""

    layer: str
    free_steps: str  # "yes", or what to export for a free T
    onnx: bool  # torch.onnx.export, run by ONNX Runtime
    compiles: bool = True  # torch.compile(fullgraph=True), with gradients
    free_batch: bool = True  # torch.export with the size of the batch left free


SUPPORT = (
    Support("RNN", ONE_STEP, onnx=True),
    Support("LSTM", TO_TORCH_NN, onnx=True),
    Support("LSTM(peepholes=True)", ONE_STEP, onnx=True),
    Support("GRU", TO_TORCH_NN, onnx=True),
    Support('GRU(reset="before")', ONE_STEP, onnx=True),
    Support("LayerNormLSTM", ONE_STEP, onnx=True),
    Support("MinGRU", ONE_STEP, onnx=True),
    Support("MinLSTM", ONE_STEP, onnx=True),
    Support("LRU", ONE_STEP, onnx=False),
    Support("DiagonalSSM", ONE_STEP, onnx=False),
    Support("DeltaNet", ONE_STEP, onnx=True),
    Support("DeltaNet(factors=2)", ONE_STEP, onnx=True),
    Support("ConvLSTM", ONE_STEP, onnx=True),
    Support("Stack", ONE_STEP, onnx=True),
    Support("Sweep", "images of one size", onnx=True),
    Support("Zoneout", ONE_STEP, onnx=True),
    Support("VariationalDropout", ONE_STEP, onnx=True),
    Support("Attention", "yes", onnx=True),
    Support("CRF", "what gives the emissions, and run the CRF outside", onnx=True),
)


class OneStep(nn.Module):
    """A module whose call is one step of `layer`, for `torch.export` and `torch.onnx.export`."""

    def __init__(self, layer: nn.Module):
        super().__init__()
        self.layer = layer

    def forward(self, x_t: Tensor, state: Any) -> Any:
        """The next state, or the output and the next state, as `layer.step` returns them."""
        return self.layer.step(x_t, state)  # type: ignore[operator]  # nn.Module has no step


def refuse_free_steps(layer: "Recurrent | Wrapper | CRF", T: int) -> None:
    """Raise `ValueError` where a trace would fix the number of steps, and nobody asked it to.

    That is where `torch.export` is told to leave it free, and always under `torch.jit.trace`.
    """
    if not torch.compiler.is_compiling() and torch.jit.is_tracing():
        raise ValueError(
            f"torch.jit.trace would fix the number of steps of {type(layer).__name__} without a "
            "word, and it is deprecated: use torch.export.export. For a free T export "
            + layer.free_steps
        )
    if not torch.compiler.is_exporting():
        return
    from torch.fx.experimental.symbolic_shapes import has_static_value  # slow to import

    if not has_static_value(T):
        raise ValueError(
            f"the number of steps is free, and {type(layer).__name__} unrolls its loop over them: "
            "leave axis 1 out of dynamic_shapes, so that T is fixed. For a free T export "
            + layer.free_steps
        )


def refuse_onnx(layer: "Recurrent") -> None:
    """Raise `TypeError` where a layer with a complex state is exported to ONNX."""
    if in_onnx_export():
        raise TypeError(
            f"{type(layer).__name__} has a complex state, and ONNX has no complex numbers: use "
            "torch.export, or rnnbook.numpy, which needs no torch"
        )


@torch.compiler.assume_constant_result  # or torch.compile takes it as False
def in_onnx_export() -> bool:
    """Whether `torch.onnx.export` is tracing."""
    return torch.onnx.is_in_onnx_export()
