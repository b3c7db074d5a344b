"""The best of one part is judged by the next part, which had no say in the choice."""

from typing import Any

import pytest

from bots.backtest.score import Score
from bots.backtest.search import Trials
from bots.backtest.tests.market import MINUTE, columns, flat
from bots.backtest.walk_forward import folds_of


def trials(price: float, *returns: float) -> Trials:
    def score(value: float) -> Score:
        figures: dict[str, Any] = dict.fromkeys(Score._fields, 0.0) | {"total_return": value, "trades": 2}
        return Score(**figures)

    configs = [{"at": price, "number": number} for number in range(len(returns))]
    return Trials(columns(flat(price), flat(2 * price)), configs, [score(r) for r in returns], list(returns))


def test_each_part_judges_the_choice_of_the_one_before() -> None:
    first, second = folds_of([trials(1, 0.1, 0.3), trials(2, 0.5, -0.2), trials(3, 0.05, 0.07)], MINUTE)
    assert (first["config"], first["fit_return"], first["judged_return"]) == (
        {"at": 2, "number": 1},
        0.3,
        -0.2,
    )
    assert (second["config"], second["fit_return"], second["judged_return"]) == (
        {"at": 3, "number": 0},
        0.5,
        0.05,
    )
    assert second["median_return"] == pytest.approx(0.06)
    assert second["buy_and_hold_return"] == 1.0
