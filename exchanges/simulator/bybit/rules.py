"""What Bybit lists, with the rules of its instruments-info as captured on 2026-08-09."""

from dataclasses import dataclass, replace
from decimal import Decimal

from exchanges.simulator.symbols import RULES, SymbolRules

D = Decimal
NO_LIMIT = D(10_000)  # prices are limited by this wire itself (checks.py), from the last price


@dataclass(frozen=True, slots=True)
class Instrument:
    rules: SymbolRules
    number: int  # symbolId; trade ids begin with a number of the symbol's own
    quote_precision: str
    limit_x: str
    limit_y: str  # how far beyond the last price a limit order may take


def _usdt(base: str, number: int, tick: str, lot: str, *limits: str) -> Instrument:
    """`limits`: quotePrecision, maxLimitOrderQty, maxMarketOrderQty, maxOrderAmt, priceLimitRatioX and Y."""
    quote_precision, most, most_market, most_amount, limit_x, limit_y = limits
    rules = replace(
        RULES[f"{base}USDT"],
        tick=D(tick),
        lot=D(lot),
        max_quantity=D(most),
        market_max_quantity=D(most_market),
        max_notional=D(most_amount),
        max_orders=500,
        bid_up=NO_LIMIT,
        ask_up=NO_LIMIT,
        bid_down=D(0),
        ask_down=D(0),
    )
    return Instrument(rules, number, quote_precision, limit_x, limit_y)


LISTED = (
    _usdt("BTC", 9, "0.1", "0.000001", "0.0000001", "230", "120", "8000000", "0.005", "0.01"),
    _usdt("ETH", 10, "0.01", "0.00001", "0.0000001", "8118", "2706", "7000000", "0.005", "0.01"),
    _usdt("BNB", 200, "0.1", "0.0001", "0.00001", "2200", "1100", "4000000", "0.005", "0.01"),
    _usdt("SOL", 42, "0.01", "0.0001", "0.000001", "26000", "13000", "5000000", "0.005", "0.01"),
    _usdt("XRP", 11, "0.0001", "0.01", "0.000001", "1200000", "620000", "4000000", "0.005", "0.01"),
    _usdt("DOGE", 18, "0.00001", "0.1", "0.000001", "14000000", "6800000", "4000000", "0.005", "0.01"),
    _usdt("ADA", 33, "0.0001", "0.01", "0.000001", "7600000", "1500000", "4000000", "0.015", "0.03"),
    _usdt("TRX", 189, "0.0001", "0.01", "0.000001", "1625000", "812500", "3000000", "0.015", "0.03"),
    _usdt("AVAX", 65, "0.001", "0.001", "0.000001", "140000", "27000", "3000000", "0.015", "0.03"),
    _usdt("LINK", 28, "0.001", "0.001", "0.000001", "240000", "48000", "2500000", "0.015", "0.03"),
    _usdt("DOT", 15, "0.0001", "0.001", "0.0000001", "490000", "97000", "2000000", "0.015", "0.03"),
    _usdt("LTC", 17, "0.01", "0.00001", "0.0000001", "10000", "5200", "600000", "0.015", "0.03"),
    _usdt("BCH", 37, "0.1", "0.0001", "0.00001", "878", "439", "2000000", "0.015", "0.03"),
    _usdt("UNI", 30, "0.001", "0.01", "0.00001", "220000", "45000", "1500000", "0.015", "0.03"),
    _usdt("NEAR", 201, "0.001", "0.01", "0.00001", "670000", "130000", "600000", "0.015", "0.03"),
    _usdt("ATOM", 60, "0.001", "0.01", "0.00001", "120000", "25000", "600000", "0.015", "0.03"),
    _usdt("APT", 378, "0.0001", "0.01", "0.000001", "173600", "86800", "600000", "0.015", "0.03"),
    _usdt("ARB", 425, "0.00001", "0.01", "0.0000001", "2740000", "1370000", "600000", "0.015", "0.03"),
    _usdt("OP", 251, "0.0001", "0.01", "0.000001", "3800000", "750000", "600000", "0.015", "0.03"),
    _usdt("FIL", 43, "0.0001", "0.01", "0.000001", "470000", "93000", "1000000", "0.015", "0.03"),
    _usdt("ETC", 34, "0.001", "0.001", "0.000001", "10512", "3504", "600000", "0.015", "0.03"),
    _usdt("SUI", 433, "0.0001", "0.01", "0.000001", "410000", "200000", "2500000", "0.015", "0.03"),
)

INSTRUMENTS = {each.rules.symbol: each for each in LISTED}
RULES_OF_ALL = tuple(each.rules for each in LISTED)
