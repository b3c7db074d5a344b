"""A small OKX for tests: what a connector by data alone asks of it, over the simulated exchange's own book."""

import hmac
from base64 import b64decode, b64encode
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from decimal import Decimal
from hashlib import sha256
from typing import Any

import orjson
from aiohttp import web

from bots.core.types import ZERO, Side
from exchanges.simulator.accounts import Key
from exchanges.simulator.conventions import Conventions
from exchanges.simulator.errors import Refused
from exchanges.simulator.exchange import Exchange
from exchanges.simulator.hosting import LISTINGS, Listing
from exchanges.simulator.orders import Kind, NewOrder, Order, Status, Trade
from exchanges.simulator.venue import Venue

PASSPHRASES = {"key-of-alice": "phrase-of-alice"}
LATEST_MS = 30_000
CODES = {
    "Account has insufficient balance for requested action.": "51008",
    "Duplicate order sent.": "51016",
    "Filter failure: LOT_SIZE": "51121",
    "Filter failure: NOTIONAL": "51020",
}
KINDS = {"limit": Kind.LIMIT, "market": Kind.MARKET, "post_only": Kind.LIMIT_MAKER}
STATES = {
    Status.NEW: "live",
    Status.PARTIALLY_FILLED: "partially_filled",
    Status.FILLED: "filled",
}
Json = dict[str, Any]


class Wrong(Exception):
    """Refused as a whole: the code stands beside an empty `data`."""

    def __init__(self, code: str, text: str, status: int = 200) -> None:
        super().__init__(text)
        self.code, self.text, self.status = code, text, status


def venue_of(exchange: Exchange, instrument: str) -> Venue:
    found = exchange.venues.get(instrument.replace("-", ""))
    if found is None:
        raise Wrong("51001", "Instrument ID does not exist")
    return found


def instrument_of(exchange: Exchange, symbol: str) -> str:
    rules = exchange.venues[symbol].rules
    return f"{rules.base}-{rules.quote}"


