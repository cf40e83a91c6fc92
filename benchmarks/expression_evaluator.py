"""Node evaluations per second of formulas: ours and those of other systems, one core.

The same random trees in all of them. A tree of n nodes, leaves included, on r samples
counts as n r node evaluations. Ours also compares the result with y; the others stop at
the values. Division is plain in all of them. DEAP's time includes `gp.compile`, which every
new tree needs. A fit ends with the first block of samples that is invalid.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from dsl.genome import Genomes
from dsl.grammars.expression.genome import FIELDS, Tapes, back, constant, gene, tapes
from dsl.scalars import SCALARS
from fitness.evaluators.expression_evaluator import ExpressionEvaluator

TREES, INPUTS, ROWS, ROUNDS = 1_000, 5, (64, 10_000), 7
SECONDS = 0.05  # of a round; short runs are repeated
SIZES = tuple(range(21, 34, 2))  # nodes: 27 on average
ARITHMETIC = ("add", "subtract", "multiply", "divide")
SETS = {"+ - * /": ARITHMETIC, "+ - * / sin cos": (*ARITHMETIC, "sin", "cos")}
PEERS = {"gplearn": "gplearn", "DEAP": "deap", "pyoperon": "pyoperon"}
CONSTANT_SHARE = 0.2  # of the leaves


class Tree(NamedTuple):
    """A node: the name of a scalar primitive and operands, or a leaf."""

    name: str
    operands: tuple[Any, ...] = ()
    leaf: int | float = 0  # position of an input, or a number

    @property
    def is_input(self) -> bool:
        """The leaf is an input, not a number."""
        return self.name == "input"

    def size(self) -> int:
        """Returns the number of nodes, leaves included."""
        return 1 + sum(operand.size() for operand in self.operands)


def random_tree(rng: np.random.Generator, size: int, functions: tuple[str, ...]) -> Tree:
    """Grows a tree of that many nodes; operands share what is left at random."""
    if size == 1:
        if rng.random() < CONSTANT_SHARE:
            return Tree("number", (), round(float(rng.uniform(-2, 2)), 3))
        return Tree("input", (), int(rng.integers(INPUTS)))
    arities = {name: SCALARS.get(name).arity for name in functions}
    has_unary = 1 in arities.values()
    # Without functions of one operand a tree has an odd number of nodes.
    fitting = [
        name
        for name, arity in arities.items()
        if (arity == 1 and size >= 2) or (arity == 2 and size >= 3)
    ]
    name = str(rng.choice(fitting))
    if arities[name] == 1:
        return Tree(name, (random_tree(rng, size - 1, functions),))
    step = 1 if has_unary else 2
    left = int(rng.choice(np.arange(1, size - 1, step)))
    parts = (left, size - 1 - left)
    return Tree(name, tuple(random_tree(rng, part, functions) for part in parts))


def random_trees(functions: tuple[str, ...], count: int = TREES) -> list[Tree]:
    rng = np.random.default_rng(20260101)
    return [random_tree(rng, SIZES[k % len(SIZES)], functions) for k in range(count)]


# Ours


def to_genes(tree: Tree) -> list[npt.NDArray[np.int16]]:
    """Returns the genes of a tree: one per inner node, and per number that needs one."""
    genes: list[npt.NDArray[np.int16]] = []

    def address(node: Tree) -> int:
        """Makes the value of a node; returns where it is: an input, or -1 - its gene."""
        if node.is_input:
            return int(node.leaf)
        if node.name == "number":
            genes.append(gene(constant(), 0, c0=node.leaf))
            return -len(genes)
        primitive = SCALARS.index(node.name)
        operands = list(node.operands)
        if operands[0].name == "number" and node.name in ("add", "multiply"):
            operands.reverse()
        takes_number = len(operands) == 2 and operands[1].name == "number"
        places = [address(operand) for operand in operands[: 2 - takes_number]]
        seen = [p if p >= 0 else back(len(genes) + p + 1) for p in places]
        if takes_number:
            genes.append(gene(primitive, seen[0], c0=operands[1].leaf))
        elif len(seen) == 2:
            genes.append(gene(primitive, seen[0], seen[1] + 1))
        else:
            genes.append(gene(primitive, seen[0]))
        return -len(genes)

    address(tree)
    genes[-1][3] = 1  # the last value is the term
    return genes


def to_tapes(trees: list[Tree]) -> Tapes:
    rows = [to_genes(tree) for tree in trees]
    genes = np.zeros((len(rows), max(map(len, rows)), len(FIELDS)), np.int16)
    for position, row in enumerate(rows):
        genes[position, : len(row)] = row
    return tapes(Genomes(genes, np.array([len(row) for row in rows], np.int16)), INPUTS)


# The others: each returns what evaluates all trees, and what gives the values of one


Peer = tuple[Callable[[], object], Callable[[int], npt.NDArray[Any]]]


def gplearn(trees: list[Tree], x: npt.NDArray[np.float64]) -> Peer:
    from gplearn import functions as its
    from gplearn._program import _Program

    names = ("add", "subtract", "multiply", "divide", "sin", "cos")
    known = {
        name: its._Function(getattr(np, name), name, SCALARS.get(name).arity) for name in names
    }

    def prefix(tree: Tree) -> Iterator[Any]:
        yield known[tree.name] if tree.operands else tree.leaf
        for operand in tree.operands:
            yield from prefix(operand)

    arities: dict[int, list[Any]] = {}
    for function in known.values():
        arities.setdefault(function.arity, []).append(function)
    programs = [
        _Program(
            function_set=list(known.values()),
            arities=arities,
            init_depth=(2, 6),
            init_method="grow",
            n_features=INPUTS,
            const_range=(-2.0, 2.0),
            metric=None,
            p_point_replace=0.0,
            parsimony_coefficient=0.0,
            random_state=None,
            program=list(prefix(tree)),
        )
        for tree in trees
    ]

    def run() -> None:
        for program in programs:
            program.execute(x)

    return run, lambda k: programs[k].execute(x)


def deap(trees: list[Tree], x: npt.NDArray[np.float64]) -> Peer:
    from deap import gp

    known = gp.PrimitiveSet("formula", INPUTS, prefix="x")
    for name in ("add", "subtract", "multiply", "divide", "sin", "cos"):
        known.addPrimitive(getattr(np, name), SCALARS.get(name).arity, name=name)

    def text(tree: Tree) -> str:
        if tree.operands:
            return f"{tree.name}({', '.join(map(text, tree.operands))})"
        return f"x{tree.leaf}" if tree.is_input else repr(tree.leaf)

    programs = [gp.PrimitiveTree.from_string(text(tree), known) for tree in trees]
    columns = list(np.ascontiguousarray(x.T))

    def one(k: int) -> npt.NDArray[Any]:
        return np.asarray(gp.compile(programs[k], known)(*columns))

    def run() -> None:
        for k in range(len(programs)):
            one(k)

    return run, one


def pyoperon(trees: list[Tree], x: npt.NDArray[np.float64]) -> Peer:
    import pyoperon as its

    data = its.Dataset(np.asfortranarray(x))
    hashes = data.VariableHashes
    node, its_name = its.Node, {"add": "Add", "subtract": "Sub", "multiply": "Mul", "divide": "Div"}

    def postfix(tree: Tree) -> Iterator[Any]:
        for operand in reversed(tree.operands):
            yield from postfix(operand)
        if tree.operands:
            yield getattr(node, its_name.get(tree.name, tree.name.capitalize()))()
        elif tree.is_input:
            leaf = node.Variable(1.0)
            leaf.HashValue = hashes[int(tree.leaf)]
            yield leaf
        else:
            yield node.Constant(tree.leaf)

    programs = [its.Tree(list(postfix(tree))).UpdateNodes() for tree in trees]
    if any(p.Length != t.size() for p, t in zip(programs, trees, strict=True)):
        raise ValueError("expected trees of the same size")
    rows, results = its.Range(0, len(x)), np.zeros(len(trees) * len(x), np.float32)

    def run() -> None:
        its.EvaluateTrees(programs, data, rows, results, 1)

    return run, lambda k: its.Evaluate(programs[k], data, rows)


MAKERS = {"gplearn": gplearn, "DEAP": deap, "pyoperon": pyoperon}


def agreement(ours: npt.NDArray[Any], theirs: npt.NDArray[Any]) -> bool:
    """Says whether a tree has the same values in both systems.

    One of them may have single precision, which is far off near poles: most rows must agree.
    """
    with np.errstate(all="ignore"):
        is_valid = np.isfinite(ours) & np.isfinite(theirs)
        near = np.abs(ours - theirs) <= 1e-3 * (np.abs(ours) + 1e-3)
    return bool(np.mean(near[is_valid]) > 0.9) if is_valid.any() else True


def measured(functions: tuple[str, ...], rows: int) -> tuple[dict[str, float], dict[str, float]]:
    """Returns node evaluations per second by system, and the share of trees that agree."""
    rng = np.random.default_rng(1)
    x, y = rng.normal(size=(rows, INPUTS)), rng.normal(size=rows)
    trees = random_trees(functions)
    evaluator, genomes = ExpressionEvaluator(x, y), to_tapes(trees)
    last = [int(np.flatnonzero(live)[-1]) for live in genomes.is_live]
    runs: dict[str, Callable[[], object]] = {
        "ours": lambda: evaluator.mean_squares(genomes),
        "with fit": lambda: evaluator.evaluate(genomes),
    }
    agree = {}
    with np.errstate(all="ignore"):
        for name, make in MAKERS.items():
            if not find_spec(PEERS[name]):
                continue
            runs[name], values = make(trees, x)
            agree[name] = float(
                np.mean([agreement(evaluator.values(genomes, k)[last[k]], values(k)) for k in
                         range(len(trees))])
            )  # fmt: skip
        best = dict.fromkeys(runs, np.inf)
        for run in runs.values():
            run()
        for _ in range(ROUNDS):
            for name, run in runs.items():
                end = time.perf_counter() + SECONDS
                while (start := time.perf_counter()) < end:
                    run()
                    best[name] = min(best[name], time.perf_counter() - start)
    nodes = sum(tree.size() for tree in trees) * rows
    return {name: nodes / seconds for name, seconds in best.items()}, agree


def main() -> None:
    """Prints the table."""
    print(
        f"Formulas: million node evaluations per second of one core, {TREES:,} random trees of 27"
        " nodes\nours and NumPy in double precision, pyoperon in single; x: ours is so many times"
        " as fast"
    )
    present = [name for name in MAKERS if find_spec(PEERS[name])]
    print(
        f"{'functions':<18}{'rows':>7}{'ours':>8}{'with fit':>10}"
        + "".join(f"{name:>10}{'x':>7}" for name in present)
    )
    for label, functions in SETS.items():
        for rows in ROWS:
            rates, agree = measured(functions, rows)
            cells = "".join(
                f"{rates[name] / 1e6:>10,.0f}{rates['ours'] / rates[name]:>7.1f}"
                for name in present
            )
            print(
                f"{label:<18}{rows:>7,}{rates['ours'] / 1e6:>8,.0f}"
                f"{rates['with fit'] / 1e6:>10,.0f}{cells}",
                flush=True,
            )
            for name, share in agree.items():
                if share < 0.99:
                    print(f"  {name}: only {share:.1%} of the trees have the same values")
    for name in set(MAKERS) - set(present):
        print(f"{name} is not installed: pip install {PEERS[name]}")
