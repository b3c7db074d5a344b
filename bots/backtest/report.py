"""A backtest as the API answers it: the document's fields, and what explains them."""

from typing import Any

from bots.backtest import metrics
from bots.backtest.path import MODELS, FillModelName
from bots.backtest.replay import Case, Run, replay
from marketdata.columns import SCALE

CURVE_POINTS = 1000
MOST_TRADES = 10_000  # of an answer, the newest


def report(case: Case, fill_model: FillModelName) -> dict[str, Any]:
    """Runs the backtest by the chosen model, and by those that go to one extreme first in every candle: the band."""
    candles, investment = case.candles, float(case.config.investment)
    run = replay(case, MODELS[fill_model])
    equity, exposed = metrics.equity_curve(run, candles, investment)
    times = candles.time + case.width
    drawdown = metrics.max_drawdown(times, equity)
    returns = metrics.daily_returns(times - 1, equity, investment)
    profits = metrics.cycle_profits(run.closed)
    total = float(equity[-1]) / investment - 1
    elapsed = int(times[-1] - times[0])
    return {
        "total_return": _round(total),
        "annualized_return": _round(metrics.annualized(total, elapsed)),
        "sharpe_ratio": _round(metrics.sharpe_ratio(returns)),
        "sortino_ratio": _round(metrics.sortino_ratio(returns)),
        "max_drawdown": _round(drawdown.depth),
        "max_drawdown_days": _round(drawdown.length / metrics.DAY),
        "win_rate": _round(sum(profit > 0 for profit in profits) / len(profits)) if profits else 0.0,
        "total_trades": len(run.fills),
        "cycles": len(profits),
        "profit_per_cycle": _round(sum(profits) / len(profits)) if profits else 0.0,
        "exposure": _round(float(exposed.mean())),
        "fees": {asset: float(amount) for asset, amount in run.fees.items()},
        "fees_quote": _round(float(sum(booking.fee_quote for _, _, booking in run.fills))),
        "realized_pnl": float(run.realized),
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
        "trades": _trades(run),
        "slots": _slots(run),
    }


def _band(case: Case, fill_model: FillModelName, total: float) -> dict[str, float]:
    """The total returns of the paths within candles that were worst and best for this bot."""
    investment, mark = float(case.config.investment), float(case.candles.close[-1]) / SCALE
    totals = [total]
    for model in {FillModelName.LOW_FIRST, FillModelName.HIGH_FIRST} - {fill_model}:
        last = replay(case, MODELS[model]).states[-1:]
        totals += [(float(state.cash) + float(state.base) * mark) / investment - 1 for state in last]
    return {"pessimistic": _round(min(totals)), "optimistic": _round(max(totals))}


def _trades(run: Run) -> list[dict[str, Any]]:
    return [
        {
            "time": booking.fill.time,
            "slot": slot,
            "side": booking.fill.side.value,
            "price": float(booking.fill.price),
            "quantity": float(booking.fill.quantity),
            "fee": float(booking.fill.fee),
            "fee_asset": booking.fill.fee_asset,
            "liquidity": booking.fill.liquidity.value,
        }
        for _, slot, booking in run.fills[-MOST_TRADES:]
    ]


def _slots(run: Run) -> list[dict[str, Any]]:
    states = sorted(run.slots.values(), key=lambda state: state.slot)
    return [{"slot": state.slot, "cycles": state.cycles, "profit": float(state.profit)} for state in states]


def _round(value: float) -> float:
    return round(value, 8)
