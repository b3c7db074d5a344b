"""A backtest as the API answers it: the document's fields, and what explains them."""

from typing import Any

from bots.backtest import metrics
from bots.backtest.fast import run_of
from bots.backtest.path import MODELS, FillModelName
from bots.backtest.run import Case, Run
from bots.core.strategies.grid import GridConfig
from bots.core.strategies.grid_levels import levels_of
from marketdata.columns import SCALE

CURVE_POINTS = 1000
MOST_TRADES = 10_000  # of an answer, the newest


def report(case: Case, fill_model: FillModelName) -> dict[str, Any]:
    """Runs the backtest by the chosen model, and by those that go to one extreme first in every candle: the band."""
    candles, investment = case.candles, float(case.config.investment)
    run = run_of(case, MODELS[fill_model])
    equity, held = metrics.equity_curve(run, candles, investment)
    times = candles.time + case.width
    drawdown = metrics.max_drawdown(times, equity)
    returns = metrics.daily_returns(times - 1, equity, investment)
    total = float(equity[-1]) / investment - 1
    elapsed = int(times[-1] - times[0])
    return {
        "total_return": _round(total),
        "annualized_return": _known(metrics.annualized(total, elapsed)),
        "sharpe_ratio": _round(metrics.sharpe_ratio(returns)),
        "sortino_ratio": _known(metrics.sortino_ratio(returns)),
        "max_drawdown": _round(drawdown.depth),
        "max_drawdown_days": _round(drawdown.length / metrics.DAY),
        "total_trades": len(run.fills),
        **_cycles(run.profits),
        "exposure": _round(metrics.exposure(equity, held)),
        "fees": _fees(case, run),
        "fees_quote": sum(fill.fee_quote for fill in run.fills) / SCALE,
        "realized_pnl": run.realized / SCALE,
        "final_equity": _round(float(equity[-1])),
        "buy_and_hold_return": _round(float(candles.close[-1] / candles.close[0]) - 1),
        "band": _band(case, fill_model, total),
        "stopped": run.stopped,
        "candles": len(candles),
        "start": int(times[0]),
        "end": int(times[-1]),
        "equity_curve": metrics.thinned(times, equity, CURVE_POINTS),
        "buy_and_hold_curve": metrics.thinned(
            times, candles.close / float(candles.close[0]) * investment, CURVE_POINTS
        ),
        "trades": _trades(case, run),
        "slots": _slots(run),
        "levels": _levels(case, run.shift),
        "shift": run.shift,
    }


def _cycles(profits: list[int]) -> dict[str, float]:
    """Of the closed ones: `profits` in 1e-8 of quote."""
    count = len(profits)
    return {
        "win_rate": _round(sum(profit > 0 for profit in profits) / count) if count else 0.0,
        "cycles": count,
        "profit_per_cycle": _round(sum(profits) / count / SCALE) if count else 0.0,
    }


def _band(case: Case, fill_model: FillModelName, total: float) -> dict[str, float]:
    """The total returns of the paths within candles that were worst and best for this bot."""
    investment, mark = float(case.config.investment), float(case.candles.close[-1]) / SCALE
    totals = [total]
    for model in {FillModelName.LOW_FIRST, FillModelName.HIGH_FIRST} - {fill_model}:
        last = run_of(case, MODELS[model]).states[-1:]
        totals += [(state.cash + state.base * mark) / SCALE / investment - 1 for state in last]
    return {"pessimistic": _round(min(totals)), "optimistic": _round(max(totals))}


def _fees(case: Case, run: Run) -> dict[str, float]:
    """By the coin in which they were taken."""
    sums = {True: 0, False: 0}
    for fill in run.fills:
        sums[fill.fee_in_base] += fill.fee
    names = {True: case.market.base, False: case.market.quote}
    return {names[in_base]: total / SCALE for in_base, total in sums.items() if total}


def _trades(case: Case, run: Run) -> list[dict[str, Any]]:
    market = case.market
    return [
        {
            "time": fill.time,
            "slot": fill.slot,
            "side": "buy" if fill.buys else "sell",
            "price": fill.price / SCALE,
            "quantity": fill.quantity / SCALE,
            "fee": fill.fee / SCALE,
            "fee_asset": market.base if fill.fee_in_base else market.quote,
            "liquidity": "maker" if fill.maker else "taker",
        }
        for fill in run.fills[-MOST_TRADES:]
    ]


def _slots(run: Run) -> list[dict[str, Any]]:
    return [
        {"slot": number, "cycles": tally.cycles, "profit": tally.profit / SCALE}
        for number, tally in sorted(run.slots.items())
    ]


def _levels(case: Case, shift: int) -> list[float]:
    """The prices of a grid at the end, lowest first; slot i lies between number (i - shift) mod n and the next."""
    config = case.config
    if not isinstance(config, GridConfig):
        return []
    return [float(level) for level in levels_of(config, case.market, shift)]


def _round(value: float) -> float:
    return round(value, 8)


def _known(value: float | None) -> float | None:
    return None if value is None else _round(value)
