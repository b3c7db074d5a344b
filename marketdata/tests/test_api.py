import time
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest
from redis import Redis
from rest_framework.test import APIClient

from exchanges import background
from exchanges.simulator.testing import ThreadedSimulator, simulator_in_thread
from marketdata.bus import channel_of, encode
from marketdata.models import FollowedMarket
from marketdata.services import store_candles
from marketdata.tests.market import MINUTE, NOON, candle, minutes, ticker

pytestmark = pytest.mark.django_db
MARKET: dict[str, Any] = {"exchange": "binance", "symbol": "BTC/USDT"}


@pytest.fixture(scope="module")
def running() -> Iterator[ThreadedSimulator]:
    with simulator_in_thread() as simulator:
        yield simulator
    background.close()


@pytest.fixture
def simulator(running: ThreadedSimulator, settings: Any) -> ThreadedSimulator:
    settings.EXCHANGE_SIMULATOR = running.transport
    return running


@pytest.fixture(autouse=True)
def redis(settings: Any, redis_flushed: None) -> Iterator["Redis"]:
    with Redis.from_url(settings.REDIS_URL) as client:
        yield client


def get(client: APIClient, path: str, status: int = 200, **query: Any) -> Any:
    answer = client.get(f"/api/v1/{path}", query)
    assert answer.status_code == status, answer.content
    return answer.json()


def refusal(client: APIClient, path: str, status: int = 400, **query: Any) -> tuple[str | None, str]:
    (error,) = get(client, path, status, **query)["errors"]
    assert len(error["detail"]) > 10
    return error["attr"], error["code"]


@pytest.mark.parametrize("path", ["candles", "symbols", "ticker"])
def test_without_a_token_nothing_is_answered(api: APIClient, path: str) -> None:
    get(api, path, 401, **MARKET)


def test_candles_are_rows_of_ms_and_plain_strings(alices: APIClient) -> None:
    store_candles(**MARKET, candles=[candle(NOON, "100.10", low="0.00000001", volume="0")])
    answer = get(alices, "candles", **MARKET, timeframe="1m")
    assert answer == {"candles": [[NOON, "100", "110", "0.00000001", "100.1", "0"]]}


@pytest.mark.parametrize(
    "start", [str(NOON), "2024-08-05T12:00:00Z", "2024-08-05 14:00:00+02:00", "2024-08-05T12:00"]
)
def test_a_range_is_given_in_ms_or_iso(alices: APIClient, start: str) -> None:
    store_candles(**MARKET, candles=minutes(NOON - 10 * MINUTE, 30))
    answer = get(alices, "candles", **MARKET, timeframe="5m", start=start, end=NOON + 10 * MINUTE)
    assert [row[0] for row in answer["candles"]] == [NOON, NOON + 5 * MINUTE]


def test_a_plus_that_arrived_as_a_blank_is_understood(alices: APIClient) -> None:
    store_candles(**MARKET, candles=minutes(NOON, 1))
    path = "/api/v1/candles?exchange=binance&symbol=BTC/USDT&start=2024-08-05T14:00:00+02:00"
    assert len(alices.get(path).json()["candles"]) == 1


def test_without_a_start_the_last_ones_come_as_many_as_asked_for(alices: APIClient) -> None:
    store_candles(**MARKET, candles=minutes(NOON, 600))
    assert len(get(alices, "candles", **MARKET)["candles"]) == 500
    answer = get(alices, "candles", **MARKET, limit=2)
    assert [row[0] for row in answer["candles"]] == [NOON + 598 * MINUTE, NOON + 599 * MINUTE]


