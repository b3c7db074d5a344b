"""From signing up to a first bot, a backtest and a search, as a user does it: with scripts it moves by itself, without
them every form works.

One file, so that a parallel run starts one stack.
"""

import json
import time
import urllib.request
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value
from playwright.sync_api import Browser, Page, Route, expect

from tests.browser.axe import complaints
from tests.stack import PASSWORD, Stack, until

pytestmark = pytest.mark.browser
PATIENCE = 120_000  # ms
KEY = "demo-first-bot-0123456789"


def test_a_new_user_trades_within_minutes(page: Page, stack: Stack) -> None:
    sign_up(page, "first@example.org")
    add_key(page)
    create_grid(page)

    page.evaluate("window.sameDocument = true")
    expect(page.locator("#p-fills tr[data-row]").first).to_be_visible(timeout=PATIENCE)
    expect(page.locator("#p-events")).to_contain_text("ought")
    assert page.evaluate("window.sameDocument") is True

    page.get_by_role("button", name="Stop", exact=True).click()
    page.get_by_role("button", name="Stop the bot").click()
    expect(page.locator("#p-head .badge")).to_have_text("Stopped", timeout=180_000)
    assert open_orders(stack) == []


def test_a_first_bot_runs_on_paper_four_clicks_after_the_sign_up(page: Page) -> None:
    sign_up(page, "paper@example.org")
    page.get_by_role("button", name="Try it on paper").click()
    expect(page.get_by_text("Your first bot.")).to_be_visible()
    expect(page.get_by_role("textbox", name="Lower price")).not_to_have_value("")
    expect(page.locator("#check")).to_contain_text("Ready to start", timeout=PATIENCE)
    page.get_by_role("button", name="Create and start").click()
    expect(page.locator("#p-head .badge").first).to_have_text("Running")
    page.get_by_role("link", name="Dashboard").first.click()
    expect(page.get_by_role("heading", name="All 1 bot, paper money")).to_be_visible()


def test_a_page_shows_what_happened_while_it_was_loading(page: Page, stack: Stack) -> None:
    trader = stack.register("loading")
    key = trader.add_key("demo-loading-0123456789", "a-secret-of-the-loading-page")
    price = trader.price("BTC/USDT")
    config = {
        "lower_price": price * 4 / 5,
        "upper_price": price * 6 / 5,
        "grid_count": 10,
        "investment": 1000,
    }
    bot = trader.create(
        key, "grid", "BTC/USDT", {name: str(value) for name, value in config.items()}, "Loading"
    )
    trader.post(f"bots/{bot}/start")
    page.goto("/")
    page.get_by_label("Email").fill("loading@example.org")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("link", name="Loading", exact=True).first).to_be_visible()

    def stop_meanwhile(script: Route) -> None:
        trader.post(f"bots/{bot}/stop")
        until(lambda: trader.have_stopped(bot), 120, "the bot's stop")
        script.continue_()

    page.route("**/page-bot*.js", stop_meanwhile)
    page.goto(f"/bots/{bot}/")
    expect(page.locator("#p-head .badge")).to_have_text("Stopped", timeout=60_000)


def test_a_second_factor_is_set_up_and_asked_for(page: Page) -> None:
    sign_up(page, "careful@example.org")
    page.goto("/account/")
    page.get_by_role("link", name="Second factor").click()
    page.get_by_role("link", name="Set up").click()
    page.get_by_label("Password").fill(PASSWORD)
    page.keyboard.press("Enter")
    codes = switch_on(page)
    with page.expect_download() as download:
        page.get_by_role("link", name="Download").click()
    assert Path(download.value.path()).read_text().split() == codes
    for path in ("recovery-codes/", "recovery-codes/generate/", "totp/deactivate/", "reauthenticate/"):
        page.goto(f"/accounts/second-factor/{path}")
        assert complaints(page) == []

    page.get_by_role("button", name="Sign out").first.click()
    page.get_by_label("Email").fill("careful@example.org")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("heading", name="Your code")).to_be_visible()
    assert complaints(page) == []
    page.get_by_label("Code").fill(codes[0])
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Three steps to your first bot")).to_be_visible()


