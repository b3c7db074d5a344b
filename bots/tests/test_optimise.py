"""POST /backtest/optimize, from the request to the map, the walk-forward and the warning."""

import threading
from decimal import Decimal
from typing import Any

import pytest
from rest_framework.test import APIClient

from accounts.models import User
from bots.backtest import jobs, kept, optimise, search
from bots.backtest.watch import Watch
from bots.models import Backtest
from bots.tests.conftest import errors_of
from bots.tests.test_backtest import DAY, START, URL, stored
from bots.tests.test_backtest_jobs import PATIENCE, running_jobs, until

__all__ = ["running_jobs", "stored"]
OPTIMIZE = f"{URL}/optimize"
pytestmark = pytest.mark.django_db(transaction=True)


def body(**changes: Any) -> dict[str, Any]:
    return {
        "strategy": "grid",
        "symbol": "BTC/USDT",
        "start_date": "2024-01-01",
        "end_date": "2024-01-02",
        "config": {"upper_price": 54_000, "investment": 10_000},
        "ranges": {
            "grid_count": {"from": 4, "to": 12, "step": 4},
            "lower_price": {"values": [90, 95, 108], "unit": "percent"},
        },
        "objective": "total_return",
        "folds": 1,
        **changes,
    }


def optimised(client: APIClient, **changes: Any) -> Any:
    answer = client.post(OPTIMIZE, body(**changes), format="json")
    assert answer.status_code == 202, answer.json()
    assert jobs.run_waiting() == 1
    found = client.get(f"{URL}/{answer.json()['id']}").json()
    assert (found["status"], found["progress"], found["error"]) == ("done", 1.0, "")
    return found


def test_the_map_says_what_the_backtests_say(alices: APIClient, stored: None) -> None:
    found = optimised(alices)["result"]
    heat = found["heatmap"]
    assert (heat["x"], heat["y"]) == ("grid_count", "lower_price")
    assert (heat["xs"], heat["ys"]) == (["4", "8", "12"], ["90", "95", "108"])
    for row, percent in enumerate(heat["ys"]):
        for column, count in enumerate(heat["xs"]):
            lower = Decimal(48_000) * Decimal(percent) / 100
            config = {**body()["config"], "grid_count": count, "lower_price": str(lower)}
            direct = alices.post(URL, {**plain(), "config": config}, format="json").json()
            expected = direct.get("total_return") if direct.get("total_trades") else None
            assert heat["cells"][row][column] == (
                None if expected is None else pytest.approx(expected, abs=1e-7)
            )


def plain() -> dict[str, Any]:
    return {name: body()[name] for name in ("strategy", "symbol", "start_date", "end_date")}


def test_the_best_come_first_with_a_config_that_a_bot_can_have(alices: APIClient, stored: None) -> None:
    kept_row = optimised(alices)
    found = kept_row["result"]
    scores = [row["score"] for row in found["best"]]
    assert scores == sorted(scores, reverse=True)
    assert found["tested"] + found["refused"] == 9
    best = found["best"][0]
    direct = alices.post(URL, {**plain(), "config": best["config"]}, format="json").json()
    assert direct["total_return"] == pytest.approx(best["total_return"], abs=1e-7)
    assert direct["total_trades"] == best["total_trades"]
    assert kept_row["summary"]["total_return"] == best["total_return"]
    assert len(found["table"]) == len([cell for row in found["heatmap"]["cells"] for cell in row if cell])


def test_walk_forward_judges_on_the_time_after(alices: APIClient, stored: None) -> None:
    [fold] = optimised(alices)["result"]["walk_forward"]
    assert (fold["fit_start"], fold["fit_end"]) == (START + 60_000, START + DAY)
    assert (fold["judge_start"], fold["judge_end"]) == (START + DAY + 60_000, START + 2 * DAY)
    day = {"start_date": "2024-01-02", "end_date": "2024-01-02"}
    direct = alices.post(URL, {**plain(), **day, "config": fold["config"]}, format="json").json()
    assert direct["total_return"] == pytest.approx(fold["judged_return"], abs=1e-7)


def test_too_short_a_time_says_so(alices: APIClient, stored: None) -> None:
    found = optimised(alices, folds=4)["result"]
    assert found["walk_forward"] == []
    assert "too short" in found["walk_forward_sentence"]
    assert found["luck"]["likely_luck"] is True
    assert "Too few days" in found["luck"]["sentence"]


def test_chance_tries_as_many_as_were_asked_for(alices: APIClient, stored: None) -> None:
    one, again, other = (
        optimised(alices, method="random", max_configs=4, seed=seed)["result"] for seed in (1, 1, 5)
    )
    assert one["tested"] + one["refused"] == 4
    assert one["table"] == again["table"]
    assert one["table"] != other["table"]


