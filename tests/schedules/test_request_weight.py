"""A crowd of users and one minute's request weight, on the virtual clock: pages wait, what trading asks does not."""

import asyncio
import math

import pytest

from exchanges.limiter import LOCAL_SHARE, LocalWindows, Rate, SharedLimiter
from tests.schedules.clock import VirtualLoop, virtual_time

USERS = 40
READ = Rate("binance", 20, int(6000 / LOCAL_SHARE))  # of what Binance gives, without Redis between
PAGE_READS, STOP_READS = 6, 2  # a key check and a start; the runner that joins, stops and looks again


def limiter(shared: LocalWindows, *, pages: bool) -> SharedLimiter:
    found = SharedLimiter("redis://127.0.0.1:9", pages=pages)
    found._away_until, found._local = math.inf, shared
    return found


async def waits_of(one: SharedLimiter, reads: int) -> float:
    """Seconds that one user's reads had to wait."""
    loop = asyncio.get_running_loop()
    began = loop.time()
    for _ in range(reads):
        await one.acquire(READ)
    return loop.time() - began


async def crowd(pages: SharedLimiter, trading: SharedLimiter) -> tuple[list[float], list[float]]:
    """Users come one a second, each with a start and, a second later, its stop."""
    starts, stops = [], []
    for _ in range(USERS):
        starts.append(asyncio.create_task(waits_of(pages, PAGE_READS)))
        await asyncio.sleep(1)
        stops.append(asyncio.create_task(waits_of(trading, STOP_READS)))
    return await asyncio.gather(*starts), await asyncio.gather(*stops)


def played(loop: VirtualLoop) -> tuple[list[float], list[float]]:
    windows = LocalWindows()
    return loop.run_until_complete(crowd(limiter(windows, pages=True), limiter(windows, pages=False)))


def test_pages_never_hold_up_a_stop(caplog: pytest.LogCaptureFixture) -> None:
    with virtual_time(1) as loop:
        starts, stops = played(loop)
    assert max(stops) == 0
    assert 20 < max(starts) < 120
    told = [vars(record) for record in caplog.records if record.message == "waiting_for_request_weight"]
    assert (told[0]["exchange"], told[0]["for"]) == ("binance", "pages")
    assert len(told) <= 3, "once a minute, however many wait"
    assert all(record["seconds"] >= 5 for record in told)
