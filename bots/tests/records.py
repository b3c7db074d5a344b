"""Orders and fills as the runtime would have written them, without a runtime."""

from decimal import Decimal
from itertools import count
from typing import Any
from uuid import UUID

from accounts.models import User
from bots.core import orders as core
from bots.core.orders import PlannedOrder
from bots.core.types import Fill as CoreFill
from bots.core.types import Liquidity, Market, OrderStatus, OrderType, Side
from bots.models import Bot, Worker
from bots.runtime import leases
from bots.services import outcome, trading
from bots.services.trading import Lease
from bots.tests.conftest import GRID
from exchanges.models import Credential

D = Decimal
START = 1_700_000_000_000
MARKET = Market(
    symbol="BTC/USDT",
    base="BTC",
    quote="USDT",
    tick=D("0.01"),
    lot=D("0.00001"),
    min_quantity=D("0.00001"),
    max_quantity=D(9000),
    min_notional=D(5),
)
_numbers = count(1)


def lease_of(bot: Bot) -> Lease:
    return Lease(bot.pk, bot.lease_token)


def claim(*, bot_id: UUID, worker: Worker) -> Lease | None:
    """Of one bot, as a worker claims many."""
    return leases.claim(bot_ids=[bot_id], worker=worker).get(bot_id)


def planned(slot: int = 0, side: Side = Side.BUY, **changes: Any) -> PlannedOrder:
    values: dict[str, Any] = {
        "cycle": 0,
        "type": OrderType.LIMIT,
        "price": D(50_000) if side is Side.BUY else D(50_500),
        "quantity": D("0.001"),
    }
    return PlannedOrder(slot=slot, side=side, **(values | changes))


def opened(bot: Bot, slot: int = 0, side: Side = Side.BUY, **changes: Any) -> core.Order:
    """An order that the exchange has accepted."""
    lease = lease_of(bot)
    order = trading.intend(lease=lease, orders=[planned(slot, side, **changes)])[0]
    assert trading.mark_sent(lease=lease, order=order, sent_at=START)
    number = str(next(_numbers))
    change = trading.record(
        lease=lease, order=order, status=OrderStatus.OPEN, exchange_id=number, market=MARKET
    )
    return change.order


def fill_of(order: core.Order, trade_id: int, **changes: Any) -> CoreFill:
    """A fill of all that is left of the order; the fee of a buy is taken in base, as the exchange does."""
    quantity = changes.pop("quantity", order.remaining)
    price = changes.pop("price", order.price or D(50_000))
    buys = order.side is Side.BUY
    values: dict[str, Any] = {
        "exchange_order_id": order.exchange_id,
        "symbol": "BTC/USDT",
        "fee": quantity * D("0.001") if buys else quantity * price * D("0.001"),
        "fee_asset": "BTC" if buys else "USDT",
        "liquidity": Liquidity.MAKER,
        "time": START + trade_id * 1000,
        "client_id": order.client_id,
    }
    return CoreFill(
        trade_id=str(trade_id), side=order.side, price=price, quantity=quantity, **(values | changes)
    )


def book(bot: Bot, fill: CoreFill) -> Any:
    return trading.ingest_fill(bot_id=bot.pk, account="binance:1", fill=fill, market=MARKET)


def snapshot(**minute: Any) -> None:
    """The bot's worth at one minute's close."""
    outcome.snapshots(minutes=[outcome.Minute(**minute)])


def traded(bot: Bot, pairs: int, first: int = 1) -> None:
    """`pairs` closed cycles of slot 0: a buy at 50,000, a sell at 50,500."""
    for number in range(pairs):
        cycle = bot.slots.filter(slot=0).values_list("cycle", flat=True).first() or 0
        for offset, side in enumerate((Side.BUY, Side.SELL)):
            quantity = D("0.001") if side is Side.BUY else D("0.00099")
            order = opened(bot, 0, side, cycle=cycle, quantity=quantity)
            book(bot, fill_of(order, first + 2 * number + offset))
    bot.refresh_from_db()


def plain_bot(user: User, **values: Any) -> Bot:
    """A bot for tests that need no exchange."""
    key = Credential.objects.create(
        user=user, exchange="binance", label="Key", account_uid="1", is_valid=True,
        api_key_encrypted=b"x", api_secret_encrypted=b"x",
    )  # fmt: skip
    usual = {"name": "Plain", "strategy": "grid", "symbol": "BTC/USDT", "config": GRID, "run": 1}
    usual |= {"total_investment": D(1000), "cash": D(1000)}
    return Bot.objects.create(user=user, credential=key, **(usual | values))
