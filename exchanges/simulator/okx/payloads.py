"""Markets, orders, fills and accounts as OKX writes them."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from bots.core.types import ZERO, Side
from exchanges.simulator.accounts import Account, Funds, Key
from exchanges.simulator.amounts import plain, plain_e8
from exchanges.simulator.exchange import Exchange
from exchanges.simulator.okx.ids import INSTRUMENTS, bill_text, order_text, trade_text
from exchanges.simulator.okx.rules import LARGEST_MARKET, NUMBERS, SMALLEST_LOTS
from exchanges.simulator.orders import Kind, Order, Status, Trade
from exchanges.simulator.symbols import SymbolRules
from exchanges.simulator.venue import Venue

Json = dict[str, Any]
STATES = {Status.NEW: "live", Status.PARTIALLY_FILLED: "partially_filled", Status.FILLED: "filled"}
BY_USER, BY_MAKER_ONLY, BY_SELF_TRADE = "1", "31", "32"  # cancelSource


def instrument(rules: SymbolRules) -> Json:
    return {
        "instType": "SPOT",
        "instId": INSTRUMENTS[rules.symbol],
        "instIdCode": NUMBERS[rules.symbol],
        "instFamily": "",
        "uly": "",
        "category": "1",
        "baseCcy": rules.base,
        "quoteCcy": rules.quote,
        "settleCcy": "",
        "ctVal": "",
        "ctMult": "",
        "ctValCcy": "",
        "ctType": "",
        "optType": "",
        "stk": "",
        "listTime": "1548133413000",
        "expTime": "",
        "lever": "",
        "tickSz": plain(rules.tick),
        "lotSz": plain(rules.lot),
        "minSz": plain(rules.lot * SMALLEST_LOTS),
        "maxLmtSz": plain(rules.max_quantity),
        "maxMktSz": plain(LARGEST_MARKET),
        "maxLmtAmt": plain(rules.max_notional),
        "maxMktAmt": plain(LARGEST_MARKET),
        "ruleType": "normal",
        "state": "live",
    }


def ticker(venue: Venue, now: int) -> Json:
    rows, book = venue.candles.day(), venue.quote()
    (bid,), (ask,) = book.depth(Side.BUY, 1), book.depth(Side.SELL, 1)
    return {
        "instType": "SPOT",
        "instId": INSTRUMENTS[venue.rules.symbol],
        "last": plain(venue.price),
        "lastSz": plain(venue.prints[-1].quantity if venue.prints else ZERO),
        "askPx": plain(ask[0]),
        "askSz": plain(ask[1]),
        "bidPx": plain(bid[0]),
        "bidSz": plain(bid[1]),
        "open24h": plain_e8(rows[0, 1]),
        "high24h": plain_e8(rows[:, 2].max()),
        "low24h": plain_e8(rows[:, 3].min()),
        "volCcy24h": plain_e8(rows[:, 6].sum()),
        "vol24h": plain_e8(rows[:, 5].sum()),
        "ts": str(now),
        "sodUtc0": plain_e8(rows[0, 1]),
        "sodUtc8": plain_e8(rows[0, 1]),
    }


def candle(row: Sequence[int], *, closed: bool) -> list[str]:
    """`row` as in candles.Rows."""
    prices = [plain_e8(value) for value in row[1:6]]
    quote = plain_e8(row[6])
    return [str(int(row[0])), *prices, quote, quote, "1" if closed else "0"]


def acknowledged(order: Order, now: int) -> Json:
    return {
        "clOrdId": order.client_id,
        "ordId": order_text(order.id),
        "tag": "",
        "ts": str(now),
        "sCode": "0",
        "sMsg": "",
    }


def order_info(exchange: Exchange, order: Order) -> Json:
    trades = exchange.journal.trades.of_order(order.uid, order.symbol, order.id) if order.executed else []
    last = trades[-1] if trades else None
    base, quote = INSTRUMENTS[order.symbol].split("-")
    return {
        "instType": "SPOT",
        "instId": INSTRUMENTS[order.symbol],
        "ordId": order_text(order.id),
        "clOrdId": order.client_id,
        "tag": "",
        "px": plain(order.price) if order.price else "",
        "sz": plain(order.quote_quantity or order.quantity),
        "ordType": order_type(order),
        "side": order.side.value,
        "posSide": "net",
        "tdMode": "cash",
        "tgtCcy": _target(order),
        "accFillSz": plain(order.executed),
        "avgPx": plain(round(order.quote / order.executed, 12)) if order.executed else "",
        "fillPx": plain(last.price) if last else "",
        "fillSz": plain(last.quantity) if last else "0",
        "fillTime": str(last.time) if last else "",
        "tradeId": trade_text(order.symbol, last.id) if last else "",
        "state": STATES.get(order.status, "canceled"),
        "fee": plain(-sum((trade.commission for trade in trades), ZERO)),
        "feeCcy": base if order.side is Side.BUY else quote,
        "rebate": "0",
        "rebateCcy": quote if order.side is Side.BUY else base,
        "pnl": "0",
        "source": "",
        "category": "normal",
        "ccy": "",
        "lever": "",
        "reduceOnly": "false",
        "cancelSource": _cancel_source(order),
        "cTime": str(order.time),
        "uTime": str(order.update_time),
    }


def order_type(order: Order) -> str:
    if order.kind is Kind.LIMIT_MAKER:
        return "post_only"
    return "ioc" if order.time_in_force == "IOC" and order.kind is Kind.LIMIT else order.kind.value.lower()


def fill(order: Order, trade: Trade) -> Json:
    return {
        "instType": "SPOT",
        "instId": INSTRUMENTS[trade.symbol],
        "tradeId": trade_text(trade.symbol, trade.id),
        "ordId": order_text(trade.order_id),
        "clOrdId": order.client_id,
        "billId": bill_text(trade.symbol, trade.id, trade.time),
        "tag": "",
        "fillPx": plain(trade.price),
        "fillSz": plain(trade.quantity),
        "side": trade.side.value,
        "posSide": "net",
        "execType": "M" if trade.is_maker else "T",
        "feeCcy": trade.commission_asset,
        "fee": plain(-trade.commission),
        "ts": str(trade.time),
        "fillTime": str(trade.time),
    }


def balance(exchange: Exchange, account: Account) -> Json:
    held = {asset: funds for asset, funds in sorted(account.funds.items()) if funds.free or funds.locked}
    details = [_coin(asset, funds, account.update_time) for asset, funds in held.items()]
    equity = sum((_usd(exchange, asset) * (f.free + f.locked) for asset, f in held.items()), ZERO)
    return {"uTime": str(account.update_time), "totalEq": f"{equity:.8f}", "details": details}


def account_config(key: Key) -> Json:
    rights = ["read_only"] + ["trade"] * key.can_trade + ["withdraw"] * key.can_withdraw
    return {
        "uid": str(key.uid),
        "mainUid": str(key.uid),
        "acctLv": "1",
        "posMode": "net_mode",
        "autoLoan": False,
        "level": "Lv1",
        "label": "key",
        "perm": ",".join(rights),
        "ip": "203.0.113.7" if key.ip_restricted else "",
        "type": "0",
        "kycLv": "3",
        "roleType": "0",
    }


def _coin(asset: str, funds: Funds, time: int) -> Json:
    total = plain(funds.free + funds.locked)
    return {
        "ccy": asset,
        "eq": total,
        "cashBal": total,
        "availBal": plain(funds.free),
        "availEq": "",
        "frozenBal": plain(funds.locked),
        "ordFrozen": plain(funds.locked),
        "uTime": str(time),
    }


def _usd(exchange: Exchange, asset: str) -> Decimal:
    venue = exchange.venues.get(f"{asset}USDT")
    return venue.price if venue else Decimal(1)


def _target(order: Order) -> str:
    if order.kind is not Kind.MARKET:
        return ""
    return "quote_ccy" if order.quote_quantity else "base_ccy"


def _cancel_source(order: Order) -> str:
    if order.status in (Status.CANCELED, Status.EXPIRED_IN_MATCH):
        return BY_USER if order.status is Status.CANCELED else BY_SELF_TRADE
    return BY_MAKER_ONLY if order.status is Status.EXPIRED and order.kind is Kind.LIMIT_MAKER else ""
