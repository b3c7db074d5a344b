"""What the figures of a backtest mean, in plain sentences. Ratios are fractions."""

from collections.abc import Iterator, Mapping
from typing import Any

from bots.templatetags.trade import money, percent

FEW = 30  # fills: below that, chance speaks louder than the strategy
DAY = 86_400_000

Report = Mapping[str, Any]


def sentences(report: Report, investment: float, symbol: str) -> list[str]:
    base, _, quote = symbol.partition("/")
    parts = (
        _outcome(report, investment, quote),
        _against_holding(report, base),
        _worst_moment(report),
        _cycles(report, quote),
        _exposure(report, base),
        _band(report),
        _doubts(report),
    )
    return [sentence for part in parts for sentence in part]


def _percent(ratio: float) -> str:
    return percent(round(ratio * 100, 8))


def _plain(ratio: float) -> str:
    return _percent(abs(ratio)).removeprefix("+")


def days_of(report: Report) -> float:
    return float(report["end"] - report["start"]) / DAY


def _outcome(report: Report, investment: float, quote: str) -> Iterator[str]:
    yield (
        f"{money(investment)} {quote} would have become {money(report['final_equity'])} {quote} in "
        f"{_days(days_of(report))}, fees included."
    )
    if report["stopped"]:
        yield f"It would have stopped itself: {report['stopped'].rstrip('.')}."


def _days(days: float) -> str:
    count, unit = (round(days), "day") if days >= 1.5 else (round(days * 24), "hour")
    return f"{count} {unit}{'' if count == 1 else 's'}"


def _against_holding(report: Report, base: str) -> Iterator[str]:
    lead = report["total_return"] - report["buy_and_hold_return"]
    held = f"Buying {base} with all of it at the start and waiting would have made "
    yield (
        held
        + f"{_percent(report['buy_and_hold_return'])}: the bot did "
        + (
            "as well."
            if abs(lead) < 0.00005
            else f"{'better' if lead > 0 else 'worse'} by {_plain(lead)[:-1]} percentage points."
        )
    )


def _worst_moment(report: Report) -> Iterator[str]:
    depth = report["max_drawdown"]
    if depth >= 0:
        yield "Its worth never fell below an earlier maximum."
        return
    yield (
        f"At its worst it stood {_plain(depth)} below an earlier maximum; that fall and the way back, as far as it "
        f"came, took {_days(report['max_drawdown_days'])}."
    )


def _cycles(report: Report, quote: str) -> Iterator[str]:
    fees = f"{money(report['fees_quote'])} {quote} went into fees"
    if not report["cycles"]:
        yield f"Not one cycle of a buy and its sale was closed; {fees}."
        return
    noun = "cycle" if report["cycles"] == 1 else "cycles"
    each = f"{money(report['profit_per_cycle'])} {quote} each on average after fees"
    yield f"It closed {report['cycles']:,} {noun} of a buy and its sale, with {each}; {fees}."


def _exposure(report: Report, base: str) -> Iterator[str]:
    yield f"On average {_plain(report['exposure'])} of its worth lay in {base} and moved with the price."


def _band(report: Report) -> Iterator[str]:
    low, high = report["band"]["pessimistic"], report["band"]["optimistic"]
    if _percent(low) == _percent(high):
        yield "In which order prices were reached within candles makes no difference here."
        return
    yield (
        "Candles do not tell in which order prices were reached within them: depending on that, the return lies "
        f"between {_percent(low)} and {_percent(high)}."
    )


def _doubts(report: Report) -> Iterator[str]:
    if report["total_trades"] < FEW:
        count = report["total_trades"]
        fills = "1 fill is" if count == 1 else f"{count} fills are"
        yield f"{fills} too few to judge a strategy by: look at a longer time."
    yield "This is one stretch of the past. It promises nothing."
