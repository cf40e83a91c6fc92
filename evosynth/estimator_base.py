"""What an estimator of scikit-learn inherits, and the little it needs without scikit-learn."""

from __future__ import annotations

import inspect
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from dsl.errors import DataError, EnvironmentMismatchError, UsageError
from dsl.samples.arrays import LEAST_ROWS

Numbers = npt.NDArray[np.float64]


class PlainEstimator:
    """Parameters, checks and the score as scikit-learn has them.

    A constructor stores its keyword-only arguments as attributes of the same names.
    """

    n_features_in_: int

    @classmethod
    def _parameters(cls) -> list[str]:
        given = inspect.signature(cls).parameters.values()
        return sorted(each.name for each in given if each.kind is each.KEYWORD_ONLY)

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """Returns the arguments of the constructor by name."""
        return {name: getattr(self, name) for name in self._parameters()}

    def set_params(self, **params: Any) -> Self:
        """Changes arguments of the constructor.

        Raises:
            UsageError: There is no such argument.
        """
        known = self._parameters()
        for name in params:
            if name not in known:
                raise UsageError(f"unknown parameter {name!r}", f"known: {', '.join(known)}")
        for name, value in params.items():
            setattr(self, name, value)
        return self

    def predict(self, X: npt.ArrayLike) -> Numbers:  # noqa: N803  # scikit-learn's name
        """Returns values: (rows, features) -> (rows,) or (rows, outputs)."""
        raise NotImplementedError

    def score(self, X: npt.ArrayLike, y: npt.ArrayLike) -> float:  # noqa: N803
        """Returns the coefficient of determination R^2, the mean over the outputs.

        As in scikit-learn a constant output counts 1 where it is met, else 0.

        Args:
            X: (rows, features).
            y: (rows,) or (rows, outputs).
        """
        known = np.asarray(y, np.float64).reshape(len(np.asarray(y)), -1)
        errors = ((self.predict(X).reshape(known.shape) - known) ** 2).sum(axis=0)
        spread = ((known - known.mean(axis=0)) ** 2).sum(axis=0)
        each = np.where(errors == 0, 1.0, 0.0)
        np.divide(errors, spread, out=errors, where=spread > 0)
        return float(np.where(spread > 0, 1 - errors, each).mean())

    def __repr__(self) -> str:
        defaults = inspect.signature(type(self)).parameters
        changed = [
            f"{name}={value!r}"
            for name, value in self.get_params().items()
            if value is not defaults[name].default and value != defaults[name].default
        ]
        return f"{type(self).__name__}({', '.join(changed)})"

    def _checked_fit(self, x: Any, y: Any) -> tuple[Numbers, Numbers]:
        """Returns X and y as arrays, and keeps number and names of the features."""
        self.__dict__.pop("feature_names_in_", None)
        names = list(getattr(x, "columns", ()))
        x, y = self._checked(x), np.asarray(y)
        self.n_features_in_ = x.shape[1]
        if names and all(isinstance(name, str) for name in names):
            self.feature_names_in_ = np.array(names, dtype=object)
        return x, y

    def _checked_predict(self, x: Any) -> Numbers:
        """Returns X as an array with as many features as were fitted."""
        x = self._checked(x)
        if x.shape[1] != self.n_features_in_:
            raise DataError(
                f"X: expected {self.n_features_in_} features, got {x.shape[1]}",
                "give the columns of the fit",
            )
        return x

    def _checked(self, x: Any) -> Numbers:
        hint = "give a two-dimensional array of finite numbers, one row for every sample"
        try:
            array = np.asarray(x)
            if array.dtype.kind not in "biufO":
                raise TypeError
            array = array.astype(np.float64)
        except (TypeError, ValueError) as error:
            raise DataError("X: expected rows of real numbers", hint) from error
        if array.ndim != 2:
            raise DataError(f"X: expected 2 axes, got {array.ndim}", hint)
        if not np.isfinite(array).all():
            row, column = np.argwhere(~np.isfinite(array))[0]
            raise DataError(f"X: row {row}, column {column} is {array[row, column]:g}", hint)
        return array

    def _expect_fitted(self) -> None:
        if "n_features_in_" not in self.__dict__:
            raise UsageError(f"this {type(self).__name__} is not fitted", "call fit first")


try:
    from sklearn.base import BaseEstimator, RegressorMixin
    from sklearn.utils.validation import check_consistent_length, check_is_fitted, validate_data
except ModuleNotFoundError as missing:
    if (missing.name or "").partition(".")[0] != "sklearn":
        raise
    Estimator: Any = PlainEstimator
except ImportError as error:
    raise EnvironmentMismatchError(
        f"expected scikit-learn 1.6 or later, got another: {error}",
        "pip install 'evosynth[sklearn]', or remove scikit-learn",
    ) from error
else:

    class SklearnEstimator(RegressorMixin, BaseEstimator):  # type: ignore[misc]  # not annotated
        """A regressor of scikit-learn for one or several outputs."""

        def __sklearn_tags__(self) -> Any:
            tags = super().__sklearn_tags__()
            tags.target_tags.multi_output = True
            return tags

        def _checked_fit(self, x: Any, y: Any) -> tuple[Numbers, Numbers]:
            """Returns X and y as arrays, and keeps number and names of the features."""
            kinds = (
                {"dtype": np.float64, "ensure_min_samples": LEAST_ROWS},
                {"dtype": np.float64, "ensure_2d": False},
            )
            x, y = validate_data(self, x, y, validate_separately=kinds)
            check_consistent_length(x, y)
            return x, y

        def _checked_predict(self, x: Any) -> Numbers:
            """Returns X as an array with as many features as were fitted."""
            return validate_data(self, x, reset=False, dtype=np.float64)

        def _expect_fitted(self) -> None:
            check_is_fitted(self)

    Estimator = SklearnEstimator
