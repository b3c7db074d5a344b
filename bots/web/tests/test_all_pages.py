"""Every page of the URL configuration, over nothing, one row and several of everything: no query more, a strict policy,
no inline code, under 300 kB of assets; and what it says where there is nothing, and while stores or exchange are away.
A new page is walked by itself; what its address needs stands in `grow`, what it says to a newcomer in `EMPTY`."""

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from functools import partial
from typing import Any

import pytest
import redis
from django.db import OperationalError, connection
from django.db.backends.utils import CursorWrapper
from django.test import Client, RequestFactory
from django.test.utils import CaptureQueriesContext
from django.urls import URLResolver, get_resolver

from accounts import browsers, email_change, tokens
from accounts.adapter import confirm_session
from accounts.models import Browser, User
from accounts.tests.authenticator import App
from bots.backtest import kept, service
from bots.backtest.path import FillModelName
from bots.backtest.report import report
from bots.backtest.run import Case
from bots.backtest.tests import market
from bots.core.risk import RiskLimits
from bots.models import Backtest, Bot, BotSlot, NoticeChannel
from bots.models.backtest import pack
from bots.services import account_looks
from bots.services.events import record_event
from bots.web.tests.assets import assets, weight
from bots.web.tests.conftest import GRID, signed_in
from bots.web.tests.test_every_page import inline
from bots.web.tests.test_the_dashboard import filled, worth
from exchanges.models import Credential

FIRST_STEPS = "Three steps to your first bot"
EMPTY = {
    "/": FIRST_STEPS,
    "/bots/": FIRST_STEPS,
    "/bots/new/": FIRST_STEPS,
    "/portfolio/": "No account yet",
    "/history/": "No fills yet",
    "/backtest/": "No backtest yet",
    "/keys/": "Try it on paper",
    "/account/": "No program is signed in",
    "/account/notices/": "None yet.",
    "/account/telegram/": "has no Telegram bot yet",
    "/accounts/second-factor/": "Off",
}
FORMS = (
    "/backtest/optimize/",
    "/account/profile/",
    "/account/email/",
    "/accounts/",
    "/bots/new/symbols/",
)  # whatever there is
OTHERS = ("admin/", "api/", "healthz", "readyz", "metrics")  # of libraries, and for programs
MOST = 300_000  # bytes, compressed
PARAMETER = re.compile(r"\(\?P<(?P<re>\w+)>[^)]*\)|<(?:\w+:)?(?P<path>\w+)>")
NO_PAGES = {204, 302, 405}  # has no news, leads elsewhere, is a command
NOTHING = (
    "/accounts/email/",
    "/accounts/second-factor/recovery-codes/download/",
)  # nobody is shown, or nobody twice
OF_A_RESULT = ("/backtest/<uuid:backtest_id>/price/", "/backtest/<uuid:backtest_id>/trades.csv")
QUERIES = {
    "/bots/new/market/": "?credential={paper_id}&symbol=BTC/USDT",
    "/bots/new/symbols/": "?symbol=btc",
    "/backtest/market/": "?exchange=binance&symbol=BTC/USDT",
}


def routes(patterns: Any = None, before: str = "/") -> Iterator[str]:
    for each in get_resolver().url_patterns if patterns is None else patterns:
        route = before + str(each.pattern).removeprefix("^").removesuffix("$")
        if isinstance(each, URLResolver):
            yield from routes(each.url_patterns, route)
        elif not route.removeprefix("/").startswith(OTHERS) and route not in NOTHING:
            yield route


def bot_of(key: Credential, number: int) -> Bot:
    return Bot.objects.create(
        user=key.user, credential=key, name=f"Bot {number}", symbol="BTC/USDT", config=GRID,
        strategy="grid", total_investment=1000, cash=1000, run=1,
    )  # fmt: skip


def backtest_of(key: Credential, **values: Any) -> Backtest:
    asked = kept.request_json(service.Request("grid", "BTC/USDT", date(2026, 1, 1), date(2026, 1, 2), GRID))
    return Backtest.objects.create(user=key.user, kind="run", request=asked, **values)


def done_of(key: Credential) -> Backtest:
    """It has waited all the time."""
    waits = replace(market.GRID, trigger_price=market.GRID.upper_price)
    case = Case(waits, market.BTC, market.columns(*[market.flat(100)] * 3), market.MINUTE, RiskLimits())
    return backtest_of(key, status="done", packed=pack(report(case, FillModelName.OHLC)))


def grow(key: Credential, number: int) -> dict[str, Any]:
    """One row more of everything that pages show; those that addresses name."""
    user = key.user
    bot = bot_of(key, number)
    filled(bot, 1)
    filled(bot, 2)
    BotSlot.objects.create(bot=bot, slot=1, reason="too_far: it is far away")
    record_event(bot=bot, kind="loss", text="Lost a lot.", level="warning")
    worth(bot, 1, "1000")
    backtest = backtest_of(key, status="queued")
    paper = Credential.objects.create(
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
        "browser_id": browser.pk, "action": "stop", "key": "x", "uidb36": "x", "number": 1, "paper_id": paper.pk,
        "done_id": done_of(key).pk, "token": email_change._token(user, "new@example.org"),
    }  # fmt: skip


@pytest.fixture
def key(alice: User, at_the_simulator: None) -> Credential:
    """That no exchange is asked about."""
    return Credential.objects.create(
        user=alice, exchange="binance", label="Main", account_uid="1", is_valid=True,
        api_key_encrypted=b"x", api_secret_encrypted=b"x",
    )  # fmt: skip


