"""What the simulated exchange lists: rules, fees and the character of each market. Prices and liquidity are of the
order of the real ones; tick and lot are Binance's shape, so that no two symbols share all their rules."""

from dataclasses import dataclass
from decimal import Decimal

D = Decimal
FEE, DOWN, UP, SMALLEST, LARGEST = D("0.001"), D("0.2"), D(5), D(5), D(9_000_000)


@dataclass(frozen=True, slots=True)
class SymbolRules:
    """`tick` and `lot` together have at most 8 decimals, so that every notional is exact in 8."""

    symbol: str
    base: str
    quote: str
    tick: Decimal
    lot: Decimal
    start_price: Decimal
    daily_turnover: Decimal  # quote; sizes the background trades and the depth
    trades_per_second: float
    volatility: float  # times the process's defaults
    max_quantity: Decimal
    market_max_quantity: Decimal
    min_notional: Decimal = SMALLEST
    max_notional: Decimal = LARGEST
    maker_fee: Decimal = FEE
    taker_fee: Decimal = FEE
    max_orders: int = 200
    bid_up: Decimal = UP
    bid_down: Decimal = DOWN
    ask_up: Decimal = UP
    ask_down: Decimal = DOWN

    def on_tick(self, price: float | Decimal) -> Decimal:
        """The nearest price of the grid, at least one tick."""
        return max(round(D(price) / self.tick), 1) * self.tick


def _usdt(base: str, price: str, tick: str, lot: str, *character: float) -> SymbolRules:
    """`character`: daily turnover in millions, trades a second, volatility."""
    turnover, trades, volatility = character
    start = D(price)
    return SymbolRules(
        symbol=f"{base}USDT",
        base=base,
        quote="USDT",
        tick=D(tick),
        lot=D(lot),
        start_price=start,
        daily_turnover=D(int(turnover)) * 1_000_000,
        trades_per_second=trades,
        volatility=volatility,
        max_quantity=(D(600_000_000) / start).quantize(D(1)).max(D(9_000)),
        market_max_quantity=(D(7_000_000) / start / D(lot)).quantize(D(1)) * D(lot),
    )


ALL = (
    _usdt("BTC", "68000", "0.01", "0.00001", 1800, 3.0, 1.0),
    _usdt("ETH", "3400", "0.01", "0.0001", 1100, 2.0, 1.1),
    _usdt("BNB", "590", "0.01", "0.001", 150, 0.6, 1.0),
    _usdt("SOL", "160", "0.01", "0.001", 600, 1.0, 1.3),
    _usdt("XRP", "0.62", "0.0001", "0.1", 300, 0.6, 1.2),
    _usdt("DOGE", "0.145", "0.00001", "1", 250, 0.6, 1.4),
    _usdt("ADA", "0.46", "0.0001", "0.1", 90, 0.4, 1.2),
    _usdt("TRX", "0.125", "0.0001", "0.1", 60, 0.4, 0.8),
    _usdt("AVAX", "34", "0.01", "0.01", 90, 0.4, 1.3),
    _usdt("LINK", "15.5", "0.01", "0.01", 80, 0.4, 1.2),
    _usdt("DOT", "6.8", "0.001", "0.01", 60, 0.4, 1.2),
    _usdt("LTC", "82", "0.01", "0.001", 70, 0.4, 1.0),
    _usdt("BCH", "420", "0.1", "0.001", 60, 0.3, 1.0),
    _usdt("UNI", "9.4", "0.001", "0.01", 50, 0.3, 1.3),
    _usdt("NEAR", "5.6", "0.001", "0.1", 60, 0.3, 1.4),
    _usdt("ATOM", "7.6", "0.001", "0.01", 40, 0.3, 1.2),
    _usdt("APT", "8.2", "0.001", "0.01", 40, 0.3, 1.3),
    _usdt("ARB", "0.88", "0.0001", "0.1", 50, 0.3, 1.4),
    _usdt("OP", "1.9", "0.001", "0.01", 50, 0.3, 1.4),
    _usdt("FIL", "4.9", "0.001", "0.01", 40, 0.3, 1.3),
    _usdt("ETC", "24", "0.01", "0.01", 40, 0.3, 1.1),
    _usdt("SUI", "1.05", "0.0001", "0.1", 90, 0.4, 1.5),
)

RULES = {rules.symbol: rules for rules in ALL}
