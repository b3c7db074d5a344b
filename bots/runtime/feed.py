"""Word to the open pages of users: orders and fills as they come, live PnL once a second, only while watched."""

import asyncio
import logging
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from decimal import Decimal
from typing import TYPE_CHECKING, Any
from uuid import UUID

from bots.core.orders import Order
from bots.core.types import Fill
from bots.models import Bot
from bots.services import live
from bots.store import at

if TYPE_CHECKING:
    from bots.runtime.runner import Runner

logger = logging.getLogger(__name__)
EVERY = 1.0  # seconds between two PnL pushes of a bot
TOGETHER = 50  # bots whose PnL is computed before the loop does anything else
GATHER = 0.05  # seconds that events wait for others: to ask who watches costs more than to tell them


class Feed:
    def __init__(self, runners: Callable[[], Iterable["Runner"]]) -> None:
        self._runners = runners
        self._queue: asyncio.Queue[tuple[UUID, dict[str, Any]]] = asyncio.Queue()
        self._last: dict[UUID, tuple[Decimal, ...]] = {}

    def tell(self, bot: Bot, event: dict[str, Any]) -> None:
        """Called on the loop after a change was committed. Never waits, never fails."""
        self._queue.put_nowait((bot.user_id, {"bot_id": bot.pk, **_shown(event)}))

    async def run(self) -> None:
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._deliver())
            tasks.create_task(self._push_pnl())

    async def _deliver(self) -> None:
        """Who watches is asked after the event: a page that opened meanwhile has it in its snapshot or gets it."""
        while True:
            events = [await self._queue.get()]
            await asyncio.sleep(GATHER)
            while not self._queue.empty():
                events.append(self._queue.get_nowait())
            watched = await asyncio.to_thread(live.watched, {user_id for user_id, _ in events})
            await live.apublish(_by_user((user, event) for user, event in events if user in watched))

    async def _push_pnl(self) -> None:
        """Spread over the second, so that neither the loop nor those who listen have it all at once."""
        loop = asyncio.get_running_loop()
        while True:
            began, together = loop.time(), await self._watched()
            for number, runners in enumerate(together, 1):
                told = ((runner.bot.user_id, self._pnl(runner)) for runner in runners)
                await live.apublish(_by_user((user, event) for user, event in told if event))
                await asyncio.sleep(began + EVERY * number / len(together) - loop.time())
            await asyncio.sleep(began + EVERY - loop.time())

    async def _watched(self) -> list[Sequence["Runner"]]:
        """The bots of users who have a page open, those of a user side by side."""
        runners = [runner for runner in self._runners() if runner.ready]
        users = {runner.bot.user_id for runner in runners}
        watched = await asyncio.to_thread(live.watched, users) if users else set()
        own = sorted(
            (each for each in runners if each.bot.user_id in watched), key=lambda each: each.bot.user_id
        )
        return [own[start : start + TOGETHER] for start in range(0, len(own), TOGETHER)]

    def _pnl(self, runner: "Runner") -> live.Event | None:
        """None where nothing has changed since the last push."""
        engine, bot = runner.engine, runner.bot
        if runner.ticker is None:
            return None
        # The engine's own price is older: a tick that crosses none of its thresholds does not reach it.
        price, manager = runner.ticker.price, engine.position_manager
        values = (
            manager.equity(price),
            manager.position.realized,
            manager.unrealized(price),
            price,
            Decimal(len(engine.live)),
        )
        if self._last.get(bot.pk) == values:
            return None
        self._last[bot.pk] = values
        return {
            "type": "pnl",
            "bot_id": bot.pk,
            "equity": values[0],
            "realized_pnl": values[1],
            "unrealized_pnl": values[2],
            "mark_price": values[3],
            "open_orders": len(engine.live),
            "position": manager.position.base,
            "average_cost": manager.position.average_cost,
            "trades": manager.position.trades,
            "fees": dict(manager.position.fees),
        }


def _by_user(events: Iterable[tuple[UUID, live.Event]]) -> dict[UUID, list[live.Event]]:
    found: defaultdict[UUID, list[live.Event]] = defaultdict(list)
    for user_id, event in events:
        found[user_id].append(event)
    return found


def _shown(event: dict[str, Any]) -> dict[str, Any]:
    """Core values by the names the API gives them."""
    shown = {"type": event["type"]}
    order, fill = event.get("order"), event.get("fill")
    if isinstance(order, Order):
        shown["order"] = {
            "id": order.id,
            "client_order_id": order.client_id,
            "side": order.side.value,
            "type": order.type.value,
            "price": order.price,
            "quantity": order.quantity,
            "filled_quantity": order.filled,
            "status": order.status.value,
            "reason": order.reason,
            "slot": order.slot,
            "cycle": order.cycle,
        }
    if isinstance(fill, Fill) and isinstance(order, Order):
        shown["fill"] = {
            "order_id": order.id,
            "trade_id": fill.trade_id,
            "side": fill.side.value,
            "price": fill.price,
            "quantity": fill.quantity,
            "fee": fill.fee,
            "fee_asset": fill.fee_asset,
            "liquidity": fill.liquidity.value,
            "time": at(fill.time),
        }
    return shown
