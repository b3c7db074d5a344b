"""A year of 1-minute candles of one grid: read, walked by the kernel, beside a minimal loop and the exact replay, asked
for over HTTP, and swept over many configs."""

import argparse
import random
import resource
import secrets
import statistics
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from functools import partial
from multiprocessing import get_context
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
ADAPTS = {"trailing_up": True, "trailing_down": True, "reinvest": True}
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
    from bots.backtest.replay import replay
    from marketdata import columns

    source = DATA if DATA.exists() else None
    compiling, compilers = _clock(_compile), _most(resource.RUSAGE_CHILDREN)  # no other child has ended yet
    importing, importers = _apart(source)
    span = {"start": START, "end": START + 366 * 86_400_000}
    read = partial(columns.read, exchange="binance", symbol=SYMBOL, timeframe="1m", **span)
    cold, candles = _clock(read), read()
    case, model = same_grid(candles)
    short, exact = fast_run(case, model), replay(case, model)
    assert not isinstance(short, str), short
    assert (short.fills, short.states, short.realized) == (exact.fills, exact.states, exact.realized)
    least, walk = _median(_least(case), repeat * 3), _median(_walk(case, model), repeat * 3)
    replayed = _median(lambda: replay(case, model), max(1, repeat // 5))
    ask = _asked()
    return {
        "candles": "real, BTC/USDT 2024" if source else "synthetic",
        "rows": len(candles),
        "fills": len(exact.fills),
        "s, import into the database": importing,
        "s, read from the database": cold,
        "s, compile the kernels or load them": compiling,
        "ms, read from the columns' files": _median(read, repeat),
        "ms, minimal loop": least,
        "ms, the kernel": walk,
        "times the minimal loop, the kernel": walk / least,
        "ms, exact replay through the engine": replayed,
        "times the kernel, exact replay": replayed / walk,
        "ms, POST /backtest (three paths, metrics, JSON)": _median(ask, repeat),
        "ms of CPU, POST /backtest": _median(ask, repeat, time.process_time),
        "s, sweep of 1,000": _sweep(case, 1000),
        "s, sweep of 10,000": _sweep(case, 10_000),
        "s, sweep of 1,000 that trail and reinvest": _sweep(case, 1000, **ADAPTS),
        "MB at most, the process of all this": _most(resource.RUSAGE_SELF),
        "MB at most, the import's process": importers,
        "MB at most, the compiler's process": compilers,
    }


def same_grid(candles: Any) -> tuple[Any, Any]:
    """The case and the fill model that everything here measures, other programs too."""
    from bots.backtest.path import MODELS, FillModelName
    from bots.backtest.run import Case
    from bots.core.strategies.config import read_config

    return Case(read_config("grid", CONFIG), _market(), candles, 60_000), MODELS[FillModelName.OHLC]


def _compile() -> None:
    from bots.backtest.compiled import warm

    warm()


def _walk(case: Any, model: Any) -> Callable[[], Any]:
    from bots.backtest.compiled import outcome

    return lambda: outcome(case, model)


def _least(case: Any) -> Callable[[], Any]:
    import numpy as np

    from benchmarks.minimal import minimal
    from bots.backtest.ladder import grid_levels

    candles, levels = case.candles, grid_levels(case.config, case.market)

    def walk() -> Any:
        holds = (levels[:-1] >= candles.close[0]).astype(np.int64)
        return minimal(candles.open, candles.high, candles.low, candles.close, levels, holds)

    walk()
    return walk


def _sweep(case: Any, count: int, **options: bool) -> float:
    from bots.backtest.path import FillModelName
    from bots.backtest.sweep import scores

    chance = random.Random(count)
    configs = [
        replace(
            case.config,
            lower_price=Decimal(chance.randrange(30_000, 50_000)),
            upper_price=Decimal(chance.randrange(60_000, 80_000)),
            grid_count=chance.randrange(5, 61),
            **options,
        )
        for _ in range(count)
    ]
    return _clock(lambda: list(scores(configs, case.market, case.candles, 60_000, FillModelName.OHLC)))


def _apart(source: Path | None) -> tuple[float, float]:
    """Seconds of the import, and the most memory (MB) of its process: an import is a command of its own, so it must not
    count for the process that answers."""
    with ProcessPoolExecutor(1, get_context("spawn"), django.setup) as process:
        return process.submit(_imported, source).result()


def _imported(source: Path | None) -> tuple[float, float]:
    return _clock(lambda: _fill(source)), _most(resource.RUSAGE_SELF)


def _most(whose: int) -> float:
    """The most memory (MB) that this process, or one of its children that have ended, has had."""
    return resource.getrusage(whose).ru_maxrss / 1024


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


def _clock(work: Callable[[], Any], clock: Callable[[], float] = time.monotonic) -> float:
    began = clock()
    work()
    return clock() - began


def _median(work: Callable[[], Any], repeat: int, clock: Callable[[], float] = time.monotonic) -> float:
    return statistics.median(_clock(work, clock) for _ in range(repeat)) * 1000
