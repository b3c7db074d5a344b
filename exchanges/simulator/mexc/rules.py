"""What MEXC lists. BTC, LTC, SOL and XRP have the precisions of its own exchangeInfo; the others theirs in kind."""

from dataclasses import dataclass, replace
from decimal import Decimal

from exchanges.simulator.symbols import RULES, SymbolRules

D = Decimal


@dataclass(frozen=True, slots=True)
class Listed:
    rules: SymbolRules
    smallest: Decimal  # quantity
    largest_market: Decimal  # quote


def _usdt(base: str, price_decimals: int, base_decimals: int, smallest: str, largest_market: int) -> Listed:
    rules = replace(
        RULES[f"{base}USDT"],
        tick=D(1).scaleb(-price_decimals),
        lot=D(1).scaleb(-base_decimals),
        max_quantity=D(10) ** 9,  # only the notional is limited
        market_max_quantity=D(10) ** 9,
        min_notional=D(1),
        max_notional=D(2_000_000),
        maker_fee=D(0),
        taker_fee=D("0.0002"),
        max_orders=500,
    )
    return Listed(rules, D(smallest), D(largest_market))


LISTED = (
    _usdt("BTC", 2, 6, "0.000001", 200_000),
    _usdt("ETH", 2, 5, "0.00001", 200_000),
    _usdt("BNB", 2, 4, "0.0001", 200_000),
    _usdt("SOL", 2, 2, "0.01", 100_000),
    _usdt("XRP", 4, 2, "0.1", 200_000),
    _usdt("DOGE", 5, 2, "0.1", 100_000),
    _usdt("ADA", 4, 2, "0.1", 100_000),
    _usdt("TRX", 4, 2, "0.1", 100_000),
    _usdt("AVAX", 3, 3, "0.001", 100_000),
    _usdt("LINK", 3, 2, "0.01", 100_000),
    _usdt("DOT", 3, 2, "0.01", 100_000),
    _usdt("LTC", 2, 4, "0.001", 100_000),
    _usdt("BCH", 2, 4, "0.001", 100_000),
    _usdt("UNI", 3, 2, "0.01", 100_000),
    _usdt("NEAR", 3, 2, "0.01", 100_000),
    _usdt("ATOM", 3, 2, "0.01", 100_000),
    _usdt("APT", 3, 2, "0.01", 100_000),
    _usdt("ARB", 4, 2, "0.1", 100_000),
    _usdt("OP", 3, 2, "0.01", 100_000),
    _usdt("FIL", 3, 2, "0.01", 100_000),
    _usdt("ETC", 2, 2, "0.01", 100_000),
    _usdt("SUI", 4, 2, "0.01", 100_000),
)

BY_SYMBOL = {each.rules.symbol: each for each in LISTED}
RULES_OF_ALL = tuple(each.rules for each in LISTED)
