"""What a create that did not plainly succeed becomes. Taking an accepted order for a refused one would send
it twice: everything that is not certainly a refusal is unknown."""

import asyncio
import time

import pytest
from aiohttp import web

from bots.core import ports
from exchanges.connector import client
from exchanges.tests.conftest import KEY, SECRET, accepted, order
from exchanges.tests.wire import Answer, drops, fake_wire, hangs, says, says_text, truncates

ORDER = "/api/v3/order"


def refusal(code: int, text: str, status: int = 400) -> Answer:
    return says({"code": code, "msg": text}, status)


UNKNOWN = {
    "the connection breaks after the request": drops,
    "the body is cut off": truncates(accepted()),
    "200 with a page of HTML": says_text("<html>ok</html>"),
    "200 with nothing": says_text("", content_type="application/json"),
    "200 with an empty object": says({}),
    "200 with a list": says([]),
    "200 without an id": says({key: value for key, value in accepted().items() if key != "orderId"}),
    "200 with a null id": says(accepted(orderId=None)),
    "200 about another order": says(accepted("agx2")),
    "200 with an unheard-of status": says(accepted(status="WONDERFUL")),
    "200 with a refusal's code": refusal(
        -2010, "Account has insufficient balance for requested action.", 200
    ),
    "503 with -1000": refusal(-1000, "An unknown error occurred while processing the request.", 503),
    "503 in HTML": says_text("<html>Service Unavailable</html>", 503),
    "503 with a refusal's code": refusal(-2010, "Account has insufficient balance.", 503),
    "502 in HTML": says_text("bad gateway", 502),
    "504": says_text("timeout", 504),
    "-1000": refusal(-1000, "unknown"),
    "-1001": refusal(-1001, "Internal error; unable to process your request. Please try again."),
    "-1006": refusal(
        -1006, "An unexpected response was received from the message bus. Execution status unknown."
    ),
    "-1007": refusal(-1007, "Timeout waiting for response from backend server. Send status unknown."),
    "-1007 with 408": refusal(-1007, "Timeout", 408),
    "-1008": refusal(-1008, "Server is currently overloaded with other requests."),
    "-1010": refusal(-1010, "Error received."),
    "-1016": refusal(-1016, "This service is no longer available."),
    "a code nobody has heard of": refusal(-9876, "Something new."),
    "403 of a firewall": says_text("<html>Forbidden</html>", 403),
    "401 in HTML": says_text("<html>Sign in</html>", 401),
    "404 in HTML": says_text("not found", 404),
    "400 without a code": says({"error": "bad"}, 400),
    "409": says_text("conflict", 409),
    "a redirect": says_text("moved", 302),
}


@pytest.mark.parametrize("case", UNKNOWN)
async def test_what_is_not_certainly_refused_is_unknown(case, wire, connecting):
    connector = await connecting(wire.transport)
    wire.on("POST", ORDER, UNKNOWN[case])
    with pytest.raises(ports.OutcomeUnknown) as raised:
        await connector.create_order(order(), await connector.exchange_time())
    assert len(wire.requests("POST", ORDER)) == 1, "exactly one POST, whatever came of it"
    assert no_secret_in(raised.value)


async def test_a_reply_that_never_comes_is_unknown(wire, connecting):
    connector = await connecting(wire.transport)
    connector.client.timeout = 200
    wire.on("POST", ORDER, hangs)
    with pytest.raises(ports.OutcomeUnknown):
        await connector.create_order(order(), await connector.exchange_time())
    assert len(wire.requests("POST", ORDER)) == 1


async def test_a_redirected_post_is_not_repeated_at_the_other_address(wire, connecting):
    connector = await connecting(wire.transport)
    wire.on("POST", ORDER, says({}, 307, {"Location": "https://api.binance.com/elsewhere"}))
    with pytest.raises(ports.OutcomeUnknown):
        await connector.create_order(order(), await connector.exchange_time())
    assert [path for method, path, _ in wire.seen if method == "POST"] == [ORDER]


