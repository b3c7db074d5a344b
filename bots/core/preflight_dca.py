"""What must be true before a DCA bot may start: each failure says the number that would fix it."""

from decimal import Decimal

from bots.core.preflight import CENT, MARGIN, Preflight
from bots.core.rounding import as_price, ceil_to, floor_to, plain, round8
from bots.core.slots import market_quantity, smallest_order, tradable
from bots.core.strategies.config import LARGEST
from bots.core.strategies.dca import DCAConfig
from bots.core.strategies.grid_funding import kept
from bots.core.types import ZERO, Market


def preflight_dca(config: DCAConfig, market: Market, price: Decimal, funds: Decimal | None) -> Preflight:
    check = Preflight()
    levels = _safety_prices(config, market, price)
    _check_buys(check, config, market, price, levels)
    _check_safety(check, config, market, levels)
    fees = (market.maker_fee + market.taker_fee) * 100
    if config.take_profit is not None and config.take_profit <= fees:
        detail = f"Must be above the fees of buying and selling: {plain(fees)} %."
        check.fail("take_profit", "unprofitable", detail)
    _check_funds(check, config, market, funds)
    check.summary = {
        "price": price,
        "full_cycle": config.full_cycle,
        "quantity_first_buy": market_quantity(config.amount / price, market),
        "safety_orders": [
            {"price": level, "amount": round8(config.safety_amount(number))}
            for number, level in enumerate(levels, start=1)
        ],
    }
    return check


def _check_buys(
    check: Preflight, config: DCAConfig, market: Market, price: Decimal, levels: list[Decimal]
) -> None:
    if config.investment / min([price, *filter(None, levels)]) > LARGEST:
        name = "max_investment" if config.max_investment else "amount"
        check.fail(name, "too_large", f"A deal would hold more {market.base} than can be kept: lower {name}.")
    if not _buys_fit(config, market, price):
        least = ceil_to(_least_amount(config, market, price) * MARGIN, CENT)
        check.fail(
            "amount",
            "min_notional",
            f"Each buy must be worth at least {as_price(market.min_notional)} {market.quote}, and be enough to sell "
            f"again after its fee: use at least {as_price(least)}.",
        )


def _check_safety(check: Preflight, config: DCAConfig, market: Market, levels: list[Decimal]) -> None:
    if ZERO in levels:
        detail = f"Safety orders would fall below one tick: use at most {levels.index(ZERO)}."
        check.fail("max_orders", "too_low", detail)
    if config.max_orders + 1 > market.max_orders:
        check.fail("max_orders", "too_many_orders", f"Use at most {market.max_orders - 1}.")


def _check_funds(check: Preflight, config: DCAConfig, market: Market, funds: Decimal | None) -> None:
    needed = min(config.full_cycle, config.investment)
    if funds is not None and funds < needed:
        check.fail(
            "amount",
            "insufficient_balance",
            f"One full cycle needs {as_price(needed)} {market.quote} and the account has {as_price(funds)} free: "
            f"add {as_price(needed - funds)} {market.quote}.",
        )


def _safety_prices(config: DCAConfig, market: Market, price: Decimal) -> list[Decimal]:
    drops = (config.safety_drop(number) for number in range(1, config.max_orders + 1))
    return [floor_to(price * (1 - drop / 100), market.tick) for drop in drops]


def _least_amount(config: DCAConfig, market: Market, price: Decimal) -> Decimal:
    """The amount from which on every buy is an order the exchange takes and the base order can be sold again."""
    lot = market.market_lot or market.lot
    least = ceil_to(smallest_order(price, market) / kept(market, market.taker_fee), lot) * price
    for number, level in enumerate(_safety_prices(config, market, price), start=1):
        if level > 0:
            needed = smallest_order(level, market) * level
            least = max(least, needed / config.volume_scale**number)
    return least


def _buys_fit(config: DCAConfig, market: Market, price: Decimal) -> bool:
    lots = market_quantity(config.amount / price, market)
    sellable = floor_to(lots * kept(market, market.taker_fee), market.lot)
    return tradable(sellable, price, market) and all(
        tradable(floor_to(config.safety_amount(number) / level, market.lot), level, market)
        for number, level in enumerate(_safety_prices(config, market, price), start=1)
        if level > 0
    )
