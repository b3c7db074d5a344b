from datetime import timedelta
from typing import Any

import pytest
from asgiref.sync import async_to_sync
from axes.models import AccessAttempt
from django.db.models import F
from django.test import AsyncClient, Client
from rest_framework.test import APIClient

from accounts.models import User
from accounts.tests.conftest import PASSWORD, only_error

API = "/api/v1/auth/login"
PAGE = "/accounts/login/"
ADMIN = "/admin/login/"
WRONG = "not her password"
HOME, AWAY = "192.0.2.1", "198.51.100.9"


def try_api(
    api: APIClient, password: str, *, email: str = "alice@example.org", address: str = HOME, **headers: str
) -> Any:
    return api.post(API, {"email": email, "password": password}, REMOTE_ADDR=address, headers=headers)


def lock(api: APIClient) -> None:
    for _ in range(5):
        response = try_api(api, WRONG)
    assert response.status_code == 429


def test_the_fifth_failure_locks_and_says_for_how_long(api, alice, caplog):
    answers = [try_api(api, WRONG) for _ in range(5)]
    assert "AXES" in caplog.text
    assert "alice@example.org" not in caplog.text
    assert [answer.status_code for answer in answers] == [401, 401, 401, 401, 429]
    assert only_error(answers[-1]) == ("locked_out", None)
    assert 840 < int(answers[-1]["Retry-After"]) <= 900
    assert try_api(api, PASSWORD).status_code == 429


def test_the_lock_says_for_how_long_under_asgi_too(db):
    post = async_to_sync(AsyncClient().post)
    body = {"email": "alice@example.org", "password": WRONG}
    answers = [post(API, body, content_type="application/json") for _ in range(5)]
    assert [answer.status_code for answer in answers] == [401, 401, 401, 401, 429]
    assert 840 < int(answers[-1]["Retry-After"]) <= 900


def test_the_owner_can_still_sign_in_from_elsewhere(api, alice):
    lock(api)
    assert try_api(api, PASSWORD, address=AWAY).status_code == 200


def test_others_at_the_same_address_are_not_locked(api, alice, bob):
    lock(api)
    assert try_api(api, PASSWORD, email="bob@example.org").status_code == 200


def test_case_and_spoofed_headers_do_not_evade_the_lock(api, alice):
    lock(api)
    assert try_api(api, PASSWORD, email="ALICE@example.org").status_code == 429
    assert try_api(api, PASSWORD, **{"X-Forwarded-For": AWAY}).status_code == 429
    assert try_api(api, PASSWORD, **{"User-Agent": "another"}).status_code == 429


def test_an_unknown_email_locks_alike(api, db):
    answers = [try_api(api, WRONG, email="nobody@example.org").status_code for _ in range(5)]
    assert answers == [401, 401, 401, 401, 429]


def test_the_lock_ends_by_itself_and_is_not_prolonged_by_trying(api, alice):
    lock(api)
    AccessAttempt.objects.update(attempt_time=F("attempt_time") - timedelta(minutes=14))
    assert int(try_api(api, WRONG)["Retry-After"]) <= 60
    AccessAttempt.objects.update(attempt_time=F("attempt_time") - timedelta(minutes=1))
    assert try_api(api, PASSWORD).status_code == 200


def test_success_forgets_the_failures_before(api, alice):
    for _ in range(4):
        try_api(api, WRONG)
    assert try_api(api, PASSWORD).status_code == 200
    assert not AccessAttempt.objects.exists()


def test_no_password_is_kept_with_the_failures(api, alice, pages):
    try_api(api, WRONG)
    pages.post(PAGE, {"login": "alice@example.org", "password": WRONG})
    for attempt in AccessAttempt.objects.all():
        assert WRONG not in str(vars(attempt))


@pytest.mark.parametrize(("url", "field"), [(PAGE, "login"), (ADMIN, "username")])
def test_pages_lock_too_and_share_the_count_with_the_api(api, alice, url, field):
    browser = Client(REMOTE_ADDR=HOME)
    User.objects.update(is_staff=True)
    for _ in range(4):
        response = browser.post(url, {field: "alice@example.org", "password": WRONG})
        assert response.status_code == 200
    response = browser.post(url, {field: "Alice@example.org", "password": WRONG})
    assert response.status_code == 429
    assert 840 < int(response["Retry-After"]) <= 900
    assert b"Try again in 15 minutes" in response.content
    assert try_api(api, PASSWORD).status_code == 429
