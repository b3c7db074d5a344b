"""The cloud's demo in a browser: the limit, the checkout, a renewal that fails, the pause, and the bots back."""

import json
import time
import urllib.request
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Page, expect, sync_playwright

from tests.fakes.stripe.customers import DECLINED, FAILS_LATER, GOOD, THREE_D_SECURE
from tests.fakes.stripe.periods import after
from tests.stack import Stack, running_stack, until

DAY = 86_400
PATIENCE = 120_000  # ms


@pytest.fixture(scope="module")
def stack(chromium: str) -> Iterator[Stack]:
    with running_stack("--cloud") as running:
        yield running


@pytest.fixture
def page(chromium: str, stack: Stack) -> Iterator[Page]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox", "--disable-gpu"])
        page = browser.new_page(base_url=stack.url)
        page.set_default_timeout(PATIENCE)
        yield page
        browser.close()


def ahead(stack: Stack, days: float) -> None:
    """Moves Stripe's clock."""
    port = json.loads((stack.home / "ports.json").read_text())["stripe"]
    body = json.dumps({"seconds": int(days * DAY)}).encode()
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/control/clock", body, timeout=60) as answer:
        assert answer.status == 200


def days_of_this_month() -> float:
    """Of a subscription that begins now: the days until it is renewed. Three after that its grace ends."""
    now = int(time.time())
    return (after(now, "month", 1) - now) / DAY


def sign_in(page: Page, stack: Stack) -> None:
    login = json.loads((stack.home / "demo.json").read_text())
    page.goto("/accounts/login/")
    page.fill("input[name=login]", login["email"])
    page.fill("input[name=password]", login["password"])
    page.click("button:has-text('Sign in')")
    page.get_by_role("heading", name="Dashboard").wait_for()


def start_dca(page: Page) -> str:
    """What the page says to it."""
    page.goto("/bots/")
    page.click("text=Demo DCA")
    page.click("button:has-text('Start')")
    return page.inner_text(".notes")


def with_card(page: Page, number: str, button: str) -> None:
    page.fill("input[name=number]", number)
    page.click(f"button:has-text('{button}')")


def row(page: Page) -> Any:
    page.goto("/bots/")
    return page.locator("tr", has_text="Demo DCA")


def shows(page: Page, path: str, words: str) -> bool:
    page.goto(path)
    return words in page.inner_text("main")


def test_limit_checkout_failed_renewal_pause_and_return(page: Page, stack: Stack) -> None:
    sign_in(page, stack)
    assert "The Starter plan allows 5 live bots" in start_dca(page)

    page.goto("/billing/")
    page.click("button:has-text('$19 a month')")
    with_card(page, DECLINED, "Subscribe")
    expect(page.get_by_role("alert")).to_contain_text("declined")
    with_card(page, THREE_D_SECURE, "Subscribe")
    page.click("button:has-text('Fail')")
    expect(page.get_by_role("alert")).to_contain_text("unable to authenticate")
    with_card(page, THREE_D_SECURE, "Subscribe")
    page.click("button:has-text('Complete')")
    page.wait_for_url("**/billing/")
    expect(page.locator(".page-head p").first).to_contain_text("Starter plan, paid until")
    assert "Demo DCA is starting" in start_dca(page)

    page.goto("/billing/")
    page.click("text=Card, cancel")
    with_card(page, FAILS_LATER, "Save card")
    ahead(stack, days_of_this_month() + 1.2)
    until(
        lambda: shows(page, "/billing/", "The last payment failed."), 300, "the notice of the failed payment"
    )
    expect(row(page)).to_contain_text("Running")
    ahead(stack, 3.1)
    until(lambda: shows(page, "/billing/?paid=1", "You are on the Free plan"), 300, "the end of the grace")
    expect(row(page)).to_contain_text("The Free plan allows 1 live bot at a time.")

    page.goto("/billing/")
    page.click("text=Card, cancel")
    with_card(page, GOOD, "Save card")
    page.click("text=Return to AutoGrid")
    page.wait_for_url("**/billing/")
    expect(row(page)).to_contain_text("Running")