async def test_a_cancelled_create_stays_cancelled(wire, connecting):
    connector = await connecting(wire.transport)
    wire.on("POST", ORDER, hangs)
    task = asyncio.create_task(connector.create_order(order(), await connector.exchange_time()))
    await wire.has_seen("POST", ORDER)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_nobody_listening_is_unknown(connecting):
    async with fake_wire() as wire:
        connector = await connecting(wire.transport)
    with pytest.raises(ports.OutcomeUnknown):
        await connector.create_order(order(), await connector.exchange_time())


REFUSED = {
    "insufficient_funds": refusal(-2010, "Account has insufficient balance for requested action."),
    "post_only": refusal(-2010, "Order would immediately match and take."),
    "filter": refusal(-1013, "Filter failure: LOT_SIZE"),
    "too_many_orders": refusal(-1013, "Filter failure: MAX_NUM_ORDERS"),
    "clock": refusal(-1021, "Timestamp for this request is outside of the recvWindow."),
    "invalid": refusal(-1102, "Mandatory parameter 'price' was not sent."),
}


@pytest.mark.parametrize("code", REFUSED)
async def test_a_certain_refusal_says_why(code, wire, connecting):
    connector = await connecting(wire.transport)
    wire.on("POST", ORDER, REFUSED[code])
    with pytest.raises(ports.OrderRefused) as raised:
        await connector.create_order(order(), await connector.exchange_time())
    assert raised.value.code == code
    assert "Binance" in raised.value.detail
    assert len(wire.requests("POST", ORDER)) == 1


async def test_a_refused_time_makes_the_clock_be_measured_again(wire, connecting):
    connector = await connecting(wire.transport)
    measured = len(wire.requests("GET", "/api/v3/time"))
    wire.on("POST", ORDER, REFUSED["clock"])
    with pytest.raises(ports.OrderRefused):
        await connector.create_order(order(), 1_600_000_000_000)
    assert len(wire.requests("GET", "/api/v3/time")) > measured


async def test_a_duplicate_client_id_is_no_refusal(wire, connecting):
    connector = await connecting(wire.transport)
    wire.on("POST", ORDER, refusal(-2010, "Duplicate order sent."))
    with pytest.raises(ports.DuplicateClientId):
        await connector.create_order(order(), await connector.exchange_time())


ACCOUNT = [(-2015, 401), (-2015, 400), (-2014, 401), (-1022, 400), (-1002, 401), (-2008, 401)]


@pytest.mark.parametrize(("code", "status"), ACCOUNT)
async def test_a_refused_key_stops_the_account(code, status, wire, connecting):
    connector = await connecting(wire.transport)
    wire.on("POST", ORDER, refusal(code, "Invalid API-key, IP, or permissions for action.", status))
    with pytest.raises(ports.AccountRefused):
        await connector.create_order(order(), await connector.exchange_time())


async def test_a_key_revoked_after_a_success_is_not_taken_for_a_rate_limit(wire, connecting, limiter):
    connector = await connecting(wire.transport)
    wire.on("POST", ORDER, says(accepted()))
    await connector.create_order(order(), await connector.exchange_time())
    wire.on("POST", ORDER, refusal(-2015, "Invalid API-key, IP, or permissions for action.", 401))
    with pytest.raises(ports.AccountRefused):
        await connector.create_order(order(), await connector.exchange_time())
    assert limiter.pauses == []


async def test_too_many_requests_pauses_the_address_as_long_as_told(wire, connecting, limiter):
    connector = await connecting(wire.transport)
    body = {"code": -1003, "msg": "Too much request weight used."}
    wire.on("POST", ORDER, says(body, 429, {"Retry-After": "7"}))
    with pytest.raises(ports.RateLimited) as raised:
        await connector.create_order(order(), await connector.exchange_time())
    assert raised.value.retry_after == 7
    assert limiter.pauses == [("binance", 7.0, "")]


