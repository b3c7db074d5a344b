"""`manage backfill` and `manage candles_gaps`, on the simulated exchange."""

import asyncio
from collections.abc import Iterator
from datetime import date
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from bots.core.ports import ExchangeUnavailable
from exchanges.simulator.testing import simulator_in_thread
from marketdata.gaps import gap_lines
from marketdata.management.commands.backfill import Backfill
from marketdata.models import Ohlcv
from marketdata.services import store_candles
from marketdata.tests.market import MINUTE, NOON, FakeConnector, minutes

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("redis_flushed")]
MARKET: dict[str, Any] = {"exchange": "binance", "symbol": "BTC/USDT"}


@pytest.fixture
def exchange(settings: Any, tmp_path: Path) -> Iterator[None]:
    settings.HOME = tmp_path
    with simulator_in_thread(history_days=2) as simulator:
        settings.EXCHANGE_SIMULATOR = simulator.transport
        yield


def told(name: str, **options: Any) -> str:
    out = StringIO()
    call_command(name, stdout=out, stderr=StringIO(), **{"symbol": "BTC/USDT", **options})
    return out.getvalue()


@pytest.mark.usefixtures("exchange")
def test_it_fetches_what_is_missing_and_a_second_time_nothing() -> None:
    first = told("backfill", days=1)
    stored = Ohlcv.objects.count()
    assert stored >= 1440
    assert f"{stored:,} candles of BTC/USDT 1m on binance were fetched and stored." in first
    assert " 0 are missing." in first
    hole = Ohlcv.objects.order_by("time")[700:800]
    Ohlcv.objects.filter(time__in=list(hole.values_list("time", flat=True))).delete()
    again = told("backfill", days=1)
    assert " 0 are missing." in again
    assert int(again.split()[0].replace(",", "")) < 1010  # one page, and a minute that closed meanwhile


@pytest.mark.usefixtures("exchange")
def test_a_symbol_the_exchange_does_not_have_is_said_at_once() -> None:
    with pytest.raises(CommandError, match="does not hand out candles of NOPE/USDT"):
        told("backfill", symbol="NOPE/USDT", days=1)


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ([], "either --days N or --from"),
        (["--days=3", "--from=2024-01-01"], "either --days N or --from"),
        (["--days=0"], "at least 1"),
        (["--from=2024-02-01", "--to=2024-01-01"], "must not be before 2024-02-01"),
        (["--from=2024-02-01", "--to=2124-01-01"], "must not be after today"),
        (["--from=1999-01-01"], "nothing was traded then"),
        (["--days=1", "--timeframe=5m"], "invalid choice"),
    ],
)
def test_days_that_make_no_sense_are_refused_with_a_sentence(options: list[str], says: str) -> None:
    with pytest.raises(CommandError, match=says):
        call_command("backfill", "--symbol=BTC/USDT", *options)


def test_it_goes_on_by_itself_when_the_exchange_is_back() -> None:
    connector = FakeConnector(minutes(NOON, 100), now=NOON + 100 * MINUTE, page=30)
    steps: list[int] = []

    def shut(done: int, _: int) -> None:
        steps.append(done)
        connector.down = done == 60

    work = Backfill("binance", "BTC/USDT", NOON, NOON + 100 * MINUTE, shut)
    work.pause = 0.01
    answer = connector.candles

    async def again(symbol: str, start: int, limit: int = 1000) -> Any:
        was_down, connector.down = connector.down, False
        if was_down:
            raise ExchangeUnavailable("away")
        return await answer(symbol, start, limit)

    connector.candles = again  # type: ignore[method-assign]
    run(work, connector)
    assert steps == [30, 60, 90, 100]
    assert work.report.stored == Ohlcv.objects.count() == 100


def test_an_exchange_that_stays_away_ends_it() -> None:
    connector = FakeConnector(now=NOON + 10 * MINUTE, down=True)
    work = Backfill("binance", "BTC/USDT", NOON, NOON + 10 * MINUTE, lambda *_: None)
    work.pause = 0.0
    with pytest.raises(ExchangeUnavailable):
        run(work, connector)


def run(work: Backfill, connector: FakeConnector) -> None:
    asyncio.run(work.patiently(connector))


def test_gaps_are_told_by_their_length() -> None:
    store_candles(**MARKET, candles=[*minutes(NOON, 60), *minutes(NOON + 90 * MINUTE, 10)])
    lines = told("candles_gaps", start=date(2024, 8, 5), end=date(2024, 8, 5)).splitlines()
    assert lines[0] == "70 of 1,440 candles of BTC/USDT 1m on binance are here, 1,370 are missing in 3 gaps."
    assert lines[1:] == [
        "  missing from 2024-08-05 00:00 to 2024-08-05 12:00: 720",
        "  missing from 2024-08-05 13:00 to 2024-08-05 13:30: 30",
        "  missing from 2024-08-05 13:40 to 2024-08-06 00:00: 620",
    ]


def test_of_many_gaps_the_longest_are_told() -> None:
    gaps = [(step * 10 * MINUTE, (step * 10 + 1 + step % 3) * MINUTE) for step in range(12)]
    lines = list(gap_lines(gaps, MINUTE, most=4))
    assert [line.rpartition(" ")[2] for line in lines[:4]] == ["3"] * 4
    assert lines[4] == "and 8 shorter gaps with 12 candles"
