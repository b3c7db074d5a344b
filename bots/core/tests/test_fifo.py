"""First in, first out: nothing is counted twice and nothing lost."""

from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from bots.core.fifo import Trade, disposals
from bots.core.types import Side

POOL = ("binance:1", "BTC/USDT")


def trade(time: int, side: Side, price: str, quantity: str, fee: str = "0", fee_base: str = "0") -> Trade:
    return Trade(time, POOL, side, Decimal(price), Decimal(quantity), Decimal(fee), Decimal(fee_base))


def test_a_sale_takes_the_oldest_coins_first_with_their_fees() -> None:
    trades = [
        trade(1, Side.BUY, "100", "1", "0.1"),
        trade(2, Side.BUY, "200", "1", "0.2"),
        trade(3, Side.SELL, "300", "1.5", "0.45"),
    ]
    first, second = disposals(trades)
    assert (first.bought_at, first.quantity, first.cost, first.proceeds) == (
        1,
        1,
        Decimal("100.1"),
        Decimal("299.7"),
    )
    assert (second.bought_at, second.cost, second.gain) == (2, Decimal("100.1"), Decimal("49.75"))
    assert (first.fees, second.fees) == (Decimal("0.4"), Decimal("0.25"))


def test_a_fee_in_the_coin_makes_fewer_coins_cost_the_same() -> None:
    bought, sold = trade(1, Side.BUY, "100", "1", "0.1", "0.001"), trade(2, Side.SELL, "100", "0.999")
    (disposal,) = disposals([bought, sold])
    assert (disposal.cost, disposal.proceeds) == (Decimal(100), Decimal("99.9"))


def test_coins_nobody_saw_bought_have_no_cost() -> None:
    (disposal,) = disposals([trade(1, Side.SELL, "100", "1")])
    assert (disposal.bought_at, disposal.cost, disposal.gain) == (None, None, None)


def test_accounts_and_markets_do_not_lend_each_other_coins() -> None:
    bought = trade(1, Side.BUY, "100", "1")
    elsewhere = Trade(2, ("binance:2", "BTC/USDT"), Side.SELL, Decimal(100), Decimal(1), Decimal(0))
    assert [disposal.cost for disposal in disposals([bought, elsewhere])] == [None]


AMOUNTS = st.decimals("0.00001", "10", places=5)
TRADES = st.lists(st.tuples(st.sampled_from(Side), AMOUNTS, AMOUNTS), max_size=30)


@given(TRADES)
def test_quantities_proceeds_and_costs_add_up_exactly(
    given_trades: list[tuple[Side, Decimal, Decimal]],
) -> None:
    trades = [
        Trade(i, POOL, side, price, quantity, Decimal("0.00001"))
        for i, (side, price, quantity) in enumerate(given_trades)
    ]
    found = list(disposals(trades))
    sales = [trade for trade in trades if trade.side is Side.SELL]
    buys = [trade for trade in trades if trade.side is Side.BUY]
    assert sum(one.quantity for one in found) == sum(sale.quantity for sale in sales)
    proceeds = sum((sale.price * sale.quantity - sale.fee_quote).quantize(Decimal("1e-8")) for sale in sales)
    assert sum(one.proceeds for one in found) == proceeds
    spent = sum((buy.price * buy.quantity + buy.fee_quote).quantize(Decimal("1e-8")) for buy in buys)
    assert sum(one.cost or 0 for one in found) <= spent
    assert sum(one.fees for one in found) <= Decimal("0.00001") * len(trades)
    assert all(one.cost is None or one.cost >= 0 for one in found)
    if sum(sale.quantity for sale in sales) >= sum(buy.quantity for buy in buys) and all(
        one.cost is not None for one in found
    ):
        assert sum(one.cost or 0 for one in found) == spent
        assert sum(one.fees for one in found) == Decimal("0.00001") * len(trades)
