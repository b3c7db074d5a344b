"""/accounts/second-factor/: switched on and off, and asked for at sign-in."""

import html
import re

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.utils import decrypt
from django.core import mail
from django.test import Client

from accounts import second_factor
from accounts.tests.authenticator import App, stored
from accounts.tests.conftest import PASSWORD
from accounts.tests.test_pages import NEW_PASSWORD, SIGN_IN, is_signed_in

HOME = "/accounts/second-factor/"
ACTIVATE, DEACTIVATE = f"{HOME}totp/activate/", f"{HOME}totp/deactivate/"
CODES, NEW_CODES = f"{HOME}recovery-codes/", f"{HOME}recovery-codes/generate/"
ASKED, CONFIRM = f"{HOME}authenticate/", "/accounts/reauthenticate/"
CONFIRM_BY_CODE = f"{HOME}reauthenticate/"


def text(response):
    return html.unescape(response.content.decode())


def found(pattern, where):
    match = re.search(pattern, where)
    assert match
    return match[1]


def confirm(browser, wanted, code=None):
    """Goes where the password, or else the code, is asked for again, gives it, and comes where it wanted to go."""
    asked = browser.get(wanted, follow=True)
    way, answer = (CONFIRM, {"password": PASSWORD}) if code is None else (CONFIRM_BY_CODE, {"code": code})
    assert asked.request["PATH_INFO"] == way
    return browser.post(way, {**answer, "next": wanted}, follow=True)


def enter(browser, code):
    """Both stages of signing in."""
    first = browser.post(SIGN_IN, {"login": "alice@example.org", "password": PASSWORD})
    assert first["Location"] == ASKED
    return browser.post(ASKED, {"code": code})


@pytest.fixture
def hers(pages, alice):
    pages.force_login(alice)
    return pages


def test_it_is_set_up_by_a_code_of_the_app(hers, alice, monkeypatch, django_capture_on_commit_callbacks):
    app = App(monkeypatch)
    page = confirm(hers, ACTIVATE)
    app.secret = found(r'id="secret">(\w+)<', text(page))
    assert 'src="data:image/svg+xml;base64,' in text(page)
    assert "no-store" in page["Cache-Control"]

    wrong = hers.post(ACTIVATE, {"code": app.wrong_code()})
    assert "not the code the app shows" in text(wrong)
    assert app.secret in text(wrong)
    assert not second_factor.is_on(alice)

    phone = Client()
    phone.force_login(alice)
    with django_capture_on_commit_callbacks(execute=True):
        done = hers.post(ACTIVATE, {"code": app.code(), "sign_out_others": "1"})
    assert not is_signed_in(phone)
    assert done["Location"] == CODES
    assert second_factor.is_on(alice)
    assert "On since" in text(hers.get(HOME))
    # What switched it on opens nothing else.
    assert second_factor.spend(user=alice, code=app.code()) is None
    assert second_factor.spend(user=alice, code=app.next_code())


def test_setting_up_asks_for_the_password_again(hers, alice):
    asked = hers.get(ACTIVATE, follow=True)
    assert asked.request["PATH_INFO"] == CONFIRM
    wrong = hers.post(CONFIRM, {"password": "not her password", "next": ACTIVATE})
    assert wrong.status_code == 200
    assert hers.get(ACTIVATE).status_code == 302


def test_what_codes_are_made_of_is_stored_sealed(app, alice):
    kept = stored(alice).data["secret"]
    assert app.secret not in kept
    assert decrypt(kept) == app.secret
    seed = Authenticator.objects.get(type="recovery_codes").data["seed"]
    assert decrypt(seed) != seed


def test_signing_in_asks_for_the_code(pages, app):
    wrong = enter(pages, app.wrong_code())
    assert "wrong or was used before" in text(wrong)
    assert not is_signed_in(pages)
    assert pages.post(ASKED, {"code": app.code()}).status_code == 302
    assert is_signed_in(pages)


def test_a_code_that_signed_in_signs_nobody_else_in(pages, app):
    assert enter(pages, app.code()).status_code == 302
    thief = Client()
    assert enter(thief, app.code()).status_code == 200
    assert not is_signed_in(thief)


def test_a_recovery_code_signs_in_once(pages, app, alice):
    assert enter(pages, app.recovery_codes[0]).status_code == 302
    assert is_signed_in(pages)
    assert "9 left" in text(pages.get(HOME))
    assert enter(Client(), app.recovery_codes[0]).status_code == 200


def test_wrong_codes_lock_the_pair_of_account_and_address(pages, app):
    answers = [enter(pages, app.wrong_code()).status_code for _ in range(4)]
    assert answers == [200] * 4
    locked = pages.post(ASKED, {"code": app.wrong_code()})
    assert locked.status_code == 429
    assert "Try again in 15 minutes" in text(locked)
    assert pages.post(ASKED, {"code": app.code()}).status_code == 429
    assert not is_signed_in(pages)


