"""An encoder and a decoder with attention between them, in PyTorch.

A bidirectional GRU reads the source; its two last states start the decoder, a GRU that reads the
target so far. Attention over the encoder's outputs asks with the decoder's state, after each
step, as in Luong, Pham and Manning (2015) without input feeding; so all steps of a given target
run at once. Without attention the two last states are the context of every step, as in Cho et
al. (2014): the rest of the model is the same.

========= ============= ===========================================================
symbol    shape         meaning
========= ============= ===========================================================
source    (N, T)        token ids, padded at their end
mask      (N, T)        True at the tokens that count
target_in (N, S)        token ids that the decoder reads: the start token, then the target
memory    (N, T, H)     outputs of the encoder, forward and backward joined
summary   (N, H)        last state of both directions, joined
h         (N, S, H)     states of the decoder
context   (N, S, H)     what attention brings, or the summary
logits    (N, S, V)     before the softmax over the target's tokens
========= ============= ===========================================================
"""

from typing import Any, Self

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.functional import dropout
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from rnnbook import convert
from rnnbook._check import check_choice, check_rate, check_shape, check_sizes
from rnnbook._weights_check import check_weights
from rnnbook.numpy import linear
from rnnbook.torch._check import check_mask, check_padding, check_tensor, is_eager
from rnnbook.torch.attention import Attention
from rnnbook.torch.layer import to_numpy


