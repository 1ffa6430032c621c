"""What the torch layers share: weights in and out, masks, and checks of what comes in."""

import numpy as np
import torch
from torch import nn

from rnnbook._check import check_sequence, check_shape, check_type, type_name


class Layer(nn.Module):
    """A recurrent layer whose parameters are those of a NumPy `Params` type, by name."""

    params_type: type  # the NumPy type, set by each layer
    state_names = ("h",)  # what a step hands to the next; several are a tuple

    def params(self):
        """The weights as the NumPy type, copied."""
        weights = (getattr(self, name) for name in self.params_type._fields)
        return self.params_type(*(w.detach().cpu().numpy().copy() for w in weights))

    @torch.no_grad()
    def load_params(self, params):
        """Copy the weights of a NumPy `Params` into this layer, and return the layer."""
        check_type("params", params, (self.params_type,))
        for name, value in params._asdict().items():
            weight = getattr(self, name)
            check_shape(name, value, "the shape of this layer's weight", weight.shape)
            weight.copy_(torch.as_tensor(np.asarray(value)))
        return self


def check_steps(layer):
    """Raise `TypeError` unless `layer` is one of ours that can be run step by step."""
    if not (isinstance(layer, Layer) and hasattr(layer, "step")):
        raise TypeError(
            f"layer is a {type_name(type(layer))}; expected an RNN, LSTM or GRU of rnnbook.torch"
        )


def zero_masked(x, mask):
    """`x` with zeros where the mask is False, so that a NaN there touches nothing."""
    return x if mask is None else torch.where(mask[..., None], x, 0)


def select(mask_t, if_counted, if_masked):
    """Row by row: `if_counted` where `mask_t` is True (or None), else `if_masked`."""
    return if_counted if mask_t is None else torch.where(mask_t[:, None], if_counted, if_masked)


def check_inputs(layer, x, state, mask):
    """Raise unless x is (N, T, D), each state (N, H), mask Boolean (N, T), and x finite."""
    D, H = layer.input_size, layer.hidden_size
    check_sequence(x, D)
    for name, value in {"x": x, **state}.items():
        if value.dtype != layer.W_x.dtype:
            raise TypeError(f"{name} has dtype {value.dtype}; expected {layer.W_x.dtype}")
    for name, value in state.items():
        check_shape(name, value, "(N, H)", (len(x), H))
    counted = torch.isfinite(x).all(-1)
    if mask is not None:
        if mask.dtype != torch.bool:
            raise TypeError(f"mask has dtype {mask.dtype}; expected torch.bool")
        check_shape("mask", mask, "(N, T)", x.shape[:2])
        counted = counted | ~mask
    if not counted.all():
        n, t = torch.nonzero(~counted)[0].tolist()
        raise ValueError(f"x[{n}, {t}] has NaN or infinity; mask the step or clean the input")