def test_without_the_first_stage_there_is_no_second(pages, app):
    for answer in (pages.get(ASKED), pages.post(ASKED, {"code": app.code()})):
        assert answer["Location"] == SIGN_IN
    assert not is_signed_in(pages)


def test_the_admins_sign_in_is_no_way_around(pages, app, alice):
    alice.is_staff = True
    alice.save()
    form = {"username": "alice@example.org", "password": PASSWORD, "next": "/admin/"}
    assert "sign in at /accounts/login/" in text(pages.post("/admin/login/", form))
    assert pages.get("/admin/").status_code == 302
    assert enter(pages, app.code()).status_code == 302
    assert pages.get("/admin/").status_code == 200


def test_a_new_password_by_mail_leaves_it_on(pages, app, alice):
    pages.post("/accounts/password/reset/", {"email": "alice@example.org"})
    link = found(r"http://testserver(/accounts/password/reset/key/\S+)", str(mail.outbox[0].body))
    form = pages.get(link, follow=True)
    new = {"password1": NEW_PASSWORD, "password2": NEW_PASSWORD}
    assert pages.post(form.request["PATH_INFO"], new).status_code == 302
    assert not is_signed_in(pages)
    assert pages.post(SIGN_IN, {"login": alice.email, "password": NEW_PASSWORD})["Location"] == ASKED
    assert not is_signed_in(pages)
    assert pages.post(ASKED, {"code": app.code()}).status_code == 302
    assert is_signed_in(pages)


def test_a_new_password_ends_who_was_asked_for_the_code_still(pages, app, alice):
    pages.post(SIGN_IN, {"login": "alice@example.org", "password": PASSWORD})
    alice.set_password(NEW_PASSWORD)
    alice.save()
    assert pages.post(ASKED, {"code": app.code()})["Location"] == SIGN_IN
    assert not is_signed_in(pages)


def test_recovery_codes_are_shown_once_and_can_be_kept(hers, app, alice):
    first = confirm(hers, CODES, app.code())
    for code in app.recovery_codes:
        assert f"<li>{code}</li>" in text(first)
    assert f"charset=utf-8,{'%0A'.join(app.recovery_codes)}%0A" in text(first)
    assert "no-store" in first["Cache-Control"]
    again = text(hers.get(CODES))
    assert "10 of 10 were not used yet" in again
    assert not any(code in again for code in app.recovery_codes)


def test_new_recovery_codes_take_the_place_of_the_old(hers, app, alice):
    assert "The 10 that were not used yet" in text(confirm(hers, NEW_CODES, app.code()))
    shown = hers.post(NEW_CODES, follow=True)
    fresh = re.findall(r"<li>(\d{8})</li>", text(shown))
    assert len(fresh) == 10
    assert second_factor.spend(user=alice, code=app.recovery_codes[0]) is None
    assert second_factor.spend(user=alice, code=fresh[0])


def test_it_is_switched_off_by_who_has_a_code(hers, app, alice):
    assert "Switch it off?" in text(confirm(hers, DEACTIVATE, app.code()))
    assert second_factor.is_on(alice)
    assert hers.post(DEACTIVATE)["Location"] == HOME
    assert not Authenticator.objects.exists()
    assert "Set up" in text(hers.get(HOME))


def test_nobody_switches_it_off_without_a_code(hers, app, alice):
    """The wish is kept until the code is given."""
    assert hers.post(DEACTIVATE)["Location"].startswith(CONFIRM_BY_CODE)
    wrong = hers.post(CONFIRM_BY_CODE, {"code": app.wrong_code(), "next": DEACTIVATE})
    assert "wrong or was used" in text(wrong)
    assert second_factor.is_on(alice)
    hers.post(CONFIRM_BY_CODE, {"code": app.code(), "next": DEACTIVATE})
    assert not second_factor.is_on(alice)


def test_the_password_confirms_nothing_where_a_code_is_needed(hers, app, alice):
    """A browser left open has the session and, often, the stored password."""
    answer = hers.post(CONFIRM, {"password": PASSWORD, "next": DEACTIVATE})
    assert answer["Location"].startswith(CONFIRM_BY_CODE)
    hers.post(DEACTIVATE)
    assert second_factor.is_on(alice)


def test_the_account_page_says_whether_it_is_on(hers, app, bob):
    assert "Signing in asks for a code" in text(hers.get("/account/"))
    his = Client()
    his.force_login(bob)
    assert "A code of an app on your phone" in text(his.get("/account/"))
