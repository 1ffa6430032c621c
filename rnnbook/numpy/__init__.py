"""Recurrent networks in NumPy: the equations, and their gradients derived by hand.

Every cell module (`rnn`, `lstm`, `gru`) has the same four verbs: `init`, `step`, `forward`,
`backward`. They are pure functions: parameters go in, values come out, nothing is changed.
"""
