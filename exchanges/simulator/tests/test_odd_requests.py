"""Whatever arrives, a wire has an answer of its own: no request ends in an internal error."""

import base64
import itertools
import json
from collections.abc import Iterable
from datetime import UTC, datetime

import pytest

from exchanges.simulator.binance.endpoint import ENDPOINTS as BINANCE
from exchanges.simulator.bybit.endpoint import ENDPOINTS as BYBIT
from exchanges.simulator.mexc.endpoint import ENDPOINTS as MEXC
from exchanges.simulator.okx.endpoint import ENDPOINTS as OKX

HEX, DIGEST = "0" * 64, base64.b64encode(bytes(32)).decode()  # a demo key's signature only needs its form
KEY = "demo-odd"
ODD = [
    "",
    "0",
    "-1",
    "9" * 17,
    "9" * 20,
    "9" * 40,
    "1e5",
    "NaN",
    "x",
    "ü",
    "\x00",
    "[]",
    '{"a":1}',
    "BTCUSDT",
    "BTC-USDT",
    "1:2",
]
NAMES = {
    "binance": "symbol symbols interval limit startTime endTime fromId orderId origClientOrderId newClientOrderId side"
    " type timeInForce quantity price quoteOrderQty recvWindow",
    "bybit": "category symbol interval limit start end cursor orderId orderLinkId openOnly startTime endTime execType"
    " coin accountType side orderType qty price timeInForce marketUnit",
    "mexc": "symbol symbols interval limit startTime endTime orderId origClientOrderId newClientOrderId side type"
    " quantity price quoteOrderQty recvWindow listenKey",
    "okx": "instType instId bar limit before after begin end ordId clOrdId tdMode side ordType sz px tgtCcy",
}
GOOD = {
    "binance": {
        "symbol": "BTCUSDT",
        "side": "BUY",
        "type": "LIMIT",
        "timeInForce": "GTC",
        "quantity": "1",
        "price": "1",
    },
    "bybit": {
        "category": "spot",
        "symbol": "BTCUSDT",
        "side": "Buy",
        "orderType": "Limit",
        "qty": "1",
        "price": "1",
    }
    | {"accountType": "UNIFIED", "interval": "1"},
    "mexc": {
        "symbol": "BTCUSDT",
        "side": "BUY",
        "type": "LIMIT",
        "quantity": "1",
        "price": "1",
        "interval": "1m",
    },
    "okx": {
        "instType": "SPOT",
        "instId": "BTC-USDT",
        "tdMode": "cash",
        "side": "buy",
        "ordType": "limit",
        "sz": "1",
    }
    | {"px": "1"},
}


def requests_of(name, endpoints):
    """Each endpoint with nothing, and with one parameter odd while the rest is good: ids in every way, others in three
    ways each time."""
    odd = itertools.cycle(ODD)
    for method, path in endpoints:
        yield method, path, {}
        for field in NAMES[name].split():
            values = ODD if field.endswith("Id") else itertools.islice(odd, 3)
            for value in values:
                yield method, path, GOOD[name] | {field: value}


def sent(name, method, parameters, now):
    """(query, headers, body)"""
    if name in ("binance", "mexc"):
        header = "X-MBX-APIKEY" if name == "binance" else "X-MEXC-APIKEY"
        signed = {"timestamp": str(now), **parameters, "signature": HEX}
        return signed, {header: KEY, "Content-Type": "application/json"}, None
    stamp = datetime.fromtimestamp(now / 1000, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    headers = {"Content-Type": "application/json"} | {
        "bybit": {"X-BAPI-API-KEY": KEY, "X-BAPI-TIMESTAMP": str(now), "X-BAPI-SIGN": HEX},
        "okx": {"OK-ACCESS-KEY": KEY, "OK-ACCESS-TIMESTAMP": stamp, "OK-ACCESS-SIGN": DIGEST}
        | {"OK-ACCESS-PASSPHRASE": "p"},
    }[name]
    return ({}, headers, json.dumps(parameters)) if method == "POST" else (parameters, headers, None)


WIRES: dict[str, tuple[str, Iterable[tuple[str, str]]]] = {
    "binance": ("https://api.binance.com", BINANCE),
    "bybit": ("https://api.bybit.com", BYBIT),
    "mexc": ("https://api.mexc.com", MEXC),
    "okx": ("https://www.okx.com", OKX),
}


@pytest.mark.parametrize("name", WIRES)
async def test_odd_parameters_are_refused_not_stumbled_over(sim, session, name):
    host, endpoints = WIRES[name]
    ticks = itertools.count(sim.exchanges[name].clock(), 100)
    sim.exchanges[name].clock = lambda: next(
        ticks
    )  # time flies, or the limits would answer for the endpoints
    for method, path, parameters in requests_of(name, endpoints):
        query, headers, body = sent(name, method, parameters, sim.exchanges[name].clock())
        asked = session.request(method, host + path, params=query, headers=headers, data=body)
        async with asked as answer:
            text = await answer.text()
            assert answer.status < 500, (method, path, parameters, text)
            assert "too many" not in text.lower(), (method, path, text)
            json.loads(text)


@pytest.mark.parametrize("body", ["", "{", "[]", "[1,2]", "null", '"x"', "{}", '{"qty":1.5e400}', "\x00"])
@pytest.mark.parametrize("name", ["bybit", "okx"])
async def test_odd_bodies_are_refused_not_stumbled_over(sim, session, name, body):
    host, endpoints = WIRES[name]
    for method, path in endpoints:
        if method == "POST":
            _, headers, _ = sent(name, method, {}, sim.exchanges[name].clock())
            async with session.post(host + path, headers=headers, data=body) as answer:
                assert answer.status < 500, (path, body, await answer.text())
