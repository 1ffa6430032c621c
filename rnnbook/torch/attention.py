"""Attention as a torch module. Symbols and sources: `rnnbook.numpy.attention`."""

import math

import torch
from torch import Tensor, nn

from rnnbook._check import check_choice, check_shape, check_sizes
from rnnbook.numpy import attention
from rnnbook.torch._check import check_dtype, check_finite, check_mask, check_tensor
from rnnbook.torch.layer import Layer, zero_masked


class Attention(Layer):
    """Contexts and weights, with the score "additive", "general" or "dot".

    Parameters: W_q (Q, A), W_k (K, A) and v (A,), or W (Q, K), or none. A is `units`, by default
    the size K of a key. At first the weights are Glorot-uniform, v as a column.

    >>> layer = Attention(query_size=3, key_size=2)
    >>> context, weights = layer(torch.ones(1, 4, 3), torch.ones(1, 5, 2), torch.ones(1, 5, 2))
    >>> context.shape, weights.shape
    (torch.Size([1, 4, 2]), torch.Size([1, 4, 5]))
    """

    def __init__(
        self,
        query_size: int,
        key_size: int,
        *,
        score: str = "additive",
        units: int | None = None,
        device: torch.device | str | None = None,
        dtype: torch.dtype | None = None,
    ):
        super().__init__()
        check_choice("score", score, tuple(attention.SCORES))
        units = key_size if units is None else units
        check_sizes(query_size=query_size, key_size=key_size, units=units)
        if score == "dot" and query_size != key_size:
            raise ValueError(
                f"query_size is {query_size} and key_size is {key_size}; "
                "a dot product needs them equal"
            )
        self.params_type, self.score = attention.SCORES[score], score
        self.query_size, self.key_size, self.units = query_size, key_size, units
        shapes: dict[str, dict[str, tuple[int, ...]]] = {
            "additive": {"W_q": (query_size, units), "W_k": (key_size, units), "v": (units,)},
            "general": {"W": (query_size, key_size)},
            "dot": {},
        }
        for name, shape in shapes[score].items():
            setattr(self, name, nn.Parameter(torch.empty(shape, device=device, dtype=dtype)))
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Glorot-uniform weights; v as a column."""
        for name, weight in self.named_parameters():
            nn.init.xavier_uniform_(weight[:, None] if name == "v" else weight)

    def forward(
        self, query: Tensor, keys: Tensor, values: Tensor, *, mask: Tensor | None = None
    ) -> tuple[Tensor, Tensor]:
        """Contexts (N, S, V) and weights (N, S, T); a masked place has the weight 0.

        `query` is (N, S, Q), `keys` (N, T, K), `values` (N, T, V), `mask` (N, T). NaN or infinity
        is refused in eager mode, but at masked places.
        """
        _check_inputs(self, query, keys, values, mask)
        keys, values = zero_masked(keys, mask), zero_masked(values, mask)
        weights = masked_softmax(_SCORES[self.score](self, query, keys), mask)
        context = weights @ values  # eq-attention-context
        return context, weights


def masked_softmax(scores: Tensor, mask: Tensor | None = None) -> Tensor:
    """Softmax over the last axis of scores (N, S, T), over the places that `mask` (N, T) counts.

    >>> masked_softmax(torch.tensor([[[1.0, 1.0, 9.0]]]), torch.tensor([[True, True, False]]))
    tensor([[[0.5000, 0.5000, 0.0000]]])
    """
    counts = torch.ones_like(scores, dtype=torch.bool) if mask is None else mask[:, None]
    scores = torch.where(counts, scores, torch.finfo(scores.dtype).min)
    highest = scores.amax(dim=-1, keepdim=True).detach()
    e = torch.where(counts, torch.exp(scores - highest), 0)
    total = e.sum(dim=-1, keepdim=True)
    weights = e / torch.where(total == 0, 1, total)  # eq-attention-weights
    return weights


# The equations of the three scores.


def _additive(params, query, keys):
    a = (query @ params.W_q)[:, :, None] + (keys @ params.W_k)[:, None]  # eq-attention-a
    scores = torch.tanh(a) @ params.v  # eq-attention-additive
    return scores


def _general(params, query, keys):
    scores = query @ params.W @ keys.transpose(1, 2)  # eq-attention-general
    return scores


def _dot(params, query, keys):
    scores = query @ keys.transpose(1, 2) / math.sqrt(query.shape[-1])  # eq-attention-dot
    return scores


_SCORES = {"additive": _additive, "general": _general, "dot": _dot}


def _check_inputs(layer, query, keys, values, mask):
    arrays = {"query": query, "keys": keys, "values": values}
    for (name, array), symbols in zip(
        arrays.items(), ("(N, S, Q)", "(N, T, K)", "(N, T, V)"), strict=True
    ):
        check_tensor(name, array)
        if array.ndim != 3 or 0 in tuple(array.shape):
            shape = tuple(array.shape)
            raise ValueError(f"{name} has shape {shape}; expected {symbols}, none of them 0")
        check_dtype(name, array, query.dtype if layer.score == "dot" else layer.dtype)
    N, T = keys.shape[:2]
    check_shape("query", query, "(N, S, Q)", (N, query.shape[1], layer.query_size))
    check_shape("keys", keys, "(N, T, K)", (N, T, layer.key_size))
    check_shape("values", values, "(N, T, V)", (N, T, values.shape[-1]))
    check_mask(mask, (N, T))
    check_finite("query", query, None, "clean the input")
    for name in ("keys", "values"):
        check_finite(name, arrays[name], mask, "mask the place or clean the input")
