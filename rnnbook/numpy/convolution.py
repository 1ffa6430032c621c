"""Convolution of images at their own size, as one matrix product.

`unfold` puts the neighbourhood of every pixel into one row; a filter is then a column of a
matrix, and the convolution a product. `fold` is its transpose, which the gradient needs. As
everywhere in deep learning the filter is not flipped: this is a correlation.

========= ================= =======================================================
symbol    shape             meaning
========= ================= =======================================================
x         (N, R, C, D)      images with D channels
W         (k, k, D, K)      K filters of k x k pixels, k odd
y         (N, R, C, K)      outputs; beyond the edge x counts as zero
========= ================= =======================================================
"""

import numpy as np

from rnnbook._check import check_shape, check_sizes


def convolve(x: np.ndarray, W: np.ndarray) -> np.ndarray:
    """y[n, r, c] = sum over i, j of x[n, r + i - k // 2, c + j - k // 2] @ W[i, j].

    Raises `ValueError` for shapes that do not fit, and for an even k, which has no middle.

    >>> convolve(np.ones((1, 2, 3, 1)), np.ones((3, 3, 1, 1)))[0, ..., 0]
    array([[4., 6., 4.],
           [4., 6., 4.]])
    """
    _check_filters(x, W)
    return unfold(x, len(W)) @ W.reshape(-1, W.shape[-1])


def convolve_backward(
    x: np.ndarray, W: np.ndarray, dy: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Gradients (dx, dW) of a loss from its gradient `dy` (N, R, C, K) at the outputs.

    >>> x, W = np.ones((1, 2, 3, 1)), np.ones((3, 3, 1, 1))
    >>> dx, dW = convolve_backward(x, W, np.ones((1, 2, 3, 1)))
    >>> dW[..., 0, 0]
    array([[2., 3., 2.],
           [4., 6., 4.],
           [2., 3., 2.]])
    """
    _check_filters(x, W)
    check_shape("dy", dy, "(N, R, C, K)", (*x.shape[:3], W.shape[-1]))
    matrix = W.reshape(-1, W.shape[-1])
    patches = unfold(x, len(W))
    dW = patches.reshape(-1, len(matrix)).T @ dy.reshape(-1, dy.shape[-1])
    dx = fold(dy @ matrix.T, len(W))
    return dx, dW.reshape(W.shape)


def unfold(x: np.ndarray, size: int) -> np.ndarray:
    """The size x size neighbourhood of every pixel, in one row: (N, R, C, size size D).

    >>> unfold(np.arange(1.0, 4.0).reshape(1, 1, 3, 1), 3)[0, 0, :, 3:6]
    array([[0., 1., 2.],
           [1., 2., 3.],
           [2., 3., 0.]])
    """
    if x.ndim != 4:
        raise ValueError(f"x has shape {x.shape}; expected (N, R, C, D)")
    _check_size(size)
    edge = size // 2
    wide = np.pad(x, ((0, 0), (edge, edge), (edge, edge), (0, 0)))
    views = np.lib.stride_tricks.sliding_window_view(wide, (size, size), axis=(1, 2))
    return np.moveaxis(views, 3, -1).reshape(*x.shape[:3], -1)


def fold(patches: np.ndarray, size: int) -> np.ndarray:
    """The transpose of `unfold`: every pixel's sum over all neighbourhoods it stands in.

    >>> fold(np.ones((1, 1, 3, 9)), 3)[0, 0, :, 0]
    array([2., 3., 2.])
    """
    _check_size(size)
    if patches.ndim != 4 or patches.shape[-1] % size**2:
        raise ValueError(
            f"patches has shape {patches.shape}; expected (N, R, C, size size D) with size = {size}"
        )
    N, R, C, _ = patches.shape
    parts = patches.reshape(N, R, C, size, size, -1)
    wide = np.zeros((N, R + size - 1, C + size - 1, parts.shape[-1]), patches.dtype)
    for i in range(size):
        for j in range(size):
            wide[:, i : i + R, j : j + C] += parts[:, :, :, i, j]
    edge = size // 2
    return wide[:, edge : edge + R, edge : edge + C]


def _check_filters(x, W):
    if x.ndim != 4:
        raise ValueError(f"x has shape {x.shape}; expected (N, R, C, D)")
    if W.ndim != 4:
        raise ValueError(f"W has shape {W.shape}; expected (k, k, D, K)")
    k, K = len(W), W.shape[-1]
    check_shape("W", W, "(k, k, D, K)", (k, k, x.shape[-1], K))


def _check_size(size):
    check_sizes(size=size)
    if size % 2 == 0:
        raise ValueError(f"size is {size}; expected an odd number: an even one has no middle")
