"""What the page of a backtest shows, made from the kept request and report."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

from bots.core.slots import DCA_EXIT_SLOT, EXIT_SLOT, PURCHASE_SLOT
from bots.models import Strategy
from bots.templatetags.trade import duration
from bots.web import plots
from bots.web.backtest_form import FRACTIONS, WAYS
from bots.web.findings import days_of, sentences
from bots.web.price_plot import price_plot
from bots.web.strategy_form import FIELDS, StrategyForm

DURATIONS = {"interval", "cooldown"}
PERCENT = {"price_drop", "take_profit", "trailing", "stop_loss"}
LONG_ENOUGH = 30  # days, from which on a year at this pace says anything
BAR = 100  # units of the widest bar


def as_text(value: Any) -> str:
    """A float without exponent: 1e-05 is 0.00001."""
    return f"{Decimal(str(value)):f}" if isinstance(value, float) else str(value)


def asked(request: Mapping[str, Any]) -> dict[str, Any]:
    """The request in words: how it was replayed, and the strategy's fields that were filled in."""
    config = request["config"]
    labels, ranges = StrategyForm.base_fields, request.get("ranges", {})
    given = {name: worded(name, value) for name, value in config.items() if name in labels}
    given |= {name: _range(name, values) for name, values in ranges.items()}
    names = [name for name in FIELDS[Strategy(request["strategy"])] if given.get(name)]
    return {
        **request,
        "start": datetime.fromisoformat(request["start_date"]).date(),
        "end": datetime.fromisoformat(request["end_date"]).date(),
        **{name: Decimal(request[name]) * 100 for name in FRACTIONS if request.get(name)},
        "way": dict(WAYS)[request["fill_model"]],
        "fields": [(labels[name].label, given[name]) for name in names],
    }


def worded(name: str, value: Any) -> str:
    """A value of a strategy's field as a page says it."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if name in DURATIONS and str(value) != "0":
        return duration(value)
    if name in PERCENT:
        return f"{value}%"
    choices = getattr(StrategyForm.base_fields[name], "choices", None)
    return str(dict(choices).get(value, value)) if choices else str(value)


def _range(name: str, given: Mapping[str, Any]) -> str:
    if given.get("unit") != "percent" and "values" in given:
        return ", ".join(worded(name, value) for value in given["values"])
    unit = "% of the first price" if given.get("unit") == "percent" else ""
    if "values" in given:
        return ", ".join(str(value) for value in given["values"]) + unit
    return f"{given['from']} to {given['to']}{unit}, step {given['step']}"


def shown(
    request: Mapping[str, Any], report: Mapping[str, Any], stretch: Mapping[str, str]
) -> dict[str, Any]:
    """`stretch` is the query that names a part of the price's plot."""
    investment = report["buy_and_hold_curve"][0][1]
    base, _, quote = request["symbol"].partition("/")
    return {
        "report": report,
        "base": base,
        "quote": quote,
        "investment": investment,
        "findings": sentences(report, investment, request["symbol"]),
        "price": price_plot(request, report, stretch),
        "equity": _equity(report),
        "drawdown": _drawdown(report),
        "band": _band(report),
        "slots": _slots(report),
        "annualized": report["annualized_return"] if days_of(report) >= LONG_ENOUGH else None,
    }


def _equity(report: Mapping[str, Any]) -> dict[str, Any]:
    curves = report["equity_curve"], report["buy_and_hold_curve"]
    points = [point for curve in curves for point in curve]
    frame = plots.frame_of((time for time, _ in points), (value for _, value in points))
    bot, hold = (plots.line(curve, frame) for curve in curves)
    return {"frame": frame, "bot": bot, "hold": hold, "invested": frame.y(curves[1][0][1])}


def _drawdown(report: Mapping[str, Any]) -> dict[str, Any]:
    curves = [
        [[time, fall * 100] for time, fall in plots.drawdown(report[name])]
        for name in ("equity_curve", "buy_and_hold_curve")
    ]
    times = [time for time, _ in curves[0]]
    deepest = min(fall for curve in curves for _, fall in curve)
    frame = plots.frame_of(times, (0.0, deepest or -1.0))
    floor = [[times[0], 0.0], [times[-1], 0.0]]
    return {
        "frame": frame,
        "bot": plots.area(curves[0], floor, frame),
        "hold": plots.line(curves[1], frame),
    }


def _band(report: Mapping[str, Any]) -> dict[str, Any]:
    """Four returns on one scale from 0 to 100."""
    values = {
        "low": report["band"]["pessimistic"],
        "high": report["band"]["optimistic"],
        "bot": report["total_return"],
        "hold": report["buy_and_hold_return"],
    }
    low, high = min(*values.values(), 0.0), max(*values.values(), 0.0)
    span = (high - low) or 1.0
    at = {name: round((value - low) / span * 96 + 2, 2) for name, value in (values | {"zero": 0.0}).items()}
    return {**at, "width": max(round(at["high"] - at["low"], 2), 0.4)}


def _slots(report: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Dearest first, as in an order book. Of DCA only those that sell: the cycles of a deal are counted there."""
    most = max((slot["cycles"] for slot in report["slots"]), default=0) or 1
    levels, shift = report["levels"], report.get("shift", 0)

    def at(number: int) -> int:
        """Between which levels a slot stood at the end."""
        return (number - shift) % (len(levels) - 1) if 0 <= number < len(levels) - 1 else number

    return [
        {**slot, **_named(at(slot["slot"]), levels), "bar": round(slot["cycles"] / most * BAR, 1)}
        for slot in sorted(report["slots"], key=lambda slot: -at(slot["slot"]))
        if levels or slot["cycles"]
    ]


def _named(number: int, levels: Sequence[float]) -> dict[str, Any]:
    names = {PURCHASE_SLOT: "Initial purchase", EXIT_SLOT: "Exit", DCA_EXIT_SLOT: "Sale of a deal"}
    if number in names:
        return {"name": names[number]}
    if 0 <= number < len(levels) - 1:
        return {"low": levels[number], "high": levels[number + 1]}
    return {"name": f"Extra buy {number}" if number else "First buy"}
