"""A paper account's transactions: accepted once, never too late, and the same for every process."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from threading import Barrier
from typing import Any

import pytest
from django.db import connection, connections

from bots.core.ports import AccountRefused, DuplicateClientId, OrderRefused
from bots.core.types import Fill, OrderReport, OrderStatus
from exchanges.models import Credential
from exchanges.paper import accounts, trading
from exchanges.paper.models import PaperOrder, PaperTrade
from exchanges.paper.tests.desks import MARKET, D, order, step, ticker

CALM = ticker("49990", "50010", "50000")
NOW = 1_000


def place(paper: Credential, *args: Any, now: int = NOW, deadline: int = NOW, **more: Any) -> OrderReport:
    return trading.place(
        paper.pk, order=order(*args, **more), market=MARKET, ticker=CALM, clock=lambda: now, deadline=deadline
    )


def settle(paper: Credential, low: str, high: str, seen: int | None = None) -> None:
    trading.settle(paper.pk, market=MARKET, steps=[step(low, high)], seen=seen)


def cancel(paper: Credential, client_id: str = "a") -> OrderReport | None:
    return trading.cancel(paper.pk, market=MARKET, client_id=client_id, clock=lambda: NOW)


def at_once(*works: Callable[[], Any]) -> list[Any]:
    """What each answered or raised, all begun at the same moment."""
    start = Barrier(len(works))

    def run(work: Callable[[], Any]) -> Any:
        start.wait(60)
        try:
            return work()
        except Exception as error:  # noqa: BLE001 - it is the answer
            return error
        finally:
            connections.close_all()

    with ThreadPoolExecutor(len(works)) as pool:
        return list(pool.map(run, works))


@pytest.mark.django_db
class TestOneProcess:
    def test_an_order_is_reported_the_same_by_every_question(self, paper: Credential) -> None:
        placed = place(paper, "buy", "49000")
        assert (placed.status, placed.quantity, placed.filled) == (OrderStatus.OPEN, D("0.01"), 0)
        assert trading.open_orders(paper.pk, symbol="BTC/USDT") == [placed]
        assert trading.find(paper.pk, symbol="BTC/USDT", client_id="a") == placed
        assert trading.find(paper.pk, symbol="ETH/USDT", client_id="a") is None
        assert trading.find(paper.pk, symbol="BTC/USDT", client_id="b") is None

    def test_an_order_that_comes_too_late_is_refused(self, paper: Credential) -> None:
        """Its sender was frozen: by now somebody has found it absent."""
        with pytest.raises(OrderRefused) as refused:
            place(paper, "buy", "49000", now=NOW + 1)
        assert refused.value.code == "clock"
        assert not PaperOrder.objects.exists()

    def test_an_open_id_is_refused_and_an_old_one_is_not(self, paper: Credential) -> None:
        place(paper, "buy", "49000")
        with pytest.raises(DuplicateClientId):
            place(paper, "buy", "49000")
        cancelled = cancel(paper)
        assert cancelled is not None
        assert cancelled.status is OrderStatus.CANCELLED
        assert cancel(paper) is None
        again = place(paper, "buy", "49000")
        assert trading.find(paper.pk, symbol="BTC/USDT", client_id="a") == again

    def test_a_fill_comes_before_the_orders_new_state(self, paper: Credential) -> None:
        first = trading.revision(paper.pk)
        placed = place(paper, "buy", "49000")
        known = trading.changes(paper.pk, since=first)
        assert known.events == [placed]
        settle(paper, "48000", "48000")
        fill, report = trading.changes(paper.pk, since=known.revision).events
        assert isinstance(fill, Fill)
        assert isinstance(report, OrderReport)
        assert (fill.client_id, fill.exchange_order_id) == ("a", placed.exchange_id)
        assert (report.status, report.filled) == (OrderStatus.FILLED, D("0.01"))
        assert trading.fills(paper.pk, symbol="BTC/USDT", since=0) == [fill]
        assert trading.order_fills(paper.pk, symbol="BTC/USDT", exchange_order_id=placed.exchange_id) == [
            fill
        ]
        assert trading.fills(paper.pk, symbol="BTC/USDT", since=fill.time + 1) == []

    def test_no_trade_is_older_than_the_one_before_it(self, paper: Credential) -> None:
        place(paper, "buy", "49000")
        place(paper, "buy", "48000", client_id="b")
        for low, time in (("48500", 9000), ("47000", 8000)):
            moved = step(low, low, time=time)
            trading.settle(paper.pk, market=MARKET, steps=[moved], seen=None)
        assert list(PaperTrade.objects.order_by("pk").values_list("time", flat=True)) == [9000, 9000]
        assert PaperOrder.objects.get(client_id="b").updated == 9000

    def test_what_has_been_seen_is_written_with_the_fills_and_never_back(self, paper: Credential) -> None:
        place(paper, "buy", "49000")
        assert trading.seen(paper.pk, symbol="BTC/USDT") == NOW  # before its first order nothing mattered
        settle(paper, "48000", "48000", seen=5000)
        settle(paper, "48000", "48000", seen=4000)
        assert trading.seen(paper.pk, symbol="BTC/USDT") == 5000

    def test_a_second_order_does_not_hide_prices_from_the_first(self, paper: Credential) -> None:
        place(paper, "buy", "49000")
        place(paper, "buy", "48000", client_id="b", now=9000, deadline=9000)
        assert trading.seen(paper.pk, symbol="BTC/USDT") == NOW

    def test_it_starts_over_with_its_money_and_keeps_its_past(self, paper: Credential) -> None:
        place(paper, "buy", None)
        place(paper, "buy", "49000", client_id="b")
        with pytest.raises(accounts.OrdersOpen):
            accounts.reset_account(credential=paper)
        cancel(paper, "b")
        accounts.reset_account(credential=paper)
        assert {asset: held.free for asset, held in trading.balances(paper.pk).items()} == {
            "USDT": D(100_000)
        }
        assert PaperTrade.objects.count() == 1

    def test_an_account_that_is_gone_says_so(self, paper: Credential) -> None:
        key = paper.pk
        paper.delete()
        for ask in (
            lambda: trading.find(key, symbol="BTC/USDT", client_id="a"),
            lambda: trading.settle(key, market=MARKET, steps=[], seen=None),
            lambda: trading.revision(key),
        ):
            with pytest.raises(AccountRefused):
                ask()


@pytest.mark.django_db(transaction=True)
class TestTwoProcesses:
    def test_one_id_sent_twice_at_once_is_accepted_once(self, paper: Credential) -> None:
        answers = at_once(*[lambda: place(paper, "buy", "49000")] * 4)
        assert sum(isinstance(answer, OrderReport) for answer in answers) == 1
        assert sum(isinstance(answer, DuplicateClientId) for answer in answers) == 3

    def test_one_price_applied_twice_at_once_fills_once(self, paper: Credential) -> None:
        for number in range(5):
            place(paper, "buy", str(49000 - number), client_id=str(number))
        assert at_once(*[lambda: settle(paper, "40000", "40000")] * 4) == [None] * 4
        assert PaperTrade.objects.count() == 5
        assert trading.balances(paper.pk)["BTC"].free == D("0.05") - D("0.00005")

    def test_a_cancel_and_a_fill_at_once_leave_one_of_them(self, paper: Credential) -> None:
        for number in range(8):
            name = str(number)
            place(paper, "buy", "49000", client_id=name)
            found, _ = at_once(partial(cancel, paper, name), partial(settle, paper, "40000", "40000"))
            filled = PaperTrade.objects.filter(order__client_id=name).count()
            assert filled == (found is None)
        assert trading.balances(paper.pk)["USDT"].locked == 0

    def test_who_asks_for_an_order_waits_for_one_that_is_being_accepted(self, paper: Credential) -> None:
        """Otherwise it would be taken for absent, and come to life after that."""
        inside, go_on = Barrier(2), Barrier(2)

        def slow_clock() -> int:
            inside.wait(60)  # the account is locked
            go_on.wait(60)
            return NOW

        def accept() -> OrderReport:
            return trading.place(
                paper.pk,
                order=order("buy", "49000"),
                market=MARKET,
                ticker=CALM,
                clock=slow_clock,
                deadline=NOW,
            )

        def look() -> OrderReport | None:
            try:
                return trading.find(paper.pk, symbol="BTC/USDT", client_id="a")
            finally:
                connections.close_all()

        def ask() -> OrderReport | None:
            inside.wait(60)
            with ThreadPoolExecutor(1) as pool:
                answer = pool.submit(look)
                wait_until_somebody_waits()
                go_on.wait(60)
                return answer.result(5)

        placed, found = at_once(accept, ask)
        assert found == placed


def wait_until_somebody_waits() -> None:
    for _ in range(500):
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"
            )
            if cursor.fetchone()[0]:
                return
            cursor.execute("SELECT pg_sleep(0.01)")
    pytest.fail("nobody waits for the account")
