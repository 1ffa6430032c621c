"""Recurrent networks, written three times from one set of equations.

`rnnbook.numpy` has the equations with their hand-derived gradients, `rnnbook.torch` and
`rnnbook.tensorflow` the same cells in each framework's idiom. Importing `rnnbook` loads
NumPy only; a framework is loaded by importing its subpackage.
"""

__version__ = "0.1.0"

# What each optional part of the installation must provide, by module.
EXTRAS = {
    "torch": ("torch",),
    "tensorflow": ("tensorflow", "keras"),
    "data": ("pandas",),
    "notebooks": ("pandas", "sklearn", "threadpoolctl", "tqdm", "psutil"),
    "language": ("babel", "nltk", "sacrebleu"),
    "series": ("arch", "statsmodels"),
    "export": ("onnx", "onnxruntime", "onnxscript"),
}


def require(extras: str) -> None:
    """Raise `ModuleNotFoundError`, saying what to install, where an optional part is missing.

    `extras` is a list with commas, such as "torch,notebooks", as in `pip install "rnnbook[...]"`.

    >>> require("data")
    """
    from importlib.util import find_spec

    for extra in extras.split(","):
        if extra not in EXTRAS:
            raise ValueError(f"extras has {extra!r}; expected some of {', '.join(EXTRAS)}")
        for module in EXTRAS[extra]:
            if find_spec(module) is None:
                raise ModuleNotFoundError(
                    f'this notebook needs the module {module}: pip install "rnnbook[{extras}]"',
                    name=module,
                )
