"""The unmodified stripe library against the stand-in."""

import urllib.parse
import urllib.request
from collections.abc import Iterator

import pytest
import stripe

from tests.fakes.stripe import customers
from tests.fakes.stripe.server import FakeStripe

DAY = 86_400


@pytest.fixture
def fake() -> Iterator[FakeStripe]:
    running = FakeStripe()
    yield running
    running.close()


@pytest.fixture
def client(fake):
    return stripe.StripeClient("sk_test_x", base_addresses={"api": fake.url}, max_network_retries=0)


@pytest.fixture
def shop(client):
    """(monthly starter, monthly pro, a customer)"""
    made = []
    for name, cents in (("Starter", 1900), ("Pro", 4900)):
        product = client.v1.products.create({"name": name})
        price = {
            "currency": "usd",
            "unit_amount": cents,
            "recurring": {"interval": "month"},
            "lookup_key": name.lower(),
        }
        made.append(client.v1.prices.create({**price, "product": product.id}))
    return (*made, client.v1.customers.create({"email": "alice@example.org", "metadata": {"user": "1"}}))


def post(url: str, **form: str) -> tuple[str, str]:
    """(where one is, what it says)"""
    with urllib.request.urlopen(url, urllib.parse.urlencode(form).encode(), timeout=30) as reply:
        return reply.url, reply.read().decode()


def session_of(client, fake, price, customer):
    params = {
        "mode": "subscription",
        "line_items": [{"price": price.id, "quantity": 1}],
        "customer": customer.id,
    }
    params |= {"success_url": f"{fake.url}/v1/none?id={{CHECKOUT_SESSION_ID}}", "cancel_url": fake.url}
    return client.v1.checkout.sessions.create(
        {**params, "subscription_data": {"metadata": {"plan": "starter"}}}
    )


def subscribed(client, fake, shop, number=customers.GOOD):
    session = session_of(client, fake, shop[0], shop[2])
    with pytest.raises(urllib.error.HTTPError):  # the success page is nobody's here
        post(session.url, number=number)
    done = client.v1.checkout.sessions.retrieve(session.id)
    return client.v1.subscriptions.retrieve(done.subscription, {"expand": ["latest_invoice", "customer"]})


def types(fake):
    return [event["type"] for event in fake.delivery.take()]


def test_a_paid_checkout_is_an_active_subscription_with_a_paid_invoice(client, fake, shop):
    types(fake)
    found = subscribed(client, fake, shop)
    item = found["items"].data[0]
    assert (found.status, found.metadata["plan"], found.customer.email) == (
        "active",
        "starter",
        "alice@example.org",
    )
    assert 28 * DAY <= item.current_period_end - item.current_period_start <= 31 * DAY
    assert (found.latest_invoice.status, found.latest_invoice.amount_paid) == ("paid", 1900)
    told = types(fake)
    assert told.index("invoice.paid") < told.index("customer.subscription.created")
    assert told[-1] == "checkout.session.completed"


@pytest.mark.parametrize(
    ("number", "words"), [(customers.DECLINED, "was declined"), (customers.INSUFFICIENT, "funds")]
)
def test_a_declined_card_leaves_the_checkout_open(client, fake, shop, number, words):
    session = session_of(client, fake, shop[0], shop[2])
    assert words in post(session.url, number=number)[1]
    assert client.v1.checkout.sessions.retrieve(session.id).status == "open"
    assert list(client.v1.subscriptions.list({"customer": shop[2].id})) == []


def test_three_d_secure_asks_first_and_may_fail(client, fake, shop):
    session = session_of(client, fake, shop[0], shop[2])
    assert "Your bank wants to know" in post(session.url, number=customers.THREE_D_SECURE)[1]
    assert "unable to authenticate" in post(session.url, number=customers.THREE_D_SECURE, bank="fail")[1]
    with pytest.raises(urllib.error.HTTPError):
        post(session.url, number=customers.THREE_D_SECURE, bank="complete")
    assert client.v1.checkout.sessions.retrieve(session.id).status == "complete"


def test_the_clock_renews_and_a_failed_renewal_ends_after_its_tries(client, fake, shop):
    found = subscribed(client, fake, shop)
    first = found["items"].data[0].current_period_end
    fake.control("/control/clock", {"seconds": 32 * DAY})
    again = client.v1.subscriptions.retrieve(found.id)
    assert again.status == "active"
    assert again["items"].data[0].current_period_start == first
    assert len(list(client.v1.invoices.list({"customer": shop[2].id}))) == 2
    portal = client.v1.billing_portal.sessions.create({"customer": shop[2].id, "return_url": fake.url})
    post(portal.url, do="card", number=customers.FAILS_LATER)
    types(fake)
    fake.control("/control/clock", {"seconds": 31 * DAY})
    assert client.v1.subscriptions.retrieve(found.id).status in ("past_due", "canceled")
    fake.control("/control/clock", {"seconds": 20 * DAY})
    assert client.v1.subscriptions.retrieve(found.id).status == "canceled"
    told = types(fake)
    assert told.count("invoice.payment_failed") == 4
    assert told[-1] == "customer.subscription.deleted"


