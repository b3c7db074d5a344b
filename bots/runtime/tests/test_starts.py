"""A thousand bots do not all start at once; one that cannot start holds up no other for long."""

import asyncio
from uuid import uuid4

import pytest

from bots.runtime import starts
from bots.runtime.starts import Arrivals, Starts


async def test_only_so_many_start_at_a_time() -> None:
    room = Starts()
    turns = [await room.turn() for _ in range(starts.AT_ONCE)]
    late = asyncio.create_task(room.turn())
    await asyncio.sleep(0)
    assert not late.done()
    turns[0]()
    turns[0]()  # once is enough
    await late
    later = asyncio.create_task(room.turn())
    await asyncio.sleep(0)
    assert not later.done()
    later.cancel()


async def test_who_takes_too_long_gives_way(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(starts, "PATIENCE", 0.01)
    room = Starts()
    turns = [await room.turn() for _ in range(starts.AT_ONCE)]
    async with asyncio.timeout(60):
        await asyncio.gather(*(room.turn() for _ in range(starts.AT_ONCE)))
    for turn in turns:
        turn()


async def test_nobody_waits_any_more_when_the_worker_ends() -> None:
    room = Starts()
    for _ in range(starts.AT_ONCE):
        await room.turn()
    waiting = [asyncio.create_task(room.turn()) for _ in range(100)]
    await asyncio.sleep(0)
    room.close()
    async with asyncio.timeout(60):
        for turn in await asyncio.gather(*waiting):
            turn()
        await room.turn()


def test_operators_are_told_when_all_that_were_taken_on_are_at_work(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO")
    arrivals, bots = Arrivals(), [uuid4() for _ in range(3)]
    at_work = [arrivals.taken(bot) for bot in bots]
    at_work[0]()
    at_work[0]()  # at its next comparison
    arrivals.gone(bots[1])  # it ended before
    assert not told(caplog)
    at_work[2]()
    assert told(caplog) == [2]
    at_work[2]()
    arrivals.gone(bots[2])
    assert told(caplog) == [2]


def told(caplog: pytest.LogCaptureFixture) -> list[int]:
    return [record.__dict__["bots"] for record in caplog.records if record.message == "bots_at_work"]
