"""A thousand bots do not all start at once; one that cannot start holds up no other for long."""

import asyncio

import pytest

from bots.runtime import starts
from bots.runtime.starts import Starts


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
