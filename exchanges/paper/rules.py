"""May this order be tried? The filters of the real market, as its exchange applies them."""

from decimal import Decimal

from bots.core.ports import OrderRefused
from bots.core.types import Market, OrderRequest, OrderType, Side, Ticker


def check(request: OrderRequest, market: Market, ticker: Ticker, open_orders: int) -> None:
    """Raises OrderRefused. `open_orders`: how many the account has in this market."""
    if (request.price is None) is not (request.type is OrderType.MARKET):
        raise OrderRefused("A limit order has a price, a market order has none.", "invalid")
    if request.price is not None:
        _check_price(request.side, request.price, market, ticker)
    _check_quantity(request, market)
    if request.quantity * (request.price or ticker.price) < market.min_notional:
        raise _filter(f"its value is below {market.min_notional:f} {market.quote}")
    if request.type is OrderType.LIMIT and open_orders >= market.max_orders:
        raise OrderRefused(f"There may be {market.max_orders} open orders.", "too_many_orders")


def _check_price(side: Side, price: Decimal, market: Market, ticker: Ticker) -> None:
    if price <= 0 or price % market.tick:
        raise _filter(f"the price is no multiple of the tick {market.tick:f}")
    if side is Side.BUY and price < ticker.price * market.min_price_ratio:
        raise _filter("the price is too far below the market")
    if side is Side.SELL and price > ticker.price * market.max_price_ratio:
        raise _filter("the price is too far above the market")


def _check_quantity(request: OrderRequest, market: Market) -> None:
    lot, most = market.lot, market.max_quantity
    if request.type is OrderType.MARKET:
        lot, most = market.market_lot or lot, market.market_max_quantity or most
    if request.quantity <= 0 or request.quantity % lot:
        raise _filter(f"the quantity is no multiple of the lot {lot:f}")
    if request.quantity < market.min_quantity:
        raise _filter(f"the quantity is below {market.min_quantity:f}")
    if most and request.quantity > most:
        raise _filter(f"the quantity is above {most:f}")


def _filter(why: str) -> OrderRefused:
    return OrderRefused(f"The market's rules do not allow the order: {why}.", "filter")