async def test_a_ban_pauses_the_address_even_without_a_readable_body(wire, connecting, limiter):
    connector = await connecting(wire.transport)
    wire.on("POST", ORDER, says_text("teapot", 418))
    with pytest.raises(ports.RateLimited):
        await connector.create_order(order(), await connector.exchange_time())
    assert limiter.pauses == [("binance", 120.0, "")]


@pytest.mark.parametrize("told", ["nan", "inf", "-5", "soon", ""])
async def test_a_strange_retry_after_is_still_a_pause(told, wire, connecting, limiter):
    connector = await connecting(wire.transport)
    wire.on("POST", ORDER, says({"code": -1003, "msg": "slow down"}, 429, {"Retry-After": told}))
    with pytest.raises(ports.RateLimited):
        await connector.create_order(order(), await connector.exchange_time())
    assert 0 < limiter.pauses[0][1] <= 10


async def test_too_many_orders_a_second_pauses_the_account_only(wire, connecting, limiter):
    connector = await connecting(wire.transport)
    body = {"code": -1015, "msg": "Too many new orders; current limit is 100 orders per 10 SECONDS."}
    wire.on("POST", ORDER, says(body, 429, {"Retry-After": "3"}))
    with pytest.raises(ports.RateLimited):
        await connector.create_order(order(), await connector.exchange_time())
    assert limiter.pauses == [("binance", 3.0, "uid-1")]


async def test_the_request_is_signed_with_the_time_it_was_given(wire, connecting):
    connector = await connecting(wire.transport)
    wire.on("POST", ORDER, says(accepted()))
    sent_at = int(time.time() * 1000) - 4_321
    report = await connector.create_order(order(), sent_at)
    (request,) = wire.requests("POST", ORDER)
    assert request["timestamp"] == str(sent_at)
    assert request["recvWindow"] == str(client.RECV_WINDOW_MS)
    assert (request["quantity"], request["price"]) == ("0.00100", "50000.00")
    assert (request["type"], request["newClientOrderId"]) == ("LIMIT_MAKER", "agx1")
    assert report.exchange_id == "28"


async def test_orders_sent_at_once_each_have_their_own_time(wire, connecting):
    connector = await connecting(wire.transport)

    async def echo(request):
        await asyncio.sleep(0.01)
        return web.json_response(accepted((await request.post())["newClientOrderId"]))

    wire.on("POST", ORDER, echo)
    start = await connector.exchange_time()
    await asyncio.gather(*(connector.create_order(order(f"ag{n}"), start - n) for n in range(50)))
    times = {each["newClientOrderId"]: each["timestamp"] for each in wire.requests("POST", ORDER)}
    assert times == {f"ag{n}": str(start - n) for n in range(50)}


async def test_a_read_beside_an_order_is_signed_with_the_time_of_its_own(wire, connecting):
    connector = await connecting(wire.transport)
    wire.on("POST", ORDER, says(accepted()))
    wire.on("GET", "/api/v3/openOrders", says([]))
    await asyncio.gather(
        connector.create_order(order(), 1_600_000_000_000), connector.open_orders("BTC/USDT")
    )
    (read,) = wire.requests("GET", "/api/v3/openOrders")
    assert abs(int(read["timestamp"]) - time.time() * 1000) < 600_000


async def test_without_keys_nothing_is_sent(wire, connecting):
    connector = await connecting(wire.transport, keys=None)
    with pytest.raises(ports.AccountRefused):
        await connector.create_order(order(), 1)
    assert wire.requests("POST", ORDER) == []


def no_secret_in(error: BaseException) -> bool:
    """Neither in its texts nor in anything that hangs on it."""
    seen: list[BaseException] = []
    next_one: BaseException | None = error
    while next_one is not None and next_one not in seen:
        seen.append(next_one)
        next_one = next_one.__cause__ or next_one.__context__
    text = " ".join(f"{each} {each!r} {getattr(each, 'detail', '')}" for each in seen)
    return not any(part in text for part in (KEY, SECRET, "signature", "https://"))
