"""`./autogrid screenshots`: the demo's pages as docs/ shows them, wide and on a phone, light and dark."""

import io
import shutil
from pathlib import Path

from PIL import Image
from playwright.sync_api import Browser, Page, sync_playwright

from autogrid_project.services.errors import Refused
from autogrid_project.services.home import ROOT, Home

PAGES = {
    "dashboard": "/",
    "bot": "the newest bot",
    "new-bot": "/bots/new/",
    "backtests": "/backtest/",
    "history": "/history/",
    "keys": "/keys/",
    "account": "/account/",
}
SIZES = {"1440": (1440, 900), "390": (390, 844)}
THEMES = ("light", "dark")
CALM = 2500  # ms for charts and replays to be drawn once all else has come
PATIENCE = 60_000  # ms
QUALITY = 60


def screenshots(home: Home, names: list[str], into: Path = ROOT / "docs" / "screenshots") -> int:
    """Of the named pages or all. Raises Refused without a running demo."""
    unknown = set(names) - set(PAGES)
    if unknown:
        raise Refused(f"There is no page {', '.join(sorted(unknown))}; there are {', '.join(PAGES)}.")
    login, run = home.read("demo.json"), home.read("run.json")
    if not login or not home.is_held():
        raise Refused("Start the demo first: ./autogrid demo --detach")
    into.mkdir(parents=True, exist_ok=True)
    chromium = shutil.which("chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        for path in _taken(browser, run["url"], login, names or list(PAGES), into):
            print(f"{path.stat().st_size / 1000:5.0f} KB  {path.relative_to(into.parent)}", flush=True)
    return 0


def _taken(browser: Browser, url: str, login: dict[str, str], names: list[str], into: Path) -> list[Path]:
    signed_in = browser.new_context(base_url=url)
    _sign_in(signed_in.new_page(), login)
    state, made = signed_in.storage_state(), []
    for size, (width, height) in SIZES.items():
        for theme in THEMES:
            context = browser.new_context(
                base_url=url,
                storage_state=state,
                viewport={"width": width, "height": height},
                color_scheme="dark" if theme == "dark" else "light",
                reduced_motion="reduce",
            )
            page = context.new_page()
            for name in names:
                _open(page, name)
                made.append(_kept(page.screenshot(), into / f"{name}-{size}-{theme}.webp"))
            context.close()
    return made


def _sign_in(page: Page, login: dict[str, str]) -> None:
    page.set_default_timeout(PATIENCE)
    page.goto("/accounts/login/")
    page.fill("[name=login]", login["email"])
    page.fill("[name=password]", login["password"])
    page.get_by_role("button", name="Sign in").click()
    page.get_by_role("heading", name="Dashboard").wait_for()


def _open(page: Page, name: str) -> None:
    page.set_default_timeout(PATIENCE)
    if name == "bot":
        page.goto("/bots/")
        page.locator(".bot-name a").last.click()
        page.locator("#p-head").wait_for()
    else:
        page.goto(PAGES[name])
    page.locator('[data-live-state="open"]').first.wait_for(state="attached")
    page.wait_for_timeout(CALM)


def _kept(png: bytes, path: Path) -> Path:
    """Small enough to be committed."""
    Image.open(io.BytesIO(png)).convert("RGB").save(path, quality=QUALITY, method=6)
    return path
