"""Move weights between `rnnbook.numpy`, `torch.nn` and Keras, exactly.

What differs: torch stores transposed weights and two biases that are added (except in a GRU,
where the second belongs to the reset product); Keras orders a GRU's gates z, r, h and stacks
its two biases. NumPy -> torch -> NumPy and NumPy -> Keras -> NumPy give back every bit.
torch -> NumPy adds the two biases of an RNN or LSTM, which cannot be told apart again.

`Params` hold weights and nothing else. What else changes the outputs of a layer is either in
the shape of the result, such as [layer][direction], or stated by you, such as the activation of
a plain network, or refused with a message that says what to do. What acts in training only,
such as dropout, constraints and regularisers, is left behind: the converted weights compute
what the layer computes in evaluation mode. Half-precision weights (float16, bfloat16) become
float32, which holds them exactly; the layer itself rounds each step to half precision.

A linear head is converted like a layer, so a whole trained network can be moved;
`rnnbook.weights` has a worked example, from training in torch to serving with NumPy alone.
"""

from rnnbook.convert._keras import from_keras, to_keras
from rnnbook.convert._torch import from_torch, to_torch

__all__ = ["from_keras", "from_torch", "to_keras", "to_torch"]
