"""Months of a plan for coins: paid, too little, too much, not at all, sent back; told in any order, or not told."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
from django.apps import apps
from django.test import Client
from django.utils import timezone

from accounts.models import User
from billing import crypto, revenue, terms
from billing.models import CryptoOrder, CryptoPayment
from tests.fakes.nowpayments.server import FakeNowPayments

IPN = "/billing/ipn/"
CHECKOUT = "/api/v1/billing/checkout"


@pytest.fixture
def coins(cloud, settings) -> Iterator[FakeNowPayments]:
    fake = FakeNowPayments("ipn-secret")
    settings.AUTOGRID_NOWPAYMENTS_URL, settings.NOWPAYMENTS_API_KEY = fake.url, "api-key"
    settings.NOWPAYMENTS_IPN_SECRET = "ipn-secret"
    yield fake
    fake.close()


def tell(messages) -> None:
    for _, body, headers in messages:
        assert Client().post(IPN, body, "application/json", headers=headers).status_code == 200
    crypto.process()


def order(coins: FakeNowPayments, user: User, plan: str = "starter", months: int = 1) -> CryptoOrder:
    where = {"page": "http://testserver/", "told_at": f"http://testserver{IPN}"}
    crypto.open_invoice(user=user, plan=plan, months=months, **where)
    return CryptoOrder.objects.filter(user=user).latest("created_at")


def paid(coins: FakeNowPayments, order: CryptoOrder, share: str = "1"):
    payment = coins.books.begin(order.invoice)
    coins.books.pay(payment, share)
    tell(coins.books.take())
    order.refresh_from_db()
    return payment


def plan_of(user: User) -> str:
    return User.objects.get(pk=user.pk).plan


def told(user: User) -> list[str]:
    deliveries = apps.get_model(
        "bots", "Delivery"
    ).objects  # above this layer: only here, to see what reaches it
    return list(deliveries.filter(user=user).order_by("created_at").values_list("kind", flat=True))


def test_a_plan_is_bought_through_the_page_and_counts_when_the_coins_have_arrived(coins, alices_page, alice):
    text = alices_page.get("/billing/").content.decode()
    assert "$57 for 3 months" in text
    answer = alices_page.post("/billing/prepay/", {"plan": "starter", "months": "3"})
    assert (answer.status_code, answer["Location"].startswith(coins.url)) == (302, True)
    bought = CryptoOrder.objects.get()
    payment = coins.books.begin(bought.invoice)
    coins.books.move(payment, "confirming", "1")
    tell(coins.books.take())
    assert plan_of(alice) == "free"
    assert "Seen, not confirmed yet" in alices_page.get("/billing/invoices/").content.decode()
    coins.books.move(payment, "finished")
    tell(coins.books.take())
    assert plan_of(alice) == "starter"
    bought.refresh_from_db()
    assert timedelta(days=89) <= bought.until - bought.starts <= timedelta(days=92)
    assert sorted(told(alice)) == ["plan_changed", "plan_prepaid"]
    assert "Starter is prepaid until" in alices_page.get("/billing/").content.decode()
    assert revenue.mrr() == 19


def test_what_is_told_late_twice_and_in_any_order_counts_once(coins, alice):
    bought = order(coins, alice)
    coins.books.pay(coins.books.begin(bought.invoice))
    messages = coins.books.take()
    tell(messages[::-1])
    first = CryptoOrder.objects.values().get()
    tell(messages * 2)
    assert CryptoOrder.objects.values().get() == first
    assert sorted(told(alice)) == ["plan_changed", "plan_prepaid"]


def test_what_is_not_told_is_found_by_looking_again(coins, alice):
    bought = order(coins, alice)
    payment = coins.books.begin(bought.invoice)
    tell(coins.books.take())
    coins.books.pay(payment)
    coins.books.take()
    assert crypto.process() == 0
    CryptoPayment.objects.update(next_look_at=timezone.now())
    assert crypto.process() == 1
    assert plan_of(alice) == "starter"
    assert CryptoPayment.objects.get().next_look_at is None  # it is over


def test_what_was_never_told_is_found_in_the_list_of_payments(coins, alice, settings):
    bought = order(coins, alice)
    coins.books.pay(coins.books.begin(bought.invoice))
    coins.books.take()
    assert (crypto.find_untold(), crypto.process()) == (0, 0)  # without a login
    settings.NOWPAYMENTS_EMAIL, settings.NOWPAYMENTS_PASSWORD = "operator@example.org", "a password"
    assert (crypto.find_untold(), crypto.process()) == (1, 1)
    assert plan_of(alice) == "starter"
    assert crypto.find_untold() == 0


def test_too_little_buys_nothing_until_the_rest_has_arrived(coins, alices_page, alice):
    bought = order(coins, alice)
    paid(coins, bought, "0.6")
    assert (bought.status, bought.arrived, plan_of(alice)) == ("partial", 1_140, "free")
    assert told(alice) == ["plan_underpaid"]
    assert "Not all of it has arrived" in alices_page.get("/billing/invoices/").content.decode()
    coins.books.pay(coins.books.begin(bought.invoice, "0.4"))
    tell(coins.books.take())
    assert plan_of(alice) == "starter"


def test_too_much_makes_the_term_longer_and_moves_the_next_and_is_told(coins, alice):
    bought, following = order(coins, alice), order(coins, alice)
    paid(coins, bought)
    month = bought.until - bought.starts
    paid(coins, following)
    paid(coins, bought, "0.5")
    assert (bought.status, bought.arrived, plan_of(alice)) == ("overpaid", 2_850, "starter")
    assert bought.until - bought.starts == month * 1.5
    following.refresh_from_db()
    assert following.starts == bought.until
    deliveries = apps.get_model("bots", "Delivery").objects
    assert deliveries.filter(kind="plan_prepaid", data__text__icontains="$9.50 more than was asked").exists()
    (operators,) = deliveries.filter(kind="system_billing")
    assert ["Arrived", "$28.50"] in operators.data["facts"]


@pytest.mark.parametrize("status", ["expired", "failed"])
def test_what_is_not_paid_buys_nothing(coins, alice, status):
    bought = order(coins, alice)
    coins.books.move(coins.books.begin(bought.invoice), status)
    tell(coins.books.take())
    bought.refresh_from_db()
    assert (bought.status, plan_of(alice), told(alice)) == (status, "free", [])


def test_coins_sent_back_end_the_term_and_leave_three_days(coins, alice):
    bought = order(coins, alice)
    payment = paid(coins, bought)
    coins.books.move(payment, "refunded", "0")
    tell(coins.books.take())
    bought.refresh_from_db()
    assert (bought.status, plan_of(alice)) == ("refunded", "starter")
    assert "plan_refunded" in told(alice)
    CryptoOrder.objects.update(until=timezone.now() - timedelta(days=3, minutes=1))
    terms.review_due()
    assert plan_of(alice) == "free"
    assert revenue.mrr() == 0


def test_a_term_that_was_sent_back_before_it_began_leaves_no_gap(coins, alice):
    orders = [order(coins, alice) for _ in range(3)]
    payments = [paid(coins, each) for each in orders]
    coins.books.move(payments[1], "refunded", "0")
    tell(coins.books.take())
    first, second, third = (CryptoOrder.objects.get(pk=each.pk) for each in orders)
    assert (second.status, second.starts, second.until) == ("refunded", None, None)
    assert third.starts == first.until


def test_a_term_is_told_of_before_and_after_its_end_and_the_plan_ends_three_days_later(coins, cloud, alice):
    bought = order(coins, alice)
    paid(coins, bought)
    term = (bought.until - bought.starts) / timedelta(days=1)
    cloud.pass_days(term - 2)
    for _ in range(2):
        terms.review_due()
    assert told(alice).count("plan_ending") == 1
    cloud.pass_days(3)
    terms.review_due()
    assert (plan_of(alice), told(alice)[-1]) == ("starter", "plan_grace")
    cloud.pass_days(2.1)
    terms.review_due()
    assert (plan_of(alice), revenue.mrr()) == ("free", 0)


def test_more_months_follow_those_that_are_paid_and_a_higher_plan_begins_at_once(coins, alice):
    first, second = order(coins, alice), order(coins, alice)
    paid(coins, first)
    paid(coins, second)
    assert second.starts == first.until
    third = order(coins, alice, "pro", 12)
    paid(coins, third)
    assert third.starts < first.until
    assert plan_of(alice) == "pro"
    assert CryptoOrder.objects.get(pk=third.pk).amount == 49_000


def test_a_wrong_signature_or_a_changed_body_is_refused(coins, alice, settings):
    bought = order(coins, alice)
    coins.books.begin(bought.invoice)
    ((_, body, headers),) = coins.books.take()
    right = headers["x-nowpayments-sig"]
    wrong = right[:-1] + ("0" if right[-1] != "0" else "1")
    for text, signature in [
        (body, wrong),
        (body, ""),
        (body.replace(b"waiting", b"finished"), right),
        (b"[]", right),
    ]:
        answer = Client().post(IPN, text, "application/json", headers={"x-nowpayments-sig": signature})
        assert answer.status_code == 400
    assert not CryptoPayment.objects.exists()
    settings.NOWPAYMENTS_IPN_SECRET = ""
    assert Client().post(IPN, body, "application/json", headers=headers).status_code == 404


def test_a_payment_of_another_order_changes_nothing(coins, alice, bob):
    mine, other = order(coins, alice), order(coins, bob)
    payment = coins.books.begin(other.invoice)
    coins.books.pay(payment)
    coins.books.take()
    CryptoPayment.objects.create(id=str(payment["payment_id"]), order=mine)
    assert crypto.process() == 0
    assert plan_of(alice) == "free"


def test_the_api_says_which_way_and_names_what_is_missing(coins, alices, alice):
    answer = alices.post(CHECKOUT, {"plan": "pro", "method": "crypto", "months": 12})
    assert answer.json()["url"].startswith(f"{coins.url}/payment/?iid=")
    for body in (
        {"method": "crypto"},
        {"method": "crypto", "months": 2},
        {"method": "card", "months": 1},
        {},
    ):
        assert alices.post(CHECKOUT, {"plan": "pro", **body}).status_code == 400
    coins.fail_next = 1
    refused = alices.post(CHECKOUT, {"plan": "pro", "method": "crypto", "months": 1})
    assert (refused.status_code, refused.json()["errors"][0]["code"]) == (503, "nowpayments_unavailable")


def test_who_pays_by_card_cancels_that_first(coins, cloud, alices, alice):
    cloud.buy(alice, "starter")
    cloud.deliver()
    answer = alices.post(CHECKOUT, {"plan": "pro", "method": "crypto", "months": 1})
    assert answer.json()["errors"][0]["code"] == "subscribed"


def test_without_keys_nothing_is_offered(cloud, alices, alices_page):
    assert "With crypto" not in alices_page.get("/billing/").content.decode()
    answer = alices.post(CHECKOUT, {"plan": "pro", "method": "crypto", "months": 1})
    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (409, "not_offered")
    assert Client().post(IPN, b"{}", "application/json").status_code == 404
