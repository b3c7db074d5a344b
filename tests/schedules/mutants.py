"""Six ways to get the protocol wrong. Each is a patch of the product for the length of one schedule."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from unittest.mock import patch

from django.db import connection, transaction

from bots.core.ports import OutcomeUnknown
from bots.models import Bot, Order
from bots.runtime.store import DatabaseStore
from bots.runtime.unknown import UnknownOrders
from bots.services import outcome, trading
from exchanges.connector.binance.rest import BinanceConnector
from tests.schedules.world import forget_all


@contextmanager
def send_before_the_intent() -> Iterator[None]:
    """The row is written when the exchange has answered."""
    kept: dict[str, Any] = {}
    intend, record = DatabaseStore.intend, DatabaseStore.record

    async def dream(self: DatabaseStore, orders: Any) -> Any:
        found = await self._run(_rolled_back, self.lease, orders)
        kept.update((order.client_id, planned) for order, planned in zip(found, orders, strict=True))
        return found

    async def mark(self: DatabaseStore, order: Any, sent_at: int) -> Any:
        return order.sent(sent_at)

    async def write(self: DatabaseStore, order: Any, *args: Any, **kwargs: Any) -> Any:
        planned = kept.pop(order.client_id, None)
        if planned is not None:
            (order,) = await intend(self, [planned])
        return await record(self, order, *args, **kwargs)

    with (
        patch.object(DatabaseStore, "intend", dream),
        patch.object(DatabaseStore, "mark_sent", mark),
        patch.object(DatabaseStore, "record", write),
    ):
        yield


def _rolled_back(lease: Any, orders: Any) -> Any:
    with transaction.atomic():
        found = trading.intend(lease=lease, orders=orders)
        transaction.set_rollback(True)
    return found


@contextmanager
def drop_the_unique_index() -> Iterator[None]:
    (constraint,) = (each for each in Order._meta.constraints if each.name == "orders_one_live_per_slot")
    with connection.schema_editor() as editor:
        editor.remove_constraint(Order, constraint)
    try:
        yield
    finally:
        forget_all()
        with connection.schema_editor() as editor:
            editor.add_constraint(Order, constraint)


@contextmanager
def resend_on_time_out() -> Iterator[None]:
    create = BinanceConnector.create_order

    async def stubborn(self: Any, order: Any, sent_at: int) -> Any:
        try:
            return await create(self, order, sent_at)
        except OutcomeUnknown:
            return await create(self, order, await self.exchange_time())

    with patch.object(BinanceConnector, "create_order", stubborn):
        yield


@contextmanager
def trust_the_web_socket_alone() -> Iterator[None]:
    """Fills come by the stream; nobody asks for those it did not tell."""

    async def nothing(*_: Any) -> list[Any]:
        return []

    with (
        patch.object(BinanceConnector, "fills", nothing),
        patch.object(BinanceConnector, "order_fills", nothing),
    ):
        yield


@contextmanager
def absent_after_one_miss() -> Iterator[None]:
    """One look that finds nothing, at whatever time, and the order is given up."""

    async def hasty(self: UnknownOrders, order: Any, began: float) -> None:
        await self._give_up(order)

    async def unseen(self: UnknownOrders, _began: float) -> dict[str, Any]:
        return {}

    with (
        patch.object(UnknownOrders, "_missed", hasty),
        patch.object(UnknownOrders, "_open_orders", unseen),
    ):
        yield


@contextmanager
def ignore_the_token() -> Iterator[None]:
    lock = trading._lock

    def careless(lease: Any) -> Any:
        text, values = lock(lease)
        return _without_token(text), values

    def locked(lease: Any) -> Bot:
        return Bot.objects.select_for_update(no_key=True).get(id=lease.bot_id)

    def mark_sent(*, lease: Any, order: Any, sent_at: int) -> bool:
        rows = Order.objects.filter(id=order.id, status="pending", sent_at=None)
        return bool(rows.update(sent_at=sent_at))

    with (
        patch.object(trading, "_lock", careless),
        patch.object(trading, "RECORD", _without_token(trading.RECORD)),
        patch.object(trading, "locked", locked),
        patch.object(outcome, "locked", locked),
        patch.object(trading, "mark_sent", mark_sent),
    ):
        yield


def _without_token(text: str) -> str:
    return text.replace("lease_token = %s", "%s > 0")


MUTANTS: tuple[Callable[[], Any], ...] = (
    send_before_the_intent, drop_the_unique_index, resend_on_time_out, trust_the_web_socket_alone,
    absent_after_one_miss, ignore_the_token,
)  # fmt: skip
