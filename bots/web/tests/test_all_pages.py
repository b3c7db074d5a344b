"""Every page of the URL configuration, over one row and over several of everything: no query more, a strict policy, no
inline code, under 300 kB of assets. A new page is walked by itself; what its address needs has to stand in `grow`."""

import gzip
import json
import re
from collections.abc import Iterator
from datetime import date
from functools import cache
from typing import Any

import pytest
from django.contrib.staticfiles import finders
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import URLResolver, get_resolver

from accounts import browsers, tokens
from accounts.models import Browser, User
from bots.backtest import kept, service
from bots.models import Backtest, Bot, BotSlot, NoticeChannel
from bots.services import account_looks
from bots.services.events import record_event
from bots.web.tests.conftest import GRID, signed_in
from bots.web.tests.test_every_page import inline
from bots.web.tests.test_the_dashboard import filled, worth
from exchanges.models import Credential

OTHERS = ("admin/", "api/")  # of libraries, and no pages
MOST = 300_000  # bytes, compressed
PARAMETER = re.compile(r"\(\?P<(?P<re>\w+)>[^)]*\)|<(?:\w+:)?(?P<path>\w+)>")
NO_PAGES = {302, 405}  # leads elsewhere, is a command
# What shows nothing without a query, a backtest that is done, a second factor, or a link from a mail; other tests ask
# for it.
NOTHING = (
    "/accounts/email/",
    "/accounts/second-factor/totp/deactivate/",
    "/accounts/second-factor/recovery-codes/",
    "/accounts/second-factor/recovery-codes/download/",
    "/account/telegram/state/",
    "/account/email/<str:token>/",
    "/telegram/webhook/",
    "/bots/new/market/",
    "/bots/new/symbols/",
    "/backtest/market/",
    "/backtest/<uuid:backtest_id>/price/",
    "/backtest/<uuid:backtest_id>/trades.csv",
    "/backtest/<uuid:backtest_id>/best/<int:number>/",
)


def routes(patterns: Any = None, before: str = "/") -> Iterator[str]:
    for each in get_resolver().url_patterns if patterns is None else patterns:
        route = before + str(each.pattern).removeprefix("^").removesuffix("$")
        if isinstance(each, URLResolver):
            yield from routes(each.url_patterns, route)
        elif not route.removeprefix("/").startswith(OTHERS) and route not in NOTHING:
            yield route


def grow(key: Credential, number: int) -> dict[str, Any]:
    """One row more of everything that pages show; those that addresses name."""
    user = key.user
    bot = Bot.objects.create(user=user, credential=key, name=f"Bot {number}", symbol="BTC/USDT", config=GRID,
                             strategy="grid", total_investment=1000, cash=1000, run=1)  # fmt: skip
    filled(bot, 1)
    filled(bot, 2)
    BotSlot.objects.create(bot=bot, slot=1, reason="too_far: it is far away")
    record_event(bot=bot, kind="loss", text="Lost a lot.", level="warning")
    worth(bot, 1, "1000")
    asked = kept.request_json(service.Request("grid", "BTC/USDT", date(2026, 1, 1), date(2026, 1, 2), GRID))
    backtest = Backtest.objects.create(user=user, kind="run", status="queued", request=asked)
    Credential.objects.create(
        user=user, exchange="binance", label=f"Paper {number}", mode="paper", is_valid=True
    )
    channel = NoticeChannel.objects.create(
        user=user, kind="webhook", label="Mine", hint="x", url="https://x.org"
    )
    signed_in(user)
    browser = Browser.objects.filter(user=user).latest("since")
    tokens.issue(user=user)
    return {
        "bot_id": bot.pk, "backtest_id": backtest.pk, "credential_id": key.pk, "channel_id": channel.pk,
        "browser_id": browser.pk, "action": "stop", "key": "x", "uidb36": "x",
    }  # fmt: skip


@pytest.fixture
def key(alice: User, at_the_simulator: None) -> Credential:
    """That no exchange is asked about."""
    return Credential.objects.create(
        user=alice, exchange="binance", label="Main", account_uid="1", is_valid=True,
        api_key_encrypted=b"x", api_secret_encrypted=b"x",
    )  # fmt: skip


@pytest.fixture(autouse=True)
def nothing_is_due(monkeypatch: pytest.MonkeyPatch) -> None:
    """What pages write once in a while would be a query more, whenever it came."""
    monkeypatch.setattr(browsers, "NOTED_EVERY", 86_400)
    monkeypatch.setattr(account_looks, "refresh", lambda *_: None)


def test_every_page_is_strict_light_and_asks_no_more_for_more_rows(
    key: Credential, as_alice: Client, client: Client
) -> None:
    found = pages(grow(key, 0), as_alice, client)
    assert {"/", "/bots/", "/history/", "/accounts/login/"} <= set(found)
    few = queries(found)
    for number in range(1, 4):
        grow(key, number)
    many = queries(found)
    assert {path: (few[path], count) for path, count in many.items() if count > few[path]} == {}


def pages(world: dict[str, Any], *clients: Client) -> dict[str, Client]:
    """The addresses of all pages, each with who gets it."""
    found, nothing = {}, []
    for route in routes():
        path = PARAMETER.sub(lambda name: str(world[name["re"] or name["path"]]), route)
        answers = [(client, client.get(path)) for client in clients]
        for client, answer in answers:
            if answer.status_code == 200 and answer.headers["Content-Type"].startswith("text/html"):
                found.setdefault(path, client)
                is_strict_and_light(path, answer)
        if path not in found and not {answer.status_code for _, answer in answers} <= NO_PAGES | {200}:
            nothing.append(path)
    assert not nothing, f"Do they need an object? {nothing}"
    return found


def is_strict_and_light(path: str, answer: Any) -> None:
    page = answer.content.decode()
    assert "unsafe" not in answer.headers["Content-Security-Policy"], path
    assert not inline(page), path
    weights = {name: weight(name) for name in assets(page)}
    assert sum(weights.values()) < MOST, (path, weights)


def queries(found: dict[str, Client]) -> dict[str, int]:
    counts = {}
    for path, client in found.items():
        with CaptureQueriesContext(connection) as asked:
            client.get(path)
        counts[path] = len(asked)
    return counts


def assets(page: str) -> set[str]:
    """What a browser fetches with it: styles, scripts with the modules they import, fonts and pictures."""
    named = set(re.findall(r'(?:href|src)="/static/([^"#]+)', page))
    mapped = re.search(r'<script type="importmap"[^>]*>(.*?)</script>', page, re.DOTALL)
    modules = json.loads(mapped[1])["imports"] if mapped else {}
    waiting = [name for name in named if name.endswith(".js")]
    while waiting:
        source = content(waiting.pop()).decode()
        for module in re.findall(r'(?:from|import)\s*"([\w-]+)"', source):
            if module in modules and (name := modules[module].removeprefix("/static/")) not in named:
                named.add(name)
                waiting.append(name)
    return named


@cache
def content(name: str) -> bytes:
    found = finders.find(name)
    assert isinstance(found, str), f"{name} is nowhere"
    with open(found, "rb") as file:
        return file.read()


@cache
def weight(name: str) -> int:
    """As it travels."""
    return len(content(name)) if name.endswith((".woff2", ".png")) else len(gzip.compress(content(name)))
