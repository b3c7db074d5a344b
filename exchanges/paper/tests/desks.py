"""What the tests of paper trading share: a market, its prices, and orders in it."""

from decimal import Decimal
from typing import Any

from bots.core.types import Market, OrderRequest, OrderType, Side, Ticker
from exchanges.connector.paper import Step
from exchanges.paper.desk import Desk, Funds

MARKET = Market(
    symbol="BTC/USDT",
    base="BTC",
    quote="USDT",
    tick=Decimal("0.01"),
    lot=Decimal("0.00001"),
    min_quantity=Decimal("0.00001"),
    max_quantity=Decimal(9000),
    min_notional=Decimal(5),
)
D = Decimal


def ticker(bid: str, ask: str, price: str | None = None, time: int = 0) -> Ticker:
    return Ticker("BTC/USDT", D(price or bid), D(bid), D(ask), time)


def order(
    side: str, price: str | None, quantity: str = "0.01", client_id: str = "a", **more: Any
) -> OrderRequest:
    kind = OrderType.MARKET if price is None else OrderType.LIMIT
    limit = None if price is None else D(price)
    return OrderRequest("BTC/USDT", Side(side), kind, D(quantity), limit, client_id, **more)


def desk(base: str = "0", quote: str = "100000", market: Market = MARKET) -> Desk:
    return Desk(market, Funds(D(base)), Funds(D(quote)), [])


def step(low: str, high: str, since: int = 10**6, time: int = 10**6, **more: Any) -> Step:
    return Step(D(low), D(high), since, time, **more)
