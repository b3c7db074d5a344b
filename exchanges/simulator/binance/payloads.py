"""Orders, trades and accounts as Binance's REST answers write them."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from bots.core.types import Side
from exchanges.simulator.accounts import Account, Key
from exchanges.simulator.filters import describe
from exchanges.simulator.orders import Order, Print, Trade
from exchanges.simulator.symbols import SymbolRules
from exchanges.simulator.venue import Venue

Json = dict[str, Any]


def amount(value: Decimal) -> str:
    return f"{value:.8f}"


def e8_text(value: int) -> str:
    whole, rest = divmod(int(value), 100_000_000)
    return f"{whole}.{rest:08d}"


def symbol_info(rules: SymbolRules) -> Json:
    return {
        "symbol": rules.symbol,
        "status": "TRADING",
        "baseAsset": rules.base,
        "baseAssetPrecision": 8,
        "quoteAsset": rules.quote,
        "quotePrecision": 8,
        "quoteAssetPrecision": 8,
        "baseCommissionPrecision": 8,
        "quoteCommissionPrecision": 8,
        "orderTypes": ["LIMIT", "LIMIT_MAKER", "MARKET"],
        "icebergAllowed": False,
        "ocoAllowed": False,
        "otoAllowed": False,
        "quoteOrderQtyMarketAllowed": True,
        "allowTrailingStop": False,
        "cancelReplaceAllowed": False,
        "amendAllowed": False,
        "isSpotTradingAllowed": True,
        "isMarginTradingAllowed": False,
        "filters": describe(rules),
        "permissions": [],
        "permissionSets": [["SPOT"]],
        "defaultSelfTradePreventionMode": "EXPIRE_MAKER",
        "allowedSelfTradePreventionModes": ["EXPIRE_MAKER"],
    }


def _core(order: Order) -> Json:
    return {
        "price": amount(order.price),
        "origQty": amount(order.quantity),
        "executedQty": amount(order.executed),
        "origQuoteOrderQty": amount(order.quote_quantity),
        "cummulativeQuoteQty": amount(order.quote),
        "status": order.status.value,
        "timeInForce": order.time_in_force,
        "type": order.kind.value,
        "side": order.side.value.upper(),
    }


def order_info(order: Order) -> Json:
    return {
        "symbol": order.symbol,
        "orderId": order.id,
        "orderListId": -1,
        "clientOrderId": order.client_id,
        **_core(order),
        "stopPrice": "0.00000000",
        "icebergQty": "0.00000000",
        "time": order.time,
        "updateTime": order.update_time,
        "isWorking": True,
        "workingTime": order.time,
        "selfTradePreventionMode": "EXPIRE_MAKER",
    }


def new_order(order: Order, trades: list[Trade], detail: str) -> Json:
    """`detail` is newOrderRespType: ACK, RESULT or FULL."""
    answer: Json = {
        "symbol": order.symbol,
        "orderId": order.id,
        "orderListId": -1,
        "clientOrderId": order.client_id,
        "transactTime": order.time,
    }
    if detail != "ACK":
        answer |= _core(order) | {"workingTime": order.time}
    if detail == "FULL":
        answer["fills"] = [
            {
                "price": amount(trade.price),
                "qty": amount(trade.quantity),
                "commission": amount(trade.commission),
                "commissionAsset": trade.commission_asset,
                "tradeId": trade.id,
            }
            for trade in trades
        ]
    if detail != "ACK":
        answer["selfTradePreventionMode"] = "EXPIRE_MAKER"
    return answer


def cancelled_order(order: Order, cancel_id: str) -> Json:
    return {
        "symbol": order.symbol,
        "origClientOrderId": order.client_id,
        "orderId": order.id,
        "orderListId": -1,
        "clientOrderId": cancel_id,
        "transactTime": order.update_time,
        **_core(order),
        "selfTradePreventionMode": "EXPIRE_MAKER",
    }


def my_trade(trade: Trade) -> Json:
    return {
        "symbol": trade.symbol,
        "id": trade.id,
        "orderId": trade.order_id,
        "orderListId": -1,
        "price": amount(trade.price),
        "qty": amount(trade.quantity),
        "quoteQty": amount(trade.quote),
        "commission": amount(trade.commission),
        "commissionAsset": trade.commission_asset,
        "time": trade.time,
        "isBuyer": trade.side.value == "buy",
        "isMaker": trade.is_maker,
        "isBestMatch": True,
    }


def account_info(account: Account, key: Key, rates: tuple[Decimal, Decimal], *, omit_zero: bool) -> Json:
    maker, taker = rates
    return {
        "makerCommission": int(maker * 10_000),
        "takerCommission": int(taker * 10_000),
        "buyerCommission": 0,
        "sellerCommission": 0,
        "commissionRates": {
            "maker": amount(maker),
            "taker": amount(taker),
            "buyer": amount(Decimal(0)),
            "seller": amount(Decimal(0)),
        },
        "canTrade": key.can_trade,
        "canWithdraw": key.can_withdraw,
        "canDeposit": True,
        "brokered": False,
        "requireSelfTradePrevention": False,
        "preventSor": False,
        "updateTime": account.update_time,
        "accountType": "SPOT",
        "balances": [
            {"asset": asset, "free": amount(funds.free), "locked": amount(funds.locked)}
            for asset, funds in sorted(account.funds.items())
            if not omit_zero or funds.free or funds.locked
        ],
        "permissions": ["SPOT"],
        "uid": account.uid,
    }


def restrictions(key: Key) -> Json:
    return {
        "ipRestrict": key.ip_restricted,
        "createTime": key.created,
        "enableReading": True,
        "enableWithdrawals": key.can_withdraw,
        "enableInternalTransfer": False,
        "enableMargin": False,
        "enableFutures": False,
        "permitsUniversalTransfer": False,
        "enableVanillaOptions": False,
        "enableFixApiTrade": False,
        "enableFixReadOnly": False,
        "enableSpotAndMarginTrading": key.can_trade,
        "enablePortfolioMarginTrading": False,
    }


def day_ticker(venue: Venue) -> Json:
    rows = venue.candles.day()
    opened, last = int(rows[0, 1]), int(rows[-1, 4])
    volume, quote, count = (int(rows[:, column].sum()) for column in (5, 6, 7))
    bid, ask = _touch(venue)
    return {
        "symbol": venue.rules.symbol,
        "priceChange": _signed(last - opened),
        "priceChangePercent": f"{(last - opened) / opened * 100:.3f}",
        "weightedAvgPrice": e8_text(quote * 100_000_000 // volume if volume else last),
        "prevClosePrice": e8_text(opened),
        "lastPrice": amount(venue.price),
        "lastQty": amount(venue.prints[-1].quantity if venue.prints else Decimal(0)),
        **bid,
        **ask,
        "openPrice": e8_text(opened),
        "highPrice": e8_text(int(rows[:, 2].max())),
        "lowPrice": e8_text(int(rows[:, 3].min())),
        "volume": e8_text(volume),
        "quoteVolume": e8_text(quote),
        "openTime": int(rows[0, 0]),
        "closeTime": max(venue.time, int(rows[-1, 0])),
        "firstId": venue.trade_id - count + 1,
        "lastId": venue.trade_id,
        "count": count,
    }


def book_ticker(venue: Venue) -> Json:
    bid, ask = _touch(venue)
    return {"symbol": venue.rules.symbol, **bid, **ask}


def aggregate_trade(done: Print) -> Json:
    amounts = {"p": amount(done.price), "q": amount(done.quantity)}
    return {
        "a": done.id,
        **amounts,
        "f": done.id,
        "l": done.id,
        "T": done.time,
        "m": done.buyer_is_maker,
        "M": True,
    }


def depth(venue: Venue, limit: int) -> Json:
    book = venue.quote()
    sides = {"bids": Side.BUY, "asks": Side.SELL}
    levels = {
        name: [[amount(p), amount(q)] for p, q in book.depth(side, limit)] for name, side in sides.items()
    }
    return {"lastUpdateId": venue.update_id, **levels}


def kline(row: Sequence[int], interval: int) -> list[Any]:
    """`row` as in candles.Rows."""
    time, opened, high, low, close, volume, quote, count, taker, taker_quote = map(int, row)
    prices = map(e8_text, (opened, high, low, close, volume))
    sums = (e8_text(quote), count, e8_text(taker), e8_text(taker_quote), "0")
    return [time, *prices, time + interval - 1, *sums]


def _touch(venue: Venue) -> tuple[Json, Json]:
    book = venue.quote()
    (bid,), (ask,) = book.depth(Side.BUY, 1), book.depth(Side.SELL, 1)
    return (
        {"bidPrice": amount(bid[0]), "bidQty": amount(bid[1])},
        {"askPrice": amount(ask[0]), "askQty": amount(ask[1])},
    )


def _signed(value: int) -> str:
    return f"-{e8_text(-value)}" if value < 0 else e8_text(value)
