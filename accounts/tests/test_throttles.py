import threading
from typing import Any

import pytest
from django.core.cache import cache
from redis.exceptions import ConnectionError as RedisDown

from accounts import tokens
from accounts.api import throttles
from accounts.tests.conftest import PASSWORD, only_error

ME = "/api/v1/me"
LOGIN = "/api/v1/auth/login"


pytestmark = pytest.mark.usefixtures("within_a_minute")


def limits(settings: Any, **rates: int) -> None:
    defaults = settings.REST_FRAMEWORK["DEFAULT_THROTTLE_RATES"]
    settings.REST_FRAMEWORK = {**settings.REST_FRAMEWORK, "DEFAULT_THROTTLE_RATES": {**defaults, **rates}}


def test_a_user_over_the_limit_is_told_when_to_return(settings, alices):
    limits(settings, user=3)
    answers = [alices.get(ME) for _ in range(4)]
    assert [answer.status_code for answer in answers] == [200, 200, 200, 429]
    assert only_error(answers[-1]) == ("throttled", None)
    assert answers[-1]["Retry-After"] == "48"


def test_the_next_minute_starts_anew(settings, alices, monkeypatch):
    limits(settings, user=1)
    assert [alices.get(ME).status_code for _ in range(2)] == [200, 429]
    monkeypatch.setattr(throttles.MinuteThrottle, "now", staticmethod(lambda: 1_800_000_060.0))
    assert alices.get(ME).status_code == 200


def test_each_user_has_a_limit_of_their_own(settings, alices, bob, bearing):
    limits(settings, user=1)
    bobs = bearing(tokens.issue(user=bob).access)
    assert [alices.get(ME).status_code, alices.get(ME).status_code] == [200, 429]
    assert bobs.get(ME).status_code == 200


def test_the_limit_is_of_the_user_not_of_the_token(settings, alice, bearing):
    limits(settings, user=1)
    answers = [bearing(tokens.issue(user=alice).access).get(ME).status_code for _ in range(2)]
    assert answers == [200, 429]


def test_signing_in_is_limited_by_address(settings, api, alice):
    limits(settings, auth=2)
    body = {"email": "alice@example.org", "password": PASSWORD}
    assert [api.post(LOGIN, body).status_code for _ in range(3)] == [200, 200, 429]
    assert api.post(LOGIN, body, REMOTE_ADDR="198.51.100.9").status_code == 200
    assert api.post(LOGIN, body, headers={"X-Forwarded-For": "198.51.100.7"}).status_code == 429


def test_the_design_allows_a_user_1200_requests_a_minute(settings):
    rates = settings.REST_FRAMEWORK["DEFAULT_THROTTLE_RATES"]
    named = {name: rates[name] for name in ("user", "anonymous", "auth", "exchange", "code", "code_day")}
    assert named == {"user": 1200, "anonymous": 300, "auth": 60, "exchange": 60, "code": 30, "code_day": 100}


def test_parallel_requests_are_all_counted(db):
    counts = []
    workers = [
        threading.Thread(target=lambda: counts.append(throttles._count("throttle:t", 60))) for _ in range(20)
    ]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(timeout=120)
    assert sorted(counts) == list(range(1, 21))


def test_without_redis_a_user_is_still_served(alices, monkeypatch):
    def down(*args):
        raise RedisDown

    monkeypatch.setattr(cache, "incr", down)
    assert alices.get(ME).status_code == 200


def test_the_admins_sign_in_is_limited_with_the_others(settings, api, pages, alice):
    limits(settings, auth=3)
    body = {"email": "alice@example.org", "password": PASSWORD}
    assert api.post(LOGIN, body).status_code == 200
    form = {"username": "nobody@example.org", "password": "x"}
    answers = [pages.post("/admin/login/", form) for _ in range(3)]
    assert [answer.status_code for answer in answers] == [200, 200, 429]
    assert answers[-1]["Retry-After"] == "60"
    assert pages.get("/admin/login/").status_code == 200
