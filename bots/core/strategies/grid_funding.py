"""What a grid costs, and the quantity per slot that its money pays for."""

from dataclasses import dataclass
from decimal import Decimal

from bots.core.rounding import ceil_to
from bots.core.types import ZERO, Market

# A market purchase may cost this much more than the price it was planned at.
SLIPPAGE = Decimal("0.005")


@dataclass(frozen=True, slots=True)
class GridFunding:
    """How a run starts: the constant quantity of every slot, the slots that hold from the start, and what the
    initial purchase must bring (base, after fees)."""

    quantity: Decimal
    holding: tuple[int, ...]
    purchase: Decimal


def holding_slots(levels: list[Decimal], price: Decimal) -> tuple[int, ...]:
    """The slots whose lower level is at or above the price, nearest first."""
    return tuple(i for i, level in enumerate(levels[:-1]) if level >= price)


def buy_quantity(needed: Decimal, market: Market, fee: Decimal) -> Decimal:
    """What a buy must ask so that `needed` base is left after a fee taken in base."""
    return ceil_to(needed / kept(market, fee), market.lot)


def kept(market: Market, fee: Decimal) -> Decimal:
    """The part of a bought quantity that is left after the fee."""
    return 1 - fee if market.fee_in_base_on_buy else Decimal(1)


def purchase_quantity(missing: Decimal, market: Market) -> Decimal:
    """What market orders must ask together so that `missing` base is left after the fee."""
    return ceil_to(
        buy_quantity(max(missing, ZERO), market, market.taker_fee), market.market_lot or market.lot
    )


def cost_of(
    quantity: Decimal, levels: list[Decimal], price: Decimal, held: Decimal, market: Market
) -> Decimal:
    """Quote that a grid of this quantity commits: its buys, its purchase, and fees taken in quote."""
    holding = set(holding_slots(levels, price))
    buy = buy_quantity(quantity, market, market.maker_fee)
    waiting = sum((level * buy for i, level in enumerate(levels[:-1]) if i not in holding), ZERO)
    missing = max(ZERO, quantity * len(holding) - held)
    purchase = purchase_quantity(missing, market) * price * (1 + SLIPPAGE)
    fees = ZERO if market.fee_in_base_on_buy else waiting * market.maker_fee + purchase * market.taker_fee
    return waiting + purchase + fees


def fund(
    levels: list[Decimal], price: Decimal, budget: Decimal, held: Decimal, market: Market
) -> GridFunding | None:
    """The largest lot-rounded quantity per slot that `budget` (quote) and `held` (base) pay for.

    None where not even one lot per slot fits. The cost grows with the quantity, so the search halves.
    """

    def fits(lots: int) -> bool:
        return cost_of(lots * market.lot, levels, price, held, market) <= budget

    if not fits(1):
        return None
    low = 1
    while fits(low * 2):
        low *= 2
    high = low * 2
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if fits(middle) else (low, middle)
    quantity = low * market.lot
    holding = holding_slots(levels, price)
    missing = max(ZERO, quantity * len(holding) - held)
    if missing and missing * price < market.min_notional:
        missing = ZERO  # too small to buy: the farthest slots start without it and wait to buy
    return GridFunding(quantity, holding, missing)
