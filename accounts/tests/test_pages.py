import re
import time
from types import SimpleNamespace

import pytest
from allauth.core.internal import ratelimit
from django.core import mail
from django.test import Client

from accounts import tokens
from accounts.models import User
from accounts.tests.conftest import PASSWORD, only_error

SIGN_UP, SIGN_IN = "/accounts/signup/", "/accounts/login/"
NEW_PASSWORD = "another good password"


def is_signed_in(browser: Client) -> bool:
    return browser.get("/api/v1/me").status_code == 200


def test_the_first_visitor_signs_up_and_is_signed_in(pages, db):
    assert pages.get(SIGN_UP).status_code == 200
    response = pages.post(SIGN_UP, {"email": "Carol@Example.org", "password1": PASSWORD})
    assert response.status_code == 302
    assert response["Location"] == "/"
    carol = User.objects.get()
    assert carol.email == "carol@example.org"
    assert not carol.is_staff
    assert is_signed_in(pages)


def test_sign_up_refuses_weak_passwords_and_taken_emails(pages, alice):
    weak = pages.post(SIGN_UP, {"email": "carol@example.org", "password1": "short"})
    assert "password1" in weak.context["form"].errors
    taken = pages.post(SIGN_UP, {"email": "ALICE@example.org", "password1": PASSWORD})
    assert "email" in taken.context["form"].errors
    assert User.objects.count() == 1


def test_who_registered_by_the_api_signs_in_on_the_page(pages, alice):
    response = pages.post(SIGN_IN, {"login": "Alice@example.org", "password": PASSWORD})
    assert response.status_code == 302
    assert is_signed_in(pages)


def test_a_wrong_password_does_not_sign_in(pages, alice):
    response = pages.post(SIGN_IN, {"login": "alice@example.org", "password": "not her password"})
    assert response.status_code == 200
    assert response.context["form"].errors
    assert not is_signed_in(pages)


def test_who_signed_up_on_the_page_signs_in_by_the_api(pages, api, db):
    pages.post(SIGN_UP, {"email": "carol@example.org", "password1": PASSWORD})
    response = api.post("/api/v1/auth/login", {"email": "carol@example.org", "password": PASSWORD})
    assert response.status_code == 200


def test_signing_out_takes_a_click(pages, alice):
    pages.force_login(alice)
    assert pages.get("/accounts/logout/").status_code == 200
    assert is_signed_in(pages)
    assert pages.post("/accounts/logout/").status_code == 302
    assert not is_signed_in(pages)


def test_a_password_changed_on_the_page_ends_api_tokens_and_other_sessions(pages, alice, bearing):
    pair = tokens.issue(user=alice)
    elsewhere = Client()
    for browser in (pages, elsewhere):
        browser.force_login(alice)
    form = {"oldpassword": PASSWORD, "password1": NEW_PASSWORD, "password2": NEW_PASSWORD}
    assert pages.post("/accounts/password/change/", form).status_code == 302
    assert is_signed_in(pages)
    assert not is_signed_in(elsewhere)
    assert only_error(bearing(pair.access).get("/api/v1/me")) == ("token_revoked", None)


def test_a_forgotten_password_is_reset_by_mail(pages, alice, bearing):
    pair = tokens.issue(user=alice)
    assert pages.post("/accounts/password/reset/", {"email": "alice@example.org"}).status_code == 302
    (message,) = mail.outbox
    assert message.to == ["alice@example.org"]
    link = re.search(r"http://testserver(/accounts/password/reset/key/\S+)", str(message.body))
    assert link
    form = pages.get(link[1], follow=True)
    done = pages.post(form.request["PATH_INFO"], {"password1": NEW_PASSWORD, "password2": NEW_PASSWORD})
    assert done.status_code == 302
    alice.refresh_from_db()
    assert alice.check_password(NEW_PASSWORD)
    assert only_error(bearing(pair.access).get("/api/v1/me")) == ("token_revoked", None)


def test_a_reset_for_nobody_answers_alike_and_sends_nothing(pages, alice):
    known = pages.post("/accounts/password/reset/", {"email": "alice@example.org"})
    mail.outbox.clear()
    unknown = pages.post("/accounts/password/reset/", {"email": "nobody@example.org"})
    assert (known.status_code, known["Location"]) == (unknown.status_code, unknown["Location"])
    assert not mail.outbox


def test_a_flood_of_forms_is_told_when_to_return(pages, db, monkeypatch):
    # allauth counts those of the last minute: none grows old meanwhile.
    monkeypatch.setattr(
        ratelimit,
        "time",
        SimpleNamespace(time=lambda: 1_800_000_012.0, monotonic=time.monotonic, sleep=time.sleep),
    )
    form = {"email": "nobody", "password1": "x"}
    answers = [pages.post(SIGN_UP, form) for _ in range(21)]
    assert [answer.status_code for answer in answers] == [200] * 20 + [429]
    assert answers[-1]["Retry-After"] == "60"


def test_who_only_visits_is_sent_to_sign_in(pages, db):
    response = pages.get("/accounts/password/change/")
    assert response.status_code == 302
    assert response["Location"].startswith(SIGN_IN)


def test_nobody_claims_an_address_that_may_be_anothers(pages, alice, bob):
    pages.force_login(alice)
    assert pages.get("/accounts/email/").status_code == 404
    for action in ("action_add", "action_primary"):
        assert pages.post("/accounts/email/", {"email": bob.email, action: "1"}).status_code == 404
    assert [address.email for address in alice.emailaddress_set.all()] == [alice.email]


@pytest.mark.parametrize(
    "cookie", [r'"\000\000\000\000\000\000\000\000\000"', "short", "x" * 5000, "../../etc/passwd"]
)
def test_a_cookie_that_cannot_be_a_session_is_none(pages, db, cookie):
    for path in (SIGN_IN, "/healthz", "/admin/login/"):
        assert pages.get(path, headers={"Cookie": f"sessionid={cookie}"}).status_code == 200
    assert pages.get("/api/v1/me", headers={"Cookie": f"sessionid={cookie}"}).status_code == 401
