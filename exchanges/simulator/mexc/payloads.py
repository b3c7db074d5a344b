"""Markets, orders, trades and accounts as MEXC writes them."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from bots.core.types import Side
from exchanges.simulator.accounts import Account, Key
from exchanges.simulator.amounts import plain, plain_e8
from exchanges.simulator.mexc.ids import order_text, trade_text
from exchanges.simulator.mexc.rules import BY_SYMBOL
from exchanges.simulator.orders import Kind, Order, Status, Trade
from exchanges.simulator.symbols import SymbolRules
from exchanges.simulator.venue import Venue

Json = dict[str, Any]
STATUSES = {Status.NEW: "NEW", Status.PARTIALLY_FILLED: "PARTIALLY_FILLED", Status.FILLED: "FILLED"}


def symbol_info(rules: SymbolRules) -> Json:
    """With the rules as they stand now."""
    listed = BY_SYMBOL[rules.symbol]
    price_decimals, base_decimals = decimals(rules.tick), decimals(rules.lot)
    return {
        "symbol": rules.symbol,
        "status": "1",
        "baseAsset": rules.base,
        "baseAssetPrecision": base_decimals,
        "quoteAsset": rules.quote,
        "quotePrecision": price_decimals,
        "quoteAssetPrecision": price_decimals,
        "baseCommissionPrecision": base_decimals,
        "quoteCommissionPrecision": price_decimals,
        "orderTypes": ["LIMIT", "MARKET", "LIMIT_MAKER"],
        "isSpotTradingAllowed": True,
        "isMarginTradingAllowed": False,
        "quoteAmountPrecision": f"{rules.min_notional:.30f}",
        "baseSizePrecision": plain(max(listed.smallest, rules.lot)),
        "permissions": ["SPOT"],
        "filters": [],
        "maxQuoteAmount": f"{rules.max_notional:.30f}",
        "makerCommission": plain(rules.maker_fee),
        "takerCommission": plain(rules.taker_fee),
        "quoteAmountPrecisionMarket": f"{rules.min_notional:.30f}",
        "maxQuoteAmountMarket": f"{listed.largest_market:.30f}",
        "fullName": rules.base,
        "tradeSideType": 1,
        "contractAddress": "",
        "st": False,
    }


def decimals(step: Decimal) -> int:
    return max(0, -int(step.normalize().as_tuple().exponent))


def day_ticker(venue: Venue) -> Json:
    rows = venue.candles.day()
    opened = Decimal(int(rows[0, 1])).scaleb(-8)
    change = venue.price - opened
    return {
        "symbol": venue.rules.symbol,
        "priceChange": plain(change),
        "priceChangePercent": f"{change / opened:.8f}",
        "prevClosePrice": plain(opened),
        "lastPrice": plain(venue.price),
        **touch(venue),
        "openPrice": plain(opened),
        "highPrice": plain_e8(rows[:, 2].max()),
        "lowPrice": plain_e8(rows[:, 3].min()),
        "volume": plain_e8(rows[:, 5].sum()),
        "quoteVolume": plain_e8(rows[:, 6].sum()),
        "openTime": int(rows[0, 0]),
        "closeTime": max(venue.time, int(rows[-1, 0])),
        "count": None,
    }


def touch(venue: Venue) -> Json:
    book = venue.quote()
    (bid,), (ask,) = book.depth(Side.BUY, 1), book.depth(Side.SELL, 1)
    return {
        "bidPrice": plain(bid[0]),
        "bidQty": plain(bid[1]),
        "askPrice": plain(ask[0]),
        "askQty": plain(ask[1]),
    }


def kline(row: Sequence[int], interval: int) -> list[Any]:
    """`row` as in candles.Rows. The close time is the next candle's open time."""
    time, opened, high, low, close, volume, quote = map(int, row[:7])
    prices = [plain_e8(value) for value in (opened, high, low, close, volume)]
    return [time, *prices, time + interval, plain_e8(quote)]


def new_order(order: Order) -> Json:
    """Without the client's id."""
    return {
        "symbol": order.symbol,
        "orderId": order_text(order.id),
        "orderListId": -1,
        "price": plain(order.price),
        "origQty": plain(order.quantity),
        "type": order_type(order),
        "side": order.side.value.upper(),
        "transactTime": order.time,
    }


def order_info(order: Order) -> Json:
    return {
        "symbol": order.symbol,
        "orderId": order_text(order.id),
        "orderListId": -1,
        "clientOrderId": order.client_id,
        "price": plain(order.price),
        "origQty": plain(order.quantity),
        "executedQty": plain(order.executed),
        "cummulativeQuoteQty": plain(order.quote),
        "status": order_status(order),
        "timeInForce": None,
        "type": order_type(order),
        "side": order.side.value.upper(),
        "stopPrice": None,
        "icebergQty": None,
        "time": order.time,
        "updateTime": None if order.status is Status.NEW else order.update_time,
        "isWorking": True,
        "origQuoteOrderQty": plain(order.quote_quantity or order.price * order.quantity),
    }


def order_status(order: Order) -> str:
    return STATUSES.get(order.status) or ("PARTIALLY_CANCELED" if order.executed else "CANCELED")


def order_type(order: Order) -> str:
    return (
        "IMMEDIATE_OR_CANCEL"
        if order.time_in_force == "IOC" and order.kind is Kind.LIMIT
        else order.kind.value
    )


def my_trade(trade: Trade) -> Json:
    """Without the client's id of the order."""
    return {
        "symbol": trade.symbol,
        "id": trade_text(trade.symbol, trade.id),
        "orderId": order_text(trade.order_id),
        "orderListId": -1,
        "price": plain(trade.price),
        "qty": plain(trade.quantity),
        "quoteQty": plain(trade.quote),
        "commission": plain(trade.commission),
        "commissionAsset": trade.commission_asset,
        "time": trade.time,
        "isBuyer": trade.side is Side.BUY,
        "isMaker": trade.is_maker,
        "isBestMatch": True,
        "isSelfTrade": False,
        "clientOrderId": None,
    }


def account_info(account: Account, key: Key) -> Json:
    return {
        "makerCommission": None,
        "takerCommission": None,
        "buyerCommission": None,
        "sellerCommission": None,
        "canTrade": key.can_trade,
        "canWithdraw": key.can_withdraw,
        "canDeposit": True,
        "updateTime": None,
        "accountType": "SPOT",
        "balances": [
            {"asset": asset, "free": plain(funds.free), "locked": plain(funds.locked)}
            for asset, funds in sorted(account.funds.items())
            if funds.free or funds.locked
        ],
        "permissions": ["SPOT"],
    }
