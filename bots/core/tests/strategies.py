"""Values for hypothesis: prices, markets, fills, configs as people might write them."""

from decimal import Decimal

from hypothesis import strategies as st

from bots.core.ledger import Booking
from bots.core.rounding import round8
from bots.core.strategies.dca import DCAConfig
from bots.core.strategies.grid import GridConfig
from bots.core.types import Fill, Liquidity, Market, Side

QUOTE, BASE = "USDT", "BTC"


def places(low: str, high: str, digits: int = 8) -> st.SearchStrategy[Decimal]:
    return st.decimals(Decimal(low), Decimal(high), places=digits, allow_nan=False, allow_infinity=False)


@st.composite
def markets(draw: st.DrawFn) -> Market:
    lot = Decimal(1).scaleb(-draw(st.integers(0, 6)))
    return Market(
        symbol=f"{BASE}/{QUOTE}",
        base=BASE,
        quote=QUOTE,
        tick=draw(st.sampled_from([Decimal("0.01"), Decimal("0.05"), Decimal("0.00001"), Decimal(1)])),
        lot=lot,
        min_quantity=lot * draw(st.integers(1, 5)),
        max_quantity=Decimal(10) ** 8,
        min_notional=Decimal(draw(st.integers(1, 20))),
        maker_fee=draw(st.sampled_from([Decimal(0), Decimal("0.001"), Decimal("0.00075")])),
        taker_fee=draw(st.sampled_from([Decimal("0.001"), Decimal("0.0018")])),
        fee_in_base_on_buy=draw(st.booleans()),
        market_lot=draw(st.sampled_from([Decimal(0), lot * 10])),
    )


MARKET = Market(
    symbol=f"{BASE}/{QUOTE}",
    base=BASE,
    quote=QUOTE,
    tick=Decimal("0.01"),
    lot=Decimal("0.00001"),
    min_quantity=Decimal("0.00001"),
    max_quantity=Decimal(1000),
    min_notional=Decimal(5),
)


@st.composite
def bookings(draw: st.DrawFn) -> list[Booking]:
    """What an account may really do: sells never exceed what is held."""
    held, made = Decimal(0), []
    for number in range(draw(st.integers(1, 12))):
        price, quantity = draw(places("0.01", "70000", 2)), draw(places("0.00001", "3", 5))
        side = Side.SELL if held > 0 and draw(st.booleans()) else Side.BUY
        if side is Side.SELL:
            quantity = held if draw(st.booleans()) else min(quantity, held)
        asset = draw(st.sampled_from([BASE, QUOTE, "BNB"]))
        fee = round8((quantity if asset == BASE else price * quantity) * Decimal("0.001"))
        if side is Side.SELL and asset == BASE:
            asset, fee = QUOTE, round8(price * quantity * Decimal("0.001"))
        held += quantity - (fee if asset == BASE else 0) if side is Side.BUY else -quantity
        fill = Fill(
            trade_id=str(number + 8),  # 8, 9, 10: compared as numbers
            exchange_order_id=str(number // 2),
            symbol=MARKET.symbol,
            side=side,
            price=price,
            quantity=quantity,
            fee=fee,
            fee_asset=asset,
            liquidity=Liquidity.MAKER,
            time=1000 + number // 3,
        )
        in_quote = {BASE: round8(fee * price), QUOTE: fee, "BNB": round8(fee / 7)}[asset]
        made.append(Booking(fill, in_quote))
    return made


@st.composite
def grids(draw: st.DrawFn, price: Decimal = Decimal(100)) -> GridConfig:
    lower = draw(places("0.5", "1.2", 2)) * price
    return GridConfig(
        lower_price=lower,
        upper_price=lower + draw(places("0.05", "200", 2)),
        grid_count=draw(st.integers(2, 60)),
        investment=draw(places("1", "20000", 2)),
        spacing=draw(st.sampled_from(["arithmetic", "geometric"])),
    )


@st.composite
def dcas(draw: st.DrawFn) -> DCAConfig:
    drops = draw(st.booleans())
    return DCAConfig(
        amount=draw(places("1", "500", 2)),
        interval=draw(st.sampled_from([None, 3600])),
        price_drop=draw(places("0.1", "9", 1)) if drops else None,
        step_scale=draw(places("0.8", "1.5", 1)),
        volume_scale=draw(places("0.5", "2", 1)),
        max_orders=draw(st.integers(1, 8)) if drops else 0,
        take_profit=draw(places("0.1", "5", 1)),
        max_investment=draw(st.none() | places("500", "5000", 2)),
    )
