"""Reads and cancels are asked again while that may help, and say clearly when it does not."""

import asyncio
import time
from decimal import Decimal
from typing import Any

import pytest
from aiohttp import web

from bots.core import ports
from bots.core.types import OrderStatus, Side
from exchanges.tests.conftest import accepted
from exchanges.tests.test_create_outcomes import no_secret_in
from exchanges.tests.wire import Answer, drops, fake_wire, hangs, in_turn, says, says_text, truncates

ORDER, OPEN, TRADES = "/api/v3/order", "/api/v3/openOrders", "/api/v3/myTrades"
STORED = accepted(updateTime=5)


@pytest.mark.parametrize(
    "failure",
    [
        drops,
        says_text("<html>", 200),
        says_text("<html>", 502),
        says({"code": -1000, "msg": "unknown"}, 503),
        says({"code": -1001, "msg": "disconnected"}, 400),
        truncates([STORED]),
        says({"unexpected": True}),
    ],
    ids=["drop", "html", "502", "-1000", "-1001", "cut", "strange"],
)
async def test_a_read_is_asked_again_until_it_comes_through(failure, wire, connecting):
    connector = await connecting(wire.transport)
    wire.on("GET", OPEN, in_turn(failure, failure, says([STORED])))
    (report,) = await connector.open_orders("BTC/USDT")
    assert (report.client_id, report.status, report.time) == ("agx1", OrderStatus.OPEN, 1_700_000_000_000)


async def test_a_read_that_never_comes_through_says_so_after_five_more_tries(wire, connecting):
    connector = await connecting(wire.transport)
    wire.on("GET", OPEN, says_text("bad gateway", 502))
    with pytest.raises(ports.ExchangeUnavailable) as raised:
        await connector.open_orders("BTC/USDT")
    assert len(wire.requests("GET", OPEN)) == 6
    assert no_secret_in(raised.value)


async def test_an_exchange_that_is_gone_is_unavailable(connecting):
    async with fake_wire() as wire:
        connector = await connecting(wire.transport)
    with pytest.raises(ports.ExchangeUnavailable) as raised:
        await connector.balances()
    assert no_secret_in(raised.value)


async def test_waiting_between_two_tries_can_be_cancelled(wire, connecting):
    connector = await connecting(wire.transport, delays=(600.0,))
    wire.on("GET", OPEN, says_text("bad gateway", 502))
    task = asyncio.create_task(connector.open_orders("BTC/USDT"))
    await wire.has_seen("GET", OPEN)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_a_read_waits_out_a_rate_limit_through_the_shared_limiter(wire, connecting, limiter):
    connector = await connecting(wire.transport)
    busy = says({"code": -1003, "msg": "slow down"}, 429, {"Retry-After": "9"})
    wire.on("GET", OPEN, in_turn(busy, says([])))
    assert await connector.open_orders("BTC/USDT") == []
    assert limiter.pauses == [("binance", 9.0, "")]
    assert len(limiter.taken) >= 2


async def test_a_long_ban_is_told_at_once(wire, connecting, limiter):
    connector = await connecting(wire.transport)
    wire.on("GET", OPEN, says({"code": -1003, "msg": "banned"}, 418, {"Retry-After": "3600"}))
    with pytest.raises(ports.ExchangeUnavailable):
        await connector.open_orders("BTC/USDT")
    assert len(wire.requests("GET", OPEN)) == 1
    assert limiter.pauses == [("binance", 3600.0, "")]


async def test_a_wrong_clock_is_measured_again_once(wire, connecting):
    connector = await connecting(wire.transport)
    wrong = says({"code": -1021, "msg": "Timestamp outside of the recvWindow."}, 400)
    wire.on("GET", OPEN, in_turn(wrong, says([])))
    before = len(wire.requests("GET", "/api/v3/time"))
    assert await connector.open_orders("BTC/USDT") == []
    assert len(wire.requests("GET", "/api/v3/time")) > before
    wire.on("GET", OPEN, wrong)
    with pytest.raises(ports.ExchangeUnavailable):
        await connector.open_orders("BTC/USDT")


