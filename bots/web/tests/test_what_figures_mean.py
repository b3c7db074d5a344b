"""The sentences beside a backtest's figures say neither more nor less than these."""

from typing import Any

import pytest

from bots.web.findings import DAY, sentences


def said(**changes: Any) -> str:
    report = {
        "start": 0,
        "end": 60 * DAY,
        "final_equity": 1100.0,
        "total_return": 0.1,
        "buy_and_hold_return": 0.04,
        "max_drawdown": -0.05,
        "max_drawdown_days": 3.0,
        "cycles": 40,
        "profit_per_cycle": 2.5,
        "fees_quote": 12.0,
        "exposure": 0.5,
        "total_trades": 90,
        "stopped": "",
        "band": {"pessimistic": 0.08, "optimistic": 0.12},
        **changes,
    }
    return " ".join(sentences(report, 1000, "BTC/USDT"))


def test_what_became_of_the_money_comes_first() -> None:
    assert said().startswith("1,000.00 USDT would have become 1,100.00 USDT in 60 days, fees included.")


@pytest.mark.parametrize(
    ("held", "words"),
    [(0.04, "better by 6.00 percentage points"), (0.15, "worse by 5.00 percentage"), (0.1, "as well.")],
)
def test_it_is_measured_against_holding(held: float, words: str) -> None:
    assert words in said(buy_and_hold_return=held)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"max_drawdown": 0.0}, "never fell below"),
        ({"max_drawdown_days": 1 / 24}, "took 1 hour."),
        ({"cycles": 0}, "Not one cycle"),
        ({"cycles": 1}, "closed 1 cycle of"),
        ({"band": {"pessimistic": 0.1, "optimistic": 0.1}}, "makes no difference"),
        ({"total_trades": 1}, "1 fill is too few"),
        ({"total_trades": 29}, "29 fills are too few"),
        ({"stopped": "stop loss."}, "stopped itself: stop loss."),
    ],
)
def test_special_cases_are_said_in_their_own_words(changes: dict[str, Any], words: str) -> None:
    assert words in said(**changes)


def test_enough_fills_raise_no_doubt_but_the_last() -> None:
    assert "too few" not in said()
    assert said().endswith("It promises nothing.")
