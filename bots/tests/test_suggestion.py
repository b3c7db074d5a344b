"""GET /bots/suggestion: what it answers is a config that can be had."""

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from rest_framework.test import APIClient

from bots.api import backtest
from bots.core.types import Candle
from bots.tests.conftest import errors_of
from exchanges.simulator.testing import ThreadedSimulator
from marketdata.services import store_candles

URL = "/api/v1/bots/suggestion"
pytestmark = pytest.mark.django_db


@pytest.fixture
def at_home(settings: Any, tmp_path: Path, exchange: ThreadedSimulator) -> None:
    settings.HOME = tmp_path


def test_a_suggestion_passes_the_pre_flight(alices: APIClient, alices_key: Any, at_home: None) -> None:
    found = alices.get(URL, {"symbol": "btc/usdt", "days": 3})
    assert found.status_code == 200, found.json()
    config = found.json()["config"]
    assert len(found.json()["sentences"]) == 4
    assert found.json()["reasons"]["days"] >= 1
    body = {"credential_id": str(alices_key.pk), "strategy": "grid", "symbol": "BTC/USDT", "config": config}
    assert alices.post("/api/v1/bots/preflight", body, format="json").json()["ok"] is True


@pytest.mark.parametrize(
    ("query", "attr"),
    [
        ({}, "symbol"),
        ({"symbol": "NO/SUCH"}, "symbol"),
        ({"symbol": "BTC/USDT", "days": 1}, "days"),
        ({"symbol": "BTC/USDT", "investment": 0}, "investment"),
        ({"symbol": "BTC/USDT", "exchange": "nowhere"}, "exchange"),
        ({"symbol": "BTC/USDT", "investment": 5, "days": 3}, "config.investment"),
    ],
)
def test_what_cannot_be_suggested_is_a_sentence(
    alices: APIClient, at_home: None, query: dict[str, Any], attr: str
) -> None:
    answer = alices.get(URL, query)
    assert answer.status_code == 400
    assert [attr for _, attr in errors_of(answer)] == [attr]


def test_too_few_candles_are_no_ground_for_one(alices: APIClient, at_home: None, monkeypatch: Any) -> None:
    monkeypatch.setitem(backtest.suggest.__kwdefaults__, "patience", -1.0)
    candle = Candle(1_704_067_200_000, *map(Decimal, (50_000, 50_000, 50_000, 50_000, 1)))
    store_candles(exchange="binance", symbol="BTC/USDT", candles=[candle])
    answer = alices.get(URL, {"symbol": "BTC/USDT"})
    assert answer.status_code == 400
    assert "0 hours of candles" in answer.json()["errors"][0]["detail"]


def test_nobody_is_advised_without_a_token() -> None:
    assert APIClient().get(URL, {"symbol": "BTC/USDT"}).status_code == 401
