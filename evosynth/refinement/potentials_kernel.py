"""The compiled search for scales: Kernighan-Lin chains, annealed.

Everything is in one file because Numba's on-disk cache watches the file of the compiled
function only; so the prices come as an array, and the classes of constants are those of
`dsl.cost`, which a test compares.
"""

# mypy: ignore-errors
# ruff: noqa: ANN001, ANN201

from __future__ import annotations

from collections import namedtuple

import numpy as np
from numba import njit

from fitness.kernel_cache import cached

UNIT, AXIS, DIAGONAL_UNIT, DIAGONAL, ONE_COMPONENT, GENERAL = range(6)
# Scale 0 belongs to all nodes that must not be scaled.
FIXED = 0
# Beyond, scales would only cost accuracy.
SMALLEST, LARGEST = 1e-4, 1e4
OUTSIDE, FRONTIER, DONE = range(3)

# The graph as arrays. Edges are sorted by their source node.
#   tail, head: (edges,) the scales at both ends; node: (edges,) the source's number
#   real, imaginary: (edges,) of the constant, turned to an angle from 0 to a right angle
#   first: (sources + 1,) where the edges of each source begin
#   touched, near, edges_in, edges_out: lists per scale, as (starts, items): the sources
#     whose price depends on it, the scales whose gain does, and the edges at its nodes
#   prices: (6,) operations by class of constant; same: tolerance
Graph = namedtuple(
    "Graph", "tail head node real imaginary first touched near edges_in edges_out prices same"
)

# What changes: scales (scales,), costs (sources,), the chain and its frontier, the state
# of the random numbers.
State = namedtuple("State", "scales costs chain before frontier gain place random")

compiled = cached(error_model="numpy")
# Called by compiled functions alone; what calls from Python need takes seconds to compile.
inner = njit(error_model="numpy", no_cpython_wrapper=True, no_cfunc_wrapper=True)


@inner
def draw(random):
    """Returns the next of xorshift64*'s numbers, in [0, 1)."""
    x = random[0]
    x ^= x >> np.uint64(12)
    x ^= x << np.uint64(25)
    x ^= x >> np.uint64(27)
    random[0] = x
    return float((x * np.uint64(2685821657736338717)) >> np.uint64(11)) * 2.0**-53


@compiled
def class_of(re, im, same):
    """Repeats `dsl.cost.constant_class`."""
    a, b = abs(re), abs(im)
    if a < b:
        a, b = b, a
    if b <= same * a:
        return UNIT if abs(a - 1.0) <= same else AXIS
    if a - b <= same * a:
        return DIAGONAL_UNIT if abs(a - 1.0) <= same else DIAGONAL
    if abs(a - 1.0) <= same or abs(b - 1.0) <= same:
        return ONE_COMPONENT
    return GENERAL


@inner
def is_equal(graph, scales, one, two):
    """Tells whether two edges of one source have the same constant."""
    r, t = scales[graph.head[one]], scales[graph.head[two]]
    a, b = r * graph.real[one], r * graph.imaginary[one]
    slack = graph.same * max(a, b)
    return abs(a - t * graph.real[two]) <= slack and abs(b - t * graph.imaginary[two]) <= slack


@inner
def source_cost(graph, scales, source):
    """Returns the price of the distinct products of one source."""
    cost = 0
    for edge in range(graph.first[source], graph.first[source + 1]):
        ratio = scales[graph.head[edge]] / scales[graph.tail[edge]]
        kind = class_of(ratio * graph.real[edge], ratio * graph.imaginary[edge], graph.same)
        if kind == UNIT:
            continue
        is_new = True
        for other in range(graph.first[source], edge):
            if is_equal(graph, scales, other, edge):
                is_new = False
                break
        if is_new:
            cost += graph.prices[kind]
    return cost


@inner
def change(graph, state, scale, factor):
    """Returns what multiplying a scale would add to the cost."""
    starts, items = graph.touched
    before = state.scales[scale]
    state.scales[scale] = before * factor
    added = 0
    for k in range(starts[scale], starts[scale + 1]):
        added += source_cost(graph, state.scales, items[k]) - state.costs[items[k]]
    state.scales[scale] = before
    return added


@inner
def put(graph, state, scale, value):
    """Sets a scale."""
    starts, items = graph.touched
    state.scales[scale] = value
    for k in range(starts[scale], starts[scale + 1]):
        state.costs[items[k]] = source_cost(graph, state.scales, items[k])


@inner
def join(state, scale, count):
    """Adds a scale to the frontier, unless it was there; returns the frontier's length."""
    if scale == FIXED or state.place[scale] != OUTSIDE:
        return count
    state.place[scale] = FRONTIER
    state.frontier[count] = scale
    return count + 1


