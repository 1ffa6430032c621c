"""What a model is, and what is said where something else comes."""

import inspect
from collections.abc import Callable
from typing import Any, Protocol

import numpy as np

# Third arguments that mean something else than what is known ahead.
OTHERS = ("sample_weight", "batch_size", "cat_features")


class Model(Protocol):
    """Anything with `fit(X, Y)` and `predict(X)`, or with `known` as a further argument of both."""

    @property
    def fit(self) -> Callable[..., Any]:
        """Learn from X (N, T) or (N, T, D) and targets Y (N, H), or (N, H, K) of K columns."""

    @property
    def predict(self) -> Callable[..., Any]:
        """What comes next for inputs X, of the shape of Y, or with one more axis for quantiles."""


def fit_model(model: Model, X: np.ndarray, Y: np.ndarray, known: np.ndarray | None = None) -> None:
    """`model.fit(X, Y)`, or `model.fit(X, Y, known)`; raises `TypeError` for what is no model.

    >>> class Mean:
    ...     def fit(self, X, Y):
    ...         self.mean = Y.mean(axis=0)
    ...     def predict(self, X):
    ...         return np.tile(self.mean, (len(X), 1))
    >>> fit_model(Mean(), np.zeros((5, 2)), np.zeros((5, 3)), np.zeros((5, 3, 1)))
    Traceback (most recent call last):
    ...
    TypeError: Mean.fit(X, Y) can't take known: wrap a regressor for one number in Direct, or give
    fit and predict a further argument, known
    """
    more = () if known is None else (known,)
    _check(model, "fit", X, Y, *more)
    _check(model, "predict", X, *more)
    _with_note(model, X, lambda: model.fit(X, Y, *more))


def predict_model(model: Model, X: np.ndarray, known: np.ndarray | None = None) -> np.ndarray:
    """`model.predict(X)`, or `model.predict(X, known)`, as an array."""
    more = () if known is None else (known,)
    return np.asarray(_with_note(model, X, lambda: model.predict(X, *more)))


def _with_note(model: Model, X: np.ndarray, call: Callable[[], Any]) -> Any:
    """What `call` returns; an error from scikit-learn gets a note that points to `Direct`."""
    try:
        return call()
    except (TypeError, ValueError) as error:
        if hasattr(model, "get_params"):
            error.add_note(
                f"{type(model).__name__} got X of shape {X.shape}, with NaN where a value is "
                "missing. Direct makes a model of a regressor for one number: "
                "Direct(lambda: make_pipeline(SimpleImputer(), Ridge()))"
            )
        raise


def _check(model: Model, verb: str, *arguments: np.ndarray) -> None:
    """Raise `TypeError` unless the arguments can be passed to this verb of the model."""
    if isinstance(model, type):
        raise TypeError(f"model is the class {model.__name__}; expected {model.__name__}(...)")
    name = type(model).__name__
    if not callable(getattr(model, verb, None)):
        raise TypeError(f"model is a {name} without {verb}; expected fit(X, Y) and predict(X)")
    try:
        parameters = inspect.signature(getattr(model, verb))
    except ValueError:  # written in C
        return
    names, known = list(parameters.parameters), len(arguments) - (verb == "fit") == 2
    usual = "X, Y" if verb == "fit" else "X"
    if not _fits(parameters.bind_partial, arguments[:-1] if known else arguments):
        raise TypeError(
            f"{name}.{verb}({', '.join(names)}) can't take {usual.replace(', ', ' and ')}; "
            f"expected {verb}({usual})"
        )
    if _fits(parameters.bind, arguments) and not (known and set(names[:3]) & set(OTHERS)):
        return
    if not known:
        raise TypeError(f"{name}.{verb} needs {', '.join(names)}; expected known for it, or fewer")
    raise TypeError(
        f"{name}.{verb}({', '.join(names)}) can't take known: wrap a regressor for one number in "
        "Direct, or give fit and predict a further argument, known"
    )


def _fits(bind: Callable[..., Any], arguments: tuple[np.ndarray, ...]) -> bool:
    try:
        bind(*arguments)
    except TypeError:
        return False
    return True
