"""What all pages promise: nobody sees them who is not signed in; themes; and pages for errors."""

import re

import pytest
from django.template.loader import render_to_string
from django.test import Client

SIGNED_IN = [
    "/",
    "/bots/",
    "/history/",
    "/bots/new/",
    "/backtest/",
    "/keys/",
    "/account/",
    "/account/notices/",
    "/accounts/password/change/",
    "/accounts/logout/",
    "/accounts/reauthenticate/",
    "/accounts/second-factor/",
]


def inline(page: str) -> list[str]:
    """Scripts without source or nonce, style attributes, and handlers."""
    scripts = re.findall(r"<script(?![^>]*(?:\bsrc=|\bnonce=|application/json))[^>]*>", page)
    return scripts + re.findall(r"<style|\sstyle=|\son[a-z]+=\"|javascript:", page)


def test_strangers_are_sent_to_sign_in(client: Client, db: None) -> None:
    places = {path: client.get(path).headers["Location"] for path in SIGNED_IN}
    assert [path for path, place in places.items() if not place.startswith("/accounts/login/")] == []


@pytest.mark.parametrize(
    ("cookie", "attribute"), [("dark", 'data-theme="dark"'), ("light", 'data-theme="light"'), ('"><b>', "")]
)
def test_the_theme_is_in_the_first_byte(client: Client, db: None, cookie: str, attribute: str) -> None:
    client.cookies["theme"] = cookie
    page = client.get("/accounts/login/").content.decode()
    assert attribute in page
    assert ("data-theme" in page) == bool(attribute)


@pytest.mark.parametrize("name", ["400", "403", "404", "500", "503", "403_csrf", "locked_out"])
def test_error_pages_need_nothing_to_be_shown(name: str) -> None:
    page = render_to_string(f"{name}.html")
    assert "AutoGrid" in page
    assert not inline(page)


def test_a_missing_page_is_a_page(client: Client, db: None) -> None:
    answer = client.get("/nowhere")
    assert answer.status_code == 404
    assert "There is nothing here" in answer.content.decode()
