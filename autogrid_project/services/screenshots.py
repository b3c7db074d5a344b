"""`./autogrid screenshots`: the demo's pages as docs/ shows them, wide and on a phone, light and dark."""

import io
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from PIL import Image
from playwright.sync_api import Browser, Page, Route, sync_playwright

from autogrid_project.services.errors import Refused
from autogrid_project.services.home import ROOT, Home
from autogrid_project.services.launch import DATABASE, environment_of
from autogrid_project.services.stores import stores

PAGES = {
    "dashboard": "/",
    "portfolio": "/portfolio/",
    "bots": "/bots/",
    "bot": "{bot}",
    "bot-kill": "{bot}",
    "bot-edit": "{bot}edit/",
    "new-bot": "/bots/new/",
    "backtests": "/backtest/",
    "backtest": "{backtest}",
    "optimiser": "/backtest/optimize/",
    "search": "{search}",
    "history": "/history/",
    "keys": "/keys/",
    "account": "/account/",
    "profile": "/account/profile/",
    "email": "/account/email/",
    "notices": "/account/notices/",
    "telegram": "/account/telegram/",
    "second-factor": "/accounts/second-factor/",
    "password": "/accounts/password/change/",
    "not-found": "/nowhere",
    "forbidden": "/403",
    "broken": "/500",
    "admin": "/admin/",
    "admin-bots": "/admin/bots/bot/",
    "sign-in": "/accounts/login/",
    "sign-up": "/accounts/signup/",
    "forgotten": "/accounts/password/reset/",
}
STRANGERS = {"sign-in", "sign-up", "forgotten"}
ERRORS = {"forbidden", "broken"}  # which nothing in the demo leads to: their templates alone
RENDER = "from django.template.loader import get_template as find; print(find('{}.html').render())"
RESULTS = {
    "backtest": ("/backtest/", "Run the backtest", "What that means", re.compile("^(?!Optimiser)")),
    "search": ("/backtest/optimize/", "Start the search", "Heatmap", re.compile("^Optimiser")),
}
SIZES = {"1440": (1440, 900), "390": (390, 844)}  # at least as high, and higher where the page is
HIGHEST = 1500
THEMES = ("light", "dark")
CALM = 2000  # ms for charts and replays to be drawn once all else has come
PATIENCE = 60_000  # ms
QUALITY = 50


def screenshots(home: Home, names: list[str], into: Path = ROOT / "docs" / "screenshots") -> int:
    """Of the named pages or all. Raises Refused without a running demo."""
    unknown = set(names) - set(PAGES)
    if unknown:
        raise Refused(f"There is no page {', '.join(sorted(unknown))}; there are {', '.join(PAGES)}.")
    login = home.read("demo.json")
    if not login or not home.is_held():
        raise Refused("Start the demo first: ./autogrid demo --detach")
    into.mkdir(parents=True, exist_ok=True)
    chromium = shutil.which("chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        for path in _taken(browser, home, login, names or list(PAGES), into):
            print(f"{path.stat().st_size / 1000:5.0f} KB  {path.relative_to(into.parent)}", flush=True)
    return 0


def _taken(
    browser: Browser, home: Home, login: dict[str, str], names: list[str], into: Path
) -> Iterator[Path]:
    url = home.read("run.json")["url"]
    errors = {PAGES[name]: _rendered(home, PAGES[name]) for name in ERRORS & set(names)}
    signed_in = browser.new_context(base_url=url)
    page = signed_in.new_page()
    sign_in(page, login)
    known, state = addresses(page, names), signed_in.storage_state()
    for size, (width, height) in SIZES.items():
        for theme in THEMES:
            look: Any = {
                "base_url": url,
                "viewport": {"width": width, "height": height},
                "color_scheme": theme,
                "reduced_motion": "reduce",
            }
            stranger, user = browser.new_context(**look), browser.new_context(storage_state=state, **look)
            for path, body in errors.items():
                user.route(f"**{path}", _answering(body))
            for name in names:
                page = (stranger if name in STRANGERS else user).new_page()
                _open(page, name, known[name])
                picture = _whole(page, width, height)
                page.close()
                yield _kept(picture, into / f"{name}-{size}-{theme}.webp")


def addresses(page: Page, names: list[str]) -> dict[str, str]:
    """The bot is the newest; the backtest and the search are run where there are none."""
    page.goto("/bots/")
    known = {"bot": page.locator(".bot-name a").last.get_attribute("href")}
    for name in RESULTS.keys() & set(names):
        known[name] = _result(page, *RESULTS[name])
    return {name: PAGES[name].format(**known) for name in names}


def _answering(body: str) -> Callable[[Route], None]:
    return lambda route: route.fulfill(body=body, content_type="text/html")


def _rendered(home: Home, path: str) -> str:
    """The page of an error as the demo's processes would make it."""
    home.runs = True
    environment = environment_of(home, "demo", stores(home, database=DATABASE["demo"]).urls)
    command = [sys.executable, "manage.py", "shell", "--no-imports", "-c", RENDER.format(path.strip("/"))]
    done = subprocess.run(command, cwd=ROOT, env=environment, check=True, capture_output=True, text=True)
    return done.stdout


def _result(page: Page, path: str, button: str, heading: str, link: re.Pattern[str]) -> str | None:
    page.goto("/backtest/")
    kept = page.locator(".kept-name a", has_text=link)
    if kept.count():
        return kept.first.get_attribute("href")
    page.goto(path)
    page.wait_for_function("() => document.querySelector('[name=lower_price]')?.value !== ''")  # the market's
    page.get_by_role("button", name=button).click()
    page.get_by_role("heading", name=heading).wait_for(timeout=10 * PATIENCE)
    return page.url


def sign_in(page: Page, login: dict[str, str]) -> None:
    page.set_default_timeout(PATIENCE)
    page.goto("/accounts/login/")
    page.fill("[name=login]", login["email"])
    page.fill("[name=password]", login["password"])
    page.get_by_role("button", name="Sign in").click()
    page.get_by_role("heading", name="Dashboard").wait_for()


def _open(page: Page, name: str, path: str) -> None:
    page.set_default_timeout(PATIENCE)
    page.goto(path)
    if name == "bot-kill":
        page.get_by_role("button", name="Kill", exact=True).click()
    if name == "new-bot":
        page.locator("#past .curve").wait_for()
    live = page.locator('[data-live-state="open"]')
    if page.locator("[data-live-state]").count():
        live.first.wait_for(state="attached")
    page.wait_for_timeout(CALM)


def _whole(page: Page, width: int, height: int) -> bytes:
    """In a window as high as the page: bars at its edges stay at its edges."""
    high = page.evaluate("document.documentElement.scrollHeight")
    page.set_viewport_size({"width": width, "height": min(HIGHEST, max(height, high))})
    page.wait_for_timeout(CALM / 5)
    return page.screenshot()


def _kept(png: bytes, path: Path) -> Path:
    """Small enough to be committed."""
    Image.open(io.BytesIO(png)).convert("RGB").save(path, quality=QUALITY, method=6)
    return path
