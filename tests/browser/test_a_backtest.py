"""From the form to a result, to a bot, and through the optimiser: as a visitor of the demo does it."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import Stack

pytestmark = pytest.mark.browser
PATIENCE = 120_000


def sign_up(page: Page, email: str) -> None:
    page.goto("/accounts/signup/")
    page.get_by_label("Email").fill(email)
    page.get_by_label("Password").fill("correct horse battery")
    page.get_by_role("button", name="Create account").click()
    expect(page.get_by_role("heading", name="Two steps to your first bot")).to_be_visible()


def yesterday() -> str:
    return f"{datetime.now(UTC).date() - timedelta(days=1)}"


def test_a_backtest_is_run_read_compared_and_turned_into_a_bot(page: Page) -> None:
    sign_up(page, "looks-back@example.org")
    page.goto("/keys/?mode=paper")
    page.get_by_label("Label").fill("Paper")
    page.get_by_role("button", name="Add").first.click()

    for grids in ("8", "16"):
        page.get_by_role("link", name="Backtests").first.click()
        page.get_by_label("From").fill(yesterday())
        expect(page.get_by_label("Lower price")).not_to_have_value("", timeout=PATIENCE)
        page.get_by_label("Grids").fill(grids)
        page.get_by_role("button", name="Run the backtest").click()
        expect(page.get_by_role("heading", name="What that means")).to_be_visible(timeout=PATIENCE)
        expect(page.get_by_text("USDT would have become")).to_be_visible()
        expect(page.get_by_role("img", name="with the bot's levels and its fills")).to_be_visible()
    replayed = page.url

    page.get_by_role("link", name="Backtests").first.click()
    for box in page.get_by_role("checkbox", name="Compare").all():
        box.check()
    page.get_by_role("button", name="Compare the ticked").click()
    expect(page.get_by_role("heading", name="2 backtests side by side")).to_be_visible()

    page.goto(replayed)
    low = page.locator("dt", has_text="Lower price").locator("xpath=following-sibling::dd[1]").inner_text()
    page.get_by_role("link", name="Turn into a bot").click()
    expect(page.get_by_label("Lower price")).to_have_value(low)
    expect(page.get_by_label("Grids")).to_have_value("16")


def test_a_search_tells_its_size_moves_by_itself_and_ends_in_a_map(page: Page) -> None:
    sign_up(page, "searches@example.org")
    page.goto("/backtest/optimize/")
    page.get_by_label("From").first.fill(yesterday())
    page.get_by_label("Walk-forward steps").fill("0")
    page.get_by_label("to: Grids").fill("20")
    expect(page.locator("#count")).to_contain_text("18 configs", timeout=PATIENCE)
    page.get_by_role("button", name="Start the search").click()
    # The page finds its end without a reload by hand.
    expect(page.get_by_role("heading", name="Heatmap")).to_be_visible(timeout=2 * PATIENCE)
    expect(page.locator(".note").filter(has_text="luck").first).to_be_visible()
    page.get_by_text("The same as a table").click()
    expect(page.get_by_role("region", name="The heatmap as a table")).to_be_visible()
    page.get_by_role("button", name="Backtest this").first.click()
    expect(page.get_by_role("heading", name="What that means")).to_be_visible(timeout=PATIENCE)


@pytest.fixture
def bare(browser: Browser, stack: Stack) -> Iterator[Page]:
    with browser.new_context(base_url=stack.url, java_script_enabled=False) as context:
        page = context.new_page()
        page.set_default_timeout(30_000)
        yield page


def test_forms_alone_are_enough(bare: Page) -> None:
    sign_up(bare, "no-script@example.org")
    bare.goto("/backtest/")
    bare.get_by_role("radio", name="DCA").check(force=True)
    bare.get_by_label("From").fill(yesterday())
    bare.get_by_role("button", name="Run the backtest").click()
    expect(bare.get_by_role("heading", name="What that means")).to_be_visible(timeout=PATIENCE)
    bare.get_by_role("button", name="Delete").click()
    bare.get_by_role("button", name="Delete the result").click()
    expect(bare.get_by_role("heading", name="No backtest yet")).to_be_visible()
