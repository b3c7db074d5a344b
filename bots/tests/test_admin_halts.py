"""Operators halt and resume trading in the admin, and see what mails could not be sent."""

import pytest

from bots.models import Bot, Delivery, TradingHalt
from bots.services import halts
from bots.services.notices import notify
from bots.tests.records import plain_bot
from bots.tests.test_admin import operator, viewer

__all__ = ["operator", "viewer"]
HALTS = "/admin/bots/tradinghalt/"
OUTBOX = "/admin/bots/delivery/"


@pytest.fixture(autouse=True)
def _on_commit(django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks(execute=True):
        yield


def form(scope, **more):
    return {"scope": scope, "exchange": "", "user": "", "action": "pause", "reason": "A drill."} | more


@pytest.mark.parametrize("scope", ["all", "exchange", "user"])
def test_an_operator_halts_and_resumes(operator, alice, bob, scope, django_capture_on_commit_callbacks):
    bots = [plain_bot(user, status="running") for user in (alice, bob)]
    whom = {"exchange": {"exchange": "binance"}, "user": {"user": str(alice.pk)}}.get(scope, {})
    assert operator.get(f"{HALTS}add/").status_code == 200
    with django_capture_on_commit_callbacks(execute=True):
        done = operator.post(f"{HALTS}add/", form(scope, action="stop", **whom))
    assert (done.status_code, done.headers["Location"]) == (302, HALTS)
    halt = TradingHalt.objects.get()
    assert (halt.scope, halt.action, halt.automatic) == (scope, "stop", False)
    assert halt.placed_by.email == "operator@example.org"
    states = [Bot.objects.get(pk=bot.pk).status for bot in bots]
    assert states == ["stopped", "running" if scope == "user" else "stopped"]
    assert "A drill." in operator.get(HALTS).content.decode()
    operator.post(HALTS, {"action": "resume", "_selected_action": [str(halt.pk)]})
    assert halts.active() == []
    assert operator.get(f"{HALTS}{halt.pk}/change/").status_code == 200


@pytest.mark.parametrize(
    ("sent", "field"),
    [
        (form("exchange"), "exchange"),
        (form("exchange", exchange="nowhere"), "exchange"),
        (form("user"), "user"),
        (form("all", reason=""), "reason"),
        (form("all", action="explode"), "action"),
    ],
)
def test_half_a_halt_is_refused_with_the_field_that_lacks(operator, sent, field):
    page = operator.post(f"{HALTS}add/", sent)
    assert page.status_code == 200
    assert field in page.context["adminform"].form.errors
    assert not TradingHalt.objects.exists()


def test_a_second_halt_of_the_same_kind_is_refused_in_words(operator):
    operator.post(f"{HALTS}add/", form("all"))
    page = operator.post(f"{HALTS}add/", form("all"))
    assert "in force already" in page.content.decode()
    assert TradingHalt.objects.count() == 1


def test_history_cannot_be_changed_or_deleted(operator):
    operator.post(f"{HALTS}add/", form("all"))
    halt = TradingHalt.objects.get()
    for verb in ("change", "delete"):
        assert operator.post(f"{HALTS}{halt.pk}/{verb}/", form("all", reason="Other.")).status_code == 403
    halt.refresh_from_db()
    assert halt.reason == "A drill."


def test_the_kill_switch_of_the_system_asks_first(operator, alice, bob):
    bots = [plain_bot(user, status="running") for user in (alice, bob)]
    page = operator.get(f"{HALTS}kill-everything/")
    assert "2 bots of 2 users are at work" in page.content.decode()
    operator.post(f"{HALTS}kill-everything/", {"confirmed": "explode"})
    assert not Bot.objects.filter(halted=True).exists()
    operator.post(f"{HALTS}kill-everything/", {"confirmed": "cancel_and_sell"})
    assert [Bot.objects.get(pk=bot.pk).halted for bot in bots] == [True, True]
    assert halts.active()[0].scope == "all"
    kinds = sorted(Delivery.objects.values_list("kind", "recipient"))
    assert ("kill_switch", "alice@example.org") in kinds
    assert ("system_halt", "operator@example.org") in kinds


def test_who_may_only_look_halts_nothing(viewer, alice):
    plain_bot(alice, status="running")
    assert viewer.get(HALTS).status_code == 200
    assert viewer.post(f"{HALTS}add/", form("all")).status_code == 403
    assert viewer.post(f"{HALTS}kill-everything/", {"confirmed": "cancel"}).status_code == 403
    halt = halts.place_halt(scope="all", reason="x")
    viewer.post(HALTS, {"action": "resume", "_selected_action": [str(halt.pk)]})
    assert len(halts.active()) == 1


def test_messages_that_failed_show_why_and_may_be_tried_again(operator, viewer, alice):
    notify(user=alice, kind="bot_error", text="It failed.")
    Delivery.objects.update(state="failed", error="550 no such user")
    row = Delivery.objects.get()
    assert "550 no such user" in operator.get(OUTBOX, {"state": "failed"}).content.decode()
    assert operator.get(f"{OUTBOX}{row.pk}/change/").status_code == 200
    again = {"action": "send_again", "_selected_action": [str(row.pk)]}
    viewer.post(OUTBOX, again)
    row.refresh_from_db()
    assert row.state == "failed"
    operator.post(OUTBOX, again)
    row.refresh_from_db()
    assert (row.state, row.error) == ("pending", "")
