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

`torch.nn` has fused layers, whose T may stay free; `rnnbook.convert.to_torch(layer.params())`
makes one where torch.nn has the model. TorchScript (`torch.jit`) is deprecated in PyTorch: use
`torch.compile` or `torch.export`.
"""

from typing import TYPE_CHECKING, Any, NamedTuple

import torch
from torch import Tensor, nn

if TYPE_CHECKING:
    from rnnbook.torch.crf import CRF
    from rnnbook.torch.recurrent import Recurrent

TO_TORCH_NN = "rnnbook.convert.to_torch(layer.params())"
ONE_STEP = "rnnbook.torch.export.OneStep(layer), and loop outside"


class Support(NamedTuple):
    """What works for a layer."""

    layer: str
    compiles: bool  # torch.compile(fullgraph=True), with gradients
    free_batch: bool  # torch.export with the batch size left free
    free_steps: str  # "yes", or what to export for a free T
    onnx: bool  # torch.onnx.export, run by ONNX Runtime


SUPPORT = (
    Support("RNN", True, True, TO_TORCH_NN, True),
    Support("LSTM", True, True, TO_TORCH_NN, True),
    Support("LSTM(peepholes=True)", True, True, ONE_STEP, True),
    Support("GRU", True, True, TO_TORCH_NN, True),
    Support('GRU(reset="before")', True, True, ONE_STEP, True),
    Support("LayerNormLSTM", True, True, ONE_STEP, True),
    Support("MinGRU", True, True, ONE_STEP, True),
    Support("MinLSTM", True, True, ONE_STEP, True),
    Support("LRU", True, True, ONE_STEP, False),
    Support("DiagonalSSM", True, True, ONE_STEP, False),
    Support("ConvLSTM", True, True, ONE_STEP, True),
    Support("Stack", True, True, ONE_STEP, True),
    Support("Sweep", True, True, "a fixed size of the images", True),
    Support("Zoneout", True, True, ONE_STEP, True),
    Support("VariationalDropout", True, True, ONE_STEP, True),
    Support("Attention", True, True, "yes", True),
    Support("CRF", True, True, "a fixed T", True),
)


class OneStep(nn.Module):
    """A module whose call is one step of `layer`, for `torch.export` and `torch.onnx.export`."""

    def __init__(self, layer: nn.Module):
        super().__init__()
        self.layer = layer

    def forward(self, x_t: Tensor, state: Any) -> Any:
        """The next state, or the output and the next state, as `layer.step` returns them."""
        return self.layer.step(x_t, state)  # type: ignore[operator]  # nn.Module has no step


def refuse_free_steps(layer: "Recurrent | CRF", T: int) -> None:
    """Raise `ValueError` where `torch.export` is asked to leave the number of steps free."""
    if not (torch.compiler.is_exporting() and isinstance(T, torch.SymInt)):
        return
    alternative = layer.free_steps
    raise ValueError(
        f"the number of steps is free, and {type(layer).__name__} unrolls its loop over them: give "
        f"axis 1 no name in dynamic_shapes, so that T is fixed. For a free T export {alternative}"
    )
