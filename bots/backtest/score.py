"""One run in the figures by which configs are compared; the formulas are those of `metrics`."""

from typing import NamedTuple

from bots.backtest import metrics
from bots.backtest.run import Case, Run
from marketdata.columns import SCALE


class Score(NamedTuple):
    """Ratios are fractions; `max_drawdown` is not above 0; `trades` counts fills; `fees` and `final_equity` are quote.
    None: undefined (`metrics.annualized`, `metrics.sortino_ratio`)."""

    total_return: float
    annualized_return: float | None
    sharpe: float
    sortino: float | None
    max_drawdown: float
    win_rate: float
    trades: int
    fees: float
    final_equity: float
    exposure: float


def score(case: Case, run: Run) -> Score:
    candles, investment = case.candles, float(case.config.investment)
    equity, held = metrics.equity_curve(run, candles, investment)
    times = candles.time + case.width
    returns = metrics.daily_returns(times - 1, equity, investment)
    total = float(equity[-1]) / investment - 1
    wins = sum(profit > 0 for profit in run.profits)
    return Score(
        total_return=total,
        annualized_return=metrics.annualized(total, int(times[-1] - times[0])),
        sharpe=metrics.sharpe_ratio(returns),
        sortino=metrics.sortino_ratio(returns),
        max_drawdown=metrics.max_drawdown(times, equity).depth,
        win_rate=wins / len(run.profits) if run.profits else 0.0,
        trades=len(run.fills),
        fees=sum(fill.fee_quote for fill in run.fills) / SCALE,
        final_equity=float(equity[-1]),
        exposure=metrics.exposure(equity, held),
    )