async def test_a_wrong_clock_at_the_last_try_is_measured_too(wire, connecting):
    connector = await connecting(wire.transport)
    wrong = says({"code": -1021, "msg": "Timestamp outside of the recvWindow."}, 400)
    wire.on("GET", OPEN, in_turn(*[says_text("busy", 502)] * 5, wrong, says([])))
    assert await connector.open_orders("BTC/USDT") == []


@pytest.mark.parametrize(
    "answer",
    [
        says({"code": -2015, "msg": "Invalid API-key, IP, or permissions for action."}, 401),
        says_text("<html>", 401),
    ],
)
async def test_a_refused_key_is_not_asked_with_again(answer, wire, connecting):
    connector = await connecting(wire.transport)
    wire.on("GET", OPEN, in_turn(says([]), answer))
    await connector.open_orders("BTC/USDT")  # a success first: ccxt then takes -2015 for a rate limit
    with pytest.raises(ports.AccountRefused):
        await connector.open_orders("BTC/USDT")
    assert len(wire.requests("GET", OPEN)) == 2


async def test_an_unknown_symbol_is_known_before_anything_is_asked(wire, connecting):
    connector = await connecting(wire.transport)
    for ask in (connector.market, connector.ticker, connector.open_orders):
        with pytest.raises(ports.UnknownSymbol):
            await ask("NO/SUCH")


async def test_an_order_the_exchange_does_not_know_is_none(wire, connecting):
    connector = await connecting(wire.transport)
    wire.on("GET", ORDER, says({"code": -2013, "msg": "Order does not exist."}, 400))
    assert await connector.fetch_order("BTC/USDT", "agx1") is None


async def test_a_cancel_whose_reply_was_lost_finds_the_order_gone(wire, connecting):
    connector = await connecting(wire.transport)
    wire.on("DELETE", ORDER, in_turn(drops, says({"code": -2011, "msg": "Unknown order sent."}, 400)))
    assert await connector.cancel_order("BTC/USDT", "agx1") is None


async def test_a_cancel_reports_under_our_id_not_its_own(wire, connecting):
    connector = await connecting(wire.transport)
    reply = accepted("cancel-id", origClientOrderId="agx1", status="CANCELED", executedQty="0.00040000")
    wire.on("DELETE", ORDER, says(reply))
    report = await connector.cancel_order("BTC/USDT", "agx1")
    assert (report.client_id, report.status, report.filled) == (
        "agx1",
        OrderStatus.CANCELLED,
        Decimal("0.0004"),
    )
    (request,) = wire.requests("DELETE", ORDER)
    assert request["origClientOrderId"] == "agx1"


async def test_cancels_may_use_what_reads_leave_of_the_limit(wire, connecting, limiter):
    connector = await connecting(wire.transport)
    wire.on("DELETE", ORDER, says(accepted(status="CANCELED")))
    wire.on("GET", ORDER, says(STORED))
    await connector.cancel_order("BTC/USDT", "agx1")
    assert limiter.taken[-1].urgent
    await connector.fetch_order("BTC/USDT", "agx1")
    assert not limiter.taken[-1].urgent


def trade(number: int, time: int) -> dict[str, Any]:
    return {
        "symbol": "BTCUSDT",
        "id": number,
        "orderId": 7,
        "price": "50000.10000000",
        "qty": "0.00012000",
        "commission": "0.00000012",
        "commissionAsset": "BTC",
        "time": time,
        "isBuyer": True,
        "isMaker": number % 2 == 0,
    }


def serves_trades(trades: list[dict[str, Any]], window: int | None = None) -> Answer:
    """As Binance: by start or id, a page at a time; without a start the newest page."""

    async def answer(request: web.Request) -> web.StreamResponse:
        query, limit = request.query, int(request.query["limit"])
        rows = [row for row in trades if row["id"] >= int(query.get("fromId", 0))]
        if start := int(query.get("startTime", 0)):
            end = int(query.get("endTime", start + window if window else 2**60))
            rows = [row for row in rows if start <= row["time"] <= end]
        newest = "startTime" not in query and "fromId" not in query
        return web.json_response(rows[-limit:] if newest else rows[:limit])

    return answer


