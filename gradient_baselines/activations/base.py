"""What an activation function is: a function of a number between the layers of a network."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

from torch import Tensor

from dsl.registry import Registry


@dataclass(frozen=True)
class Activation:
    """An activation function.

    Attributes:
        name: What people call it.
        summary: One line for people.
        function: Of a tensor, entry by entry; where it has a parameter, that is a second
            tensor, of a shape that broadcasts.
        formula: The same in x, and a for the parameter, as SymPy reads it.
        gain: Initial weights have a standard deviation of gain / sqrt(inputs), by which
            signals neither grow nor vanish from layer to layer.
        counted: What one neuron has to compute, g(x), where that is cheaper than the formula:
            f(x) = c g(k x) + d, since c, k and d are part of the weights and biases of the
            layers on either side, a parameter included; "" for the formula.
        is_shifted: That d is not 0, and no bias of the next layer is.
        parameter: First values of the parameter that are worth trying; one is learnt for
            each neuron. Empty where it has none.
    """

    name: str
    summary: str
    function: Callable[..., Tensor]
    formula: str
    gain: float = 1.0
    counted: str = ""
    is_shifted: bool = False
    parameter: tuple[float, ...] = ()

    @cached_property
    def operations(self) -> int:
        """What one neuron costs, by the rule of `dsl.cost`, as cheaply as it can be."""
        from dsl.scalars.derived import expression_price  # SymPy: who asks pays

        return expression_price(self.counted or self.formula)


ACTIVATIONS: Registry[Activation] = Registry("activation")