def test_a_new_card_in_the_portal_pays_what_is_open(client, fake, shop):
    found = subscribed(client, fake, shop, customers.FAILS_LATER)
    fake.control("/control/clock", {"seconds": 31 * DAY + 3600})
    assert client.v1.subscriptions.retrieve(found.id).status == "past_due"
    portal = client.v1.billing_portal.sessions.create({"customer": shop[2].id})
    post(portal.url, do="card", number=customers.GOOD)
    found = client.v1.subscriptions.retrieve(found.id, {"expand": ["latest_invoice"]})
    assert (found.status, found.latest_invoice.status) == ("active", "paid")


def test_an_upgrade_is_prorated_at_once_and_a_downgrade_waits_for_the_end(client, fake, shop):
    found = subscribed(client, fake, shop)
    portal = client.v1.billing_portal.sessions.create({"customer": shop[2].id})
    post(portal.url, do="price", price=shop[1].id)
    found = client.v1.subscriptions.retrieve(found.id, {"expand": ["latest_invoice"]})
    assert found["items"].data[0].price.id == shop[1].id
    assert 2900 <= found.latest_invoice.amount_paid <= 3000
    post(portal.url, do="price", price=shop[0].id)
    assert client.v1.subscriptions.retrieve(found.id)["items"].data[0].price.id == shop[1].id
    fake.control("/control/clock", {"seconds": 32 * DAY})
    assert client.v1.subscriptions.retrieve(found.id)["items"].data[0].price.id == shop[0].id


def test_a_cancelled_subscription_lasts_until_its_period_ends(client, fake, shop):
    found = subscribed(client, fake, shop)
    portal = client.v1.billing_portal.sessions.create({"customer": shop[2].id})
    post(portal.url, do="cancel")
    found = client.v1.subscriptions.retrieve(found.id)
    assert (found.status, found.cancel_at_period_end) == ("active", True)
    fake.control("/control/clock", {"seconds": 32 * DAY})
    assert client.v1.subscriptions.retrieve(found.id).status == "canceled"


def test_one_idempotency_key_makes_one_object(client, fake):
    made = {client.v1.customers.create({"email": "a@b.c"}, {"idempotency_key": "one"}).id for _ in range(3)}
    assert len(made) == 1
    assert len(list(client.v1.customers.list())) == 1


def test_what_was_answered_stands_after_a_kill_and_what_was_not_sent_is_sent(tmp_path):
    def begun() -> tuple[FakeStripe, stripe.StripeClient]:
        running = FakeStripe(state=tmp_path / "stripe.json")
        return running, stripe.StripeClient("sk_test_x", base_addresses={"api": running.url})

    fakes, made = [], []
    for _ in range(2):  # the first is not closed
        fake, client = begun()
        made.append(client.v1.customers.create({"email": "a@example.org"}, {"idempotency_key": "one"}).id)
        fakes.append(fake)
    assert made[0] == made[1]
    assert types(fakes[1]) == ["customer.created"]
    for fake in fakes:
        fake.close()


def test_signed_webhooks_are_what_the_library_accepts(client, fake, shop):
    endpoint = client.v1.webhook_endpoints.create(
        {"url": "http://x.example/", "enabled_events": ["customer.created"]}
    )
    fake.delivery.take()
    client.v1.customers.create({"email": "bob@example.org"})
    event = fake.delivery.take()[0]
    ((_, body, headers),) = fake.delivery.messages(event)
    read = stripe.Webhook.construct_event(body, headers["Stripe-Signature"], endpoint.secret)
    assert (read.type, read.data.object.email) == ("customer.created", "bob@example.org")
    with pytest.raises(stripe.SignatureVerificationError):
        stripe.Webhook.construct_event(body + b" ", headers["Stripe-Signature"], endpoint.secret)


def test_errors_are_stripe_s_own(client, fake):
    with pytest.raises(stripe.InvalidRequestError, match="No such customer"):
        client.v1.customers.retrieve("cus_none")
    wrong = stripe.StripeClient("pk_live_x", base_addresses={"api": fake.url})
    with pytest.raises(stripe.AuthenticationError):
        wrong.v1.customers.list()
    fake.fail_next = [500]
    with pytest.raises(stripe.APIError):
        client.v1.customers.list()
