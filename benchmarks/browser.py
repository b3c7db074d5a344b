"""Every page of the running demo as a browser gets it: time to its first byte, what travels, what jumps, what it
complains of; and how soon a new bot's replay of a year is painted after its range was dragged."""

import argparse
import os
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, CDPSession, ConsoleMessage, Page, expect, sync_playwright

from autogrid_project.services.home import Home
from autogrid_project.services.screenshots import ERRORS, PAGES, PATIENCE, STRANGERS, addresses, sign_in
from benchmarks.report import percentile, show

SIZES = {"wide": (1440, 900), "phone": (390, 844)}
SHOWN = [name for name in PAGES if name != "bot-kill" and name not in ERRORS]
CALM = 2_500  # ms for what is drawn late: charts, replays, what the socket tells
FIRST_BYTE = """() => { const [it] = performance.getEntriesByType("navigation");
    return it.responseStart - it.requestStart; }"""
JUMPS = """() => { window.jumps = []; new PerformanceObserver((list) => {
    for (const { value, hadRecentInput, sources } of list.getEntries()) if (!hadRecentInput)
        window.jumps.push([value, sources.map(({ node }) => node?.id || node?.className || node?.nodeName).join(" ")]);
}).observe({ type: "layout-shift", buffered: true }); }"""
# From the end of the drag to the frame after the replay's last answer stands in the page.
PAINTED = """() => { window.painted = new Promise((done) => {
    let dropped = 0;
    const past = document.getElementById("past");
    addEventListener("pointerup", ({ timeStamp }) => (dropped = timeStamp), { capture: true, once: true });
    new MutationObserver(() => { if (dropped && past.querySelector(".curve"))
        requestAnimationFrame(() => setTimeout(() => past.ariaBusy === "true" || done(performance.now() - dropped))); })
    .observe(past, { childList: true });
}); }"""


@dataclass
class Seen:
    """What one visit with an empty cache showed; bytes as they travel."""

    assets: int
    whole: int
    shift: float
    moved: list[str]
    complaints: list[str]


def main(arguments: list[str]) -> None:
    parser = argparse.ArgumentParser(prog="./autogrid bench browser")
    parser.add_argument("--times", type=int, default=10, help="each page is asked for")
    parser.add_argument("--pages", nargs="*", choices=SHOWN)
    chosen = parser.parse_args(arguments)
    home = Home(Path(os.environ["AUTOGRID_DEMO"]))
    login, run = home.read("demo.json"), home.read("run.json")
    if not login or not home.is_held():
        print("browser: left out; it looks at a running demo (./autogrid demo --detach).")
        return
    names = chosen.pages or SHOWN
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        show("browser", measure(browser, run["url"], login, names, chosen.times))


def measure(
    browser: Browser, url: str, login: dict[str, str], names: list[str], times: int
) -> dict[str, Any]:
    with browser.new_context(base_url=url) as context:
        page = context.new_page()
        sign_in(page, login)
        known, state = addresses(page, names), context.storage_state()
        figures: dict[str, Any] = {}
        for name in names:
            who = None if name in STRANGERS else state
            figures |= {
                f"{name}: {key}": value for key, value in _page(browser, url, known[name], who, times)
            }
        if "new-bot" in names:
            figures["drag to replay of 365 days: ms, median"] = _drags(page, known["new-bot"], times)
    return figures


def _page(browser: Browser, url: str, path: str, state: Any, times: int) -> list[tuple[str, Any]]:
    figures: list[tuple[str, Any]] = [
        ("first byte, ms, median", _first_byte(browser, url, path, state, times))
    ]
    for size, (width, height) in SIZES.items():
        with browser.new_context(
            base_url=url, storage_state=state, viewport={"width": width, "height": height}
        ) as context:
            seen = _visit(context.new_page(), path)
        if size == "wide":
            figures += [("assets, kB", seen.assets / 1000), ("all, kB", seen.whole / 1000)]
        figures.append((f"layout shift, {size}", f"{seen.shift:.4f} {'; '.join(seen.moved)}".strip()))
        if seen.complaints:
            figures.append((f"complaints, {size}", "; ".join(seen.complaints)))
    return figures


def _first_byte(browser: Browser, url: str, path: str, state: Any, times: int) -> float:
    with browser.new_context(base_url=url, storage_state=state) as context:
        page = context.new_page()
        page.goto(path)
        took = []
        for _ in range(times):
            page.goto(path, wait_until="commit")
            took.append(page.evaluate(FIRST_BYTE))
    return percentile(took, 0.5)


def _visit(page: Page, path: str) -> Seen:
    complaints: list[str] = []

    def note(said: ConsoleMessage) -> None:
        if said.type in {"error", "warning"}:
            complaints.append(said.text)

    page.on("console", note)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    travelled = _travelled(page.context.new_cdp_session(page))
    page.add_init_script(f"({JUMPS})()")
    answer = page.goto(path, wait_until="load")
    page.wait_for_timeout(CALM)
    jumps = page.evaluate("() => window.jumps")
    if answer is not None and answer.status >= 400:
        complaints = [line for line in complaints if "Failed to load resource" not in line]
    return Seen(
        assets=sum(size for address, size in travelled if "/static/" in address),
        whole=sum(size for _, size in travelled),
        shift=sum(value for value, _ in jumps),
        moved=[f"{nodes} {value:.4f}" for value, nodes in jumps if value > 0.001],
        complaints=complaints,
    )


def _travelled(session: CDPSession) -> list[tuple[str, int]]:
    """Fills with address and size of what arrives."""
    addresses: dict[str, str] = {}
    found: list[tuple[str, int]] = []
    session.on(
        "Network.requestWillBeSent", lambda it: addresses.update({it["requestId"]: it["request"]["url"]})
    )
    session.on(
        "Network.loadingFinished",
        lambda it: found.append((addresses.get(it["requestId"], ""), int(it["encodedDataLength"]))),
    )
    session.send("Network.enable")
    return found


def _drags(page: Page, path: str, times: int) -> float:
    page.goto(path)
    line = page.get_by_role("slider", name="Upper end of the range")
    line.wait_for()
    page.get_by_role("button", name="365 days").click()
    curve = page.get_by_role("img", name="over the last 365 days")
    curve.wait_for(timeout=10 * PATIENCE)  # the candles are fetched once
    took = []
    for number in range(times):
        expect(page.locator("#past")).not_to_have_attribute("aria-busy", "true", timeout=PATIENCE)
        page.evaluate(PAINTED)
        line.scroll_into_view_if_needed()
        at = line.bounding_box()
        assert at is not None
        x, y = at["x"] + 60, at["y"] + at["height"] / 2
        page.mouse.move(x, y)
        page.mouse.down()
        page.mouse.move(x, y + (12 if number % 2 else -12), steps=4)
        page.mouse.up()
        took.append(page.evaluate("() => window.painted"))
    return percentile(took, 0.5)