def test_earlier_tries_on_the_same_market_count_too_and_a_repetition_does_not(
    alices: APIClient, bobs: APIClient, stored: None
) -> None:
    first = optimised(alices)["result"]["luck"]
    assert first["earlier_trials"] == 0
    assert optimised(alices)["result"]["luck"] == first
    more = optimised(alices, objective="sharpe_ratio")["result"]["luck"]
    assert more["earlier_trials"] == 2 * first["trials"]
    assert more["trials"] == 3 * first["trials"]
    assert optimised(bobs)["result"]["luck"]["earlier_trials"] == 0


def test_a_dca_bot_is_optimised_too(alices: APIClient, stored: None) -> None:
    found = optimised(
        alices,
        strategy="dca",
        config={"amount": 100, "max_investment": 1000},
        ranges={"interval": ["1h", "6h"], "take_profit": [1, 2], "repeat": [True, False]},
        heatmap=["take_profit", "interval"],
    )["result"]
    assert found["tested"] == 8
    assert (found["heatmap"]["x"], found["heatmap"]["ys"]) == ("take_profit", ["1h", "6h"])


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("changes", "attr"),
    [
        ({"ranges": {}}, "ranges"),
        ({"max_configs": 8}, "ranges"),
        ({"ranges": {"grid_count": [1]}}, "ranges.grid_count"),
        ({"ranges": {"colour": [1]}}, "ranges.colour"),
        ({"config": {"upper_price": 54_000}}, "config.investment"),
        ({"objective": "luck"}, "objective"),
        ({"method": "magic"}, "method"),
        ({"max_configs": 10_001}, "max_configs"),
        ({"folds": 13}, "folds"),
        ({"heatmap": ["grid_count"]}, "heatmap"),
        ({"heatmap": ["grid_count", "spacing"]}, "heatmap"),
        ({"end_date": "2100-01-01"}, "end_date"),
        ({"symbol": "NO/SUCH"}, "symbol"),
        ({"risk": True}, "risk"),
        ({"background": False}, "background"),
    ],
)
def test_what_cannot_be_searched_is_refused_with_the_fields_name(
    alices: APIClient, stored: None, changes: dict[str, Any], attr: str
) -> None:
    answer = alices.post(OPTIMIZE, body(**changes), format="json")
    assert answer.status_code == 400
    assert attr in [attr for _, attr in errors_of(answer)]
    assert not Backtest.objects.exists()


def test_where_nothing_would_start_the_row_says_why(alices: APIClient, stored: None) -> None:
    answer = alices.post(OPTIMIZE, body(config={"upper_price": 54_000, "investment": 10}), format="json")
    jobs.run_waiting()
    found = alices.get(f"{URL}/{answer.json()['id']}").json()
    assert found["status"] == "failed"
    assert "None of the 9 configs would start" in found["error"]
    assert "invest at least" in found["error"]


def test_a_search_is_cancelled_between_two_configs(
    alices: APIClient, stored: None, monkeypatch: Any, running_jobs: Any
) -> None:
    begun, ended = threading.Event(), threading.Event()

    def endless(*_: Any, slippage: Any, should_stop: Any) -> Any:
        begun.set()
        while not should_stop():
            ended.wait(0.02)
        ended.set()
        yield from ()

    monkeypatch.setattr(search, "scores", endless)
    made = alices.post(OPTIMIZE, body(), format="json").json()
    worker = running_jobs()
    assert begun.wait(PATIENCE)
    until(lambda: Backtest.objects.filter(status="running", doing__startswith="Trying 9").exists())
    alices.delete(f"{URL}/{made['id']}")
    assert ended.wait(PATIENCE)
    worker.join(PATIENCE)
    assert alices.get(f"{URL}/{made['id']}").json()["status"] == "cancelled"


def test_progress_rises_with_every_config(alices: APIClient, stored: None, monkeypatch: Any) -> None:
    told: list[float] = []

    class Told(Watch):
        def tell(self, progress: float, doing: str) -> None:
            super().tell(progress, doing)
            told.append(progress)

    monkeypatch.setattr(jobs, "Watch", Told)
    optimised(alices)
    assert told == sorted(told)
    assert told[-1] == pytest.approx(1.0)
    assert len(set(told)) > 9


def test_a_kept_search_is_the_one_that_was_asked_for(alice: User, stored: None) -> None:
    asked = optimise.OptimizeRequest(
        strategy="grid",
        symbol="BTC/USDT",
        start_date=kept.date(2024, 1, 1),
        end_date=kept.date(2024, 1, 2),
        config={"upper_price": "54000", "investment": "10000"},
        ranges={"grid_count": {"values": [4, 8]}, "lower_price": {"values": ["45000"]}},
        heatmap=("lower_price", "grid_count"),
        fees=Decimal("0.002"),
        seed=7,
    )
    row = optimise.submit_optimize(user=alice, request=asked)
    row.refresh_from_db()
    assert optimise.request_of(row.request) == asked
    assert optimise.count_configs(asked) == 2
