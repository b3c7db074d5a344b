"""Whatever switches it on or off, or spends or renews a recovery code, reaches upward as a signal."""

from collections.abc import Iterator
from typing import Any

import pytest

from accounts import second_factor
from accounts.models import User
from accounts.signals import codes_guessed, recovery_code_spent, recovery_codes_renewed, second_factor_changed
from accounts.tests.authenticator import App
from accounts.tests.test_a_second_factor_on_pages import ACTIVATE, DEACTIVATE, NEW_CODES, confirm, found, text
from accounts.tests.test_a_second_factor_over_the_api import sign_in

SIGNALS = {
    second_factor_changed: "changed",
    recovery_code_spent: "spent",
    codes_guessed: "guessed",
    recovery_codes_renewed: "renewed",
}


@pytest.fixture
def heard() -> Iterator[list[tuple[Any, ...]]]:
    told: list[tuple[Any, ...]] = []

    def hear(signal: Any, user: User, is_on: bool | None = None, left: int | None = None, **_: Any) -> None:
        told.append((SIGNALS[signal], user.email, is_on if left is None else left))

    for signal in SIGNALS:
        signal.connect(hear)
    yield told
    for signal in SIGNALS:
        signal.disconnect(hear)


def test_on_is_told_once_it_stands(pages, alice, monkeypatch, heard, django_capture_on_commit_callbacks):
    app = App(monkeypatch)
    pages.force_login(alice)
    app.secret = found(r'id="secret">(\w+)<', text(confirm(pages, ACTIVATE)))
    with django_capture_on_commit_callbacks(execute=True):
        pages.post(ACTIVATE, {"code": app.code()})
        assert heard == []
    assert heard == [("changed", "alice@example.org", True)]


def test_off_is_told(pages, app, alice, heard):
    pages.force_login(alice)
    confirm(pages, DEACTIVATE, app.code())
    pages.post(DEACTIVATE)
    assert heard == [("changed", "alice@example.org", False)]


def test_new_recovery_codes_are_told(pages, app, alice, heard, django_capture_on_commit_callbacks):
    pages.force_login(alice)
    confirm(pages, NEW_CODES, app.code())
    with django_capture_on_commit_callbacks(execute=True):
        pages.post(NEW_CODES)
    assert heard == [("renewed", "alice@example.org", None)]


def test_a_spent_recovery_code_is_told_and_a_wrong_one_not(app, alice, heard):
    assert second_factor.spend(user=alice, code=app.recovery_codes[0])
    assert second_factor.spend(user=alice, code=app.recovery_codes[0]) is None
    assert heard == [("spent", "alice@example.org", 9)]


def test_who_knows_the_password_and_guesses_codes_is_told_of_once(api, app, heard):
    for _ in range(4):
        sign_in(api, app.wrong_code())
    assert heard == []
    for _ in range(3):
        assert sign_in(api, app.wrong_code()).status_code == 429
    assert heard == [("guessed", "alice@example.org", None)]


def test_a_password_that_is_guessed_is_not_told_of(api, app, heard):
    for _ in range(6):
        sign_in(api, app.code(), password="not her password")
    assert heard == []
