"""May this order be tried, and how large is it?"""

from decimal import Decimal

from bots.core.types import Side
from exchanges.simulator import filters
from exchanges.simulator.errors import filter_failure
from exchanges.simulator.orders import Kind, NewOrder
from exchanges.simulator.venue import Venue


def check(venue: Venue, new: NewOrder, open_orders: int) -> None:
    """The filters, in Binance's order. `open_orders` is what the account has in this symbol. Raises Refused."""
    rules, market = venue.rules, new.kind is Kind.MARKET
    average = venue.candles.average_price()
    if new.price is not None:
        filters.check_price(rules, new.side, new.price, average)
    if new.quantity is not None:
        filters.check_quantity(rules, new.quantity, market=market)
        filters.check_notional(rules, new.quantity * (new.price or average), market=market)
    elif new.quote_quantity is not None:
        filters.check_notional(rules, new.quote_quantity, market=market)
    if open_orders >= rules.max_orders:
        raise filter_failure("MAX_NUM_ORDERS")


def size(venue: Venue, uid: int, new: NewOrder) -> tuple[Decimal, Decimal]:
    """(quantity, the quote amount it may cost); for a market order as the book stands now."""
    if new.price is not None and new.quantity is not None:
        return new.quantity, new.quantity * new.price
    quantity, cost = venue.book.preview(new.side, quantity=new.quantity, quote=new.quote_quantity, owner=uid)
    if new.quantity is None and not quantity:
        raise filter_failure("LOT_SIZE")
    if new.quantity is not None and new.side is Side.SELL:
        quantity = new.quantity  # Binance wants all of it, whatever the book can take
    return quantity, cost
