"""DeltaNet as a torch module. Symbols and sources: `rnnbook.numpy.delta_net`."""

from contextlib import nullcontext

import torch
from torch import Tensor, nn

from rnnbook._check import check_choice
from rnnbook.numpy import delta_net
from rnnbook.numpy.delta_net import TINY, check_head_sizes
from rnnbook.torch import delta_rule
from rnnbook.torch._check import check_frame, check_inputs
from rnnbook.torch.export import in_onnx_export
from rnnbook.torch.layer import zero_masked
from rnnbook.torch.recurrent import Recurrent


class DeltaNet(Recurrent):
    """DeltaNet with a memory (K, K) for each head, K = H / heads, and n factors a step.

    `gate` is "sigmoid" for strengths in (0, 1), "double" for (0, 2) or "hard" for [0, 2], both
    ends reached. At first the weights are Glorot-uniform and the bias is zero. The memory is
    computed in 32 bits at least.

    >>> y, S = DeltaNet(input_size=3, hidden_size=4, heads=2)(torch.ones(1, 5, 3))
    >>> y.shape, S.shape
    (torch.Size([1, 5, 4]), torch.Size([1, 2, 2, 2]))
    """

    state_symbols = "(N, heads, K, K)"
    outputs_state = False
    W_q: nn.Parameter  # (D, H)
    W_k: nn.Parameter  # (D, n H)
    W_v: nn.Parameter  # (D, n H)
    W_b: nn.Parameter  # (D, n heads)
    b_b: nn.Parameter  # (n heads,)

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        *,
        heads: int = 1,
        factors: int = 1,
        gate: str = "sigmoid",
        device: torch.device | str | None = None,
        dtype: torch.dtype | None = None,
    ):
        super().__init__()
        check_head_sizes(input_size, hidden_size, heads, factors)
        check_choice("gate", gate, tuple(delta_net.GATES))
        self.params_type = delta_net.GATES[gate]
        self.input_size, self.hidden_size = input_size, hidden_size
        self.heads, self.factors, self.gate = heads, factors, gate
        D, H, n = input_size, hidden_size, factors
        shapes = ((D, H), (D, n * H), (D, n * H), (D, n * heads), (n * heads,))
        for name, shape in zip(self.params_type._fields, shapes, strict=True):
            setattr(self, name, nn.Parameter(torch.empty(shape, device=device, dtype=dtype)))
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Glorot-uniform weights, zero bias."""
        for W in (self.W_q, self.W_k, self.W_v, self.W_b):
            nn.init.xavier_uniform_(W)
        nn.init.zeros_(self.b_b)

    def state_shape(self, x_t: Tensor) -> tuple[int, ...]:
        """(heads, K, K): a memory for each head."""
        K = self.hidden_size // self.heads
        return self.heads, K, K

    def step(self, x_t: Tensor, state: Tensor | None) -> tuple[Tensor, Tensor]:
        """One step: x_t (N, D) and the memories give the output y_t (N, H), the next memories."""
        check_frame(self, x_t)
        y, S = self.forward(x_t[:, None], state)
        return y[:, 0], S

    def forward(
        self, x: Tensor, state: Tensor | None = None, *, mask: Tensor | None = None
    ) -> tuple[Tensor, Tensor]:
        """Outputs (N, T, H), the last memories (N, heads, K, K), from x (N, T, D), the first ones.

        The mask is (N, T).
        """
        (S_0,) = check_inputs(self, x, state, mask)
        x, heads, n = zero_masked(x, mask), self.heads, self.factors
        a_q, a_k, v = x @ self.W_q, x @ self.W_k, x @ self.W_v
        a_b = x @ self.W_b + self.b_b
        with _in_full(x):
            q, k, v = (_by_head(a, heads, factors) for a, factors in ((a_q, 1), (a_k, n), (v, n)))
            q = q / _length(q)
            k = k / _length(k)
            b = _GATES[self.gate](_by_head(a_b, heads, n)[..., 0])
            # A loop for a single step, and for ONNX, which solves no triangular systems.
            rule = delta_rule.loop if x.shape[1] == 1 or in_onnx_export() else delta_rule.chunks
            S = S_0.flatten(0, 1).to(q.dtype)
            y, S = rule(_at_last_factor(q, n), k, v, b, None, S, mask=_repeat(mask, heads, n))
        y = _from_heads(y[:, n - 1 :: n], heads)
        return y.to(self.dtype), S.reshape(S_0.shape).to(self.dtype)


_GATES = {
    "sigmoid": torch.sigmoid,
    "double": lambda a: 2 * torch.sigmoid(a),
    "hard": lambda a: 2 * (a / 6 + 0.5).clamp(0, 1),
}


def _length(a):
    return ((a * a).sum(-1, keepdim=True) + TINY).sqrt()


# Heads and factors: each head is a sequence of its own, of n steps for each step of the layer.


def _by_head(a, heads, n):
    """(N, T, n heads K) as (N heads, T n, K), of 32 bits at least."""
    a = a.to(torch.promote_types(a.dtype, torch.float32))
    a = a.unflatten(-1, (n, heads, -1)).permute(0, 3, 1, 2, 4)
    return a.flatten(2, 3).flatten(0, 1)


def _from_heads(a, heads):
    """(N heads, T, K) as (N, T, heads K)."""
    return a.unflatten(0, (-1, heads)).transpose(1, 2).flatten(2)


def _at_last_factor(a, n):
    """(N heads, T, K) as (N heads, T n, K), zero at all but the last of n steps."""
    before = a.new_zeros((*a.shape[:2], n - 1, a.shape[2]))
    return torch.cat([before, a[:, :, None]], dim=2).flatten(1, 2)


def _repeat(mask, heads, n):
    if mask is None:
        return None
    return mask.repeat_interleave(heads, dim=0).repeat_interleave(n, dim=1)


def _in_full(x):
    """No autocast: 16 bits are too few for a sum over many writes."""
    kind = x.device.type
    if kind == "meta" or not torch.is_autocast_enabled(kind):
        return nullcontext()
    return torch.autocast(kind, enabled=False)
