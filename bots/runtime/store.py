"""The engine's OrderStore: the services' transactions under one lease, and word to the user's open pages."""

from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Any

from bots import store as rows
from bots.core.orders import Order, PlannedOrder
from bots.core.ports import Change, LeaseLost
from bots.core.slots import SlotState
from bots.core.strategies.base import Beginning, Grants, Memory
from bots.core.types import Fill, Market, OrderStatus
from bots.runtime.database import Database
from bots.services import outcome, trading
from bots.services.outcome import Minute
from bots.services.trading import Lease

Tell = Callable[[dict[str, Any]], None]


class DatabaseStore:
    """Implements `bots.core.ports.OrderStore`. `may_send` says whether the lease surely outlasts a request;
    `note` takes what is written together with that of other bots."""

    def __init__(
        self,
        *,
        lease: Lease,
        account: str,
        market: Market,
        database: Database,
        may_send: Callable[[], bool],
        tell: Tell,
        note: Callable[[Minute], None],
    ) -> None:
        self.lease = lease
        self.account = account
        self.market = market
        self._run = database.run
        self._may_send = may_send
        self._tell = tell
        self._note = note

    async def intend(self, orders: Sequence[PlannedOrder]) -> list[Order]:
        return await self._run(trading.intend, lease=self.lease, orders=orders)

    async def mark_sent(self, order: Order, sent_at: int) -> Order | None:
        if not self._may_send():
            raise LeaseLost
        if not await self._run(trading.mark_sent, lease=self.lease, order=order, sent_at=sent_at):
            raise LeaseLost
        return order.sent(sent_at)

    async def record(
        self, order: Order, status: OrderStatus, exchange_id: str = "", reason: str = ""
    ) -> Change:
        change = await self._run(
            trading.record,
            lease=self.lease,
            order=order,
            status=status,
            exchange_id=exchange_id,
            reason=reason,
            market=self.market,
        )
        self._tell({"type": "order", "order": change.order})
        return change

    async def give_up(self, orders: Sequence[Order]) -> list[Change]:
        changes = await self._run(trading.give_up, lease=self.lease, orders=orders)
        for change in changes:
            self._tell({"type": "order", "order": change.order})
        return changes

    async def ingest(self, fill: Fill) -> Change | None:
        change = await self._run(
            trading.ingest_fill, bot_id=self.lease.bot_id, account=self.account, fill=fill, market=self.market
        )
        if change is not None and change.new:
            self._tell({"type": "fill", "fill": fill, "order": change.order})
        return change

    async def find(self, client_id: str) -> Order | None:
        return await self._run(rows.find_order, self.lease.bot_id, client_id)

    async def known_ids(self, exchange_ids: Sequence[str]) -> set[str]:
        if not exchange_ids:
            return set()
        return await self._run(rows.known_ids, self.account, self.market.symbol, exchange_ids)

    async def begin(self, beginning: Beginning) -> None:
        await self._run(trading.begin, lease=self.lease, beginning=beginning)

    async def grant(self, grants: Grants) -> dict[int, SlotState]:
        return await self._run(trading.grant, lease=self.lease, grants=grants)

    async def remember(self, memory: Memory) -> None:
        await self._run(trading.remember, lease=self.lease, memory=memory)

    async def explain(self, reasons: dict[int, str]) -> None:
        await self._run(trading.explain, lease=self.lease, reasons=reasons)

    async def request_stop(self, reason: str, action: str, rule: str = "") -> None:
        await self._run(outcome.request_stop, lease=self.lease, reason=reason, action=action, rule=rule)

    async def finished(self, action: str) -> None:
        await self._run(outcome.finished, lease=self.lease, action=action)

    async def tell(self, kind: str, text: str, level: str = "info") -> None:
        await self._run(outcome.tell, bot_id=self.lease.bot_id, kind=kind, text=text, level=level)

    async def minute(self, time: int, equity: Decimal, realized: Decimal) -> None:
        self._note(Minute(self.lease.bot_id, time, equity, realized))