@pytest.fixture
def with_a_code(bob: User, settings: Any, monkeypatch: pytest.MonkeyPatch) -> Client:
    """Bob has a second factor, and has given the password again, which counts for as long as this takes."""
    settings.ACCOUNT_REAUTHENTICATION_TIMEOUT = 86_400
    App(monkeypatch).switch_on(bob)
    browser = signed_in(bob)
    request = RequestFactory().get("/")
    request.session = session = browser.session
    confirm_session(request, bob)
    session.save()
    return browser


@pytest.fixture(autouse=True)
def nothing_is_due(monkeypatch: pytest.MonkeyPatch) -> None:
    """What pages write once in a while would be a query more, whenever it came."""
    monkeypatch.setattr(browsers, "NOTED_EVERY", 86_400)
    monkeypatch.setattr(account_looks, "refresh", lambda *_: None)


def test_every_page_says_to_a_newcomer_what_is_not_there_yet(as_alice: Client, db: None) -> None:
    found = {path: as_alice.get(path) for path in routes() if "<" not in path}
    shown = {path: each.content.decode() for path, each in found.items() if is_page(each)}
    assert {path for path in shown if not path.startswith(FORMS)} | EMPTY.keys() == {
        path for path in shown if path in EMPTY
    }
    assert [path for path, words in EMPTY.items() if words not in shown[path]] == []


def test_what_holds_nothing_says_so(as_alice: Client, key: Credential) -> None:
    bot = bot_of(key, 0)
    done = done_of(key)
    failed = backtest_of(key, status="failed", error="The exchange did not answer.")
    says = {
        "/": ["All quiet", "No fills yet"],
        f"/bots/{bot.pk}/": ["No fills yet", "Nothing has happened yet", "Loading the chart"],
        f"/history/?bot_id={bot.pk}&side=sell": ["Nothing like that"],
        f"/backtest/{done.pk}/": ["Not one fill", "No slot closed a cycle", "No candles here"],
        f"/backtest/{failed.pk}/": ["It could not be computed", failed.error],
    }
    for path, words in says.items():
        page = as_alice.get(path).content.decode()
        assert [each for each in words if each not in page] == [], path


def test_every_page_is_strict_and_light_asks_no_more_for_more_rows_and_stands_alone(
    key: Credential,
    as_alice: Client,
    with_a_code: Client,
    client: Client,
    settings: Any,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    found = pages(grow(key, 0), as_alice, client, with_a_code)
    assert {"/", "/bots/", "/history/", "/accounts/login/"} <= set(found)
    few = queries(found)
    for number in range(1, 4):
        grow(key, number)
    many = queries(found)
    assert {path: (few[path], count) for path, count in many.items() if count > few[path]} == {}

    settings.EXCHANGE_SIMULATOR = settings.EXCHANGE_SIMULATOR | {"port": 1}
    with monkeypatch.context() as without_redis:
        without_redis.setattr(redis.ConnectionPool, "get_connection", away)
        cut = {path: client.get(path).status_code for path, client in found.items() if "/market/" not in path}
        assert {path: status for path, status in cut.items() if status != 200} == {}
        for path, words in questions().items():
            assert words in as_alice.post(path, form_of(key)).content.decode(), path
        answer = as_alice.get("/bots/new/market/", form_of(key))
        assert (answer.status_code, "not answer" in answer.json()["detail"]) == (503, True)


def test_without_a_database_every_page_says_when_to_come_back(
    as_alice: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    as_alice.raise_request_exception = False
    with monkeypatch.context() as without_database:
        without_database.setattr(CursorWrapper, "execute", no_database)
        answers = {path: as_alice.get(path) for path in EMPTY}
    assert {each.status_code for each in answers.values()} == {503}
    assert all("AutoGrid is busy" in each.content.decode() for each in answers.values())


def away(*_: Any, **__: Any) -> None:
    raise redis.ConnectionError("away")


def no_database(*_: Any, **__: Any) -> None:
    raise OperationalError("away")


def form_of(key: Credential) -> dict[str, Any]:
    form = {
        "strategy": "grid",
        "credential": key.pk,
        "exchange": "binance",
        "symbol": "ETH/USDT",
        "name": "Mine",
    }
    days = {
        "start_date": "2026-01-01",
        "end_date": "2026-01-02",
        "timeframe": "1m",
        "fill_model": "ohlc",
        "fees": "0.1",
    }
    return form | days | GRID | {"spacing": "arithmetic", "on_stop": "keep"}


def questions() -> dict[str, str]:
    """What forms say while the exchange, of which nothing is known yet, does not answer."""
    paths = ("/bots/new/", "/bots/new/check/", "/bots/new/past/", "/backtest/")
    return dict.fromkeys(paths, "not answer")


def named(world: dict[str, Any], parameter: re.Match[str]) -> str:
    return str(world[parameter["re"] or parameter["path"]])


def pages(world: dict[str, Any], *clients: Client) -> dict[str, Client]:
    """The addresses of all pages and of what scripts ask for, each with who gets it."""
    found, nothing = {}, []
    for route in routes():
        here = world | ({"backtest_id": world["done_id"]} if route in OF_A_RESULT else {})
        path = PARAMETER.sub(partial(named, here), route)
        path += QUERIES.get(route, "").format_map(world)
        answers = [(client, client.get(path)) for client in clients]
        for client, answer in answers:
            if answer.status_code == 200:
                found.setdefault(path, client)
                if is_page(answer):
                    is_strict_and_light(path, answer)
        if path not in found and not {answer.status_code for _, answer in answers} <= NO_PAGES | {200}:
            nothing.append(path)
    assert not nothing, f"Do they need an object? {nothing}"
    return found


def is_page(answer: Any) -> bool:
    return answer.status_code == 200 and answer.headers["Content-Type"].startswith("text/html")


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
            client.get(path).getvalue()
        counts[path] = len(asked)
    return counts
