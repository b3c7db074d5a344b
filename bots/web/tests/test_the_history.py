"""/history/: all fills, filtered, a page at a time; the same and a year's sales as files."""

import csv
from datetime import UTC, datetime
from decimal import Decimal
from io import StringIO
from typing import Any

import pytest
from django.test import Client

from bots.models import Bot, Fill, Order
from bots.web.tests.conftest import Making
from bots.web.views import history
from exchanges.models import Credential


def fills(bot: Bot, *given: tuple[str, str, str, str]) -> None:
    """(time, side, price, fee in USDT), each of a whole coin, made in one go."""
    first = bot.fills.count()
    orders = Order.objects.bulk_create(
        Order(
            bot=bot, client_order_id=f"{bot.pk.hex[:20]}{first + i}", slot=first + i, cycle=0, side=side,
            type="limit", price=Decimal(price), quantity=Decimal(1), status="filled",
        )
        for i, (_, side, price, _) in enumerate(given)
    )  # fmt: skip
    Fill.objects.bulk_create(
        Fill(
            bot=bot, order=order, account="binance:1", symbol=bot.symbol, trade_id=order.client_order_id, side=side,
            price=Decimal(price), quantity=Decimal(1), fee=Decimal(fee), fee_asset="USDT", fee_quote=Decimal(fee),
            liquidity="maker", time=datetime.fromisoformat(time).replace(tzinfo=UTC),
        )
        for order, (time, side, price, fee) in zip(orders, given, strict=True)
    )  # fmt: skip


YEARS = [
    ("2025-03-01", "buy", "100", "1"),
    ("2025-12-31T23:59:59", "sell", "120", "1"),
    ("2026-01-01", "buy", "110", "1"),
    ("2026-02-01", "sell", "150", "1"),
]


def prices(answer: Any) -> list[int]:
    return [int(fill.price) for fill in answer.context["fills"]]


def rows(answer: Any) -> list[dict[str, str]]:
    return list(csv.DictReader(StringIO(b"".join(answer.streaming_content).decode())))


def test_without_fills_it_says_so(as_alice: Client) -> None:
    assert "No fills yet" in as_alice.get("/history/").content.decode()


@pytest.mark.parametrize(
    ("query", "shown"),
    [
        ({}, [150, 110, 120, 100]),
        ({"side": "buy"}, [110, 100]),
        ({"start_date": "2025-12-31", "end_date": "2026-01-01"}, [110, 120]),
    ],
)
def test_fills_are_filtered_on_the_page_and_in_its_file(
    as_alice: Client, making: Making, query: dict[str, str], shown: list[int]
) -> None:
    fills(making(), *YEARS)
    assert prices(as_alice.get("/history/", query)) == shown
    file = rows(as_alice.get("/api/v1/fills.csv", query))
    assert [int(Decimal(row["price"])) for row in file] == shown[::-1]


def test_one_bot_s_alone(as_alice: Client, making: Making) -> None:
    one, two = making("One"), making("Two")
    fills(one, *YEARS[:1])
    fills(two, *YEARS[1:2])
    assert prices(as_alice.get("/history/", {"bot_id": str(two.pk)})) == [120]
    assert [row["bot"] for row in rows(as_alice.get("/api/v1/fills.csv", {"bot_id": str(two.pk)}))] == ["Two"]


def test_pages_miss_nothing_though_times_are_the_same(
    as_alice: Client, making: Making, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(history, "ROWS", 2)
    fills(making(), *[("2026-01-01", "buy", str(price), "0") for price in range(100, 105)])
    seen, query = [], ""
    while True:
        answer = as_alice.get(f"/history/?{query}")
        seen += prices(answer)
        if not answer.context["has_more"]:
            break
        query = answer.context["more"]
    assert sorted(seen) == [100, 101, 102, 103, 104]


@pytest.mark.parametrize("query", ["after=nonsense", "after=2026-01-01_nonsense"])
def test_an_address_of_no_page_is_not_found(as_alice: Client, query: str) -> None:
    assert as_alice.get(f"/history/?{query}").status_code == 404


def test_what_a_filter_cannot_be_is_said(as_alice: Client, making: Making) -> None:
    fills(making(), *YEARS)
    answer = as_alice.get("/history/", {"start_date": "yesterday"})
    assert answer.status_code == 422
    assert "Enter a valid date" in answer.content.decode()


def test_a_year_s_sales_name_cost_and_gain_of_what_was_bought_first(as_alice: Client, making: Making) -> None:
    fills(making(), *YEARS)
    (old,) = rows(as_alice.get("/api/v1/sales.csv", {"year": "2025"}))
    assert (old["bought_at"], Decimal(old["gain"])) == ("2025-03-01T00:00:00Z", Decimal(18))
    (new,) = rows(as_alice.get("/api/v1/sales.csv", {"year": "2026"}))
    assert (Decimal(new["cost"]), Decimal(new["proceeds"]), Decimal(new["fees"])) == (111, 149, 2)


def test_play_money_is_not_taxed(as_alice: Client, making: Making, key: Credential) -> None:
    fills(making(), *YEARS)
    Credential.objects.filter(pk=key.pk).update(mode="paper")
    assert rows(as_alice.get("/api/v1/sales.csv", {"year": "2025"})) == []


def test_nobody_sees_what_others_traded(as_bob: Client, making: Making) -> None:
    fills(making(), *YEARS)
    assert prices(as_bob.get("/history/")) == []
    assert rows(as_bob.get("/api/v1/fills.csv")) == []
    assert rows(as_bob.get("/api/v1/sales.csv", {"year": "2025"})) == []
