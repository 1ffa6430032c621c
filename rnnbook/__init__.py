"""Recurrent networks, written three times from one set of equations.

`rnnbook.numpy` has the equations with their hand-derived gradients, `rnnbook.torch` and
`rnnbook.tensorflow` the same cells in each framework's idiom. Importing `rnnbook` loads
NumPy only; a framework is loaded by importing its subpackage.
"""

__version__ = "0.1.0"
