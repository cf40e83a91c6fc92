"""Formulas from samples as an estimator of scikit-learn."""

from __future__ import annotations

from typing import Any, Self

import numpy as np
import numpy.typing as npt

from dsl.program import Program
from dsl.samples import SampledTarget, from_arrays
from evosynth.estimator_base import Estimator, Numbers
from evosynth.formula_result import FormulaResult, named_expressions
from evosynth.job import execute, prepare
from evosynth.settings import Settings, draw_seed
from evosynth.workplace import Workplace

# Of a fit that was given no other limit.
DEFAULT_SECONDS = 20.0


class SymbolicRegressor(Estimator):  # type: ignore[misc]  # scikit-learn is not annotated
    """Finds a formula for every output, as `es.run` does for samples.

    It works with and without scikit-learn; with it, it is a regressor that may be cloned,
    searched over and put into pipelines. The fit takes no sample weights. With a whole number
    as `random_state` and limits other than time it always finds the same formulas.

    Args:
        time: Most seconds to search; 20 where `evaluations` and `patience` are not given either.
        evaluations: Most formulas to evaluate.
        patience: Most evaluations without improvement; without it a search ends some time
            after the formulas are exact.
        goal: Operations at which to stop once the formulas are exact.
        random_state: Decides every random choice: a whole number, a generator of NumPy, or None
            to draw one, which `result_.seed` tells.
        strategy: Name of a strategy of `es.run`.
        islands: Number of islands.
        workers: Threads that evaluate, by default as many as cores; the result does not
            depend on it.
        holdout: By which rows formulas of the front are chosen, unless there are fewer than
            20: "random", a quarter drawn at random; "tail", the last quarter; "none", by
            those that they are fitted to, which are all.

    Attributes:
        program_: The chosen formulas as a program.
        result_: All that the search found, with the rows that it was given.
        n_features_in_: Number of features.
        feature_names_in_: (n_features_in_,) names of the columns of X, if it had names that
            are all text.
    """

    program_: Program
    result_: FormulaResult
    n_features_in_: int
    feature_names_in_: npt.NDArray[Any]

    def __init__(
        self,
        *,
        time: float | None = None,
        evaluations: int | None = None,
        patience: int | None = None,
        goal: int | None = None,
        random_state: int | np.random.Generator | np.random.RandomState | None = None,
        strategy: str = "evolve",
        islands: int = 2,
        workers: int | None = None,
        holdout: str = "random",
    ) -> None:
        self.time = time
        self.evaluations = evaluations
        self.patience = patience
        self.goal = goal
        self.random_state = random_state
        self.strategy = strategy
        self.islands = islands
        self.workers = workers
        self.holdout = holdout

    def fit(self, X: Any, y: Any) -> Self:  # noqa: N803  # scikit-learn's name
        """Searches for formulas; an interrupt ends the search with what it has found.

        Args:
            X: (rows, features) finite numbers; an array or a data frame of at least 4 rows.
            y: (rows,) or (rows, outputs) finite numbers.

        Returns:
            The estimator itself.

        Raises:
            ValueError: X and y cannot be used; without scikit-learn it is a DataError.
            DataError: A number is beyond 1e100.
            UsageError: An argument of the constructor cannot be used.
        """
        is_limited = (self.time, self.evaluations, self.patience) != (None, None, None)
        settings = Settings(
            seed=_seed(self.random_state),
            evaluations=self.evaluations,
            seconds=self.time if is_limited else DEFAULT_SECONDS,
            patience=self.patience,
            goal=self.goal,
            strategy=self.strategy,
            islands=self.islands,
        )
        x, y = self._checked_fit(X, y)
        # No processes: whoever fits many estimators has some already.
        workplace = Workplace(self.workers, "serial")
        job = prepare(self._target(x, y, settings.seed), settings, None)
        result = execute(job, workplace=workplace)
        assert isinstance(result, FormulaResult)
        self.result_, self.program_ = result, result.best
        self._is_flat = y.ndim == 1
        return self

    def predict(self, X: Any) -> Numbers:  # noqa: N803
        """Returns the formulas' values.

        Args:
            X: (rows, features) finite numbers.

        Returns:
            (rows,) or (rows, outputs), as y was; nan where a formula has no finite value, such
            as a logarithm of a negative number. `score` does not take nan with scikit-learn.
        """
        self._expect_fitted()
        values = self.result_.predict(self._checked_predict(X))
        return values[:, 0] if self._is_flat else values

    @property
    def front_(self) -> list[dict[str, Any]]:
        """The formulas that no other one beats in both operations and error on training rows.

        A list of dictionaries, such as a data frame is made of: `output`; `operations`; `error`
        and `validation_error`, root mean square errors over the standard deviation of y on
        rows that the formula was fitted to and chosen by (infinite where it is not finite);
        `formula`, text in the names of the features; `program`, which may be called on arrays.
        """
        self._expect_fitted()
        inputs = self.result_.target.inputs
        return [
            {
                "output": point.output,
                "operations": point.operations,
                "error": point.error,
                "validation_error": point.validation_error,
                "formula": str(named_expressions(point.program, inputs)[0]),
                "program": point.program,
            }
            for point in self.result_.front
        ]

    def sympy(self) -> Any:
        """Returns a SymPy expression in the names of the features; a list if y has two axes."""
        self._expect_fitted()
        expressions = self.result_.sympy()
        return expressions[0] if self._is_flat else expressions

    def latex(self) -> str:
        """Returns the formula in LaTeX; with a line per output in `align*` if y has two axes."""
        from dsl.plain_constants import expression_latex  # SymPy: who asks pays

        self._expect_fitted()
        parts = [expression_latex(expression) for expression in self.result_.sympy()]
        if self._is_flat:
            return parts[0]
        lines = [f"y_{{{k}}} &= {part}" for k, part in enumerate(parts)]
        return "\\begin{align*}\n" + " \\\\\n".join(lines) + "\n\\end{align*}\n"

    def _target(self, x: Numbers, y: Numbers, seed: int | None) -> SampledTarget:
        """Returns the rows as a target, its outputs named unlike its inputs."""
        assert seed is not None
        count = 1 if y.ndim == 1 else y.shape[1]
        names = getattr(self, "feature_names_in_", None)
        inputs = [f"x{k}" for k in range(x.shape[1])] if names is None else [*map(str, names)]
        outputs = ["y"] if count == 1 else [f"y{k}" for k in range(count)]
        while set(inputs) & set(outputs):
            outputs = [f"{name}_" for name in outputs]
        return from_arrays(
            x,
            y,
            inputs=inputs,
            outputs=outputs,
            seed=seed,
            holdout=self.holdout,
            keep_test=False,
        )


def _seed(random_state: Any) -> int:
    """Returns the seed of a run."""
    if random_state is None:
        return draw_seed()
    if isinstance(random_state, np.random.Generator):
        return int(random_state.integers(1 << 31))
    if isinstance(random_state, np.random.RandomState):
        return int(random_state.randint((1 << 31) - 1))
    return random_state  # a whole number, or refused by who reads it
