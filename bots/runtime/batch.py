"""What many ask for at the same moment, done in one go."""

import asyncio
from collections.abc import Awaitable, Callable, Hashable, Mapping
from typing import Generic, TypeVar

A = TypeVar("A", bound=Hashable)
B = TypeVar("B")
MOST = 500  # in one go
GATHER = 0.02  # seconds that the first one waits for others


class Batch(Generic[A, B]):
    """Collects while the work on those before is under way: a thousand claims take a few transactions, where one by
    one the disk alone would need ten seconds for them."""

    def __init__(self, work: Callable[[list[A]], Awaitable[Mapping[A, B]]]) -> None:
        self._work = work
        self._waiting: dict[A, asyncio.Future[B | None]] = {}
        self._task: asyncio.Task[None] | None = None

    async def do(self, item: A) -> B | None:
        """What the work says of the item; None where it says nothing. Raises what the work raises."""
        answer = self._waiting.setdefault(item, asyncio.get_running_loop().create_future())
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._run())
        return await asyncio.shield(answer)

    async def _run(self) -> None:
        await asyncio.sleep(GATHER)
        while self._waiting:
            items = list(self._waiting)[:MOST]
            answers = {item: self._waiting.pop(item) for item in items}
            try:
                done = await self._work(items)
            except Exception as error:  # noqa: BLE001 - each of them is told
                for answer in answers.values():
                    answer.set_exception(error)
            else:
                for item, answer in answers.items():
                    answer.set_result(done.get(item))
