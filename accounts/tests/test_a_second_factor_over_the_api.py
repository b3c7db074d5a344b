"""The API is no way around the second factor."""

import threading
from datetime import timedelta

import pytest
from axes.models import AccessAttempt
from django.db import connection
from django.utils import timezone
from rest_framework.test import APIClient

from accounts import second_factor, tokens
from accounts.models import TokenFamily
from accounts.tests.conftest import PASSWORD, only_error

LOGIN, CONFIRM = "/api/v1/auth/login", "/api/v1/auth/confirm"


def sign_in(api, otp=None, password=PASSWORD, **extra):
    body = {"email": "alice@example.org", "password": password} | ({} if otp is None else {"otp": otp})
    return api.post(LOGIN, body, **extra)


@pytest.mark.parametrize("otp", [None, ""])
def test_the_password_alone_gives_no_token(api, app, otp):
    response = sign_in(api, otp)
    assert response.status_code == 400
    assert only_error(response) == ("otp_required", "otp")
    assert not TokenFamily.objects.exists()
    assert not AccessAttempt.objects.exists()


def test_with_its_code_it_does(api, app, bearing):
    response = sign_in(api, app.code())
    assert response.status_code == 200
    assert bearing(response.json()["access_token"]).get("/api/v1/me").json()["second_factor"] is True


def test_without_a_second_factor_a_code_is_ignored(api, alice, alices):
    assert sign_in(api, "123456").status_code == 200
    assert alices.get("/api/v1/me").json()["second_factor"] is False


def test_a_code_opens_once(api, app):
    code = app.code()
    assert sign_in(api, code).status_code == 200
    assert only_error(sign_in(api, code)) == ("wrong_code", "otp")
    app.now += 30  # by now allauth's cache has forgotten it, and its step is still near enough
    assert only_error(sign_in(api, code)) == ("wrong_code", "otp")
    assert sign_in(api, app.code()).status_code == 200


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("kind", ["totp", "recovery_codes"])
def test_of_two_requests_with_one_code_at_once_one_signs_in(app, kind):
    code = app.code() if kind == "totp" else app.recovery_codes[0]
    answers, gate = [], threading.Barrier(2)

    def enter() -> None:
        gate.wait()
        answers.append(sign_in(APIClient(), code).status_code)
        connection.close()

    threads = [threading.Thread(target=enter) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=120)
    assert sorted(answers) == [200, 400]


def test_a_code_of_the_step_before_or_after_will_do_and_no_other(api, app):
    assert only_error(sign_in(api, app.code(-2))) == ("wrong_code", "otp")
    assert only_error(sign_in(api, app.code(2))) == ("wrong_code", "otp")
    assert sign_in(api, app.code(-1)).status_code == 200
    assert sign_in(api, app.code(1)).status_code == 200


def test_spaces_in_a_code_do_not_matter(api, app):
    code = app.code()
    assert sign_in(api, f" {code[:3]} {code[3:]} ").status_code == 200


def test_a_recovery_code_signs_in_once(api, app, alice):
    code = app.recovery_codes[3]
    assert sign_in(api, code).status_code == 200
    assert second_factor.codes_left(alice) == 9
    assert only_error(sign_in(api, code)) == ("wrong_code", "otp")


def test_a_wrong_password_is_told_before_any_code(api, app):
    assert only_error(sign_in(api, app.code(), password="not her password")) == ("wrong_credentials", None)
    assert sign_in(api, app.code()).status_code == 200


def test_wrong_codes_lock_as_wrong_passwords_do(api, app):
    answers = [sign_in(api, app.wrong_code()).status_code for _ in range(5)]
    assert answers == [400, 400, 400, 400, 429]
    locked = sign_in(api, app.code())
    assert only_error(locked) == ("locked_out", None)
    assert sign_in(api, app.code(), REMOTE_ADDR="198.51.100.9").status_code == 200


def test_the_right_password_does_not_forget_wrong_codes(api, app):
    """Else a guesser would clear his failures by signing in halfway."""
    for _ in range(4):
        sign_in(api, app.wrong_code())
        sign_in(api)
    assert sign_in(api, app.wrong_code()).status_code == 429


@pytest.fixture(params=["code", "code_day"])
def two_codes_at_most(request, settings, within_a_minute):
    """In an hour, or in a day."""
    rates = settings.REST_FRAMEWORK["DEFAULT_THROTTLE_RATES"] | {request.param: 2}
    settings.REST_FRAMEWORK = settings.REST_FRAMEWORK | {"DEFAULT_THROTTLE_RATES": rates}


def test_many_addresses_guess_no_faster(api, app, two_codes_at_most):
    wrong = [sign_in(api, app.wrong_code(), REMOTE_ADDR=f"198.51.100.{n}") for n in (1, 2, 3)]
    assert [only_error(answer)[0] for answer in wrong] == ["wrong_code", "wrong_code", "too_many_codes"]
    assert only_error(sign_in(api, app.code(), REMOTE_ADDR="198.51.100.4")) == ("too_many_codes", "otp")


def test_who_has_stolen_a_token_does_not_keep_the_owner_out(api, app, alice, bearing, two_codes_at_most):
    thief = bearing(tokens.issue(user=alice).access)
    wrong = [thief.post(CONFIRM, {"otp": app.wrong_code()}, REMOTE_ADDR=f"198.51.100.{n}") for n in (1, 2, 3)]
    assert [only_error(answer)[0] for answer in wrong] == ["wrong_code", "wrong_code", "too_many_codes"]
    assert sign_in(api, app.code()).status_code == 200


def test_no_code_is_kept_with_the_failures(api, app, pages):
    sign_in(api, app.wrong_code())
    pages.post("/accounts/login/", {"login": "alice@example.org", "password": PASSWORD})
    pages.post("/accounts/second-factor/authenticate/", {"code": app.wrong_code()})
    assert AccessAttempt.objects.get().failures_since_start == 2
    assert app.wrong_code() not in str(vars(AccessAttempt.objects.get()))


def test_one_may_not_confirm_by_the_password_alone(app, alice, bearing):
    hers = bearing(tokens.issue(user=alice).access)
    long_ago = timezone.now() - timedelta(hours=1)
    TokenFamily.objects.update(confirmed_at=long_ago)
    assert only_error(hers.post(CONFIRM, {"password": PASSWORD})) == ("otp_required", "otp")
    assert only_error(hers.post(CONFIRM, {"otp": app.wrong_code()})) == ("wrong_code", "otp")
    bad = {"password": "not her password", "otp": app.code()}
    assert only_error(hers.post(CONFIRM, bad)) == ("wrong_password", "password")
    assert TokenFamily.objects.get().confirmed_at == long_ago
    assert hers.post(CONFIRM, {"otp": app.code()}).status_code == 200
    assert TokenFamily.objects.get().confirmed_at > long_ago


def test_without_a_second_factor_confirming_takes_the_password(alices):
    assert only_error(alices.post(CONFIRM, {"otp": "123456"})) == ("required", "password")


def test_the_schema_tells_of_the_code(api, db):
    schema = api.get("/api/v1/schema", headers={"Accept": "application/vnd.oai.openapi+json"}).json()
    login = schema["components"]["schemas"]["LoginRequest"]
    assert login["required"] == ["email", "password"]
    assert "recovery code" in login["properties"]["otp"]["description"]
    assert "otp" in schema["components"]["schemas"]["ConfirmRequest"]["properties"]
