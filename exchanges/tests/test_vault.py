import base64
import os

import pytest
from django.core.exceptions import ImproperlyConfigured
from hypothesis import given
from hypothesis import strategies as st

from exchanges import vault
from exchanges.vault import Place, VaultError, seal, unseal

K1, K2 = (base64.b64encode(bytes([n]) * 32).decode() for n in (1, 2))
HERE = Place("exchange_credentials", "api_key_encrypted", "row-1")

places = st.builds(Place, st.text(), st.text(), st.text())


@given(st.text(), places)
def test_what_is_sealed_opens_in_its_place(plaintext, place):
    assert unseal(seal(plaintext, place), place) == plaintext


@given(st.text(), places, places)
def test_a_moved_secret_does_not_open(plaintext, place, elsewhere):
    if place == elsewhere:
        return
    with pytest.raises(VaultError):
        unseal(seal(plaintext, place), elsewhere)


@given(st.text(), st.data())
def test_an_altered_secret_does_not_open(plaintext, data):
    envelope = bytearray(seal(plaintext, HERE))
    position = data.draw(st.integers(0, len(envelope) - 1))
    envelope[position] ^= data.draw(st.integers(1, 255))
    with pytest.raises(VaultError):
        unseal(bytes(envelope), HERE)


@given(st.text(), st.data())
def test_a_shortened_secret_does_not_open(plaintext, data):
    envelope = seal(plaintext, HERE)
    with pytest.raises(VaultError):
        unseal(envelope[: data.draw(st.integers(0, len(envelope) - 1))], HERE)


@given(st.binary(max_size=80))
def test_noise_does_not_open(noise):
    with pytest.raises(VaultError):
        unseal(noise, HERE)


def test_the_same_secret_is_sealed_differently_each_time():
    assert seal("secret", HERE) != seal("secret", HERE)
    assert b"secret" not in seal("secret", HERE)


def test_the_first_key_seals_and_all_open(settings):
    settings.AUTOGRID_ENCRYPTION_KEYS = f"k1:{K1}"
    old = seal("secret", HERE)
    settings.AUTOGRID_ENCRYPTION_KEYS = f"k2:{K2},k1:{K1}"
    assert unseal(old, HERE) == "secret"
    assert vault.key_id_of(seal("secret", HERE)) == "k2"


def test_a_key_that_is_gone_is_named(settings):
    settings.AUTOGRID_ENCRYPTION_KEYS = f"k1:{K1}"
    old = seal("secret", HERE)
    settings.AUTOGRID_ENCRYPTION_KEYS = f"k2:{K2}"
    with pytest.raises(VaultError, match="'k1'"):
        unseal(old, HERE)


def test_another_key_under_the_same_id_does_not_open(settings):
    settings.AUTOGRID_ENCRYPTION_KEYS = f"k1:{K1}"
    old = seal("secret", HERE)
    settings.AUTOGRID_ENCRYPTION_KEYS = f"k1:{K2}"
    with pytest.raises(VaultError):
        unseal(old, HERE)


@pytest.mark.parametrize(
    "ring",
    ["", "k1", f"{K1}", "k1:short", f"k1:{K1[:-4]}", f"k1:{K1},k1:{K2}", f"k 1:{K1}", "k1:" + "é" * 44],
)
def test_a_malformed_ring_is_refused_without_showing_keys(ring, settings):
    settings.AUTOGRID_ENCRYPTION_KEYS = ring
    with pytest.raises(ImproperlyConfigured) as raised:
        seal("secret", HERE)
    assert K1 not in str(raised.value)
    assert "AUTOGRID_ENCRYPTION_KEYS" in str(raised.value)


def test_errors_hold_nothing_of_the_secret():
    envelope = seal("the-secret", HERE)
    with pytest.raises(VaultError) as raised:
        unseal(envelope[:-1] + os.urandom(1), Place("a", "b", "c"))
    assert "the-secret" not in repr(raised.value)
    assert raised.value.__context__ is None