class Seq2Seq(nn.Module):
    """Bidirectional GRU encoder, GRU decoder, attention (`score` of `Attention`, or None).

    >>> model = Seq2Seq(source_size=9, target_size=7, embedding_size=4, hidden_size=6)
    >>> source, mask = torch.tensor([[3, 4, 5]]), torch.tensor([[True, True, False]])
    >>> logits, weights = model(source, mask, target_in=torch.tensor([[1, 2, 3, 4]]))
    >>> logits.shape, weights.shape
    (torch.Size([1, 4, 7]), torch.Size([1, 4, 3]))
    """

    def __init__(
        self,
        source_size: int,
        target_size: int,
        *,
        embedding_size: int = 64,
        hidden_size: int = 128,
        score: str | None = "additive",
        dropout: float = 0.0,
        device: torch.device | str | None = None,
        dtype: torch.dtype | None = None,
    ):
        super().__init__()
        check_sizes(source_size=source_size, target_size=target_size)
        check_sizes(embedding_size=embedding_size, hidden_size=hidden_size)
        check_choice("score", score, ("additive", "general", "dot", None))
        check_rate(dropout=dropout)
        if hidden_size % 2:
            raise ValueError(f"hidden_size is {hidden_size}; expected an even number, for 2 halves")
        E, H = embedding_size, hidden_size
        made: Any = {"device": device, "dtype": dtype}
        self.source_embedding = nn.Embedding(source_size, E, **made)
        self.target_embedding = nn.Embedding(target_size, E, **made)
        self.encoder = nn.GRU(E, H // 2, batch_first=True, bidirectional=True, **made)
        self.bridge = nn.Linear(H, H, **made)
        self.decoder = nn.GRU(E, H, batch_first=True, **made)
        self.attention = None if score is None else Attention(H, H, score=score, **made)
        self.combine = nn.Linear(2 * H, H, **made)
        self.output = nn.Linear(H, target_size, **made)
        self.dropout = nn.Dropout(dropout)

    def encode(
        self, source: Tensor, mask: Tensor, *, training: bool | None = None
    ) -> tuple[Tensor, Tensor]:
        """The memory (N, T, H) and the summary (N, H) of source ids (N, T).

        `training` says whether dropout acts, here and in `decode`; None: as the model's mode does.
        """
        _check_ids("source", source, self.source_embedding.num_embeddings)
        _check_mask(mask, source)
        x = self._drop(self.source_embedding(source), training)
        packed = pack_padded_sequence(x, mask.sum(1).cpu(), batch_first=True, enforce_sorted=False)
        memory, last = self.encoder(packed)
        memory, _ = pad_packed_sequence(memory, batch_first=True, total_length=source.shape[1])
        summary = torch.cat([last[0], last[1]], dim=-1)
        return memory, summary

    def decode(
        self,
        target_in: Tensor,
        h_0: Tensor,
        summary: Tensor,
        memory: Tensor,
        mask: Tensor,
        *,
        training: bool | None = None,
    ) -> tuple[Tensor, Tensor | None, Tensor]:
        """Logits (N, S, V), weights (N, S, T) or None, and the last state (N, H)."""
        x = self._drop(self.target_embedding(target_in), training)
        h, last = self.decoder(x, h_0[None])
        if self.attention is None:
            context, weights = summary[:, None].expand_as(h), None
        else:
            context, weights = self.attention(h, memory, memory, mask=mask)
        combined = torch.tanh(self.combine(torch.cat([context, h], dim=-1)))
        return self.output(self._drop(combined, training)), weights, last[0]

    def forward(
        self, source: Tensor, mask: Tensor, target_in: Tensor
    ) -> tuple[Tensor, Tensor | None]:
        """Teacher forcing: the logits of every next token, given the right ones before it."""
        _check_ids("target_in", target_in, self.target_embedding.num_embeddings)
        memory, summary = self.encode(source, mask)
        check_shape("target_in", target_in, "(N, S)", (len(source), target_in.shape[1]))
        h_0 = torch.tanh(self.bridge(summary))
        logits, weights, _ = self.decode(target_in, h_0, summary, memory, mask)
        return logits, weights

    @torch.no_grad()
    def start(self, source: Tensor, mask: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """The state from which `step` decodes: h, summary, memory and mask.

        Neither of the two drops anything out, in training mode either.
        """
        memory, summary = self.encode(source, mask, training=False)
        return torch.tanh(self.bridge(summary)), summary, memory, mask

    @torch.no_grad()
    def step(self, tokens: Any, state: tuple) -> tuple[np.ndarray, tuple]:
        """One step for `rnnbook.text.decoding`: last tokens (N,) give log-probabilities (N, V).

        These are of at least 32 bits, also where the model computes in 16.
        """
        h, summary, memory, mask = state
        tokens = torch.as_tensor(np.asarray(tokens), device=h.device)
        check_shape("tokens", tokens, "(N,)", (len(h),))
        _check_ids("tokens", tokens[:, None], self.target_embedding.num_embeddings)
        logits, _, h = self.decode(tokens[:, None], h, summary, memory, mask, training=False)
        wide = torch.promote_types(logits.dtype, torch.float32)
        log_probs = torch.log_softmax(logits[:, 0].to(wide), dim=-1)
        return log_probs.cpu().numpy(), (h, summary, memory, mask)

    def params(self) -> dict[str, Any]:
        """All weights as NumPy arrays, in a dict of the NumPy types; the same in TensorFlow."""
        return {
            "source_embedding": to_numpy(self.source_embedding.weight),
            "target_embedding": to_numpy(self.target_embedding.weight),
            "encoder": convert.from_torch(self.encoder)[0],
            "bridge": _from_linear(self.bridge),
            "decoder": convert.from_torch(self.decoder),
            "attention": None if self.attention is None else self.attention.params(),
            "combine": _from_linear(self.combine),
            "output": _from_linear(self.output),
        }

    @torch.no_grad()
    def load_params(self, params: dict[str, Any]) -> Self:
        """Copy the weights that `params()` of either framework returned; returns the model.

        `TypeError` or `ValueError` for those of another model; then no weight has changed.
        """
        check_weights("params", params, self.params())
        for name in ("source_embedding", "target_embedding"):
            weight = getattr(self, name).weight
            weight.copy_(torch.as_tensor(params[name]))
        for name in ("bridge", "combine", "output"):
            layer, (W, b) = getattr(self, name), params[name]
            layer.weight.copy_(torch.as_tensor(W.T.copy()))
            layer.bias.copy_(torch.as_tensor(b))
        self.encoder.load_state_dict(convert.to_torch([params["encoder"]]).state_dict())
        self.decoder.load_state_dict(convert.to_torch(params["decoder"]).state_dict())
        if self.attention is not None:
            self.attention.load_params(params["attention"])
        return self

    def _drop(self, x, training):
        training = self.training if training is None else training
        return dropout(x, self.dropout.p, training)


def _from_linear(layer):
    return linear.Params(np.ascontiguousarray(to_numpy(layer.weight).T), to_numpy(layer.bias))


def _check_ids(name, ids, size):
    check_tensor(name, ids)
    if ids.ndim != 2 or 0 in ids.shape:
        raise ValueError(f"{name} has shape {tuple(ids.shape)}; expected (N, T), neither of them 0")
    if ids.dtype not in (torch.int64, torch.int32):
        raise TypeError(f"{name} has dtype {ids.dtype}; expected torch.int64")
    if is_eager(ids) and (ids.min() < 0 or ids.max() >= size):
        low, high = int(ids.min()), int(ids.max())
        raise ValueError(f"{name} has ids from {low} to {high}; expected 0 to {size - 1}")


def _check_mask(mask, source):
    if mask is None:
        raise TypeError("mask is None; expected a torch.Tensor, True at the tokens that count")
    check_mask(mask, source.shape)
    check_padding(mask, "its first token")
