"""The conditional random field in torch: marginals, best tags, messages."""

import numpy as np
import pytest
import torch
from torch_modules import K, N, T

import rnnbook.torch as ours
from rnnbook import gradcheck
from rnnbook.numpy import crf


@pytest.fixture
def field():
    torch.manual_seed(3)
    layer = ours.CRF(K, dtype=torch.float64)
    for weight in layer.parameters():
        weight.data.normal_()
    mask = torch.arange(T) < torch.tensor([3, 1, 2, 3, 2, 1])[:, None]
    return layer, torch.randn(N, T, K, dtype=torch.float64), mask


def test_marginals_are_numpys_and_the_gradient_of_log_z(field):
    layer, emissions, mask = field
    emissions[~mask] = torch.nan
    emissions.requires_grad_()
    found = layer.marginals(emissions, mask=mask)
    expected = crf.marginals(layer.params(), emissions.detach().numpy(), mask=mask.numpy())
    assert gradcheck.max_error(found.detach().numpy(), expected) < 1e-12
    tags = torch.zeros(N, T, dtype=torch.int64)
    (slope,) = torch.autograd.grad(layer(emissions, tags, mask=mask).sum(), emissions)
    there = torch.nn.functional.one_hot(tags, K) * mask[..., None]
    torch.testing.assert_close(found, slope + there)  # loss = log Z - score


def test_marginals_are_differentiable_twice(field):
    layer, emissions, mask = field
    emissions = emissions.requires_grad_()

    def function(emissions, *weights):
        return layer.marginals(emissions, mask=mask)

    inputs = (emissions, *layer.parameters())
    assert torch.autograd.gradcheck(function, inputs, fast_mode=True)
    assert torch.autograd.gradgradcheck(function, inputs, fast_mode=True)


def test_the_best_tags_line_up_with_the_mask(field):
    layer, emissions, mask = field
    tags, scores = layer.viterbi(emissions, mask=mask)
    expected = crf.viterbi(layer.params(), emissions.numpy(), mask=mask.numpy())
    np.testing.assert_array_equal(tags, expected[0])
    np.testing.assert_allclose(scores, expected[1], atol=1e-12)
    assert tags[mask].shape == (int(mask.sum()),) and not tags[~mask].any()
    loss = layer(emissions, tags, mask=mask)  # what it returns can be given back
    assert (loss > 0).all()
    low, _ = layer.bfloat16().viterbi(emissions.bfloat16(), mask=mask)
    assert (low == tags).double().mean() > 0.8


def test_the_field_names_what_does_not_fit(field):
    layer, emissions, mask = field
    tags = torch.zeros(N, T, dtype=torch.int64)
    with pytest.raises(TypeError, match=r"tags has dtype torch.float64; expected torch.int64"):
        layer(emissions, tags.double())
    with pytest.raises(TypeError, match=r"mask is a ndarray; expected a torch.Tensor"):
        layer.viterbi(emissions, mask=mask.numpy())
    emissions[1, 2, 0] = torch.nan
    with pytest.raises(ValueError, match=r"emissions\[1, 2\] has NaN or infinity"):
        layer(emissions, tags)
