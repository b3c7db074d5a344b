"""What comes from Stripe, and what only says so."""

import re
import time
from datetime import timedelta

import pytest
from django.utils import timezone

from billing import webhooks
from billing.models import StripeEvent
from billing.tasks import forget_webhooks
from billing.tests.cloud.rig import HOOK


def event_of(cloud, alice):
    cloud.buy(alice, "starter")
    return cloud.fake.delivery.take()[-1]


def test_an_event_is_kept_by_its_id_before_anything_is_done(cloud, alice):
    event = event_of(cloud, alice)
    assert cloud.post(event).status_code == 200
    kept = StripeEvent.objects.get()
    assert (kept.pk, kept.type, kept.processed_at) == (event["id"], "checkout.session.completed", None)
    alice.refresh_from_db()
    assert alice.plan == "free"


def test_an_event_that_comes_again_is_answered_and_worked_off_once(cloud, alice):
    event = event_of(cloud, alice)
    for _ in range(3):
        assert cloud.post(event).status_code == 200
    assert webhooks.process() == 1
    cloud.post(event)
    assert webhooks.process() == 0


@pytest.mark.parametrize("age", [301, 100_000])
def test_an_old_signature_is_refused(cloud, alice, age):
    event = event_of(cloud, alice)
    assert cloud.post(event, timestamp=int(time.time()) - age).status_code == 400
    assert not StripeEvent.objects.exists()


def test_a_wrong_signature_or_a_changed_body_is_refused(cloud, alice, client):
    ((_, body, headers),) = cloud.fake.delivery.messages(event_of(cloud, alice))
    signed = headers["Stripe-Signature"]
    wrong = signed[:-1] + ("0" if signed[-1] != "0" else "1")
    for text, signature in [
        (body, wrong),
        (body + b" ", signed),
        (body, ""),
        (b"", signed),
        (b"\xff", signed),
    ]:
        response = client.post(HOOK, text, "application/json", headers={"Stripe-Signature": signature})
        assert response.status_code == 400
    assert client.get(HOOK).status_code == 405
    assert not StripeEvent.objects.exists()


def test_without_a_secret_nothing_is_believed(cloud, alice, settings):
    event = event_of(cloud, alice)
    settings.STRIPE_WEBHOOK_SECRET = ""
    assert cloud.post(event).status_code == 400


def test_what_fails_is_tried_again(cloud, alice, caplog, monkeypatch):
    monkeypatch.setattr(webhooks, "FIRST_WAIT", webhooks.LONGEST_WAIT)  # not again before it is looked at
    cloud.post(event_of(cloud, alice))
    cloud.fake.fail_next = [500] * 3
    assert webhooks.process() == 0
    kept = StripeEvent.objects.get()
    assert (kept.attempts, kept.error) == (1, "APIError")
    assert "cus_" not in caplog.text
    StripeEvent.objects.update(next_try_at=timezone.now())
    assert webhooks.process() == 1
    alice.refresh_from_db()
    assert alice.plan == "starter"


def test_what_has_failed_for_days_is_tried_again_every_hour(cloud, alice):
    cloud.post(event_of(cloud, alice))
    cloud.fake.fail_next = [500] * 3
    StripeEvent.objects.update(attempts=1000)
    before = timezone.now()
    assert webhooks.process() == 0
    assert (
        before + timedelta(hours=1)
        <= StripeEvent.objects.get().next_try_at
        <= timezone.now() + timedelta(hours=1)
    )


def test_who_dies_with_an_event_in_hand_loses_nothing(cloud, alice, monkeypatch):
    """As after SIGKILL: claimed, and nothing more was done."""
    cloud.post(event_of(cloud, alice))
    assert len(webhooks._claim()) == 1
    assert webhooks.process() == 0
    StripeEvent.objects.update(next_try_at=timezone.now())
    assert webhooks.process() == 1
    alice.refresh_from_db()
    assert alice.plan == "starter"


def test_what_was_worked_off_months_ago_is_forgotten_and_what_waits_is_not(cloud, alice):
    cloud.post(event_of(cloud, alice))
    assert webhooks.process() == 1
    assert forget_webhooks() == 0
    long_ago = timezone.now() - timedelta(days=91)
    waits = StripeEvent.objects.create(id="evt_waits", type="invoice.paid", created=long_ago)
    StripeEvent.objects.update(received_at=long_ago)
    StripeEvent.objects.exclude(pk=waits.pk).update(processed_at=long_ago)
    assert forget_webhooks() == 1
    assert list(StripeEvent.objects.all()) == [waits]


def test_operators_may_work_an_event_off_once_more(cloud, alice):
    cloud.post(event_of(cloud, alice))
    webhooks.process()
    assert webhooks.replay(StripeEvent.objects.all()) == 1
    assert webhooks.process() == 1


def test_logs_hold_no_key_no_address_and_no_card(cloud, alice, caplog, capsys):
    caplog.set_level("DEBUG")
    cloud.post(event_of(cloud, alice))
    cloud.fake.fail_next = [500] * 3
    webhooks.process()
    printed = capsys.readouterr()
    written = caplog.text + printed.out + printed.err
    for secret in ("sk_test_", "whsec_", "4242424242424242", "alice@example.org"):
        assert secret not in written
    # The card's last digits: a word of their own, not a part of some number that is drawn.
    assert not re.search(r"(?<![\w-])4242(?![\w-])", written)
