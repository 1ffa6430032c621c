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
    "language": ("babel", "nltk", "sacrebleu", "sentencepiece"),
    "series": ("arch", "statsmodels", "holidays"),
    "crf": ("pycrfsuite",),
    "jax": ("jax", "equinox"),
    "export": ("onnx", "onnxruntime", "onnxscript"),
    "serving": ("fastapi", "uvicorn", "httpx", "onnx", "onnxruntime", "onnxscript"),
}

# Where a module's package has another name.
PACKAGES = {"sklearn": "scikit-learn", "pycrfsuite": "python-crfsuite"}


def require(extras: str) -> None:
    """Raise `ModuleNotFoundError`, saying what to install, where an optional part is missing.

    `extras` is a list with commas, such as "torch,notebooks": the names of optional parts.

    >>> require("data")
    """
    from importlib.util import find_spec

    parts = [part.strip() for part in extras.split(",")]
    for part in parts:
        if part not in EXTRAS:
            raise ValueError(f"extras has {part!r}; expected some of {', '.join(EXTRAS)}")
    modules = [module for part in parts for module in EXTRAS[part]]
    missing = [module for module in modules if find_spec(module) is None]
    if missing:
        packages = " ".join(dict.fromkeys(PACKAGES.get(module, module) for module in missing))
        raise ModuleNotFoundError(
            f"this notebook needs {', '.join(missing)}: pip install {packages}", name=missing[0]
        )