class OkxWire:
    def __init__(self, exchange: Exchange, *_: object) -> None:
        self.exchange = exchange

    def routes(self) -> list[web.RouteDef]:
        public: dict[str, Callable[[Json], list[Any]]] = {
            "public/time": lambda _: [{"ts": str(self.exchange.clock())}],
            "public/instruments": lambda _: [self.instrument(each) for each in self.exchange.venues.values()],
            "market/ticker": lambda asked: [self.ticker(venue_of(self.exchange, asked["instId"]))],
            "market/candles": self.candles,
            "market/history-candles": self.candles,
        }
        private: dict[tuple[str, str], Callable[[Key, Json], list[Any]]] = {
            ("GET", "account/config"): lambda key, _: [self.config(key)],
            ("GET", "account/balance"): lambda key, _: [self.balance(key)],
            ("GET", "trade/order"): lambda key, asked: [self.shown(self.named(key, asked, "51603"))],
            ("GET", "trade/orders-pending"): self.pending,
            ("GET", "trade/fills-history"): self.fills,
            ("POST", "trade/order"): self.place,
            ("POST", "trade/cancel-order"): self.cancel,
        }
        routes = [web.get(f"/api/v5/{path}", self.open(answer)) for path, answer in public.items()]
        for (method, path), answer in private.items():
            routes.append(web.route(method, f"/api/v5/{path}", self.signed(answer)))
        return routes

    async def run(self) -> None:
        """Nothing goes by the clock."""

    # -- requests ---------------------------------------------------------------------------------------------------

    def open(self, answer: Callable[[Json], list[Any]]) -> Any:
        async def handle(request: web.Request) -> web.Response:
            return said(lambda: answer(dict(request.query)))

        return handle

    def signed(self, answer: Callable[[Key, Json], list[Any]]) -> Any:
        async def handle(request: web.Request) -> web.Response:
            body = await request.text()
            asked = orjson.loads(body) if body else dict(request.query)
            return said(lambda: answer(self.key(request, body), asked))

        return handle

    def key(self, request: web.Request, body: str) -> Key:
        headers = request.headers
        stamp, api_key = headers["OK-ACCESS-TIMESTAMP"], headers["OK-ACCESS-KEY"]
        now = self.exchange.clock()
        if not abs(now - milliseconds(stamp)) < LATEST_MS:
            raise Wrong("50102", "Timestamp request expired", 401)
        if "expTime" in headers and int(headers["expTime"]) < now:
            raise Wrong("51149", "Order timed out. Please try again.")
        if api_key in PASSPHRASES and headers["OK-ACCESS-PASSPHRASE"] != PASSPHRASES[api_key]:
            raise Wrong("50105", "Request header OK-ACCESS-PASSPHRASE incorrect", 401)
        known = self.exchange.accounts.keys.get(api_key)
        text = stamp + request.method + request.raw_path + body
        if known is not None and known.secret is not None:
            expected = hmac.new(known.secret.encode(), text.encode(), sha256).digest()
            if b64encode(expected).decode() != headers["OK-ACCESS-SIGN"]:
                raise Wrong("50113", "Invalid Sign", 401)
        assert len(b64decode(headers["OK-ACCESS-SIGN"])) == 32
        try:
            return self.exchange.key(api_key)
        except Refused:
            raise Wrong("50111", "Invalid OK-ACCESS-KEY", 401) from None

    # -- the market -------------------------------------------------------------------------------------------------

    def instrument(self, venue: Venue) -> Json:
        rules = venue.rules
        return {
            "instType": "SPOT",
            "instId": instrument_of(self.exchange, rules.symbol),
            "baseCcy": rules.base,
            "quoteCcy": rules.quote,
            "tickSz": f"{rules.tick:f}",
            "lotSz": f"{rules.lot:f}",
            "minSz": f"{rules.lot:f}",
            "maxLmtSz": "99999",
            "maxMktSz": "1000000",
            "state": "live",
            **dict.fromkeys(("uly", "settleCcy", "ctVal", "ctMult", "ctType", "expTime", "lever", "stk"), ""),
        }

    def ticker(self, venue: Venue) -> Json:
        book = venue.quote()
        (bid,), (ask,) = book.depth(Side.BUY, 1), book.depth(Side.SELL, 1)
        return {
            "instType": "SPOT",
            "instId": instrument_of(self.exchange, venue.rules.symbol),
            "last": f"{venue.price:f}",
            "bidPx": f"{bid[0]:f}",
            "askPx": f"{ask[0]:f}",
            "ts": str(self.exchange.clock()),
        }

    def candles(self, asked: Json) -> list[Any]:
        venue = venue_of(self.exchange, asked["instId"])
        venue.candles.roll(self.exchange.clock())
        start, end = int(asked["before"]) + 1, int(asked["after"]) - 1
        rows = venue.candles.rows(start, end)[-int(asked["limit"]) :]
        return [[str(row[0]), *(f"{Decimal(int(n)).scaleb(-8):f}" for n in row[1:6])] for row in rows[::-1]]

    # -- an account -------------------------------------------------------------------------------------------------

    def config(self, key: Key) -> Json:
        rights = [
            "read_only",
            *(["trade"] if key.can_trade else []),
            *(["withdraw"] if key.can_withdraw else []),
        ]
        return {
            "uid": str(key.uid),
            "perm": ",".join(rights),
            "ip": "203.0.113.7" if key.ip_restricted else "",
        }

    def balance(self, key: Key) -> Json:
        funds = self.exchange.accounts.by_uid[key.uid].funds
        rows = [
            {"ccy": asset, "availBal": f"{each.free:f}", "frozenBal": f"{each.locked:f}",
             "eq": f"{each.free + each.locked:f}", "cashBal": f"{each.free + each.locked:f}"}
            for asset, each in funds.items()
        ]  # fmt: skip
        return {"details": rows, "uTime": str(self.exchange.clock())}

    def place(self, key: Key, asked: Json) -> list[Any]:
        venue = venue_of(self.exchange, asked["instId"])
        assert asked["tdMode"] == "cash"
        assert asked.get("tgtCcy", "base_ccy") == "base_ccy"
        new = NewOrder(
            symbol=venue.rules.symbol,
            side=Side(asked["side"]),
            kind=KINDS[asked["ordType"]],
            client_id=asked["clOrdId"],
            price=Decimal(asked["px"]) if "px" in asked else None,
            quantity=Decimal(asked["sz"]),
        )
        try:
            order, _ = self.exchange.place(key.uid, new)
        except Refused as refused:
            code = CODES.get(refused.message, "51000")
            raise Wrong(code, refused.message) from None
        return [{"ordId": str(order.id), "clOrdId": order.client_id, "sCode": "0", "sMsg": "", "tag": ""}]

    def cancel(self, key: Key, asked: Json) -> list[Any]:
        order = self.named(key, asked, "51400")
        if not order.status.is_open:
            raise Wrong("51402" if order.status is Status.FILLED else "51401", "Cancellation failed")
        self.exchange.cancel(key.uid, order.symbol, order.id, None)
        return [{"ordId": str(order.id), "clOrdId": order.client_id, "sCode": "0", "sMsg": ""}]

    def named(self, key: Key, asked: Json, missing: str) -> Order:
        venue = venue_of(self.exchange, asked["instId"])
        number = int(asked["ordId"]) if "ordId" in asked else None
        found = self.exchange.find_order(key.uid, venue.rules.symbol, number, asked.get("clOrdId"))
        if found is None:
            raise Wrong(missing, "Order does not exist")
        return found

    def pending(self, key: Key, asked: Json) -> list[Any]:
        symbol = asked["instId"].replace("-", "") if "instId" in asked else None
        found = sorted(self.exchange.open_orders(key.uid, symbol), key=lambda order: -order.id)
        if "after" in asked:
            found = [order for order in found if order.id < int(asked["after"])]
        return [self.shown(order) for order in found[: int(asked.get("limit", 100))]]

    def fills(self, key: Key, asked: Json) -> list[Any]:
        venue = venue_of(self.exchange, asked["instId"])
        trades = self.exchange.journal.trades.of(key.uid)
        found = [
            trade
            for trade in trades
            if trade.symbol == venue.rules.symbol and int(asked["begin"]) <= trade.time <= int(asked["end"])
        ]
        return [self.execution(trade) for trade in found[::-1][:100]]

    def shown(self, order: Order) -> Json:
        return {
            "instType": "SPOT",
            "instId": instrument_of(self.exchange, order.symbol),
            "ordId": str(order.id),
            "clOrdId": order.client_id,
            "side": order.side.value,
            "ordType": {kind: name for name, kind in KINDS.items()}[order.kind],
            "px": f"{order.price:f}" if order.price else "",
            "sz": f"{order.quantity:f}",
            "accFillSz": f"{order.executed:f}",
            "avgPx": "",
            "state": STATES.get(order.status, "canceled"),
            "tgtCcy": "base_ccy",
            "fee": "0",
            "feeCcy": "",
            "cTime": str(order.time),
            "uTime": str(order.update_time),
        }

    def execution(self, trade: Trade) -> Json:
        order = self.exchange.find_order(trade.uid, trade.symbol, trade.order_id, None)
        return {
            "instType": "SPOT",
            "instId": instrument_of(self.exchange, trade.symbol),
            "tradeId": str(trade.id),
            "ordId": str(trade.order_id),
            "clOrdId": order.client_id if order else "",
            "billId": str(trade.id * 10),
            "side": trade.side.value,
            "fillPx": f"{trade.price:f}",
            "fillSz": f"{trade.quantity:f}",
            "fee": f"{ZERO - trade.commission:f}",
            "feeCcy": trade.commission_asset,
            "execType": "M" if trade.is_maker else "T",
            "ts": str(trade.time),
        }


def milliseconds(stamp: str) -> int:
    return int(datetime.fromisoformat(stamp).timestamp() * 1000)


def said(answer: Callable[[], list[Any]]) -> web.Response:
    """Refusals of an order stand within `data`, all others beside it."""
    status = 200
    try:
        content: Json = {"code": "0", "msg": "", "data": answer()}
    except Wrong as wrong:
        status = wrong.status
        rows = [{"ordId": "", "clOrdId": "", "sCode": wrong.code, "sMsg": wrong.text}]
        within = status == 200 and wrong.code not in ("51001", "51603", "51149")
        content = {"code": "1", "msg": "", "data": rows}
        if not within:
            content = {"code": wrong.code, "msg": wrong.text, "data": []}
    return web.Response(body=orjson.dumps(content), status=status, content_type="application/json")


@contextmanager
def listed() -> Iterator[None]:
    """The simulator hosts it meanwhile."""
    before = dict(LISTINGS)
    okx = Listing("okx", ("www.okx.com",), OkxWire, conventions=Conventions(post_only_is_accepted=True))
    LISTINGS.clear()
    LISTINGS.update({"okx": okx, **before})
    try:
        yield
    finally:
        LISTINGS.clear()
        LISTINGS.update(before)
