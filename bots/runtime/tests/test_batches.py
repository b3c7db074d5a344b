"""What many ask for at once is done in one go, and each of them is told."""

import asyncio

import pytest

from bots.runtime import batch
from bots.runtime.batch import Batch


class Work:
    """Doubles numbers, knows nothing of odd ones, and fails on what it is told to fail on."""

    def __init__(self) -> None:
        self.batches: list[list[int]] = []
        self.fails_on: int | None = None

    async def __call__(self, items: list[int]) -> dict[int, int]:
        self.batches.append(items)
        if self.fails_on in items:
            raise ConnectionError
        return {item: item * 2 for item in items if item % 2 == 0}


async def test_a_thousand_at_once_take_two_goes() -> None:
    work = Work()
    many: Batch[int, int] = Batch(work)
    answers = await asyncio.gather(*(many.do(number) for number in range(1000)))
    assert answers == [number * 2 if number % 2 == 0 else None for number in range(1000)]
    assert [len(each) for each in work.batches] == [batch.MOST, 500]


async def test_those_that_come_later_are_done_later() -> None:
    work = Work()
    many: Batch[int, int] = Batch(work)
    assert await many.do(2) == 4
    assert await many.do(4) == 8
    assert work.batches == [[2], [4]]


async def test_a_failure_is_told_to_those_it_concerns() -> None:
    work = Work()
    work.fails_on = 2
    many: Batch[int, int] = Batch(work)
    first, second = await asyncio.gather(many.do(2), many.do(4), return_exceptions=True)
    assert isinstance(first, ConnectionError)
    assert isinstance(second, ConnectionError)
    assert await many.do(4) == 8


async def test_two_that_ask_for_the_same_get_the_same() -> None:
    work = Work()
    many: Batch[int, int] = Batch(work)
    assert await asyncio.gather(many.do(2), many.do(2)) == [4, 4]
    assert work.batches == [[2]]


async def test_one_that_gives_up_takes_nothing_from_the_others() -> None:
    many: Batch[int, int] = Batch(Work())
    waiting = [asyncio.create_task(many.do(number)) for number in (2, 4)]
    await asyncio.sleep(0)
    waiting[0].cancel()
    assert await waiting[1] == 8
    with pytest.raises(asyncio.CancelledError):
        await waiting[0]
