"""A plan that is lost pauses the newest bots over its limits; paid again, they come back."""

import pytest
from django.db import transaction

from accounts.models import User
from billing.signals import plan_changed
from bots.models import Bot, BotEvent, Delivery
from bots.services import lifecycle
from bots.tests.conftest import force
from bots.tests.test_plan_limits import copies, on


@pytest.fixture
def cloud(settings):
    settings.AUTOGRID_DEPLOYMENT = "cloud"


def change(user: User, after: str) -> None:
    """As billing does: the user held, the plan written, the signal sent, in one transaction."""
    with transaction.atomic():
        held = User.objects.select_for_update(no_key=True).get(pk=user.pk)
        before = held.plan
        on(held, after)
        plan_changed.send(User, user=held, before=before, after=after)


def running(user: User) -> list[str]:
    rows = Bot.objects.filter(user=user, status="running").order_by("created_at", "id")
    return list(rows.values_list("name", flat=True))


def test_the_newest_bots_over_the_limit_are_paused_and_come_back(cloud, alice, alices_bot, bobs_bot):
    on(alice, "pro")
    force(alices_bot, status="running")
    force(bobs_bot, status="running")
    for number, bot in enumerate(copies(alices_bot, 3, status="running")):
        force(bot, name=f"Later {number}")
    by_hand = copies(alices_bot, 1, status="paused")[0]
    change(alice, "free")
    assert running(alice) == [alices_bot.name]
    paused = Bot.objects.filter(user=alice, status="paused", paused_by_plan=True)
    assert sorted(paused.values_list("name", flat=True)) == ["Later 0", "Later 1", "Later 2"]
    assert paused[0].status_reason == "The Free plan allows 1 live bot at a time."
    assert BotEvent.objects.filter(kind="plan_paused").count() == 3
    notice = Delivery.objects.get(user=alice, kind="plan_paused")
    assert "Later 0" in notice.data["text"]
    assert "open orders stay" in notice.data["text"]
    assert running(bobs_bot.user) == [bobs_bot.name]

    change(alice, "starter")
    assert len(running(alice)) == 4
    by_hand.refresh_from_db()
    assert by_hand.status == "paused"
    assert not Bot.objects.filter(paused_by_plan=True).exists()
    assert Delivery.objects.filter(user=alice, kind="plan_resumed").count() == 1


def test_only_as_many_come_back_as_the_new_plan_has_room_for(cloud, alice, alices_bot):
    on(alice, "pro")
    force(alices_bot, status="running")
    copies(alices_bot, 8, status="running")
    change(alice, "free")
    change(alice, "starter")
    assert len(running(alice)) == 5
    assert Bot.objects.filter(paused_by_plan=True, status="paused").count() == 4


def test_a_bot_that_may_not_start_stays_paused(cloud, alice, alices_bot):
    on(alice, "pro")
    force(alices_bot, status="running")
    copies(alices_bot, 1, status="running")
    change(alice, "free")
    alices_bot.credential.is_valid = False
    alices_bot.credential.save()
    change(alice, "pro")
    assert running(alice) == [alices_bot.name]


def test_a_bot_its_user_stops_and_starts_is_no_longer_the_plan_s(cloud, alice, alices_bot):
    on(alice, "pro")
    force(alices_bot, status="running")
    later = copies(alices_bot, 1, status="running")[0]
    change(alice, "free")
    lifecycle.stop_bot(bot=Bot.objects.get(pk=alices_bot.pk))
    later.refresh_from_db()
    lifecycle.start_bot(bot=later)
    assert (later.status, later.paused_by_plan) == ("running", False)
