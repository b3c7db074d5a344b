"""What POST /backtest refuses, each with one sentence that names the fix; and candles longer than a minute."""

from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from rest_framework.test import APIClient

from bots.tests.test_backtest import START, URL, body, two_days
from exchanges.simulator.testing import ThreadedSimulator
from marketdata.models import Timeframe
from marketdata.services import store_candles

pytestmark = pytest.mark.django_db
DAY = 86_400_000


@pytest.fixture
def home(settings: Any, tmp_path: Path, exchange: ThreadedSimulator) -> Path:
    settings.HOME = tmp_path
    return tmp_path


@pytest.mark.parametrize(
    ("changes", "attr", "says"),
    [
        ({"end_date": "2023-12-31"}, "end_date", "Must not be before start_date (2024-01-01)."),
        ({"start_date": "2124-01-01", "end_date": "2124-01-02"}, "end_date", "Must not be after today"),
        ({"end_date": "2124-01-01"}, "end_date", "Must not be after today"),
        (
            {"start_date": "2009-01-02", "end_date": "2009-01-03"},
            "start_date",
            "There are no candles of BTC/USDT on binance",
        ),
        ({"start_date": "2014-01-01"}, "start_date", "At most 1,875 days of 1m candles at once."),
        ({"symbol": "NO/SUCH"}, "symbol", "NO/SUCH"),
        ({"symbol": "BTCUSDT"}, "symbol", "BTC/USDT"),
        ({"timeframe": "7m"}, "timeframe", "1m, 5m, 15m, 1h, 4h, 1d"),
        ({"fill_model": "hope"}, "fill_model", "next_candle"),
        ({"start_date": "2024-13-01"}, "start_date", "YYYY-MM-DD"),
    ],
)
def test_a_refusal_is_one_sentence_that_names_the_fix(
    alices: APIClient, home: Path, changes: dict[str, Any], attr: str, says: str
) -> None:
    answer = alices.post(URL, body(**changes), format="json")
    assert answer.status_code == 400
    (error,) = answer.json()["errors"]
    assert error["attr"] == attr
    assert says in error["detail"]
    assert error["detail"].endswith(".")


@pytest.mark.parametrize("timeframe", [frame.value for frame in Timeframe if frame is not Timeframe.M1])
def test_a_market_with_nothing_finer_is_replayed_on_what_there_is(
    alices: APIClient, home: Path, timeframe: str
) -> None:
    width = Timeframe(timeframe).milliseconds
    count = 60 * DAY // width
    rows = [f"{START + number * width},{_prices(number)},1" for number in range(count)]
    path = home / "candles.csv"
    path.write_text("time,open,high,low,close,volume\n" + "\n".join(rows) + "\n")
    call_command("import_candles", str(path), symbol="BTC/USDT", timeframe=timeframe, verbosity=0)
    for asked in ("1m", timeframe):
        answer = alices.post(URL, body(end_date="2024-02-29", timeframe=asked), format="json")
        assert answer.status_code == 200, answer.data
        assert answer.json()["candles"] == count
        assert answer.json()["total_trades"] > 10


def _prices(number: int) -> str:
    price = 48_000 + 1000 * abs(number % 8 - 4)
    return f"{price},{price + 1500},{price - 1500},{price}"


def test_a_few_minutes_do_not_stand_for_months_of_hours(alices: APIClient, home: Path) -> None:
    path = home / "candles.csv"
    rows = [f"{START + number * 3_600_000},{_prices(number)},1" for number in range(60 * 24)]
    path.write_text("time,open,high,low,close,volume\n" + "\n".join(rows) + "\n")
    call_command("import_candles", str(path), symbol="BTC/USDT", timeframe="1h", verbosity=0)
    store_candles(exchange="binance", symbol="BTC/USDT", candles=two_days())
    asked = body(end_date="2024-02-29")
    assert alices.post(URL, asked, format="json").json()["candles"] == 60 * 24
    assert alices.post(URL, body(end_date="2024-01-02"), format="json").json()["candles"] == 2880
