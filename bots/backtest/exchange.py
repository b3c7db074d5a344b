"""The exchange of a backtest: one bot's orders in a book, filled where the path of the candles touches them."""

from dataclasses import dataclass, field, replace
from decimal import Decimal

from bots.core.matching import BookOrder, OrderBook
from bots.core.ports import OrderRefused
from bots.core.rounding import ceil_to, floor_to, round8
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
    Side,
    Ticker,
)

ENDLESS = Decimal(10) ** 15  # more than any order


@dataclass(slots=True)
class Placed:
    request: OrderRequest
    number: int
    report: OrderReport
    fills: list[Fill] = field(default_factory=list)


class CandleExchange:
    """Implements `bots.core.ports.ExchangeConnector`; nothing in it ever waits. `slippage` is the fraction by which
    an order that takes pays more, or gets less, than the price. With `delayed`, an order can fill from the candle
    after the one in which it was placed."""

    exchange = "backtest"
    resolve_delay_ms = 0

    def __init__(self, rules: Market, *, slippage: Decimal = ZERO, delayed: bool = False) -> None:
        self.rules, self.slippage, self.delayed = rules, slippage, delayed
        self.price, self.now = ZERO, 0
        self.book = OrderBook(rules.lot)
        self.placed: dict[str, Placed] = {}
        self._by_number: dict[int, Placed] = {}
        self.waiting: list[BookOrder] = []  # for the next candle
        self._ids = 0

    def next_candle(self) -> None:
        for order in self.waiting:
            self.book.rest(order)
        self.waiting.clear()

    def fill_touched(self) -> list[Fill]:
        """Fills what rests at the current price or was passed by it, each order whole and at its own price."""
        takers = (BookOrder(0, side, self.price, ENDLESS) for side in Side)
        matches = [match for taker in takers for match in self.book.submit(taker, rest=False).executions]
        return [
            self._fill(self._by_number[match.maker.id], match.price, Liquidity.MAKER) for match in matches
        ]

    def _fill(self, placed: Placed, price: Decimal, liquidity: Liquidity) -> Fill:
        request, rules = placed.request, self.rules
        value = round8(price * request.quantity)
        rate = rules.maker_fee if liquidity is Liquidity.MAKER else rules.taker_fee
        in_base = request.side is Side.BUY and rules.fee_in_base_on_buy
        self._ids += 1
        fill = Fill(
            trade_id=str(self._ids),
            exchange_order_id=placed.report.exchange_id,
            symbol=rules.symbol,
            side=request.side,
            price=price,
            quantity=request.quantity,
            fee=round8((request.quantity if in_base else value) * rate),
            fee_asset=rules.base if in_base else rules.quote,
            liquidity=liquidity,
            time=self.now,
            client_id=request.client_id,
        )
        placed.fills.append(fill)
        self._end(placed, OrderStatus.FILLED, request.quantity)
        return fill

    def _end(self, placed: Placed, status: OrderStatus, filled: Decimal = ZERO) -> None:
        placed.report = replace(placed.report, status=status, filled=filled, time=self.now)

    # The connector

    async def market(self, symbol: str) -> Market:
        return self.rules

    async def exchange_time(self) -> int:
        return self.now

    async def account_id(self) -> str:
        return "backtest"

    async def ticker(self, symbol: str) -> Ticker:
        return Ticker(symbol, self.price, self.price, self.price, self.now)

    async def balances(self) -> dict[str, Balance]:
        return {}

    async def reserve_order(self) -> None:
        return None

    async def create_order(self, order: OrderRequest, sent_at: int) -> OrderReport:
        buys = order.side is Side.BUY
        takes = order.price is None or (order.price >= self.price if buys else order.price <= self.price)
        if order.post_only and takes:
            raise OrderRefused("It would take.", "post_only")
        self._ids += 1
        number = str(self._ids)
        report = OrderReport(
            order.client_id, number, order.symbol, order.side, OrderStatus.OPEN, order.quantity, ZERO,
            order.price, self.now,
        )  # fmt: skip
        placed = Placed(order, self._ids, report)
        self.placed[order.client_id] = self._by_number[placed.number] = placed
        if takes:
            self._fill(placed, self._taken_at(order), Liquidity.TAKER)
        else:
            self._rest(BookOrder(placed.number, order.side, order.price, order.quantity))
        return placed.report

    def _rest(self, order: BookOrder) -> None:
        if self.delayed:
            self.waiting.append(order)
        else:
            self.book.rest(order)

    def _taken_at(self, order: OrderRequest) -> Decimal:
        """The price with slippage, on the tick, and never beyond the order's own limit."""
        if order.side is Side.BUY:
            price = ceil_to(self.price * (1 + self.slippage), self.rules.tick)
            return price if order.price is None else min(price, order.price)
        price = floor_to(self.price * (1 - self.slippage), self.rules.tick)
        return price if order.price is None else max(price, order.price)

    async def cancel_order(self, symbol: str, client_id: str) -> OrderReport | None:
        placed = self.placed.get(client_id)
        if placed is None or placed.report.status is not OrderStatus.OPEN:
            return None
        self.book.cancel(placed.number)
        self.waiting = [order for order in self.waiting if order.id != placed.number]
        self._end(placed, OrderStatus.CANCELLED)
        return placed.report

    async def fetch_order(self, symbol: str, client_id: str) -> OrderReport | None:
        placed = self.placed.get(client_id)
        return None if placed is None else placed.report

    async def order_by_id(self, symbol: str, exchange_order_id: str) -> OrderReport | None:
        return self._by_number[int(exchange_order_id)].report

    async def open_client_ids(self) -> frozenset[str]:
        return frozenset(report.client_id for report in await self.open_orders(""))

    async def open_orders(self, symbol: str) -> list[OrderReport]:
        reports = (placed.report for placed in self.placed.values())
        return [report for report in reports if report.status is OrderStatus.OPEN]

    async def fills(self, symbol: str, since: int) -> list[Fill]:
        return [fill for placed in self.placed.values() for fill in placed.fills if fill.time >= since]

    async def order_fills(self, symbol: str, exchange_order_id: str) -> list[Fill]:
        return self._by_number[int(exchange_order_id)].fills

    async def candles(self, symbol: str, start: int, limit: int = 1000) -> list[Candle]:
        return []

    async def close(self) -> None:
        return None
