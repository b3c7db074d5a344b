"""A flood of sign-ins: hashing is what it costs, and must not cost the others."""

import threading

import pytest
from django.db import connection

from accounts import hashers, services
from accounts.models import User
from accounts.tests.conftest import PASSWORD


@pytest.fixture
def while_hashing(monkeypatch):
    """What the database connection of each hash was at that time: None is given back."""
    seen = []
    original = hashers.BCryptSHA256PasswordHasher.encode

    def encode(self, password, salt):
        seen.append(connection.connection)
        return original(self, password, salt)

    monkeypatch.setattr(hashers.BCryptSHA256PasswordHasher, "encode", encode)
    return seen


@pytest.mark.django_db(transaction=True)
def test_no_database_connection_is_held_meanwhile(api, while_hashing):
    services.register(email="alice@example.org", password=PASSWORD)
    body = {"email": "alice@example.org", "password": PASSWORD}
    assert api.post("/api/v1/auth/login", body).status_code == 200
    assert while_hashing == [None, None]


@pytest.mark.django_db
def test_a_transaction_is_not_torn_apart(while_hashing):
    User.objects.create_user("alice@example.org", PASSWORD)
    assert User.objects.get().check_password(PASSWORD)
    assert None not in while_hashing


def test_half_of_the_cores_at_most_are_busy_with_it(monkeypatch):
    monkeypatch.setattr(hashers, "_cores", threading.BoundedSemaphore(1))
    busy, most, done = 0, 0, threading.Event()

    def encode(self, password, salt):
        nonlocal busy, most
        busy += 1
        most = max(most, busy)
        done.wait(0.01)
        busy -= 1
        return "hash"

    monkeypatch.setattr(hashers.BCryptSHA256PasswordHasher, "encode", encode)
    hasher = hashers.PatientBCrypt()
    workers = [threading.Thread(target=hasher.encode, args=(PASSWORD, "salt")) for _ in range(5)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(timeout=120)
    assert most == 1
