"""A whole demo of its own (database, broker, simulated exchange, workers), and a browser to look at it."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page, sync_playwright

from tests.stack import Stack, running_stack


@pytest.fixture(scope="package")
def stack(chromium: str) -> Iterator[Stack]:
    with running_stack("--speed", "20") as stack:
        yield stack


@pytest.fixture(scope="package")
def browser(chromium: str) -> Iterator[Browser]:
    # Until it ends, Playwright's event loop stands in the way of every asynchronous test of this process.
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox", "--disable-gpu"])
        yield started
        started.close()


@pytest.fixture
def page(browser: Browser, stack: Stack) -> Iterator[Page]:
    """A fresh visitor's page. Whatever the browser complains about fails the test."""
    complaints: list[str] = []

    def note(message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"}:
            complaints.append(message.text)

    with browser.new_context(base_url=stack.url) as context:
        page = context.new_page()
        page.set_default_timeout(120_000)
        page.on("console", note)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        yield page
    assert complaints == []
