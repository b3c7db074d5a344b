"""What a run was worth, in one pass over the closes: the floats of `metrics`, without a series in memory."""

import numpy as np
from numpy.typing import NDArray

from bots.backtest.jit import kernel


@kernel
def figures(
    close: NDArray[np.int64],
    states: NDArray[np.int64],
    ends: NDArray[np.int64],
    daily: NDArray[np.float64],
    investment: float,
) -> tuple[float, float, float]:
    """Final equity, maximum drawdown and mean exposure, of a run with these `states` (candle, cash, base). Money is in
    1e-8. The equity at the candles `ends` goes to `daily`."""
    cash, base, highest, worst, exposed = investment, 0.0, 0.0, 1.0, 0.0
    candle, day = 0, 0
    for number in range(len(states) + 1):
        until = states[number, 0] if number < len(states) else len(close)
        for at in range(candle, until):
            held = base * close[at]
            equity = cash + held
            highest = max(highest, equity)
            if equity < worst * highest:
                worst = equity / highest
            if equity > 0.0:
                exposed += held / equity
        while day < len(ends) and ends[day] < until:
            daily[day] = cash + base * close[ends[day]]
            day += 1
        candle = until
        if number < len(states):
            cash, base = float(states[number, 1]), states[number, 2] * 1e-8
    return cash + base * close[-1], worst - 1.0, exposed / len(close)
