"""An exchange in memory: one account, one symbol, a market that goes where the test sends it."""

from collections import deque
from dataclasses import dataclass, field, replace
from decimal import Decimal

from bots.core.matching import BookOrder, Execution, OrderBook
from bots.core.ports import AccountRefused, ExchangeUnavailable, OrderRefused, OutcomeUnknown, RateLimited
from bots.core.rounding import floor_to, round8
from bots.core.types import (
    ZERO,
    Balance,
    Candle,
    Fill,
    Liquidity,
    Market,
    OrderReport,
    OrderRequest,
    OrderStatus,
    OrderType,
    Side,
    Ticker,
)

ENDLESS = Decimal(10) ** 12


class Crash(Exception):
    """The process died during this call."""


@dataclass(slots=True)
class Placed:
    request: OrderRequest
    number: int
    report: OrderReport
    fills: list[Fill] = field(default_factory=list)


class FakeExchange:
    """Implements `bots.core.ports.ExchangeConnector`. The last price is bid and ask at once. `faults` are taken one
    by each create: lost (accepted, the reply never comes), vanished (never arrives), hang (so too, after 7 s), refused,
    limited, crash."""

    exchange = "fake"
    resolve_delay_ms = 0

    def __init__(self, market: Market, quote: Decimal, price: Decimal, base: Decimal = ZERO) -> None:
        self.rules = market
        self.price, self.now = price, 1_700_000_000_000
        self.owned = {market.base: base, market.quote: quote}
        self.book = OrderBook(market.lot)
        self.placed: dict[str, Placed] = {}
        self.by_number: dict[int, str] = {}
        self.history: list[Fill] = []
        self.events: list[Fill | OrderReport] = []
        self.faults: deque[str] = deque()
        self.reads_fail = self.cancels_fail = False
        self.depth = ENDLESS  # what a market order finds at the last price
        self.sent: list[OrderRequest] = []
        self.posts: list[OrderRequest] = []  # those that were not accepted too
        self.create_takes = 0  # ms
        self.no_room = False  # in the rate limiter
        self._ids = 0

    # The market

    def move(self, price: Decimal) -> None:
        """The price goes there; every order on the way is filled."""
        side = Side.SELL if price < self.price else Side.BUY
        self.trade(side, price, ENDLESS)
        self.price = price

    def trade(self, side: Side, price: Decimal, quantity: Decimal) -> None:
        """Somebody sells (or buys) up to this quantity at `price` or better, in part if there is not enough."""
        self._ids += 1
        taker = BookOrder(self._ids, side, price, quantity, owner="market")
        for execution in self.book.submit(taker, rest=False).executions:
            self._execute(execution.maker, execution, Liquidity.MAKER)

    def cancel_by_hand(self, client_id: str) -> None:
        self._end(client_id, OrderStatus.CANCELLED)

    # The account

    def _locked(self, side: Side) -> Decimal:
        rows = [order for order in self.book.orders(side) if order.owner == "us"]
        return sum((o.quantity * (o.price or ZERO) if side is Side.BUY else o.quantity for o in rows), ZERO)

    def free(self) -> tuple[Decimal, Decimal]:
        base, quote = self.owned[self.rules.base], self.owned[self.rules.quote]
        return base - self._locked(Side.SELL), quote - self._locked(Side.BUY)

    def _execute(self, ours: BookOrder, execution: Execution, liquidity: Liquidity) -> None:
        placed, rules = self.placed[self.by_number[ours.id]], self.rules
        request, quantity = placed.request, execution.quantity
        buys, value = request.side is Side.BUY, round8(execution.price * execution.quantity)
        rate = rules.maker_fee if liquidity is Liquidity.MAKER else rules.taker_fee
        in_base = buys and rules.fee_in_base_on_buy
        fee = round8((quantity if in_base else value) * rate)
        sign = 1 if buys else -1
        self.owned[rules.base] += sign * quantity - (fee if in_base else ZERO)
        self.owned[rules.quote] -= sign * value + (ZERO if in_base else fee)
        self._ids += 1
        fill = Fill(
            trade_id=str(self._ids),
            exchange_order_id=str(ours.id),
            symbol=rules.symbol,
            side=request.side,
            price=execution.price,
            quantity=quantity,
            fee=fee,
            fee_asset=rules.base if in_base else rules.quote,
            liquidity=liquidity,
            time=self.now,
            client_id=request.client_id,
        )
        filled = placed.report.filled + quantity
        status = OrderStatus.FILLED if filled == request.quantity else OrderStatus.OPEN
        placed.report = replace(placed.report, filled=filled, status=status, time=self.now)
        self.history.append(fill)
        placed.fills.append(fill)
        self.events += [fill, placed.report]

    def _end(self, client_id: str, status: OrderStatus, reason: str = "") -> None:
        placed = self.placed[client_id]
        self.book.cancel(placed.number)
        placed.report = replace(placed.report, status=status, reason=reason, time=self.now)
        self.events.append(placed.report)

    # The connector

    async def market(self, symbol: str) -> Market:
        return self.rules

    async def exchange_time(self) -> int:
        return self.now

    async def account_id(self) -> str:
        return "1"

    async def ticker(self, symbol: str) -> Ticker:
        return Ticker(symbol, self.price, self.price, self.price, self.now)

    async def balances(self) -> dict[str, Balance]:
        base, quote = self.free()
        return {
            self.rules.base: Balance(base, self._locked(Side.SELL)),
            self.rules.quote: Balance(quote, self._locked(Side.BUY)),
        }

    async def reserve_order(self) -> None:
        if self.no_room:
            raise RateLimited("Wait.", 5)

    async def create_order(self, order: OrderRequest, sent_at: int) -> OrderReport:
        fault = self.faults.popleft() if self.faults else ""
        self.posts.append(order)
        self.now += 7_000 if fault == "hang" else self.create_takes
        if fault == "hang":
            raise OutcomeUnknown("No answer.")
        if fault == "refused":
            raise OrderRefused("Not today.", "invalid")
        if fault == "limited":
            raise RateLimited("Too fast.", 3)
        if fault == "account":
            raise AccountRefused("The key is gone.", "-2015")
        if fault == "vanished":
            raise OutcomeUnknown("No answer.")
        if fault == "crash_before":
            raise Crash
        report = self._accept(order)
        if fault == "crash_after":
            raise Crash
        if fault == "lost":
            raise OutcomeUnknown("No answer.")
        return report

    def _accept(self, order: OrderRequest) -> OrderReport:
        self._check(order)
        self._ids += 1
        number = self._ids
        report = OrderReport(
            order.client_id,
            str(number),
            order.symbol,
            order.side,
            OrderStatus.OPEN,
            order.quantity,
            ZERO,
            order.price,
            self.now,
        )
        placed = self.placed[order.client_id] = Placed(order, number, report)
        self.by_number[number] = order.client_id
        self.sent.append(order)
        self.events.append(report)
        self._match(order, placed)
        return placed.report

    def _match(self, order: OrderRequest, placed: Placed) -> None:
        """The rest of the market stands at the last price, `depth` deep."""
        self._ids += 1
        stand = BookOrder(self._ids, order.side.opposite, self.price, self.depth, owner="market")
        if self.depth:
            self.book.rest(stand)
        ours = BookOrder(placed.number, order.side, order.price, order.quantity, owner="us")
        for execution in self.book.submit(ours).executions:
            self._execute(ours, execution, Liquidity.TAKER)
        self.book.cancel(stand.id)
        if order.type is OrderType.MARKET and ours.quantity:
            self._end(order.client_id, OrderStatus.CANCELLED, "expired")

    def _check(self, order: OrderRequest) -> None:
        """What our code must never send fails the test; what an exchange may refuse is refused."""
        rules, price = self.rules, order.price or self.price
        lot = rules.lot if order.price is not None else rules.market_lot or rules.lot
        most = (
            rules.max_quantity if order.price is not None else rules.market_max_quantity or rules.max_quantity
        )
        assert order.client_id not in self.placed, "an id was used twice"
        assert floor_to(order.quantity, lot) == order.quantity, f"off the lot: {order}"
        assert floor_to(price, rules.tick) == price, f"off the tick: {order}"
        assert order.quantity * price >= rules.min_notional, f"below the minimum: {order}"
        assert rules.min_quantity <= order.quantity <= most, f"too small or too large: {order}"
        crosses = order.price is None or (
            order.price >= self.price if order.side is Side.BUY else order.price <= self.price
        )
        if order.post_only and crosses:
            raise OrderRefused("It would take.", "post_only")
        base, quote = self.free()
        at = self.price if crosses else price
        if (order.quantity * at > quote) if order.side is Side.BUY else order.quantity > base:
            raise OrderRefused("Not enough.", "insufficient_funds")

    async def cancel_order(self, symbol: str, client_id: str) -> OrderReport | None:
        if self.cancels_fail:
            raise ExchangeUnavailable("Down.")
        placed = self.placed.get(client_id)
        if placed is None or placed.report.status is not OrderStatus.OPEN:
            return None
        self._end(client_id, OrderStatus.CANCELLED)
        return placed.report

    def _read(self) -> None:
        if self.reads_fail:
            raise ExchangeUnavailable("Down.")

    async def fetch_order(self, symbol: str, client_id: str) -> OrderReport | None:
        self._read()
        placed = self.placed.get(client_id)
        return placed.report if placed else None

    async def order_by_id(self, symbol: str, exchange_order_id: str) -> OrderReport | None:
        return await self.fetch_order(symbol, self.by_number.get(int(exchange_order_id), ""))

    async def open_client_ids(self) -> frozenset[str]:
        return frozenset(report.client_id for report in await self.open_orders(self.rules.symbol))

    async def open_orders(self, symbol: str) -> list[OrderReport]:
        self._read()
        return [p.report for p in self.placed.values() if p.report.status is OrderStatus.OPEN]

    async def fills(self, symbol: str, since: int) -> list[Fill]:
        self._read()
        return [fill for fill in self.history if fill.time >= since]

    async def order_fills(self, symbol: str, exchange_order_id: str) -> list[Fill]:
        self._read()
        placed = self.placed[self.by_number[int(exchange_order_id)]]
        return list(placed.fills)

    async def candles(self, symbol: str, start: int, limit: int = 1000) -> list[Candle]:
        return []

    async def close(self) -> None:
        return None
