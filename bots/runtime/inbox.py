"""A bot's events, handled one at a time. Waiting ticks are conflated to the newest."""

import asyncio
from collections import deque
from dataclasses import dataclass

from bots.core.types import Fill, OrderReport, Ticker


@dataclass(frozen=True, slots=True)
class Reconcile:
    """Compare with the exchange. `full` also reads the trade history (a start, a reconnect); `reports` are the
    account's open orders in the bot's symbol, where they were read for all its bots at once."""

    full: bool
    reports: tuple[OrderReport, ...] | None = None


@dataclass(frozen=True, slots=True)
class Intent:
    """What the user wants now, as the database has it, and what operators forbid: `halt` says why nothing may be
    opened."""

    status: str
    stopping: bool
    stop_action: str
    halt: str = ""


@dataclass(frozen=True, slots=True)
class Hang:
    """End now, without touching open orders: a hand-over, or a lease that is lost."""


Event = Fill | OrderReport | Ticker | Reconcile | Intent | Hang


class Inbox:
    """Belongs to one event loop. What came of the exchange goes before prices."""

    def __init__(self) -> None:
        self._events: deque[Event] = deque()
        self._tick: Ticker | None = None
        self._arrived = asyncio.Event()

    def put(self, event: Event) -> None:
        if isinstance(event, Ticker):
            self._tick = event
        elif isinstance(event, Intent):
            # Only the newest counts: a user may have changed his mind twice while one event was handled.
            self._events = deque(each for each in self._events if not isinstance(each, Intent))
            self._events.append(event)
        elif event not in self._events:
            self._events.append(event)
        self._arrived.set()

    def holds(self, event: Event) -> bool:
        return event in self._events

    async def next(self, patience: float) -> Event | None:
        """The next event, None when none came within `patience` seconds."""
        if not self._events and self._tick is None:
            self._arrived.clear()
            try:
                async with asyncio.timeout(max(0.0, patience)):
                    await self._arrived.wait()
            except TimeoutError:
                return None
        if self._events:
            return self._events.popleft()
        tick, self._tick = self._tick, None
        return tick
