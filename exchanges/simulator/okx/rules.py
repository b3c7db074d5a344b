"""What OKX lists: Binance's ticks with finer lots, and a smallest order in base coin instead of a smallest notional."""

from dataclasses import replace
from decimal import Decimal

from exchanges.simulator.symbols import ALL, SymbolRules

D = Decimal
SMALLEST_LOTS = 10  # of an order
LARGEST_MARKET = D(1_000_000)  # quote


def _listed(rules: SymbolRules) -> SymbolRules:
    return replace(
        rules,
        lot=rules.lot / 10,
        min_notional=D(0),
        max_notional=D(20_000_000),
        maker_fee=D("0.0008"),
        taker_fee=D("0.001"),
        max_orders=500,
    )


RULES_OF_ALL = tuple(_listed(rules) for rules in ALL)
NUMBERS = {rules.symbol: number for number, rules in enumerate(RULES_OF_ALL, 10)}
