from decimal import Decimal

import pytest

from bots.models import Bot, BotEvent
from bots.tests.conftest import BOTS, errors_of, force, make_bot

URL = "/api/v1/kill-switch"


@pytest.mark.parametrize(
    ("sent", "action"),
    [
        (None, "keep"),
        ({}, "keep"),
        ({"action": "cancel"}, "keep"),
        ({"action": "cancel_and_sell"}, "sell"),
    ],
)
def test_it_halts_a_bot_until_it_is_reset(command, alices_bot, sent, action):
    force(alices_bot, status="running")
    killed = command("kill", sent).json()
    assert (killed["status"], killed["stopping"], killed["halted"]) == ("stopped", True, True)
    assert killed["status_reason"] == "The kill switch was used."
    alices_bot.refresh_from_db()
    assert alices_bot.stop_action == action
    assert errors_of(command("start")) == [("halted", None)]
    assert errors_of(command("reset")) == [("stopping", None)]
    force(alices_bot, stopping=False, stop_action="")  # its runner has seen that no order is left
    assert errors_of(command("start")) == [("halted", None)]
    assert command("stop").status_code == 200
    reset = command("reset").json()
    assert (reset["status"], reset["halted"], reset["status_reason"]) == ("stopped", False, "")
    assert command("start").status_code == 200


def test_a_second_pull_may_still_sell(command, alices_bot):
    force(alices_bot, status="running")
    command("kill")
    command("kill", {"action": "cancel_and_sell"})
    alices_bot.refresh_from_db()
    assert alices_bot.stop_action == "sell"


def test_for_all_it_halts_the_users_own_bots_that_are_at_work(
    alices, alice, alices_key, alices_bot, bobs_bot
):
    at_rest = make_bot(alice, alices_key, name="At rest")
    paused = force(make_bot(alice, alices_key, name="Paused"), status="paused")
    broken = force(make_bot(alice, alices_key, name="Broken"), status="error")
    stopping = force(make_bot(alice, alices_key, name="Stopping"), stopping=True)
    force(alices_bot, status="running")
    force(bobs_bot, status="running")
    response = alices.post(URL)
    assert response.status_code == 200
    at_work = {str(bot.pk) for bot in (alices_bot, paused, broken, stopping)}
    assert {bot["id"] for bot in response.json()["bots"]} == at_work
    assert all(bot["halted"] and bot["stopping"] for bot in response.json()["bots"])
    assert {str(pk) for pk in Bot.objects.filter(halted=True).values_list("pk", flat=True)} == at_work
    at_rest.refresh_from_db()
    bobs_bot.refresh_from_db()
    assert (at_rest.halted, bobs_bot.halted, bobs_bot.status) == (False, False, "running")
    assert BotEvent.objects.filter(kind="killed").count() == 4


def test_for_all_it_may_sell_too_but_nothing_of_bots_that_rest(alices, alice, alices_key, alices_bot):
    force(alices_bot, status="running")
    at_rest = force(make_bot(alice, alices_key, name="At rest"), base=Decimal(1))
    alices.post(URL, {"action": "cancel_and_sell"})
    alices_bot.refresh_from_db()
    at_rest.refresh_from_db()
    assert (alices_bot.stop_action, at_rest.stop_action, at_rest.stopping) == ("sell", "", False)


def test_with_nothing_at_work_it_does_nothing(bobs, alices_bot):
    force(alices_bot, status="running")
    assert bobs.post(URL).json() == {"bots": []}
    alices_bot.refresh_from_db()
    assert not alices_bot.halted


def test_an_outsider_cannot_pull_it(bobs, alices_bot):
    force(alices_bot, status="running")
    assert bobs.post(f"{BOTS}/{alices_bot.pk}/kill").status_code == 404
    alices_bot.refresh_from_db()
    assert alices_bot.status == "running"
