"""The bots of an account ask once for all of them, and never get an answer older than their question."""

import asyncio
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from bots.core.ports import ExchangeUnavailable
from bots.core.types import Fill, Liquidity, Side
from bots.runtime.reads import AccountReads, Shared

FILL = Fill("1", "7", "X/Y", Side.BUY, Decimal(1), Decimal(1), Decimal(0), "Y", Liquidity.MAKER, 1_000)


class Exchange:
    """Each read waits until it is let through, and answers its number."""

    def __init__(self) -> None:
        self.reads = 0
        self.gates: dict[int, asyncio.Event] = {}
        self.asked: list[Any] = []

    async def read(self) -> int:
        self.reads += 1
        number = self.reads
        gate = self.gates[number] = asyncio.Event()
        await gate.wait()
        return number

    async def fills(self, symbol: str, since: int) -> list[Fill]:
        self.asked.append(since)
        await asyncio.sleep(0)
        return [replace(FILL, time=time) for time in range(0, 5_000, 1_000) if time >= since]


async def beat() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


async def test_who_asks_while_a_read_is_under_way_shares_the_next() -> None:
    exchange = Exchange()
    shared = Shared(exchange.read)
    first = asyncio.ensure_future(shared.get())
    await beat()
    others = [asyncio.ensure_future(shared.get()) for _ in range(22)]
    await beat()
    assert exchange.reads == 1
    exchange.gates[1].set()
    assert await first == 1
    await beat()
    exchange.gates[2].set()
    assert await asyncio.gather(*others) == [2] * 22
    assert exchange.reads == 2


async def test_a_read_that_began_late_enough_serves_again() -> None:
    exchange = Exchange()
    shared = Shared(exchange.read)
    moment = asyncio.get_running_loop().time()
    first = asyncio.ensure_future(shared.get())
    await beat()
    exchange.gates[1].set()
    assert await first == 1
    assert await shared.get(moment) == 1
    later = asyncio.ensure_future(shared.get())
    await beat()
    exchange.gates[2].set()
    assert await later == 2


async def test_a_read_that_failed_is_nobodys_answer_afterwards() -> None:
    calls = []

    async def fails_once() -> str:
        calls.append(1)
        if len(calls) == 1:
            raise ExchangeUnavailable("down")
        return "up"

    shared, moment = Shared(fails_once), asyncio.get_running_loop().time()
    with pytest.raises(ExchangeUnavailable):
        await shared.get(moment)
    assert await shared.get(moment) == "up"


async def test_one_who_is_cancelled_takes_the_answer_from_nobody() -> None:
    exchange = Exchange()
    shared = Shared(exchange.read)
    one, other = (asyncio.ensure_future(shared.get(0.0)) for _ in range(2))
    await beat()
    one.cancel()
    await beat()
    exchange.gates[1].set()
    assert await other == 1


async def test_trades_are_read_as_far_back_as_any_of_the_bots_needs() -> None:
    exchange = Exchange()
    reads = AccountReads(exchange)
    found = await asyncio.gather(*(reads.fills("X/Y", since) for since in (3_000, 1_000, 2_000)))
    assert [next(fill.time for fill in each) for each in found] == [3_000, 1_000, 2_000]
    assert exchange.asked == [1_000]
