"""The bare forms do the same: nothing needs a script but what moves."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import Stack

pytestmark = pytest.mark.browser


@pytest.fixture
def bare(browser: Browser, stack: Stack) -> Iterator[Page]:
    with browser.new_context(base_url=stack.url, java_script_enabled=False) as context:
        yield context.new_page()


def test_a_dca_bot_is_made_started_and_killed_by_forms_alone(bare: Page) -> None:
    bare.goto("/accounts/signup/")
    bare.get_by_label("Email").fill("bare@example.org")
    bare.get_by_label("Password").fill("correct horse battery")
    bare.get_by_role("button", name="Create account").click()

    bare.goto("/keys/")
    bare.get_by_label("Label").fill("Main")
    bare.get_by_label("API key").fill("demo-bare-0123456789")
    bare.get_by_label("API secret").fill("a-secret-of-the-bare-bot")
    bare.get_by_role("button", name="Check and add").click()

    bare.get_by_role("radio", name="DCA").check(force=True)
    bare.get_by_label("Name").fill("Step by step")
    bare.get_by_label("Amount per buy").fill("1")
    bare.get_by_role("button", name="Create and start").click()
    expect(bare.locator("#id_amount_error")).to_contain_text("use at least")

    bare.get_by_label("Amount per buy").fill("50")
    bare.get_by_role("button", name="Create and start").click()
    expect(bare.get_by_role("heading", name="Step by step")).to_be_visible()
    expect(bare.locator("#p-head .badge")).to_have_text("Running")

    bare.get_by_role("button", name="Kill").click()
    bare.get_by_role("radio", name="Cancel orders and sell").check(force=True)
    bare.get_by_role("button", name="Halt the bot").click()
    expect(bare.locator("#p-head .badge")).to_have_text("Halted")