async def test_fills_come_from_all_pages_even_where_a_millisecond_spans_two(wire, connecting):
    connector = await connecting(wire.transport)
    now = await connector.exchange_time()
    trades = [trade(n, now - 10_000 + n // 1500) for n in range(1, 2501)]
    wire.on("GET", TRADES, serves_trades(trades))
    fills = await connector.fills("BTC/USDT", now - 10_000)
    assert [fill.trade_id for fill in fills] == [str(n) for n in range(1, 2501)]
    first = fills[0]
    assert (first.price, first.quantity, first.fee) == (
        Decimal("50000.1"),
        Decimal("0.00012"),
        Decimal("0.00000012"),
    )
    assert (first.side, first.fee_asset, first.exchange_order_id) == (Side.BUY, "BTC", "7")


@pytest.mark.parametrize("count", [3, 1000, 1001, 2500])
async def test_fills_of_a_week_ago_are_found_though_a_start_answers_for_a_day_only(count, wire, connecting):
    connector = await connecting(wire.transport)
    now = await connector.exchange_time()
    week, day = 7 * 86_400_000, 86_400_000
    trades = [trade(n, now - 5 * day + n * 100_000) for n in range(1, count + 1)]
    wire.on("GET", TRADES, serves_trades(trades, window=day))
    fills = await connector.fills("BTC/USDT", now - week)
    assert [fill.trade_id for fill in fills] == [str(n) for n in range(1, count + 1)]


async def test_a_poll_of_the_last_minutes_costs_one_request(wire, connecting):
    connector = await connecting(wire.transport)
    now = await connector.exchange_time()
    wire.on("GET", TRADES, serves_trades([trade(1, now - 1000)]))
    assert len(await connector.fills("BTC/USDT", now - 60_000)) == 1
    assert len(wire.requests("GET", TRADES)) == 1


async def test_all_fills_of_one_order_are_found(wire, connecting):
    connector = await connecting(wire.transport)
    later = [trade(1001, 6) | {"orderId": 8}, trade(1002, 6)]
    wire.on("GET", TRADES, in_turn(says([trade(n, 5) for n in range(1, 1001)]), says(later)))
    assert [fill.trade_id for fill in await connector.order_fills("BTC/USDT", "7")][-2:] == ["1000", "1002"]
    first, second = wire.requests("GET", TRADES)
    assert (first["orderId"], second["fromId"]) == ("7", "1001")


async def test_a_page_that_repeats_itself_is_not_read_for_ever(wire, connecting):
    connector = await connecting(wire.transport)
    wire.on("GET", TRADES, says([trade(n, 5) for n in range(1, 1001)]))
    assert len(await connector.fills("BTC/USDT", await connector.exchange_time())) == 1000
    assert len(wire.requests("GET", TRADES)) == 2


async def test_reads_use_the_exchanges_clock(wire, connecting):
    ahead = 3_600_000

    async def later(_):
        return web.json_response({"serverTime": int(time.time() * 1000) + ahead})

    wire.on("GET", "/api/v3/time", later)
    connector = await connecting(wire.transport)
    assert abs(await connector.exchange_time() - time.time() * 1000 - ahead) < 600_000
    wire.on("GET", OPEN, says([]))
    await connector.open_orders("BTC/USDT")
    (request,) = wire.requests("GET", OPEN)
    assert abs(int(request["timestamp"]) - time.time() * 1000 - ahead) < 600_000


async def test_markets_are_loaded_once_however_many_ask(wire, connecting):
    connector = await connecting(wire.transport)
    await asyncio.gather(*(connector.market("BTC/USDT") for _ in range(20)))
    assert len(wire.requests("GET", "/api/v3/exchangeInfo")) == 1


async def test_a_failed_reload_leaves_the_markets_that_were_there(wire, connecting):
    connector = await connecting(wire.transport, delays=())
    wire.on("GET", "/api/v3/exchangeInfo", says_text("maintenance", 503))
    connector.markets._due = 0.0
    await connector.market("BTC/USDT")
    await connector.markets._reload
    assert (await connector.market("BTC/USDT")).symbol == "BTC/USDT"
    assert len(wire.requests("GET", "/api/v3/exchangeInfo")) == 2


async def test_a_hanging_read_ends_with_its_timeout(wire, connecting, monkeypatch):
    connector = await connecting(wire.transport, delays=())
    connector.client.timeout = 200
    wire.on("GET", OPEN, hangs)
    with pytest.raises(ports.ExchangeUnavailable):
        await connector.open_orders("BTC/USDT")
