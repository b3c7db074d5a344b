"""axe-core finds nothing on any page, wide in light colours and narrow in dark ones; and no page is left out. What
comes to a page later and does not, or not yet, is told."""

import json
from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest
from django.urls import URLResolver, get_resolver, reverse
from playwright.sync_api import Browser, BrowserContext, Page, Route, expect

from tests.browser.axe import complaints
from tests.stack import Stack

pytestmark = pytest.mark.browser

LATE = "What you see may be out of date"
ADMIN = ["index", "bots_bot_changelist", "bots_tradinghalt_changelist", "bots_tradinghalt_add"]
# Names in the URL configuration.
OPEN = [
    "account_login", "account_signup", "account_reset_password", "account_reset_password_done",
    "account_reset_password_from_key_done", "account_inactive", "account_email_verification_sent",
]  # fmt: skip
SIGNED_IN = [
    "web:home", "web:portfolio", "web:history", "web:bots", "web:new", "web:bot", "web:edit", "web:backtests",
    "web:optimize", "web:keys", "web:account", "web:notices", "telegram:link", "account_change_password",
    "account_logout", "account_reauthenticate", "mfa_index", "web:profile", "web:change_email",
]  # fmt: skip
OF_A_BOT = {"web:bot", "web:edit"}
# Links of mails, without a key that fits.
OF_MAILS = {
    "account_confirm_email": ["none"],
    "account_reset_password_from_key": ["0", "none"],
    "web:confirm_email": ["none"],
}
# Asked where test_a_user.py comes by: they need a second factor, or a backtest.
ON_THE_WAY = [
    "mfa_activate_totp", "mfa_view_recovery_codes", "mfa_generate_recovery_codes", "mfa_deactivate_totp",
    "mfa_reauthenticate", "mfa_authenticate", "web:backtest", "web:compare",
]  # fmt: skip
# Answer with a part of a page, a file or a redirect, or take a form.
NO_PAGE = [
    "healthz", "readyz", "metrics", "admin/login/", "accounts/email/", "account_email", "accounts/password/change/",
    "account_set_password", "account_confirm_login_code", "accounts/second-factor/totp/activate/",
    "accounts/second-factor/recovery-codes/", "mfa_download_recovery_codes", "telegram:state",
    "telegram:unlink", "telegram/webhook/", "web:stop_all", "web:lift_halt", "web:check", "web:past",
    "web:market", "web:symbols", "web:panels", "web:act", "web:backtest_market", "web:backtest_price",
    "web:backtest_progress", "web:backtest_trades", "web:backtest_again", "web:backtest_best",
    "web:backtest_cancel", "web:backtest_delete", "web:restart_paper", "web:check_key", "web:remove_key",
    "web:sign_out_other_browsers", "web:sign_out_browser", "web:sign_out_programs", "web:choose_notices",
    "web:quiet_hours", "web:add_channel", "web:test_channel", "web:remove_channel",
]  # fmt: skip

# Of what scripts fetch: the page, what fails there, what never ends, and the words for it.
STATES = [
    (
        "web:new",
        ("/candles", "/past/", "/check/"),
        (),
        ("candles could not be loaded", "could not be computed now", LATE),
    ),
    ("web:new", ("/market/",), (), ("AutoGrid does not answer",)),
    ("web:bot", ("/panels/",), ("/candles",), (LATE, "Loading the chart")),
    ("web:backtests", ("/market/",), (), ("AutoGrid did not answer",)),
    ("web:optimize", ("/optimize/",), (), ("could not be counted",)),
]


def addresses(resolver: URLResolver, space: str = "") -> Iterator[str]:
    """Every name, or the path where there is none; without what operators and programs use."""
    for entry in resolver.url_patterns:
        if not isinstance(entry, URLResolver):
            yield space + (entry.name or str(entry.pattern))
        elif not str(entry.pattern).startswith(("admin/", "api/")):
            yield from addresses(entry, f"{entry.namespace}:" if entry.namespace else space)


def test_every_address_is_known_as_a_page_or_as_none() -> None:
    known = [*OPEN, *SIGNED_IN, *OF_MAILS, *ON_THE_WAY, *NO_PAGE]
    assert len(known) == len(set(known))
    assert set(known) == set(addresses(get_resolver()))


def test_pages_for_everybody_have_nothing_that_axe_finds(browser: Browser, stack: Stack) -> None:
    with browser.new_context(base_url=stack.url) as context:
        page = context.new_page()
        page.set_default_timeout(120_000)
        paths = [reverse(name, args=OF_MAILS.get(name)) for name in (*OPEN, *OF_MAILS)]
        assert found_at(page, [*paths, "/nowhere"]) == []


def test_pages_of_a_user_with_bots_have_nothing_that_axe_finds_and_say_what_does_not_come(
    browser: Browser, page: Page, stack: Stack
) -> None:
    login = json.loads((stack.home / "demo.json").read_text())
    page.goto("/accounts/login/")
    page.get_by_label("Email").fill(login["email"])
    page.get_by_label("Password").fill(login["password"])
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("heading", name="Dashboard")).to_be_visible()
    (bot,) = stack.rows("select id from bots where status = 'running' order by created_at limit 1")
    paths = [reverse(name, args=[bot["id"]] if name in OF_A_BOT else []) for name in SIGNED_IN]
    assert found_at(page, paths + [reverse(f"admin:{name}") for name in ADMIN]) == []

    with browser.new_context(base_url=stack.url, storage_state=page.context.storage_state()) as context:
        for name, fails, hangs, words in STATES:
            tell_trouble(
                context, reverse(name, args=[bot["id"]] if name in OF_A_BOT else []), fails, hangs, words
            )
        notice_the_end_of_a_session(context)


def tell_trouble(
    context: BrowserContext, path: str, fails: tuple[str, ...], hangs: tuple[str, ...], words: tuple[str, ...]
) -> None:
    def answer(route: Route) -> None:
        asked = urlsplit(route.request.url).path
        if route.request.resource_type not in {"fetch", "xhr"}:
            route.continue_()
        elif asked.endswith(fails):
            route.fulfill(status=503)
        elif not asked.endswith(hangs):
            route.continue_()

    page = context.new_page()
    page.route("**/*", answer)
    page.goto(path, timeout=120_000)
    for each in words:
        expect(page.get_by_text(each).first).to_be_visible(timeout=120_000)
    page.close()


def notice_the_end_of_a_session(context: BrowserContext) -> None:
    """Pages that can no longer be live say so; the sign-in page does not become a part of one."""
    page = context.new_page()
    page.route_web_socket("**/ws/live", lambda socket: socket.close())
    page.goto("/", timeout=120_000)
    expect(page.get_by_text("Live values are paused")).to_be_visible(timeout=120_000)
    page.evaluate("() => { setInterval(() => htmx.trigger('#home', 'refresh'), 500) }")
    context.clear_cookies()
    page.wait_for_url("**/accounts/login/**", timeout=120_000)


def found_at(page: Page, paths: list[str]) -> list[str]:
    found = []
    for path in paths:
        page.goto(path)
        assert page.url.endswith(path), f"{path} leads to {page.url}"
        found += complaints(page)
    return found
