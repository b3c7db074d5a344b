"""A year of 1-minute candles of one grid: read, replayed by the engine, by the short way, and asked for over HTTP."""

import argparse
import random
import secrets
import statistics
import sys
import time
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import django

from benchmarks.report import show

DATA = Path(__file__).resolve().parents[2] / "shared" / "data" / "binance_spot_BTCUSDT_1m_2024.csv.gz"
YEAR = 2024
START = int(datetime(YEAR, 1, 1, tzinfo=UTC).timestamp() * 1000)
SYMBOL = "BTC/USDT"
CONFIG = {"lower_price": 40_000, "upper_price": 70_000, "grid_count": 20, "investment": 10_000}
PAGE = 50_000  # rows of the synthetic year in one write


def main(arguments: list[str]) -> None:
    parser = argparse.ArgumentParser(prog="./autogrid bench backtest")
    parser.add_argument("--repeat", type=int, default=10)
    parser.add_argument(
        "--peers", action="store_true", help="other people's backtesters beside ours, instead"
    )
    chosen = parser.parse_args(arguments)
    if chosen.peers:
        from benchmarks.peers.run import main as peers

        sys.exit(peers(chosen.repeat))
    django.setup()
    from django.conf import settings
    from django.core.management import call_command

    call_command("migrate", verbosity=0)
    with TemporaryDirectory() as home:
        settings.HOME = Path(home)
        show("backtest", measure(chosen.repeat))


def measure(repeat: int) -> dict[str, Any]:
    from bots.backtest.fast import fast_run
    from bots.backtest.path import MODELS, FillModelName
    from bots.backtest.replay import replay
    from bots.backtest.run import Case
    from bots.core.strategies.config import read_config
    from marketdata import columns

    source = DATA if DATA.exists() else None
    importing = _clock(lambda: _fill(source))
    span = {"start": START, "end": START + 366 * 86_400_000}
    read: Callable[[], Any] = lambda: columns.read(  # noqa: E731
        exchange="binance", symbol=SYMBOL, timeframe="1m", **span
    )
    cold, candles = _clock(read), read()
    case, model = Case(read_config("grid", CONFIG), _market(), candles, 60_000), MODELS[FillModelName.OHLC]
    short, exact = fast_run(case, model), replay(case, model)
    assert not isinstance(short, str), short
    assert (short.fills, short.states, short.realized) == (exact.fills, exact.states, exact.realized)
    return {
        "candles": "real, BTC/USDT 2024" if source else "synthetic",
        "rows": len(candles),
        "fills": len(exact.fills),
        "s, import into the database": importing,
        "s, read from the database": cold,
        "ms, read from the columns' files": _median(read, repeat),
        "ms, the kernel": _median(lambda: fast_run(case, model), repeat),
        "ms, exact replay through the engine": _median(lambda: replay(case, model), max(1, repeat // 5)),
        "ms, POST /backtest (three paths, metrics, JSON)": _median(_asked(), repeat),
    }


def _fill(source: Path | None) -> None:
    from marketdata.importing import import_file
    from marketdata.services import store_rows

    if source is not None:
        import_file(source, exchange="binance", symbol=SYMBOL, timeframe="1m")
        return
    rows = list(_synthetic())
    for first in range(0, len(rows), PAGE):
        page = rows[first : first + PAGE]
        days = {int(row.split("\t", 1)[0]) // 86_400 for row in page}
        store_rows(exchange="binance", symbol=SYMBOL, timeframe="1m", days=days, rows="".join(page))


def _synthetic() -> Iterator[str]:
    """A market that returns to 55,000, seeded."""
    chance, price = random.Random(1), 55_000.0
    for minute in range(366 * 1440):
        close = price * (1 + chance.gauss(0, 0.0006)) + (55_000 - price) * 0.00005
        high, low = max(price, close) * 1.0002, min(price, close) * 0.9998
        yield f"{START // 1000 + minute * 60}\t{price:.2f}\t{high:.2f}\t{low:.2f}\t{close:.2f}\t1\n"
        price = close


def _market() -> Any:
    from bots.core.types import Market

    steps = (Decimal("0.01"), Decimal("0.00001"), Decimal("0.00001"), Decimal(9000), Decimal(5))
    return Market(SYMBOL, "BTC", "USDT", *steps)


def _asked() -> Callable[[], Any]:
    """Through Django's whole stack, the market's rules given: the exchange is not what is measured."""
    from rest_framework.test import APIClient

    from accounts.models import User
    from bots.backtest import service

    service.market_for = lambda *_: _market()
    client, user = (
        APIClient(SERVER_NAME="localhost"),
        User.objects.create(email=f"{secrets.token_hex(4)}@example.org"),
    )
    client.force_authenticate(user)
    dates = {"start_date": str(date(YEAR, 1, 1)), "end_date": str(date(YEAR + 1, 1, 1) - timedelta(days=1))}
    body = {"strategy": "grid", "symbol": SYMBOL, "config": CONFIG, **dates}

    def ask() -> None:
        answer = client.post("/api/v1/backtest", body, format="json")
        assert answer.status_code == 200, answer.content

    ask()
    return ask


def _clock(work: Callable[[], Any]) -> float:
    began = time.monotonic()
    work()
    return time.monotonic() - began


def _median(work: Callable[[], Any], repeat: int) -> float:
    return statistics.median(_clock(work) for _ in range(repeat)) * 1000
