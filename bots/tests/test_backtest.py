"""POST /backtest, from the request to the figures; candles come from the simulated exchange."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from rest_framework.test import APIClient

from bots.backtest import (
    jit,  # noqa: F401 - before a test moves HOME, in which compiled code is kept from run to run
    service,
)
from bots.core.types import Candle
from exchanges.simulator.testing import ThreadedSimulator
from marketdata.models import Ohlcv
from marketdata.services import store_candles

URL = "/api/v1/backtest"
DAY = 86_400_000
MINUTE = 60_000
pytestmark = pytest.mark.django_db

START = int(datetime(2024, 1, 1, tzinfo=UTC).timestamp() * 1000)
FIELDS = {"total_return", "sharpe_ratio", "max_drawdown", "win_rate", "total_trades", "equity_curve"}


def two_days() -> list[Candle]:
    """Every minute of 1 and 2 January 2024: up and down between 48,000 and 52,000, each hour a thousand."""
    found = []
    for number in range(2 * 1440):
        step = number // 60 % 8
        price = 48_000 + 1000 * (step if step <= 4 else 8 - step)
        numbers = (price, price + 5, price - 5, price, 1)
        found.append(Candle(START + number * MINUTE, *map(Decimal, numbers)))
    return found


@pytest.fixture
def stored(settings: Any, tmp_path: Path, exchange: ThreadedSimulator) -> None:
    settings.HOME = tmp_path
    store_candles(exchange="binance", symbol="BTC/USDT", candles=two_days())


def body(**changes: Any) -> dict[str, Any]:
    config = {"lower_price": 46_000, "upper_price": 54_000, "grid_count": 8, "investment": 10_000}
    return {
        "strategy": "grid",
        "symbol": "BTC/USDT",
        "start_date": "2024-01-01",
        "end_date": "2024-01-02",
        "config": config,
        **changes,
    }


def test_a_grid_that_trails_ends_where_the_price_has_led_it(alices: APIClient, stored: None) -> None:
    config = {"lower_price": 46_000, "upper_price": 49_000, "grid_count": 6, "investment": 10_000}
    trails = {"trailing_up": True, "trailing_up_limit": 51_000, "reinvest": True}
    plain, found = (alices.post(URL, body(config=config | more)).json() for more in ({}, trails))
    assert (plain["shift"], plain["levels"][-1]) == (0, 49_000)
    assert (found["shift"], found["levels"][0], found["levels"][-1]) == (4, 48_000, 51_000)
    assert found["cycles"] > plain["cycles"]
    spent = sum(
        trade["price"] * trade["quantity"] * (1 if trade["side"] == "buy" else -1)
        for trade in found["trades"]
    )
    fees = found["fees"].get("USDT", 0)
    held = sum(trade["quantity"] * (1 if trade["side"] == "buy" else -1) for trade in found["trades"])
    held -= found["fees"].get("BTC", 0)
    last = found["buy_and_hold_curve"][-1][1] / 10_000 * 48_000
    assert found["final_equity"] == pytest.approx(10_000 - spent - fees + held * last)


def test_a_backtest_answers_the_documents_fields_and_what_explains_them(
    alices: APIClient, stored: None
) -> None:
    answer = alices.post(URL, body(), format="json")
    assert answer.status_code == 200, answer.data
    found = answer.json()
    assert found.keys() >= FIELDS
    assert found["candles"] == 2880
    assert found["total_trades"] == len(found["trades"]) > 10
    assert found["win_rate"] == 1.0
    assert found["max_drawdown"] < 0 < found["fees_quote"]
    assert found["band"]["pessimistic"] <= found["total_return"] <= found["band"]["optimistic"]
    assert found["equity_curve"][-1] == [START + 2 * DAY, found["final_equity"]]
    assert found["final_equity"] == pytest.approx(10_000 * (1 + found["total_return"]))


def test_a_dca_bot_over_longer_candles(alices: APIClient, stored: None) -> None:
    config = {"amount": 100, "interval": "6h", "max_investment": 1000}
    answer = alices.post(URL, body(strategy="dca", config=config, timeframe="1h"), format="json")
    assert answer.status_code == 200, answer.data
    assert answer.json()["candles"] == 48
    assert answer.json()["total_trades"] == 8


def test_higher_fees_leave_less(alices: APIClient, stored: None) -> None:
    cheap, dear = (alices.post(URL, body(fees=fees), format="json").json() for fees in ("0", 0.002))
    assert cheap["fees_quote"] == 0 < dear["fees_quote"]
    assert cheap["total_return"] > dear["total_return"]


def test_what_takes_may_cost_more_and_do_worse_than_the_price(alices: APIClient, stored: None) -> None:
    """Only the initial purchase takes: the fills of a grid rest."""
    plain, taking, slipping = (
        alices.post(URL, body(fees="0", **more), format="json").json()
        for more in ({}, {"taker_fees": "0.001"}, {"slippage": "0.01"})
    )
    bought = plain["trades"][0]["price"] * plain["trades"][0]["quantity"]
    assert taking["fees_quote"] == pytest.approx(bought * 0.001, rel=0.02)
    assert slipping["trades"][0]["price"] == pytest.approx(plain["trades"][0]["price"] * 1.01)
    assert slipping["total_return"] < plain["total_return"]


def test_missing_candles_are_fetched_first(
    alices: APIClient, exchange: ThreadedSimulator, settings: Any, tmp_path: Path
) -> None:
    settings.HOME = tmp_path
    today = datetime.now(UTC).date()
    price = float(exchange.call(lambda e: e.venues["BTCUSDT"].price))
    config = {
        "lower_price": round(price * 0.8),
        "upper_price": round(price * 1.2),
        "grid_count": 10,
        "investment": 1000,
    }
    dates = {"start_date": str(today - timedelta(days=1)), "end_date": str(today)}
    answer = alices.post(URL, body(config=config, **dates), format="json")
    assert answer.status_code == 200, answer.data
    assert answer.json()["candles"] == Ohlcv.objects.count() > 100


def test_what_takes_long_to_fetch_says_how_far_it_is(
    alices: APIClient, exchange: ThreadedSimulator, settings: Any, tmp_path: Path, monkeypatch: Any
) -> None:
    settings.HOME = tmp_path
    monkeypatch.setattr(service.backtest, "__defaults__", (-1.0, 60.0))
    today = datetime.now(UTC).date()  # whose first minute may not be over
    dates = {"start_date": str(today - timedelta(days=1)), "end_date": str(today)}
    answer = alices.post(URL, body(**dates), format="json")
    assert answer.status_code == 503
    assert "0 % are here" in str(answer.json())
    assert answer["Retry-After"] == "1"


@pytest.mark.parametrize(
    ("changes", "attr", "code"),
    [
        ({"end_date": "2023-12-31"}, "end_date", "range"),
        ({"end_date": "2100-01-01"}, "end_date", "future"),
        ({"start_date": "2001-01-01"}, "start_date", "range"),
        ({"start_date": "2010-01-01"}, "start_date", "too_long"),
        ({"start_date": "yesterday"}, "start_date", "invalid"),
        ({"symbol": "NO/SUCH"}, "symbol", "unknown_symbol"),
        ({"exchange": "nowhere"}, "exchange", "invalid_choice"),
        ({"strategy": "martingale"}, "strategy", "invalid_choice"),
        ({"fill_model": "hope"}, "fill_model", "invalid_choice"),
        ({"timeframe": "7m"}, "timeframe", "invalid_choice"),
        ({"fees": "NaN"}, "fees", "infinite"),
        ({"fees": "0.5"}, "fees", "max_value"),
        ({"slippage": "-0.1"}, "slippage", "min_value"),
        ({"config": {}}, "config.lower_price", "required"),
        (
            {"config": {"lower_price": 46_000, "upper_price": 54_000, "grid_count": 100, "investment": 10}},
            "config.investment",
            "min_notional",
        ),
        ({"start_date": "2009-01-02", "end_date": "2009-01-03"}, "start_date", "no_data"),
        ({"surprise": 1}, "surprise", "unknown_field"),
    ],
)
def test_a_request_that_cannot_be_answered_is_refused_with_a_sentence(
    alices: APIClient, stored: None, changes: dict[str, Any], attr: str, code: str
) -> None:
    answer = alices.post(URL, body(**changes), format="json")
    assert answer.status_code == 400
    assert (attr, code) in [(error["attr"], error["code"]) for error in answer.json()["errors"]]


def test_what_cannot_be_replayed_in_time_is_refused(
    alices: APIClient, stored: None, monkeypatch: Any
) -> None:
    monkeypatch.setattr(service.backtest, "__defaults__", (60.0, -1.0))
    config = {"amount": 100, "interval": "1h", "max_investment": 1000}
    answer = alices.post(URL, body(strategy="dca", config=config, risk=True), format="json")
    assert answer.status_code == 400
    assert "choose a shorter time" in str(answer.json())


def test_the_candle_that_forms_is_left_out(
    alices: APIClient, exchange: ThreadedSimulator, settings: Any, tmp_path: Path
) -> None:
    settings.HOME = tmp_path
    today = datetime.now(UTC).date()
    dates = {"start_date": str(today - timedelta(days=1)), "end_date": str(today), "timeframe": "1h"}
    config = {"lower_price": 40_000, "upper_price": 60_000, "grid_count": 10, "investment": 1000}
    before = datetime.now(UTC).timestamp() * 1000
    answer = alices.post(URL, body(config=config, **dates), format="json")
    assert answer.status_code == 200, answer.json()
    assert before - 2 * 3_600_000 < answer.json()["end"] <= datetime.now(UTC).timestamp() * 1000


def test_nobody_backtests_without_a_token() -> None:
    assert APIClient().post(URL, body(), format="json").status_code == 401
