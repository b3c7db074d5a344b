"""The least that a grid's walk can cost: one pass, no allocation, no money. What the kernel is measured against."""

from typing import Any

import numpy as np

from bots.backtest.jit import kernel


@kernel
def minimal(  # noqa: PLR0917 - compiled functions take no keywords
    opens: Any, high: Any, low: Any, close: Any, levels: Any, holds: Any
) -> int:
    """Counts the fills of slots that buy at `levels[i]` and sell at `levels[i + 1]`; changes `holds`."""
    fills, count = 0, len(holds)
    below, above = bounds(levels, holds)
    for number in range(1, len(close)):
        if low[number] > below and high[number] < above:
            continue
        rose = close[number] >= opens[number]
        for turn in range(2):
            to = low[number] if rose == (turn == 0) else high[number]
            for slot in range(count):
                if holds[slot] and levels[slot + 1] <= to:
                    holds[slot] = 0
                    fills += 1
                elif not holds[slot] and levels[slot] >= to:
                    holds[slot] = 1
                    fills += 1
        below, above = bounds(levels, holds)
    return fills


@kernel
def bounds(levels: Any, holds: Any) -> tuple[int, int]:
    below, above = np.int64(-1), np.int64(2**62)
    for slot in range(len(holds)):
        if holds[slot]:
            above = min(above, levels[slot + 1])
        else:
            below = max(below, levels[slot])
    return below, above  # type: ignore[return-value]
