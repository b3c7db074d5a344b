"""Checkout and portal, by page and by API; and Stripe away."""

import pytest
from rest_framework.test import APIClient

from billing import gateway, shop
from billing.models import Standing
from tests.fakes.stripe import checkout
from tests.fakes.stripe.customers import GOOD


def test_a_plan_is_bought_through_the_page(cloud, alices_page, alice):
    text = alices_page.get("/billing/").content.decode()
    assert "$19 a month" in text
    assert "$490 a year" in text
    response = alices_page.post("/billing/checkout/", {"plan": "starter", "interval": "month"})
    assert (response.status_code, response["Location"].startswith(cloud.fake.url)) == (302, True)
    session = cloud.fake.books.objects[response["Location"].rpartition("/")[2]]
    back = checkout.pay(cloud.fake.books, session, GOOD)
    assert alices_page.get(back.removeprefix("http://testserver")).status_code == 302
    text = alices_page.get("/billing/").content.decode()  # no webhook has come yet
    assert "You are on the Starter plan, paid until" in text
    assert "a month</button>" not in text


def test_who_has_a_subscription_changes_it_in_the_portal(cloud, alices_page, alice):
    cloud.buy(alice, "starter")
    cloud.deliver()
    response = alices_page.post("/billing/checkout/", {"plan": "pro", "interval": "month"}, follow=True)
    assert "change it in the billing portal" in response.content.decode()
    assert alices_page.post("/billing/portal/")["Location"].startswith(cloud.fake.url + "/portal/")


def test_the_api_answers_with_addresses(cloud, alices: APIClient, alice):
    assert alices.post("/api/v1/billing/portal").json()["errors"][0]["code"] == "no_customer"
    answer = alices.post("/api/v1/billing/checkout", {"plan": "pro", "interval": "year"})
    assert answer.json()["url"].startswith(cloud.fake.url + "/checkout/")
    assert alices.post("/api/v1/billing/portal").json()["url"].startswith(cloud.fake.url + "/portal/")
    assert Standing.objects.filter(user=alice).count() == 1
    assert shop.publish() == []  # everything that is sold was there
    assert len(cloud.fake.books.all("customer")) == 1
    alices.post("/api/v1/billing/checkout", {"plan": "starter", "interval": "month"})
    # Whoever pays twice in two tabs would have two subscriptions.
    assert [each["status"] for each in cloud.fake.books.all("checkout.session")] == ["open", "expired"]


@pytest.mark.parametrize(
    "body", [{}, {"plan": "free", "interval": "month"}, {"plan": "pro", "interval": "day"}]
)
def test_what_is_not_sold_is_a_400_that_names_the_field(cloud, alices: APIClient, body):
    response = alices.post("/api/v1/billing/checkout", body)
    assert response.status_code == 400
    assert {error["attr"] for error in response.json()["errors"]} <= {"plan", "interval"}


def test_while_stripe_is_away_pages_say_so_and_the_api_asks_to_wait(cloud, alices_page, alices, alice):
    cloud.fake.fail_next = [500] * 30
    assert "Stripe does not answer now" in alices_page.get("/billing/").content.decode()
    response = alices.post("/api/v1/billing/checkout", {"plan": "pro", "interval": "month"})
    assert (response.status_code, response["Retry-After"]) == (503, "5")


def test_pages_ask_for_prices_once_and_again_when_one_has_changed(cloud, alices_page):
    assert "$19 a month" in alices_page.get("/billing/").content.decode()
    cloud.fake.fail_next = [500] * 30
    assert "$19 a month" in alices_page.get("/billing/").content.decode()
    cloud.fake.fail_next = []
    changed = {"product": "autogrid_starter", "currency": "usd", "unit_amount": 2_300}
    changed |= {"recurring": {"interval": "month"}, "metadata": {"plan": "starter"}}
    changed |= {"lookup_key": "autogrid_starter_month", "transfer_lookup_key": True}
    gateway.client().v1.prices.create(changed)
    cloud.deliver()
    assert "$23 a month" in alices_page.get("/billing/").content.decode()


def test_invoices_are_listed_on_our_own_page_and_are_their_owner_s_alone(
    cloud, alices_page, alice, bob, client
):
    assert "No invoices yet" in alices_page.get("/billing/invoices/").content.decode()
    cloud.buy(alice, "starter")
    cloud.buy(bob, "pro")
    text = alices_page.get("/billing/invoices/").content.decode()
    assert "$19.00" in text
    assert f'href="{cloud.fake.url}/invoice/' in text
    assert "$49.00" not in text
    cloud.fake.fail_next = [500] * 30
    assert "Stripe does not answer now" in alices_page.get("/billing/invoices/").content.decode()
    assert client.get("/billing/invoices/").status_code == 302


def test_strangers_reach_nothing(cloud, client, api):
    assert client.post("/billing/checkout/", {"plan": "pro", "interval": "month"}).status_code == 302
    assert api.post("/api/v1/billing/checkout", {"plan": "pro", "interval": "month"}).status_code == 401
