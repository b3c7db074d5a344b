"""Operators see all of trading, change none of it, and can halt it."""

import pytest
from django.contrib.auth.models import Permission
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts.models import User
from bots.models import Bot, BotEvent, BotSlot, Fill, Order, Worker
from bots.tests.conftest import force
from bots.tests.records import book, fill_of, opened, plain_bot
from bots.tests.test_leases import worker

TABLES = [Bot, Order, Fill, BotEvent, Worker]
BOTS = "/admin/bots/bot/"


@pytest.fixture
def operator(db):
    client = Client()
    client.force_login(
        User.objects.create_superuser("operator@example.org", "correct horse battery"),
        backend="allauth.account.auth_backends.AuthenticationBackend",
    )
    return client


@pytest.fixture
def viewer(db):
    """A member of staff who may look and nothing else."""
    user = User.objects.create_user("viewer@example.org", "correct horse battery", is_staff=True)
    rights = Permission.objects.filter(content_type__app_label="bots", codename__startswith="view_")
    user.user_permissions.set(rights)
    client = Client()
    client.force_login(user, backend="allauth.account.auth_backends.AuthenticationBackend")
    return client


@pytest.fixture
def bot(alice):
    """With one row in every table."""
    bot = plain_bot(alice, name="Alice's grid", status="running", lease_owner=worker())
    book(bot, fill_of(opened(bot), 1))
    BotEvent.objects.get_or_create(bot=bot, kind="created", defaults={"text": "It was created."})
    return bot


def page_of(table, *parts):
    return "/".join(["/admin", "bots", table._meta.model_name, *parts, ""])


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.__name__)
def test_every_list_opens_and_can_be_searched(operator, bot, table):
    page = operator.get(page_of(table))
    assert page.status_code == 200
    assert page.context["cl"].result_count == 1 if table is not BotEvent else 2
    assert operator.get(page_of(table), {"q": "nothing like it"}).context["cl"].result_count == 0


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.__name__)
def test_every_row_opens(operator, bot, table):
    for row in table.objects.all():
        assert operator.get(page_of(table, str(row.pk), "change")).status_code == 200


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.__name__)
def test_nothing_can_be_added_changed_or_deleted(operator, bot, table):
    before = list(table.objects.values())
    row = table.objects.first()
    assert operator.get(page_of(table, "add")).status_code == 403
    for verb in ("change", "delete"):
        assert operator.post(page_of(table, str(row.pk), verb), {"realized_pnl": "1e6"}).status_code == 403
    form = {"action": "delete_selected", "_selected_action": [str(row.pk)], "post": "yes"}
    operator.post(page_of(table), form)
    assert list(table.objects.values()) == before


def test_a_bots_page_shows_its_live_state_and_its_slots(operator, bot):
    page = operator.get(page_of(Bot, str(bot.pk), "change")).content.decode()
    assert "950.00000000" in page  # cash
    assert "999.95000000" in page  # equity at its last fill's price
    assert BotSlot.objects.exists()
    assert "0.00099900" in page


@pytest.mark.parametrize(
    "query",
    [
        "status__exact=running",
        "halted__exact=0",
        "credential__exchange=binance",
        "strategy__exact=grid",
        "q=alice",
        "o=-10",
    ],
)
def test_bots_are_found(operator, bot, query):
    page = operator.get(f"{BOTS}?{query}")
    assert page.status_code == 200
    assert page.context["cl"].result_count == 1


def test_a_longer_list_takes_no_more_queries(operator, bot, alice):
    operator.get(BOTS)  # the first page notes the browser
    with CaptureQueriesContext(connection) as few:
        operator.get(BOTS)
    for _ in range(5):
        opened(plain_bot(alice))
    with CaptureQueriesContext(connection) as many:
        operator.get(BOTS)
    assert len(many) == len(few)


def selected(*bots, **form):
    return {"_selected_action": [str(bot.pk) for bot in bots]} | form


def test_a_halt_asks_first(operator, bot):
    page = operator.post(BOTS, selected(bot, action="halt"))
    assert page.status_code == 200
    assert "Halt 1 bot?" in page.content.decode()
    bot.refresh_from_db()
    assert not bot.halted


@pytest.mark.parametrize(("how", "action"), [("cancel", "keep"), ("cancel_and_sell", "sell")])
def test_a_confirmed_halt_pulls_the_kill_switch(operator, bot, alice, how, action):
    other = plain_bot(alice, status="running")
    form = selected(bot, action="halt", confirmed=how)
    page = operator.post(BOTS, form, follow=True)
    assert "Halted: 1." in page.content.decode()
    for each in (bot, other):
        each.refresh_from_db()
    assert (bot.status, bot.stopping, bot.halted, bot.stop_action) == ("stopped", True, True, action)
    assert not other.halted


def test_all_trading_of_the_system_is_halted_from_one_page(operator, alice, bob):
    running = [plain_bot(user, status="running") for user in (alice, bob) for _ in range(2)]
    at_rest = plain_bot(alice)
    form = selected(running[0], action="halt", select_across="1")
    page = operator.post(BOTS, form).content.decode()
    assert "Halt 4 bots?" in page
    assert "1 of those selected is at rest" in page
    assert 'name="select_across" value="1"' in page
    operator.post(BOTS, form | {"confirmed": "cancel"})
    assert set(Bot.objects.filter(halted=True)) == set(running)
    at_rest.refresh_from_db()
    assert not at_rest.stopping


def test_a_filtered_halt_keeps_to_the_filter(operator, alice, bob):
    hers, his = plain_bot(alice, status="running"), plain_bot(bob, status="running")
    form = selected(hers, action="halt", select_across="1", confirmed="cancel")
    operator.post(f"{BOTS}?q=alice", form)
    assert list(Bot.objects.filter(halted=True)) == [hers]
    assert his.status == "running"


def test_a_halt_is_lifted_once_the_bot_has_stopped(operator, alice):
    done = plain_bot(alice, name="Done", halted=True)
    still = plain_bot(alice, name="Still", halted=True, stopping=True)
    page = operator.post(BOTS, selected(done, still, action="lift_the_halt"), follow=True).content.decode()
    assert "Bots that may be started again: 1." in page
    assert "Still: The bot is still stopping." in page
    assert list(Bot.objects.filter(halted=True)) == [still]


def test_who_may_only_look_can_halt_nothing(viewer, bot):
    page = viewer.get(BOTS)
    assert page.status_code == 200
    assert "The kill switch" not in page.content.decode()
    viewer.post(BOTS, selected(bot, action="halt", confirmed="cancel"))
    bot.refresh_from_db()
    assert not bot.halted


def test_a_user_may_not_enter(bot, alice):
    client = Client()
    client.force_login(alice, backend="allauth.account.auth_backends.AuthenticationBackend")
    for table in TABLES:
        assert client.get(page_of(table)).status_code == 302
    client.post(BOTS, selected(force(bot), action="halt", confirmed="cancel"))
    bot.refresh_from_db()
    assert not bot.halted
