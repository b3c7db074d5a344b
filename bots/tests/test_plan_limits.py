"""The limits of plans where they bite: running bots, exchange keys, backtests."""

import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection

from accounts.models import User
from bots.backtest import kept
from bots.models import Bot
from bots.services import lifecycle
from bots.services.errors import OverPlan
from bots.tests.conftest import BOTS, force, key_of, make_bot
from exchanges.models import Credential
from exchanges.services import CredentialRejected, create_credential

LIVE_LIMIT = "The Free plan allows 1 live bot at a time, and you have 1. The Starter plan allows 5 live bots at a time."


@pytest.fixture
def cloud(settings):
    settings.AUTOGRID_DEPLOYMENT = "cloud"


def on(user: User, plan: str) -> User:
    User.objects.filter(pk=user.pk).update(plan=plan)
    user.refresh_from_db()
    return user


def copies(bot: Bot, count: int, **state) -> list[Bot]:
    rows = [
        Bot(
            user=bot.user,
            credential=bot.credential,
            name=f"Bot {n}",
            strategy=bot.strategy,
            symbol=bot.symbol,
        )
        for n in range(count)
    ]
    for row in rows:
        row.config, row.total_investment, row.cash = bot.config, bot.total_investment, bot.cash
        for name, value in state.items():
            setattr(row, name, value)
    return Bot.objects.bulk_create(rows)


def test_one_bot_more_than_the_plan_allows_is_refused_with_the_plan_that_lifts_it(cloud, alices, alices_bot):
    copies(alices_bot, 1, status="running")
    response = alices.post(f"{BOTS}/{alices_bot.pk}/start")
    assert response.status_code == 403
    error = {"code": "plan_limit", "detail": LIVE_LIMIT, "attr": None}
    assert response.json() == {"type": "client_error", "errors": [error]}
    alices_bot.refresh_from_db()
    assert alices_bot.status == "stopped"
    on(alices_bot.user, "starter")
    assert alices.post(f"{BOTS}/{alices_bot.pk}/start").status_code == 200


def test_what_does_not_run_takes_no_place(cloud, alices, alices_bot):
    copies(alices_bot, 3, status="paused")
    copies(alices_bot, 1, status="stopped", stopping=True)
    copies(alices_bot, 1, status="error")
    assert alices.post(f"{BOTS}/{alices_bot.pk}/start").status_code == 200


def test_a_resumed_bot_takes_a_place_and_a_running_one_needs_no_second(cloud, alices, alices_bot):
    paused = copies(alices_bot, 1, status="paused")[0]
    force(alices_bot, status="running")
    assert alices.post(f"{BOTS}/{alices_bot.pk}/start").status_code == 200
    assert alices.post(f"{BOTS}/{paused.pk}/start").status_code == 403


def test_bots_of_others_and_on_paper_take_no_live_place(cloud, alices, alice, alices_bot, bobs_bot):
    force(bobs_bot, status="running")
    paper = create_credential(user=alice, exchange="binance", label="Paper", mode="paper")
    for bot in copies(alices_bot, 3, status="running"):
        force(bot, credential=paper)
    assert alices.post(f"{BOTS}/{alices_bot.pk}/start").status_code == 200
    fourth = copies(alices_bot, 1, status="paused", credential=paper)[0]
    response = alices.post(f"{BOTS}/{fourth.pk}/start")
    assert response.status_code == 403
    assert "allows 3 paper bots at a time, and you have 3" in response.json()["errors"][0]["detail"]


def test_fifty_starts_at_once_are_exactly_as_many_as_the_plan_allows(
    transactional_db, cloud, alice, exchange
):
    on(alice, "pro")
    bot = force(make_bot(alice, key_of(alice)), status="paused")
    copies(bot, 12, status="running")
    waiting = copies(bot, 50, status="paused")
    barrier = threading.Barrier(50)

    def start(row: Bot) -> str:
        try:
            mine = Bot.objects.select_related("user", "credential").get(pk=row.pk)
            barrier.wait(60)
            lifecycle.start_bot(bot=mine)
        except OverPlan:
            return "refused"
        finally:
            connection.close()
        return "started"

    with ThreadPoolExecutor(50) as pool:
        outcomes = Counter(pool.map(start, waiting))
    assert outcomes == {"started": 8, "refused": 42}
    assert Bot.objects.filter(user=alice, status="running").count() == 20


def test_a_second_live_key_is_refused_and_a_paper_account_is_not(cloud, alices, alice, alices_key):
    body = {"exchange": "binance", "label": "Two", "api_key": "demo-two", "api_secret": "secret-of-two"}
    response = alices.post("/api/v1/credentials", body)
    assert response.status_code == 403
    error = response.json()["errors"][0]
    assert error["code"] == "plan_limit"
    assert "1 live exchange key, and you have 1. The Starter plan allows 2 live" in error["detail"]
    assert alices.post("/api/v1/credentials", body | {"mode": "testnet"}).status_code == 201
    create_credential(user=alice, exchange="binance", label="Paper", mode="paper")
    on(alice, "starter")
    assert alices.post("/api/v1/credentials", body).status_code == 201


def test_keys_added_at_the_same_moment_are_no_more_than_the_plan_allows(
    transactional_db, cloud, alice, exchange
):
    on(alice, "starter")
    barrier = threading.Barrier(6)

    def add(number: int) -> str:
        barrier.wait(60)
        try:
            key = {"api_key": f"demo-many-{number}", "api_secret": f"secret-of-many-{number}"}
            create_credential(user=alice, exchange="binance", label=f"Key {number}", **key)
        except CredentialRejected as refused:
            return refused.code
        finally:
            connection.close()
        return "added"

    with ThreadPoolExecutor(6) as pool:
        outcomes = Counter(pool.map(add, range(6)))
    assert outcomes == {"added": 2, "plan_limit": 4}
    assert Credential.objects.filter(user=alice).count() == 2


def test_the_day_s_backtests_are_counted_out(cloud, alice, within_a_day):
    for _ in range(20):
        kept.count_start(user=alice)
    for _ in range(3):
        with pytest.raises(OverPlan, match="20 backtests a day, and you have 20"):
            kept.count_start(user=alice)
    on(alice, "starter")
    kept.count_start(user=alice)


def test_the_plan_tells_limits_and_use(cloud, alices, alice, alices_bot, bobs_bot, within_a_day):
    force(alices_bot, status="running")
    kept.count_start(user=alice)
    assert alices.get("/api/v1/plan").json() == {
        "plan": "free",
        "telegram": "notifications",
        "limits": {
            "live_bots": {"used": 1, "limit": 1},
            "paper_bots": {"used": 0, "limit": 3},
            "live_credentials": {"used": 1, "limit": 1},
            "backtests_a_day": {"used": 1, "limit": 20},
        },
    }


def test_self_hosted_nothing_is_limited(settings, alices, alice, alices_bot):
    settings.AUTOGRID_DEPLOYMENT = "self_hosted"
    copies(alices_bot, 60, status="running")
    assert alices.post(f"{BOTS}/{alices_bot.pk}/start").status_code == 200
    key_of(alice)
    answer = alices.get("/api/v1/plan").json()
    assert (answer["plan"], answer["telegram"]) == ("self_hosted", "full")
    assert answer["limits"]["live_bots"] == {"used": 61, "limit": None}
