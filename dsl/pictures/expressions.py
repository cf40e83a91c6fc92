"""What a value of a signal-flow graph is: its definition, and itself in the inputs."""

from __future__ import annotations

from collections.abc import Mapping

from dsl.exact_number import is_exact
from dsl.pictures.flow import FlowGraph, Node, turned
from dsl.pictures.numbers_as_text import plain_text

# Values made of more inputs than this are not written out, nor those that get longer.
MOST_TERMS, LONGEST = 16, 220
SIGNS = ("", "I*", "-", "-I*")

Form = Mapping[int, complex]


def definition(graph: FlowGraph, k: int) -> list[str]:
    """Returns the definition of a node's value, then those of products that it names."""
    node = graph.nodes[k]
    products = dict.fromkeys(edge.definition for edge in node.edges if edge.definition)
    if "=" in node.definition:
        return list({node.definition: None} | products)
    if node.kind == "output" and node.edges:  # it has the name of what it leads out
        return list(products) or definition(graph, node.edges[0].source)
    return [node.definition]


def in_inputs(graph: FlowGraph, order: int) -> list[str | None]:
    """Returns every node's value as an expression in the inputs, None where that is long.

    Args:
        graph: Of the program.
        order: The program's.
    """
    forms: list[Form | None] = []
    for k, node in enumerate(graph.nodes):
        forms.append({k: 1 + 0j} if node.kind == "input" else _form(node, forms))
    names = [node.name for node in graph.nodes]
    return [None if form is None else _expression(form, names, order) for form in forms]


def _form(node: Node, forms: list[Form | None]) -> Form | None:
    sums: dict[int, complex] = {}
    for edge in node.edges:
        form = forms[edge.source]
        if form is None:
            return None
        for k, coefficient in form.items():
            product = _times(coefficient, edge.factor)
            sums[k] = sums[k] + product if k in sums else product
    sums = {k: coefficient for k, coefficient in sums.items() if coefficient != 0}
    return sums if len(sums) <= MOST_TERMS else None


def _times(one: complex, other: complex) -> complex:
    # Most factors are 1: exact products take some microseconds.
    if one == 1 or other == 1:
        return other if one == 1 else one
    return one * other


def _expression(form: Form, names: list[str], order: int) -> str | None:
    """Writes a sum of inputs, those with the same coefficient up to a power of i together."""
    if not all(is_exact(coefficient) for coefficient in form.values()):
        return None
    groups: list[tuple[complex, list[tuple[int, int]]]] = []
    for k, coefficient in sorted(form.items()):
        for common, terms in groups:
            unit = next((u for u in range(4) if turned(common, u) == coefficient), None)
            if unit is not None:
                terms.append((unit, k))
                break
        else:
            unit = next((u for u in range(4) if turned(1 + 0j, u) == coefficient), None)
            common = coefficient if unit is None else 1 + 0j
            groups.append((common, [(unit or 0, k)]))
    text = " + ".join(_group_text(common, terms, names, order) for common, terms in groups)
    text = text.replace("+ -", "- ") or "0"
    return text if len(text) <= LONGEST else None


def _group_text(common: complex, terms: list[tuple[int, int]], names: list[str], order: int) -> str:
    text = " + ".join(SIGNS[unit] + names[k] for unit, k in terms).replace("+ -", "- ")
    if common == 1:
        return text
    factor = plain_text(common, order)
    factor = f"({factor})" if " " in factor else factor
    return f"{factor}*({text})" if len(terms) > 1 else f"{factor}*{text}"
