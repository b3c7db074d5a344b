"""What the optimiser found as a map over two fields."""

from collections.abc import Sequence
from typing import Any

from bots.backtest.space import Space


def heatmap(
    space: Space, chosen: Sequence[Sequence[int]], values: Sequence[float | None], fields: Sequence[str]
) -> dict[str, Any]:
    """Rows by y, columns by x; each cell is the best value of all configs there, None where none has one. Without
    `fields`, of the two with the most values; over one field alone y is None."""
    names = [axis.field for axis in space.axes]
    wanted = list(fields) or sorted(names, key=lambda name: -len(space.axes[names.index(name)].values))[:2]
    at = [names.index(name) for name in wanted]
    sizes = [len(space.axes[number].values) for number in at]
    cells: list[list[float | None]] = [[None] * sizes[0] for _ in range(sizes[1] if len(at) > 1 else 1)]
    for numbers, value in zip(chosen, values, strict=True):
        column, row = numbers[at[0]], numbers[at[1]] if len(at) > 1 else 0
        known = cells[row][column]
        if value is not None and (known is None or value > known):
            cells[row][column] = value
    axes = [list(space.axes[number].values) for number in at]
    return {
        "x": wanted[0],
        "y": wanted[1] if len(at) > 1 else None,
        "xs": axes[0],
        "ys": axes[1] if len(at) > 1 else [None],
        "cells": cells,
    }
