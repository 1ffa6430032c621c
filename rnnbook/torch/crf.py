"""The linear-chain conditional random field as a torch module.

Symbols and sources: `rnnbook.numpy.crf`. The gradient comes from autograd.
"""

import torch
from torch import Tensor, nn

from rnnbook._check import check_shape, check_sizes
from rnnbook.numpy import crf
from rnnbook.torch._check import (
    check_dtype,
    check_finite,
    check_mask,
    check_padding,
    check_tensor,
    is_eager,
)
from rnnbook.torch.export import refuse_free_steps
from rnnbook.torch.layer import Layer, to_numpy, zero_masked


class CRF(Layer):
    """Parameters: transitions (K, K), start (K,), end (K,), all zero at first.

    K is `num_tags`.

    >>> layer = CRF(2)
    >>> loss = layer(torch.zeros(1, 3, 2), torch.tensor([[0, 1, 1]]))
    >>> torch.exp(-loss)  # one of eight sequences
    tensor([0.1250], grad_fn=<ExpBackward0>)
    """

    params_type = crf.Params
    free_steps = "what gives the emissions, and run the CRF outside"

    def __init__(
        self,
        num_tags: int,
        *,
        device: torch.device | str | None = None,
        dtype: torch.dtype | None = None,
    ):
        super().__init__()
        check_sizes(num_tags=num_tags)
        self.num_tags = num_tags
        self.transitions = nn.Parameter(torch.zeros(num_tags, num_tags, device=device, dtype=dtype))
        self.start = nn.Parameter(torch.zeros(num_tags, device=device, dtype=dtype))
        self.end = nn.Parameter(torch.zeros(num_tags, device=device, dtype=dtype))

    def reset_parameters(self) -> None:
        """All zero: every sequence of tags is equally likely."""
        for weight in self.parameters():
            nn.init.zeros_(weight)

    def forward(self, emissions: Tensor, tags: Tensor, *, mask: Tensor | None = None) -> Tensor:
        """The loss -log p(tags | emissions) of each sequence (N,).

        `emissions` are (N, T, K), `tags` whole numbers (N, T), `mask` (N, T).
        """
        emissions, mask = self._checked(emissions, mask)
        tags = self._checked_tags(tags, mask)
        alpha = self._forward_algorithm(emissions, mask)[:, -1]
        log_z = torch.logsumexp(alpha + self.end, dim=-1)  # eq-crf-log-z
        loss = log_z - self._score(emissions, tags, mask)  # eq-crf-loss
        return loss

    def marginals(self, emissions: Tensor, *, mask: Tensor | None = None) -> Tensor:
        """The probability of each tag at each step (N, T, K), zero where masked.

        It is differentiable, and itself the gradient of log Z by the emissions.

        >>> CRF(2).marginals(torch.zeros(1, 1, 2))
        tensor([[[0.5000, 0.5000]]], grad_fn=<WhereBackward0>)
        """
        emissions, mask = self._checked(emissions, mask)
        alpha = self._forward_algorithm(emissions, mask)
        beta = self._backward_algorithm(emissions, mask)
        log_z = torch.logsumexp(alpha[:, -1] + self.end, dim=-1)
        tag = torch.exp(alpha + beta - log_z[:, None, None])
        return zero_masked(tag, mask)

    @torch.no_grad()
    def viterbi(self, emissions: Tensor, *, mask: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """The best tags (N, T), 0 where masked, and their scores (N,).

        Both are tensors on the device of the emissions, so `tags[mask]` are the tags that count.
        """
        emissions, mask = self._checked(emissions, mask)
        found = crf.viterbi(self.params(), to_numpy(emissions), mask=mask.cpu().numpy())
        tags, scores = (torch.from_numpy(v).to(emissions.device) for v in found)
        return tags, scores.to(emissions.dtype)

    def _forward_algorithm(self, emissions, mask):
        """Every alpha (N, T, K)."""
        alpha = self.start + emissions[:, 0]  # eq-crf-alpha-first
        alphas = [alpha]
        for t in range(1, emissions.shape[1]):
            before = alpha[:, :, None] + self.transitions
            reached = torch.logsumexp(before, dim=1) + emissions[:, t]  # eq-crf-alpha
            alpha = torch.where(mask[:, t, None], reached, alpha)
            alphas.append(alpha)
        return torch.stack(alphas, dim=1)

    def _backward_algorithm(self, emissions, mask):
        """Every beta (N, T, K)."""
        beta = self.end.expand_as(emissions[:, 0])
        betas = [beta]
        for t in reversed(range(1, emissions.shape[1])):
            after = self.transitions + (emissions[:, t] + beta)[:, None]
            reached = torch.logsumexp(after, dim=2)
            beta = torch.where(mask[:, t, None], reached, self.end)
            betas.append(beta)
        return torch.stack(betas[::-1], dim=1)

    def _score(self, emissions, tags, mask):
        last = mask.sum(dim=1, keepdim=True) - 1
        emitted = emissions.gather(2, tags[..., None])[..., 0]
        moved = self.transitions[tags[:, :-1], tags[:, 1:]]
        emitted, moved = torch.where(mask, emitted, 0), torch.where(mask[:, 1:], moved, 0)
        ends = self.start[tags[:, 0]] + self.end[tags.gather(1, last)[:, 0]]
        score = ends + emitted.sum(dim=1) + moved.sum(dim=1)  # eq-crf-score
        return score

    def _checked(self, emissions, mask):
        check_tensor("emissions", emissions)
        if emissions.ndim != 3 or 0 in tuple(emissions.shape):
            shape = tuple(emissions.shape)
            raise ValueError(f"emissions has shape {shape}; expected (N, T, K), none of them 0")
        N, T, _ = emissions.shape
        check_shape("emissions", emissions, "(N, T, K)", (N, T, self.num_tags))
        check_dtype("emissions", emissions, self.dtype)
        refuse_free_steps(self, T)
        check_mask(mask, (N, T))
        if mask is None:
            mask = torch.ones_like(emissions[..., 0], dtype=torch.bool)
        else:
            check_padding(mask)
        check_finite("emissions", emissions, mask)
        return zero_masked(emissions, mask), mask

    def _checked_tags(self, tags, mask):
        check_tensor("tags", tags)
        if tags.is_floating_point() or tags.is_complex() or tags.dtype == torch.bool:
            raise TypeError(f"tags has dtype {tags.dtype}; expected torch.int64")
        check_shape("tags", tags, "(N, T)", mask.shape)
        tags = torch.where(mask, tags, 0).long()
        if is_eager(tags) and (tags.min() < 0 or tags.max() >= self.num_tags):
            low, high = int(tags.min()), int(tags.max())
            raise ValueError(f"tags has {low} to {high}; expected 0 to {self.num_tags - 1}")
        return tags
