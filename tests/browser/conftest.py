"""A whole demo of its own (database, broker, simulated exchange, workers), and a browser to look at it."""

import os
import socket
import subprocess
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page, sync_playwright

ROOT = Path(__file__).resolve().parents[2]
# The stack brings its own; those of the suite are not its business.
FOREIGN = ("DATABASE_URL", "REDIS_URL", "DJANGO_SETTINGS_MODULE", "AUTOGRID_DEV_REDIS")


@dataclass(frozen=True)
class Stack:
    url: str
    control_url: str


def two_free_ports() -> int:
    """The first of two neighbours: the pages and the control page."""
    while True:
        with closing(socket.socket()) as first, closing(socket.socket()) as second:
            first.bind(("127.0.0.1", 0))
            port: int = first.getsockname()[1]
            try:
                second.bind(("127.0.0.1", port + 1))
            except (OSError, OverflowError):
                continue
            return port


@pytest.fixture(scope="package")
def stack(chromium: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    port, home = two_free_ports(), tmp_path_factory.mktemp("stack")
    environment = {name: value for name, value in os.environ.items() if name not in FOREIGN}
    environment["AUTOGRID_HOME"] = str(home)
    command = [str(ROOT / "autogrid"), "demo", "--detach", "--port", str(port), "--speed", "20"]
    try:
        subprocess.run(command, env=environment, check=True, timeout=180)
        yield Stack(f"http://127.0.0.1:{port}", f"http://127.0.0.1:{port + 1}")
    finally:
        subprocess.run([ROOT / "autogrid", "down"], env=environment, check=True, timeout=90)


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
        page.set_default_timeout(30_000)
        page.on("console", note)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        yield page
    assert complaints == []