@inner
def surround(graph, state, scale, count):
    """Adds to the frontier what is next to a scale: by an edge, or by an equal product."""
    starts, items = graph.edges_out
    for k in range(starts[scale], starts[scale + 1]):
        count = join(state, graph.head[items[k]], count)
    starts, items = graph.edges_in
    for k in range(starts[scale], starts[scale + 1]):
        edge = items[k]
        count = join(state, graph.tail[edge], count)
        source = graph.node[edge]
        for other in range(graph.first[source], graph.first[source + 1]):
            if other != edge and is_equal(graph, state.scales, edge, other):
                count = join(state, graph.head[other], count)
    return count


@inner
def cheapest(state, count):
    """Returns where in the frontier the cheapest scale is, one of them at random."""
    best, ties = 0, 0
    for k in range(count):
        gain, least = state.gain[state.frontier[k]], state.gain[state.frontier[best]]
        if k == 0 or gain < least:
            best, ties = k, 1
        elif gain == least:
            ties += 1
            if draw(state.random) * ties < 1.0:
                best = k
    return best


@inner
def extend(graph, state, scale, factor, length, size):
    """Multiplies the next scale of a chain; returns the new length of the frontier."""
    state.place[scale] = DONE
    size = surround(graph, state, scale, size)
    state.chain[length] = scale
    state.before[length] = state.scales[scale]
    put(graph, state, scale, state.scales[scale] * factor)
    starts, items = graph.near
    for k in range(starts[scale], starts[scale + 1]):
        if state.place[items[k]] == FRONTIER:
            state.gain[items[k]] = change(graph, state, items[k], factor)
    return size


@inner
def run_chain(graph, state, scale, factor, longest):
    """Multiplies scales one after the other, each next to those before.

    Returns the length of the best part of the chain from its beginning, and what that
    adds to the cost. Only this part is kept.
    """
    size, length, total, kept, least = 0, 0, 0, 0, 0
    state.gain[scale] = change(graph, state, scale, factor)
    while SMALLEST < state.scales[scale] * factor < LARGEST:
        total += state.gain[scale]
        size = extend(graph, state, scale, factor, length, size)
        length += 1
        if kept == 0 or total < least:
            kept, least = length, total
        if length == longest or size == 0:
            break
        chosen = cheapest(state, size)
        scale = state.frontier[chosen]
        size -= 1
        state.frontier[chosen] = state.frontier[size]
    state.place[:] = OUTSIDE
    take_back(graph, state, kept, length)
    return kept, least


@inner
def take_back(graph, state, kept, length):
    """Takes back what a chain did after its first steps."""
    for k in range(length - 1, kept - 1, -1):
        put(graph, state, state.chain[k], state.before[k])


@inner
def propose(graph, state, edge):
    """Returns a scale and a factor that make an edge's constant simpler; scale 0 if none."""
    tail, head = graph.tail[edge], graph.head[edge]
    if tail == head:
        return FIXED, 1.0
    ratio = state.scales[head] / state.scales[tail]
    a, b = ratio * graph.real[edge], ratio * graph.imaginary[edge]
    kind = class_of(a, b, graph.same)
    if kind in (UNIT, DIAGONAL_UNIT):
        return FIXED, 1.0
    size = a
    if kind == ONE_COMPONENT:
        size = b if abs(a - 1.0) <= graph.same else a
    elif kind == AXIS:
        size = max(a, b)
    elif kind == GENERAL and draw(state.random) < 0.5:
        size = b
    is_head = head != FIXED and (tail == FIXED or draw(state.random) < 0.5)
    return (head, 1.0 / size) if is_head else (tail, size)


@compiled
def anneal(graph, state, iterations, longest, heat):
    """Searches for scales of least cost from those of the state.

    Args:
        graph: A `Graph`.
        state: A `State`; scales and costs at the end are the last, not the best.
        iterations: Number of edges from which chains may start.
        longest: Most scales of a chain.
        heat: Temperature at the beginning, in operations; it falls to 0 linearly.

    Returns:
        The best scales, (scales,) float64, and their cost.
    """
    total = 0
    for source in range(len(state.costs)):
        state.costs[source] = source_cost(graph, state.scales, source)
        total += state.costs[source]
    best, least = state.scales.copy(), total
    for iteration in range(iterations):
        if total == 0:
            break
        edge = int(draw(state.random) * len(graph.tail))
        scale, factor = propose(graph, state, edge)
        if scale == FIXED:
            continue
        length = 1 + int(draw(state.random) * longest)
        kept, added = run_chain(graph, state, scale, factor, length)
        temperature = heat * (1.0 - iteration / iterations)
        if added > 0 and draw(state.random) >= np.exp(-added / temperature):
            take_back(graph, state, 0, kept)
            continue
        total += added
        if total < least:
            least = total
            best[:] = state.scales
    return best, least