def switch_on(page: Page) -> list[str]:
    """Gives what the app shows until it is taken: on a slow machine a code is too old before it is read."""
    secret = page.locator("#secret").inner_text()
    assert complaints(page) == []
    for _ in range(20):
        page.get_by_label("Code").fill(format_hotp_value(hotp_value(secret, int(time.time()) // 30)))
        with page.expect_navigation():
            page.get_by_role("button", name="Switch on").click()
        if page.get_by_role("heading", name="Recovery codes").is_visible():
            break
    return page.locator(".codes li").all_inner_texts()


def sign_up(page: Page, email: str) -> None:
    page.goto("/")
    page.get_by_role("link", name="Create an account").click()
    page.get_by_label("Email").fill(email)
    page.get_by_label("Password").fill("correct horse battery")
    page.get_by_role("button", name="Create account").click()
    expect(page.get_by_role("heading", name="Three steps to your first bot")).to_be_visible()


def add_key(page: Page) -> None:
    page.get_by_role("link", name="Add an exchange key").click()
    page.get_by_label("Label").fill("Main")
    page.get_by_label("API key").fill(KEY)
    page.get_by_label("API secret").fill("a-secret-of-the-first-bot")
    page.get_by_role("button", name="Check and add").click()
    page.wait_for_url("**/bots/new/")


def create_grid(page: Page) -> None:
    """Narrow enough that the market crosses a level soon."""
    expect(page.locator("#check")).to_contain_text("Ready to start")
    price = Decimal(page.locator("[data-price]").inner_text().replace(",", ""))
    drag_the_upper_line(page)
    page.get_by_role("textbox", name="Lower price").fill(f"{price * Decimal('0.97'):.2f}")
    page.get_by_role("textbox", name="Upper price").fill(f"{price * Decimal('1.03'):.2f}")
    page.get_by_label("Grids").fill("2000")
    expect(page.locator("#id_grid_count_error")).to_contain_text("2 to 500")
    page.get_by_label("Grids").fill("20")
    expect(page.locator("#id_grid_count_error")).to_be_empty()
    expect(page.locator("#check")).to_contain_text("Ready to start")
    page.get_by_role("button", name="Create and start").click()
    expect(page.locator("#p-head .badge")).to_have_text("Running")


def drag_the_upper_line(page: Page) -> None:
    """By the mouse, then by a key; the field follows, and the answers below the chart follow the field."""
    line, field = (
        page.get_by_role("slider", name="Upper end of the range"),
        page.get_by_role("textbox", name="Upper price"),
    )
    expect(line).to_be_visible(timeout=60_000)
    line.scroll_into_view_if_needed()
    at, first = line.bounding_box(), field.input_value()
    assert at is not None
    page.mouse.move(at["x"] + 60, at["y"] + at["height"] / 2)
    page.mouse.down()
    page.mouse.move(at["x"] + 60, at["y"] + at["height"] / 2 + 40, steps=4)
    page.mouse.up()
    expect(field).not_to_have_value(first)
    dragged = field.input_value()
    assert Decimal(dragged) < Decimal(first)
    line.press("ArrowUp")
    expect(field).not_to_have_value(dragged)
    expect(page.locator("#check")).to_contain_text("Ready to start")


def open_orders(stack: Stack) -> list[str]:
    """What the exchange itself still has open for the key."""
    address = f"{stack.control_url}/control/orders?exchange=binance&api_key={KEY}"
    with urllib.request.urlopen(address, timeout=60) as answer:
        orders = json.load(answer)
    return [order["clientOrderId"] for order in orders if order["status"] in {"NEW", "PARTIALLY_FILLED"}]


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
        expect(page.get_by_label("Lower price", exact=True)).not_to_have_value("", timeout=PATIENCE)
        page.get_by_label("Grids").fill(grids)
        page.get_by_role("button", name="Run the backtest").click()
        expect(page.get_by_role("heading", name="What that means")).to_be_visible(timeout=PATIENCE)
        expect(page.get_by_text("USDT would have become")).to_be_visible()
        expect(page.get_by_role("img", name="with the bot's levels and its fills")).to_be_visible()
    replayed = page.url
    page.wait_for_load_state()  # the script that hears the key has run
    page.locator("figure").nth(1).press("End")
    expect(page.locator("output").nth(1)).to_contain_text("Buy and hold:")
    assert complaints(page) == []

    page.get_by_role("link", name="Backtests").first.click()
    boxes = page.get_by_role("checkbox", name="Compare")
    expect(boxes).to_have_count(2)
    for box in boxes.all():
        box.check()
    page.get_by_role("button", name="Compare the ticked").click()
    expect(page.get_by_role("heading", name="2 backtests side by side")).to_be_visible()
    assert complaints(page) == []

    page.goto(replayed)
    low = page.locator("dt", has_text="Lower price").locator("xpath=following-sibling::dd[1]").inner_text()
    page.get_by_role("link", name="Turn into a bot").click()
    expect(page.get_by_label("Lower price", exact=True)).to_have_value(low)
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
    assert complaints(page) == []
    page.get_by_role("button", name="Backtest this").first.click()
    expect(page.get_by_role("heading", name="What that means")).to_be_visible(timeout=PATIENCE)


@pytest.fixture
def bare(browser: Browser, stack: Stack) -> Iterator[Page]:
    with browser.new_context(base_url=stack.url, java_script_enabled=False) as context:
        page = context.new_page()
        page.set_default_timeout(PATIENCE)
        yield page


def test_a_dca_bot_and_a_backtest_need_forms_alone(bare: Page) -> None:
    sign_up(bare, "bare@example.org")
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

    bare.get_by_role("button", name="Kill", exact=True).click()
    bare.get_by_role("radio", name="Cancel orders and sell").check(force=True)
    bare.get_by_role("button", name="Halt the bot").click()
    expect(bare.locator("#p-head .badge")).to_have_text("Halted")

    bare.goto("/backtest/")
    bare.get_by_role("radio", name="DCA").check(force=True)
    bare.get_by_label("From").fill(yesterday())
    bare.get_by_role("button", name="Run the backtest").click()
    expect(bare.get_by_role("heading", name="What that means")).to_be_visible(timeout=PATIENCE)
    bare.get_by_role("button", name="Delete").click()
    bare.get_by_role("button", name="Delete the result").click()
    expect(bare.get_by_role("heading", name="No backtest yet")).to_be_visible()
