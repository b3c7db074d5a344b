"""vectorbt: an order function compiled by numba, called for every candle until it wants no more."""

from typing import Any

import numpy as np
import pandas as pd
import vectorbt as vbt
from common import Job, drive
from numba import njit
from vectorbt.portfolio import nb

ORDER = nb.order_nb
NOTHING = nb.order_nothing_nb


@njit
def orders(c: Any, levels: Any, holds: Any, since: Any, high: Any, low: Any, rest: Any) -> Any:  # noqa: PLR0917
    """`since` is the candle after which each slot's order may fill; rest: quantity, purchase, first close, fee."""
    if c.i == 0:
        if c.call_idx == 0:
            return c.from_col, ORDER(size=rest[1], price=rest[2], fees=rest[3])
        return -1, NOTHING()
    for slot in range(len(holds)):
        if since[slot] < c.i:
            price = levels[slot + holds[slot]]
            if (high[c.i] >= price) if holds[slot] else (low[c.i] <= price):
                size = -rest[0] if holds[slot] else rest[0]
                holds[slot] = 1 - holds[slot]
                since[slot] = c.i
                return c.from_col, ORDER(size=size, price=price, fees=rest[3])
    return -1, NOTHING()


def run(job: Job) -> Any:
    close, levels = pd.Series(job.close), np.array(job.levels)
    rest = np.array([job.quantity, job.purchase, job.close[0], job.fee])

    def work() -> Any:
        holds, since = np.array(job.holds, np.int64), np.zeros(len(job.holds), np.int64)
        found = vbt.Portfolio.from_order_func(
            close, orders, levels, holds, since, job.high, job.low, rest,
            flexible=True, init_cash=job.cash, max_orders=100_000,
        )  # fmt: skip
        records = found.orders.values
        fills = [
            (int(row["idx"]), "sell" if row["side"] else "buy", float(row["price"]), float(row["size"]))
            for row in records
        ]
        return fills, float(found.value().iloc[-1])

    return work


drive(run)
