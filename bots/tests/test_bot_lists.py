"""GET /bots and what hangs below a bot: pages, filters, fields, and no more queries for more rows."""

import csv
import io
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from bots.api.export import BATCH, FIRST, StreamedRows
from bots.models import Fill, Order
from bots.services.events import record_event
from bots.tests.conftest import BOTS, DCA, force, make_bot
from bots.tests.records import START, book, fill_of, opened, snapshot, traded

ORDER = (
    "id client_order_id exchange_order_id side type price quantity filled_quantity average_price status reason fee"
    " slot cycle created_at filled_at"
)
FILL = "id order_id trade_id side price quantity fee fee_asset liquidity time"


def pages(client, url):
    key = url.partition("?")[0].rpartition("/")[2]
    while url:
        answer = client.get(url).json()
        assert set(answer) == {key, "next"}
        yield answer[key]
        url = answer["next"]


def queries(client, url):
    with CaptureQueriesContext(
        connection,
    ) as captured:
        assert client.get(url).status_code == 200
    return len(captured)


def below(bot, name):
    return f"{BOTS}/{bot.pk}/{name}"


def test_bots_come_newest_first_and_in_pages(alices, alice, alices_key):
    made = [str(make_bot(alice, alices_key, name=f"Bot {number}").pk) for number in range(5)]
    found = list(pages(alices, f"{BOTS}?limit=2"))
    assert [len(page) for page in found] == [2, 2, 1]
    assert [bot["id"] for page in found for bot in page] == made[::-1]


def test_bots_are_filtered(alices, alice, alices_key):
    grid = force(make_bot(alice, alices_key), status="running")
    dca = make_bot(alice, alices_key, strategy="dca", symbol="ETH/USDT", config=DCA)

    def found(query):
        return [bot["id"] for bot in alices.get(f"{BOTS}?{query}").json()["bots"]]

    assert found("status=running") == found("strategy=grid") == found("symbol=BTC/USDT") == [str(grid.pk)]
    assert found("status=stopped") == found("strategy=dca") == found("symbol=ETH/USDT") == [str(dca.pk)]
    assert found("status=error") == found("status=running&strategy=dca") == []


def test_orders_have_the_contracts_fields(alices, alices_bot):
    order = opened(alices_bot, slot=3)
    book(alices_bot, fill_of(order, 1, quantity=Decimal("0.0004"), price=Decimal(49_999)))
    book(alices_bot, fill_of(order, 2, quantity=Decimal("0.0006"), price=Decimal(49_000)))
    [shown] = alices.get(below(alices_bot, "orders")).json()["orders"]
    assert list(shown) == ORDER.split()
    assert shown["client_order_id"] == order.client_id
    assert shown["exchange_order_id"] == order.exchange_id
    assert (shown["side"], shown["type"], shown["status"]) == ("buy", "limit", "filled")
    assert (shown["slot"], shown["cycle"], shown["reason"]) == (3, 0, "")
    assert (shown["price"], shown["quantity"]) == ("50000.00000000", "0.00100000")
    assert Decimal(shown["filled_quantity"]) == Decimal("0.001")
    assert Decimal(shown["average_price"]) == Decimal("49399.6")
    assert Decimal(shown["fee"]) == Decimal("0.0493996")
    assert datetime.fromisoformat(shown["filled_at"]) == datetime.fromtimestamp(START / 1000 + 2, UTC)


def test_an_order_without_fills_has_no_average_price(alices, alices_bot):
    opened(alices_bot)
    [shown] = alices.get(below(alices_bot, "orders")).json()["orders"]
    assert (shown["average_price"], shown["filled_at"], shown["status"]) == (None, None, "open")


def test_orders_are_filtered_and_paged(alices, alices_bot, bobs, bobs_bot):
    opened(bobs_bot)
    traded(alices_bot, 2)
    last = opened(alices_bot, slot=7)
    url = below(alices_bot, "orders")

    def count(query):
        return len(alices.get(f"{url}?{query}").json()["orders"])

    assert (count(""), count("status=filled"), count("status=open"), count("status=error")) == (5, 4, 1, 0)
    assert (count("side=buy"), count("side=sell"), count("slot=0"), count("slot=7")) == (3, 2, 4, 1)
    assert [order["id"] for order in alices.get(f"{url}?slot=7").json()["orders"]] == [last.id]
    found = [order["id"] for page in pages(alices, f"{url}?limit=2") for order in page]
    newest_first = Order.objects.filter(bot=alices_bot).order_by("-created_at", "-id")
    assert found == [str(order.pk) for order in newest_first]
    assert bobs.get(url).status_code == 404


def test_fills_have_the_contracts_fields(alices, alices_bot):
    order = opened(alices_bot)
    book(alices_bot, fill_of(order, 41))
    [shown] = alices.get(below(alices_bot, "fills")).json()["fills"]
    assert list(shown) == FILL.split()
    assert (shown["order_id"], shown["trade_id"]) == (order.id, "41")
    assert (shown["side"], shown["price"], shown["quantity"]) == ("buy", "50000.00000000", "0.00100000")
    assert (shown["fee"], shown["fee_asset"], shown["liquidity"]) == ("0.00000100", "BTC", "maker")
    assert datetime.fromisoformat(shown["time"]) == datetime.fromtimestamp(START / 1000 + 41, UTC)


