"""The linear-chain conditional random field as a torch module.

Symbols and sources: `rnnbook.numpy.crf`. The gradient comes from autograd.
"""

import torch
from torch import nn

from rnnbook._check import check_shape, check_sizes
from rnnbook.numpy import crf
from rnnbook.torch.layer import Layer, zero_masked


class CRF(Layer):
    """Parameters: transitions (K, K), start (K,), end (K,), all zero at first.

    >>> layer = CRF(2)
    >>> loss = layer(torch.zeros(1, 3, 2), torch.tensor([[0, 1, 1]]))
    >>> torch.exp(-loss)  # one of eight sequences
    tensor([0.1250], grad_fn=<ExpBackward0>)
    """

    params_type = crf.Params

    def __init__(self, num_tags, *, device=None, dtype=None):
        super().__init__()
        check_sizes(num_tags=num_tags)
        for name, shape in (
            ("transitions", (num_tags, num_tags)),
            ("start", (num_tags,)),
            ("end", (num_tags,)),
        ):
            setattr(self, name, nn.Parameter(torch.zeros(shape, device=device, dtype=dtype)))

    def forward(self, emissions, tags, *, mask=None):
        """The loss -log p(tags | emissions) of each sequence (N,)."""
        emissions, mask = self._checked(emissions, mask)
        check_shape("tags", tags, "(N, T)", mask.shape)
        tags = torch.where(mask, tags, 0)
        if tags.min() < 0 or tags.max() >= len(self.start):
            low, high = int(tags.min()), int(tags.max())
            raise ValueError(f"tags has {low} to {high}; expected 0 to {len(self.start) - 1}")
        alpha = self._forward_algorithm(emissions, mask)
        log_z = torch.logsumexp(alpha + self.end, dim=-1)  # eq-crf-log-z
        loss = log_z - self._score(emissions, tags, mask)  # eq-crf-loss
        return loss

    @torch.no_grad()
    def viterbi(self, emissions, *, mask=None):
        """The best tags (N, T), 0 where masked, and their scores (N,), as NumPy arrays."""
        emissions, mask = self._checked(emissions, mask)
        return crf.viterbi(self.params(), emissions.cpu().numpy(), mask=mask.cpu().numpy())

    def _forward_algorithm(self, emissions, mask):
        """The last alpha (N, K)."""
        alpha = self.start + emissions[:, 0]  # eq-crf-alpha-first
        for t in range(1, emissions.shape[1]):
            before = alpha[:, :, None] + self.transitions
            reached = torch.logsumexp(before, dim=1) + emissions[:, t]  # eq-crf-alpha
            alpha = torch.where(mask[:, t, None], reached, alpha)
        return alpha

    def _score(self, emissions, tags, mask):
        last = mask.sum(dim=1, keepdim=True) - 1
        emitted = emissions.gather(2, tags[..., None])[..., 0]
        moved = self.transitions[tags[:, :-1], tags[:, 1:]]
        emitted, moved = torch.where(mask, emitted, 0), torch.where(mask[:, 1:], moved, 0)
        ends = self.start[tags[:, 0]] + self.end[tags.gather(1, last)[:, 0]]
        score = ends + emitted.sum(dim=1) + moved.sum(dim=1)  # eq-crf-score
        return score

    def _checked(self, emissions, mask):
        K = len(self.start)
        if emissions.ndim != 3 or 0 in emissions.shape:
            shape = tuple(emissions.shape)
            raise ValueError(f"emissions has shape {shape}; expected (N, T, K), none of them 0")
        check_shape("emissions", emissions, "(N, T, K)", (*emissions.shape[:2], K))
        if mask is None:
            mask = torch.ones(emissions.shape[:2], dtype=torch.bool, device=emissions.device)
        if mask.dtype != torch.bool:
            raise TypeError(f"mask has dtype {mask.dtype}; expected torch.bool")
        check_shape("mask", mask, "(N, T)", emissions.shape[:2])
        if not mask[:, 0].all():
            n = int((~mask[:, 0]).nonzero()[0])
            raise ValueError(f"mask[{n}] does not count the first step; expected at least one step")
        if (mask[:, 1:] & ~mask[:, :-1]).any():
            raise ValueError("mask has a gap; expected sequences padded at their end only")
        return zero_masked(emissions, mask), mask
