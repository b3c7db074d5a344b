import asyncio

import ccxt
import pytest

from exchanges.simulator.tests.test_control import BTC, control, read

__all__ = ["control"]

PATH = "/control/faults"


async def add(control, status=201, **fault):
    return await read(control, PATH, status, method="POST", json=fault)


async def test_a_fault_is_asked_for_listed_and_ended(control, alice):
    added = await add(control, kind="code_-1007", exchange="binance", endpoint="create", count=1)
    with pytest.raises(ccxt.BaseError, match="-1007"):
        await alice.create_order(BTC, "limit", "buy", 0.01, 60000)
    (listed,) = await read(control, PATH)
    assert listed["id"] == added["id"]
    assert (listed["kind"], listed["endpoint"], listed["struck"], listed["active"]) == (
        "code_-1007", "create", 1, False,
    )  # fmt: skip
    (ended,) = await read(control, PATH, method="DELETE")
    assert ended["struck"] == 1
    assert await read(control, PATH) == []


async def test_the_kinds_are_listed_for_the_page(control):
    assert "accept_then_drop" in await read(control, f"{PATH}/kinds")


async def test_one_of_them_is_ended(control, alice):
    first = await add(control, kind="http_503", exchange="binance")
    second = await add(control, kind="http_500", exchange="bybit", rate=0.5, seconds=60)
    assert (await read(control, f"{PATH}/{first['id']}", method="DELETE"))["kind"] == "http_503"
    assert [each["id"] for each in await read(control, PATH)] == [second["id"]]
    for gone in (first["id"], "x", "9" * 50):
        await read(control, f"{PATH}/{gone}", 404, method="DELETE")
    assert await alice.fetch_open_orders(BTC) == []


async def test_after_all_are_ended_nothing_strikes(control, alice):
    await add(control, kind="http_503", exchange="binance")
    with pytest.raises(ccxt.BaseError):
        await alice.fetch_balance()
    await read(control, PATH, method="DELETE")
    assert await alice.fetch_balance()


WRONG = {
    "kind": {"kind": "earthquake"},
    "exchange": {"kind": "hang", "exchange": "mtgox"},
    "api_key": {"kind": "hang", "api_key": 5},
    "endpoint": {"kind": "hang", "endpoint": "nowhere"},
    "rate": {"kind": "hang", "rate": 2},
    "count": {"kind": "hang", "count": 0},
    "seconds": {"kind": "hang", "seconds": -1},
    "rates": {"kind": "hang", "rates": 1},
}


@pytest.mark.parametrize("field", WRONG)
async def test_a_wrong_field_is_refused_by_its_name(field, control):
    answer = await add(control, 400, **WRONG[field])
    assert answer["error"].startswith(f"{field} ")
    assert await read(control, PATH) == []


@pytest.mark.parametrize("body", ["", "{", "[]", "{}"])
async def test_a_fault_has_a_kind(body, control):
    answer = await read(control, PATH, 400, method="POST", data=body)
    assert answer["error"] == "kind is missing."


async def test_a_page_from_elsewhere_adds_no_fault(control):
    elsewhere = {"Origin": "https://evil.example"}
    await read(control, PATH, 403, method="POST", json={"kind": "hang"}, headers=elsewhere)


async def test_what_was_received_and_dropped_stays_in_the_journal(control, alice):
    await add(control, kind="hang", exchange="binance", endpoint="create", count=1)
    await add(control, kind="accept_then_drop", exchange="binance", endpoint="create", count=1)
    hanging = asyncio.create_task(
        alice.create_order(BTC, "limit", "buy", 0.01, 60000, {"clientOrderId": "one"})
    )
    received = []
    while not received:
        received = await read(control, "/control/requests?api_key=demo-alice")
    hanging.cancel()
    with pytest.raises(ccxt.NetworkError):
        await alice.create_order(BTC, "limit", "buy", 0.01, 60000, {"clientOrderId": "two"})
    requests = await read(control, "/control/requests?api_key=demo-alice")
    assert [(each["clientOrderId"], each["status"], each["fault"]) for each in requests] == [
        ("one", None, "hang"),
        ("two", 200, "accept_then_drop"),
    ]
    assert requests[0]["answer"] is None
    assert requests[1]["answer"]["clientOrderId"] == "two"
