"""Whoever switches a second factor on or off, its owner hears of it, whatever he chose for other notices."""

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes

from accounts import second_factor
from accounts.signals import codes_guessed, recovery_codes_renewed, second_factor_changed
from bots.models import Delivery
from bots.services.notice_settings import change
from bots.services.topics import TOPICS


@pytest.fixture
def quiet_alice(alice):
    """Wants no mail of anything."""
    change(user=alice, choices={topic: {"email": False} for topic in TOPICS})
    return alice


def told():
    return [(row.kind, row.channel, row.recipient, row.data["text"]) for row in Delivery.objects.all()]


def test_its_owner_hears_that_it_is_on(quiet_alice):
    second_factor_changed.send(None, user=quiet_alice, is_on=True, by_operator=False)
    ((kind, channel, recipient, text),) = told()
    assert (kind, channel, recipient) == ("second_factor_on", "email", "alice@example.org")
    assert "If that was not you" in text


def test_its_owner_hears_that_an_operator_removed_it(quiet_alice):
    assert not second_factor.remove(user=quiet_alice)
    assert told() == []
    Authenticator.objects.create(user=quiet_alice, type="totp", data={"secret": "sealed"})
    assert second_factor.remove(user=quiet_alice)
    ((kind, _, _, text),) = told()
    assert kind == "second_factor_off"
    assert text.startswith("An operator switched it off")


def test_its_owner_hears_of_a_recovery_code_that_was_used(quiet_alice):
    codes = RecoveryCodes.activate(quiet_alice).generate_codes()
    assert second_factor.spend(user=quiet_alice, code=codes[0])
    ((kind, _, _, text),) = told()
    assert kind == "recovery_code_spent"
    assert "9 are left" in text


def test_its_owner_hears_of_new_recovery_codes(quiet_alice):
    recovery_codes_renewed.send(None, user=quiet_alice)
    ((kind, _, recipient, text),) = told()
    assert (kind, recipient) == ("recovery_codes_renewed", "alice@example.org")
    assert "open nothing any more" in text


def test_its_owner_hears_of_somebody_who_knows_the_password_and_guesses_codes(quiet_alice):
    codes_guessed.send(None, user=quiet_alice)
    ((kind, _, recipient, text),) = told()
    assert (kind, recipient) == ("codes_guessed", "alice@example.org")
    assert "change your password now" in text
