"""The ports of a recorded engine: the exchange answers what it answered then, the books are kept anew."""

from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import replace
from functools import partial
from typing import Any
from uuid import UUID

from bots.core.engine import BotEngine
from bots.core.memory_store import MemoryStore
from bots.core.orders import Order
from bots.core.ports import Change, LeaseLost
from bots.core.types import Fill, OrderReport, OrderRequest, Side
from bots.recording import COMMANDS, WRITES
from bots.recording.reader import Event
from bots.recording.values import Interrupted, error_of, value_of

Asked = tuple[tuple[Any, ...], Any]  # types of the arguments, and of the answer
REQUESTS: dict[str, Asked] = {
    "create_order": ((OrderRequest, int), OrderReport),
    "cancel_order": ((str, str), OrderReport | None),
    "fetch_order": ((str, str), OrderReport | None),
    "open_orders": ((str,), list[OrderReport]),
    "order_fills": ((str, str), list[Fill]),
    "reserve_order": ((), None),
}


class Cut(BaseException):
    """The recording ends here: its process was ended, or has not written on yet."""


class Difference(BaseException):
    """The engine does not do what was recorded. Nothing on its way may take this for an error of the exchange."""

    def __init__(self, recorded: str, replayed: str) -> None:
        super().__init__(f"recorded: {recorded}; replayed: {replayed}")
        self.recorded, self.replayed = recorded, replayed


class Script:
    """The notes of the event that is being replayed, in their order."""

    def __init__(self) -> None:
        self.notes: deque[list[Any]] = deque()
        self.writes = 0
        self.is_last = False  # nothing was recorded after this event
        self.commands = 0

    def begin(self, event: Event, is_last: bool) -> None:
        self.notes, self.writes, self.is_last = deque(event.notes), 0, is_last

    def take(self, kind: str, what: str) -> list[Any]:
        if not self.notes and self.is_last:
            raise Cut
        if not self.notes or self.notes[0][0] != kind:
            raise Difference(self.left(), what)
        return self.notes.popleft()[1:]

    def left(self) -> str:
        """What was recorded and is still to come in this event, commands before all else."""
        asked = [each for each in self.notes if each[0] == "ask"]
        commands = [each for each in asked if each[1] in COMMANDS]
        for _, name, raw in commands or asked:
            return describe(name, *_values(name, raw))
        return "no further request"

    def write(self) -> None:
        """Raises what the write met then."""
        self.writes += 1
        if self.notes and self.notes[0][:2] == ["lost", self.writes]:
            name = self.notes.popleft()[2]
            raise LeaseLost if name == LeaseLost.__name__ else Interrupted(name)


def _values(name: str, raw: list[Any]) -> list[Any]:
    return [value_of(kind, each) for kind, each in zip(REQUESTS[name][0], raw, strict=True)]


def describe(name: str, *arguments: Any) -> str:
    if name == "create_order":
        order: OrderRequest = arguments[0]
        price = "at the market" if order.price is None else f"at {order.price.normalize():f}"
        return f"{order.side} {order.quantity.normalize():f} {price} ({order.client_id})"
    return f"{name.replace('_', ' ')} {' '.join(map(str, arguments))}".strip()


class RecordedExchange:
    """Implements `bots.core.ports.ExchangeConnector` as far as an engine uses it."""

    def __init__(self, script: Script) -> None:
        self._script = script

    def __getattr__(self, name: str) -> Callable[..., Awaitable[Any]]:
        if name not in REQUESTS:
            raise AttributeError(name)
        return partial(self._ask, name)

    async def exchange_time(self) -> int:
        return int(self._script.take("time", "a look at the clock")[0])

    async def _ask(self, name: str, *arguments: Any) -> Any:
        script, what = self._script, describe(name, *arguments)
        if script.notes and script.notes[0][0] == "ask":
            _, recorded, raw = script.notes[0]
            if recorded != name or _values(name, raw) != list(arguments):
                raise Difference(describe(recorded, *_values(recorded, raw)), what)
        script.take("ask", what)
        script.commands += name in COMMANDS
        answer = script.take("got", f"an answer to {what}")[0]
        error = error_of(answer)
        if error is not None:
            raise error
        return None if name == "reserve_order" else value_of(REQUESTS[name][1], answer)


class RecordedBooks(MemoryStore):
    """Books what the real store booked, by itself, and compares. What it cannot know of it takes over: orders from
    before its page, and fills that another process booked."""

    def __init__(self, script: Script, engine: BotEngine, bot_id: UUID, attempts: list[list[Any]]) -> None:
        super().__init__(engine.position_manager.investment, engine.market, bot_id)
        self.script = script
        self.position = engine.position_manager.position
        self.slots = dict(engine.strategy.state.slots)
        self.memory = dict(engine.strategy.state.memory)
        for order in engine.live.values():
            self._keep(order)
        for slot, cycle, side, count in attempts:
            self._attempts[slot, cycle, Side(side)] = count

    async def ingest(self, fill: Fill) -> Change | None:
        known = self._order_of(fill)
        late = (fill.time, len(fill.trade_id), fill.trade_id) <= self.position.last
        return self._agreed(await super().ingest(fill), takes_over=known is None or late)

    async def record(self, order: Order, *args: Any, **more: Any) -> Change:
        unknown = order.client_id not in self.orders
        if unknown:
            self._keep(order)
        change = self._agreed(await super().record(order, *args, **more), takes_over=unknown)
        assert change is not None  # noqa: S101 - a record always answers one
        return change

    def _agreed(self, change: Change | None, takes_over: bool) -> Change | None:
        raw = self.script.take("booked", f"books {_figures(change)}")[0]
        recorded: Change | None = value_of(Change | None, raw)
        if recorded is None or (change is not None and _same(change, recorded)):
            return recorded and change
        if not (takes_over or not recorded.new):
            raise Difference(f"books {_figures(recorded)}", f"books {_figures(change)}")
        self._keep(recorded.order)
        self.slots[recorded.slot.slot], self.position = recorded.slot, recorded.position
        return recorded


def _same(one: Change, other: Change) -> bool:
    """The name a row has in its store is the store's own."""
    return replace(one, order=replace(one.order, id="")) == replace(other, order=replace(other.order, id=""))


def _figures(change: Change | None) -> str:
    if change is None:
        return "nothing"
    order, position = change.order, change.position
    return (
        f"{order.client_id} {order.status} {order.filled.normalize():f} of {order.quantity.normalize():f},"
        f" cash {position.cash}, base {position.base}, realized {position.realized}, {change.slot}"
    )


class RecordedStore:
    """The books behind a port whose writes fail where they failed then."""

    def __init__(self, script: Script) -> None:
        self.script = script
        self.books: RecordedBooks

    def __getattr__(self, name: str) -> Any:
        found = getattr(self.books, name)
        return partial(self._write, found) if name in WRITES else found

    async def _write(self, work: Callable[..., Awaitable[Any]], *args: Any, **more: Any) -> Any:
        self.script.write()
        return await work(*args, **more)
