"""backtesting.py: a strategy in plain Python, called for every candle."""

import warnings
from collections import defaultdict
from typing import Any

import pandas as pd
from common import Job, drive

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    from backtesting import Backtest, Strategy

warnings.simplefilter("ignore")


def run(job: Job) -> Any:
    unit = job.lot  # it knows whole units only: one is a lot
    size = round(job.quantity / unit)

    class Grid(Strategy):
        waits: list[Any]

        def init(self) -> None:
            self.waits = []

        def next(self) -> None:
            if not self.waits:
                self.buy(size=round(job.purchase / unit))
                self.waits = [self.place(slot, holds) for slot, holds in enumerate(job.holds)]
            elif len(self.orders) < len(self.waits):
                open_orders = set(map(id, self.orders))
                for slot, (order, holds) in enumerate(self.waits):
                    if id(order) not in open_orders:
                        self.waits[slot] = self.place(slot, not holds)

        def place(self, slot: int, holds: bool) -> Any:
            act = self.sell if holds else self.buy
            return act(size=size, limit=job.price(slot, holds) * unit), holds

    # It first asks the strategy at the close of its second candle: a flat one goes before.
    frame = pd.DataFrame(
        {
            name: [float(job.open[0]) * unit, *(getattr(job, name.lower()) * unit)]
            for name in ("Open", "High", "Low", "Close")
        },
        index=pd.to_datetime([job.time[0] - 60_000, *job.time], unit="ms"),
    )
    test = Backtest(frame, Grid, cash=job.cash, commission=job.fee, trade_on_close=True)

    def work() -> Any:
        stats = test.run()
        return fills_of(stats, unit), float(stats["_equity_curve"]["Equity"].iloc[-1])

    return work


def fills_of(stats: Any, unit: float) -> list[Any]:
    """Of its trades, which a sale closes oldest first and in parts; those that are still open have not been sold."""
    found: dict[Any, float] = defaultdict(float)
    open_trades = stats["_strategy"].trades
    for trade in [*stats["_strategy"].closed_trades, *open_trades]:
        found[trade.entry_bar - 1, "buy", round(trade.entry_price / unit, 2)] += trade.size * unit
        if trade.exit_bar is not None:
            found[trade.exit_bar - 1, "sell", round(trade.exit_price / unit, 2)] += trade.size * unit
    return [(*key, round(quantity, 8)) for key, quantity in sorted(found.items())]


drive(run)
