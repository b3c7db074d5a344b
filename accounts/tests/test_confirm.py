from datetime import timedelta

from django.test import RequestFactory
from django.utils import timezone
from rest_framework.request import Request

from accounts import tokens
from accounts.api.permissions import is_confirmed
from accounts.models import TokenFamily
from accounts.tests.conftest import PASSWORD, long_ago, only_error

URL = "/api/v1/auth/confirm"


def confirmed(family: TokenFamily) -> bool:
    request = Request(RequestFactory().get("/"))
    request.auth = family
    return is_confirmed(request)


def test_signing_in_confirms_for_five_minutes(alice):
    tokens.issue(user=alice)
    family = TokenFamily.objects.get()
    assert confirmed(family)
    family.confirmed_at -= timedelta(minutes=5, seconds=1)
    assert not confirmed(family)


def test_the_password_renews_the_confirmation(alice, bearing):
    pair = tokens.issue(user=alice)
    TokenFamily.objects.update(confirmed_at=timezone.now() - timedelta(hours=1))
    response = bearing(pair.access).post(URL, {"password": PASSWORD})
    assert response.status_code == 200
    assert response.json()["confirmed_until"] > timezone.now().isoformat()
    assert confirmed(TokenFamily.objects.get())


def test_a_refresh_does_not_confirm(api, alice):
    pair = tokens.issue(user=alice)
    TokenFamily.objects.update(confirmed_at=timezone.now() - timedelta(hours=1))
    tokens.rotate(refresh_token=pair.refresh)
    assert not confirmed(TokenFamily.objects.get())


def test_a_wrong_password_does_not_confirm(alices):
    TokenFamily.objects.update(confirmed_at=timezone.now() - timedelta(hours=1))
    response = alices.post(URL, {"password": "not her password"})
    assert response.status_code == 400
    assert only_error(response) == ("wrong_password", "password")
    assert not confirmed(TokenFamily.objects.get())


def test_guessing_here_locks_as_at_sign_in(alices):
    answers = [alices.post(URL, {"password": "not her password"}).status_code for _ in range(5)]
    assert answers == [400, 400, 400, 400, 429]


def test_a_session_confirms_too(api, alice):
    api.force_login(alice)
    long_ago(api)
    request = Request(RequestFactory().get("/"))
    request._request.user, request._request.session = alice, api.session
    request.auth = None
    assert not is_confirmed(request)
    assert api.post(URL, {"password": PASSWORD}).status_code == 200
    request._request.session = api.session
    assert is_confirmed(request)


def test_a_stranger_cannot_confirm(api, db):
    assert api.post(URL, {"password": PASSWORD}).status_code == 401