@pytest.mark.parametrize(
    ("changed", "attr", "code"),
    [
        ({"exchange": "mtgox"}, "exchange", "invalid_choice"),
        ({"exchange": ""}, "exchange", "invalid_choice"),
        ({"symbol": ""}, "symbol", "blank"),
        ({"symbol": "X" * 21}, "symbol", "max_length"),
        ({"symbol": "BTC\x00USDT"}, "symbol", "null_characters_not_allowed"),
        ({"timeframe": "2m"}, "timeframe", "invalid_choice"),
        ({"timeframe": "1M"}, "timeframe", "invalid_choice"),
        ({"start": "yesterday"}, "start", "invalid"),
        ({"start": "NaN"}, "start", "invalid"),
        ({"start": "-1"}, "start", "invalid"),
        ({"start": "9" * 40}, "start", "invalid"),
        ({"start": NOON // 1000}, "start", "range"),
        ({"start": "0001-01-01"}, "start", "range"),
        ({"end": "9999-12-31T23:59:59Z"}, "end", "range"),
        ({"end": "2024-02-30"}, "end", "invalid"),
        ({"start": NOON, "end": NOON}, "start", "start_after_end"),
        ({"start": NOON + 1, "end": NOON}, "start", "start_after_end"),
        ({"start": NOON, "end": NOON + 1501 * MINUTE}, "end", "range_too_large"),
        ({"limit": 0}, "limit", "min_value"),
        ({"limit": 1501}, "limit", "max_value"),
        ({"limit": "many"}, "limit", "invalid"),
    ],
)
def test_bad_questions_name_the_field(
    alices: APIClient, changed: dict[str, Any], attr: str, code: str
) -> None:
    assert refusal(alices, "candles", **(MARKET | {"timeframe": "1m"} | changed)) == (attr, code)


@pytest.mark.parametrize("path", ["candles", "ticker"])
def test_what_is_missing_is_named(alices: APIClient, path: str) -> None:
    assert refusal(alices, path, symbol="BTC/USDT") == ("exchange", "required")
    assert refusal(alices, path, exchange="binance") == ("symbol", "required")


@pytest.mark.parametrize("path", ["candles", "ticker"])
def test_an_unknown_symbol_is_refused_and_not_followed(
    alices: APIClient, simulator: ThreadedSimulator, path: str
) -> None:
    assert refusal(alices, path, exchange="binance", symbol="NOPE/USDT") == ("symbol", "unknown_symbol")
    assert not FollowedMarket.objects.exists()


def test_a_known_market_without_candles_has_an_empty_list(
    alices: APIClient, simulator: ThreadedSimulator
) -> None:
    assert get(alices, "candles", **MARKET) == {"candles": []}


def test_symbols_tell_the_rules_of_every_market(alices: APIClient, simulator: ThreadedSimulator) -> None:
    answer = get(alices, "symbols", exchange="binance")
    bitcoin = next(each for each in answer["symbols"] if each["symbol"] == "BTC/USDT")
    assert (bitcoin["base"], bitcoin["quote"], bitcoin["tick"]) == ("BTC", "USDT", "0.01")
    assert set(bitcoin) == {"symbol", "base", "quote", "tick", "lot", "min_notional"}
    assert answer["next"] is None


def test_the_ticker_comes_from_the_bus_while_it_is_fresh(alices: APIClient, redis: Redis) -> None:
    now = int(time.time() * 1000) + 60_000  # a minute ahead: fresh however slow the machine is
    redis.set(channel_of("binance", "BTC/USDT"), encode(ticker("BTC/USDT", "50000.10", now)))
    answer = get(alices, "ticker", **MARKET)
    assert answer == {
        "symbol": "BTC/USDT",
        "price": "50000.10",
        "bid": "49999.10",
        "ask": "50001.10",
        "time": now,
    }


def test_the_ticker_comes_from_the_exchange_when_the_bus_is_silent_and_the_market_is_followed(
    alices: APIClient, simulator: ThreadedSimulator, redis: Redis
) -> None:
    simulator.call(lambda exchange: exchange.set_price("BTCUSDT", Decimal("61234.56")))
    old = ticker("BTC/USDT", "50000", int(time.time() * 1000) - 11_000)
    redis.set(channel_of("binance", "BTC/USDT"), encode(old))
    assert Decimal(get(alices, "ticker", **MARKET)["price"]) == Decimal("61234.56")
    assert [str(each) for each in FollowedMarket.objects.all()] == ["BTC/USDT on binance"]


def test_following_again_within_the_hour_writes_nothing(
    alices: APIClient, simulator: ThreadedSimulator
) -> None:
    get(alices, "ticker", **MARKET)
    (before,) = FollowedMarket.objects.values()
    get(alices, "ticker", **MARKET)
    assert [before] == list(FollowedMarket.objects.values())


@pytest.mark.parametrize("path", ["candles", "symbols", "ticker"])
def test_an_exchange_that_is_away_is_a_503(
    alices: APIClient, settings: Any, tmp_path: Any, running: ThreadedSimulator, path: str
) -> None:
    background.close()
    settings.EXCHANGE_SIMULATOR = running.transport | {"port": 1}
    assert refusal(alices, path, 503, **MARKET) == (None, "exchange_unavailable")
    background.close()


def test_an_old_price_is_better_than_none(
    alices: APIClient, settings: Any, redis: Redis, running: ThreadedSimulator
) -> None:
    background.close()
    settings.EXCHANGE_SIMULATOR = running.transport | {"port": 1}
    old = ticker("BTC/USDT", "50000", int(time.time() * 1000) - 11_000)
    redis.set(channel_of("binance", "BTC/USDT"), encode(old))
    assert get(alices, "ticker", **MARKET)["time"] == old.time
    background.close()
