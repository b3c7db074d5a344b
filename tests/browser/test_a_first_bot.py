"""From signing up to a first grid bot that trades and is stopped, as a user does it."""

import json
import urllib.request
from decimal import Decimal

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Stack

pytestmark = pytest.mark.browser
KEY = "demo-first-bot-0123456789"


def test_a_new_user_trades_within_minutes(page: Page, stack: Stack) -> None:
    sign_up(page)
    add_key(page)
    create_grid(page)

    page.evaluate("window.sameDocument = true")
    expect(page.locator("#p-fills tr[data-row]").first).to_be_visible(timeout=90_000)
    expect(page.locator("#p-events")).to_contain_text("ought")
    assert page.evaluate("window.sameDocument") is True

    page.get_by_role("button", name="Stop", exact=True).click()
    page.get_by_role("button", name="Stop the bot").click()
    expect(page.locator("#p-head .badge")).to_have_text("Stopped", timeout=60_000)
    assert open_orders(stack) == []


def sign_up(page: Page) -> None:
    page.goto("/")
    page.get_by_role("link", name="Create an account").click()
    page.get_by_label("Email").fill("first@example.org")
    page.get_by_label("Password").fill("correct horse battery")
    page.get_by_role("button", name="Create account").click()
    expect(page.get_by_role("heading", name="Two steps to your first bot")).to_be_visible()


def add_key(page: Page) -> None:
    page.get_by_role("link", name="Add a key").click()
    page.get_by_label("Label").fill("Main")
    page.get_by_label("API key").fill(KEY)
    page.get_by_label("API secret").fill("a-secret-of-the-first-bot")
    page.get_by_role("button", name="Check and add").click()
    page.wait_for_url("**/bots/new/")


def create_grid(page: Page) -> None:
    """Narrow enough that the market crosses a level soon."""
    expect(page.locator("#check")).to_contain_text("Ready to start")
    price = Decimal(page.locator("[data-price]").inner_text().replace(",", ""))
    page.get_by_label("Lower price").fill(f"{price * Decimal('0.97'):.2f}")
    page.get_by_label("Upper price").fill(f"{price * Decimal('1.03'):.2f}")
    page.get_by_label("Grids").fill("2000")
    expect(page.locator("#id_grid_count_error")).to_contain_text("2 to 500")
    page.get_by_label("Grids").fill("20")
    expect(page.locator("#id_grid_count_error")).to_be_empty()
    expect(page.locator("#check")).to_contain_text("Ready to start")
    page.get_by_role("button", name="Create and start").click()
    expect(page.locator("#p-head .badge")).to_have_text("Running")


def open_orders(stack: Stack) -> list[str]:
    """What the exchange itself still has open for the key."""
    address = f"{stack.control_url}/control/orders?exchange=binance&api_key={KEY}"
    with urllib.request.urlopen(address) as answer:
        orders = json.load(answer)
    return [order["clientOrderId"] for order in orders if order["status"] in {"NEW", "PARTIALLY_FILLED"}]