def test_fills_are_filtered_and_paged_newest_first(alices, alices_bot):
    traded(alices_bot, 3)
    url = below(alices_bot, "fills")
    found = [fill["trade_id"] for page in pages(alices, f"{url}?limit=4") for fill in page]
    assert found == ["6", "5", "4", "3", "2", "1"]
    sold = alices.get(f"{url}?side=sell").json()["fills"]
    assert [fill["trade_id"] for fill in sold] == ["6", "4", "2"]
    of_order = alices.get(f"{url}?order_id={sold[0]['order_id']}").json()["fills"]
    assert of_order == [sold[0]]
    assert alices.get(f"{url}?slot=1").json()["fills"] == []
    assert len(alices.get(f"{url}?slot=0").json()["fills"]) == 6


def test_events_are_told_newest_first(alices, alices_bot):
    record_event(bot=alices_bot, kind="loss_limit", text="Too much.", level="error", data={"loss": "5.1"})
    url = below(alices_bot, "events")
    events = alices.get(url).json()["events"]
    assert [event["kind"] for event in events] == ["loss_limit", "created"]
    assert list(events[0]) == ["id", "kind", "level", "text", "data", "time"]
    assert (events[0]["text"], events[0]["data"]) == ("Too much.", {"loss": "5.1"})
    assert alices.get(f"{url}?level=error").json()["events"] == events[:1]
    assert alices.get(f"{url}?kind=created").json()["events"] == events[1:]


def test_the_equity_curve_is_cut_by_time(alices, alices_bot):
    minutes = [START - START % 60_000 + 60_000 * number for number in range(3)]
    for number, minute in enumerate(minutes):
        snapshot(bot_id=alices_bot.pk, time=minute, equity=Decimal(1000 + number), realized=Decimal(number))
    url = below(alices_bot, "equity")
    rows = [[minute, f"{1000 + n}.00000000", f"{n}.00000000"] for n, minute in enumerate(minutes)]
    assert alices.get(url).json() == {"equity": rows}
    assert alices.get(url, {"start": minutes[1]}).json() == {"equity": rows[1:]}
    assert alices.get(url, {"end": minutes[1]}).json() == {"equity": rows[:2]}
    moment = datetime.fromtimestamp(minutes[1] / 1000, UTC)
    iso = {"start": moment.isoformat(), "end": (moment + timedelta(seconds=1)).isoformat()}
    assert alices.get(url, iso).json() == {"equity": [rows[1]]}


def test_the_fills_come_as_a_file(alices, alices_bot, bobs):
    traded(alices_bot, 2)
    response = alices.get(below(alices_bot, "fills.csv"), headers={"Accept": "text/csv"})
    assert response.streaming
    assert response["Content-Type"].startswith("text/csv")
    assert "attachment" in response["Content-Disposition"]
    rows = list(csv.DictReader(io.StringIO(response.getvalue().decode())))
    assert [row["trade_id"] for row in rows] == ["1", "2", "3", "4"]
    assert rows[0] | {"id": "", "order_id": ""} == {
        "time": "2023-11-14T22:13:21Z",
        "symbol": "BTC/USDT",
        "side": "buy",
        "price": "50000.00000000",
        "quantity": "0.00100000",
        "fee": "0.00000100",
        "fee_asset": "BTC",
        "liquidity": "maker",
        "trade_id": "1",
        "order_id": "",
        "id": "",
    }
    assert bobs.get(below(alices_bot, "fills.csv")).status_code == 404


def test_a_long_file_is_sent_part_by_part(alices, alices_bot):
    order = opened(alices_bot)
    row = {
        "bot": alices_bot,
        "account": "binance:1",
        "symbol": "BTC/USDT",
        "side": "buy",
        "liquidity": "maker",
    }
    Fill.objects.bulk_create(
        Fill(order_id=order.id, trade_id=str(n), time=datetime(2026, 1, 1, tzinfo=UTC), **row)
        for n in range(2 * BATCH)
    )
    response = alices.get(below(alices_bot, "fills.csv"))
    parts = list(response)
    assert len(parts) == 3
    assert b"".join(parts).count(b"\n") == 2 * BATCH + 1


async def test_a_file_is_sent_part_by_part_under_asgi_too():
    made = []

    def rows():
        for number in range(3 * BATCH):
            made.append(number)
            yield [number]

    parts = aiter(StreamedRows(rows(), "x.csv"))
    assert (await anext(parts)).startswith(b"0\r\n1\r\n")
    assert len(made) == FIRST
    assert [part.count(b"\n") async for part in parts] == [BATCH, BATCH, BATCH - FIRST]


async def test_a_file_that_is_abandoned_keeps_no_cursor():
    ended = []

    def rows():
        try:
            yield from ([number] for number in range(3 * BATCH))
        finally:
            ended.append(True)

    parts: Any = aiter(StreamedRows(rows(), "x.csv"))
    await anext(parts)
    await parts.aclose()
    assert ended == [True]


@pytest.mark.parametrize("name", ["", "orders", "fills", "events", "levels"])
def test_more_rows_take_no_more_queries(alices, alice, alices_key, alices_bot, name):
    url = below(alices_bot, name) if name else BOTS
    traded(alices_bot, 1)
    alices.get(url)
    few = queries(alices, url)
    for number in range(4):
        other = make_bot(alice, alices_key, name=f"Bot {number}")
        opened(other)
        opened(alices_bot, slot=number + 1)
    traded(alices_bot, 3, first=10)
    assert queries(alices, url) == few
