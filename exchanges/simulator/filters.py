"""Binance's filters for a new order, in the order in which Binance applies them."""

from decimal import Decimal

from bots.core.types import ZERO, Side
from exchanges.simulator.errors import Refused, filter_failure
from exchanges.simulator.symbols import SymbolRules

MAX_PRICE = Decimal(1_000_000)


def check_price(rules: SymbolRules, side: Side, price: Decimal, average_price: Decimal) -> None:
    if price < rules.tick or price > MAX_PRICE or price % rules.tick:
        raise filter_failure("PRICE_FILTER")
    up, down = (rules.bid_up, rules.bid_down) if side is Side.BUY else (rules.ask_up, rules.ask_down)
    if not average_price * down <= price <= average_price * up:
        raise filter_failure("PERCENT_PRICE_BY_SIDE")


def check_quantity(rules: SymbolRules, quantity: Decimal, *, market: bool) -> None:
    if quantity <= 0:
        raise Refused(-1013, "Invalid quantity.")
    if quantity < rules.lot or quantity > rules.max_quantity or quantity % rules.lot:
        raise filter_failure("LOT_SIZE")
    if market and quantity > rules.market_max_quantity:
        raise filter_failure("MARKET_LOT_SIZE")


def check_notional(rules: SymbolRules, notional: Decimal, *, market: bool) -> None:
    """The minimum applies to market orders too, the maximum does not."""
    if notional < rules.min_notional or (notional > rules.max_notional and not market):
        raise filter_failure("NOTIONAL")


def _lots(name: str, lot: Decimal, most: Decimal) -> dict[str, object]:
    return {"filterType": name, "minQty": f"{lot:.8f}", "maxQty": f"{most:.8f}", "stepSize": f"{lot:.8f}"}


def describe(rules: SymbolRules) -> list[dict[str, object]]:
    """The `filters` of exchangeInfo."""
    eight = "{:.8f}".format
    return [
        {
            "filterType": "PRICE_FILTER",
            "minPrice": eight(rules.tick),
            "maxPrice": eight(MAX_PRICE),
            "tickSize": eight(rules.tick),
        },
        _lots("LOT_SIZE", rules.lot, rules.max_quantity),
        {"filterType": "ICEBERG_PARTS", "limit": 10},
        _lots("MARKET_LOT_SIZE", ZERO, rules.market_max_quantity),
        {
            "filterType": "PERCENT_PRICE_BY_SIDE",
            "bidMultiplierUp": f"{rules.bid_up:f}",
            "bidMultiplierDown": f"{rules.bid_down:f}",
            "askMultiplierUp": f"{rules.ask_up:f}",
            "askMultiplierDown": f"{rules.ask_down:f}",
            "avgPriceMins": 5,
        },
        {
            "filterType": "NOTIONAL",
            "minNotional": eight(rules.min_notional),
            "applyMinToMarket": True,
            "maxNotional": eight(rules.max_notional),
            "applyMaxToMarket": False,
            "avgPriceMins": 5,
        },
        {"filterType": "MAX_NUM_ORDERS", "maxNumOrders": rules.max_orders},
        {"filterType": "MAX_NUM_ALGO_ORDERS", "maxNumAlgoOrders": 5},
    ]
