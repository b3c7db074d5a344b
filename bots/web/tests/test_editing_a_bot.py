"""/bots/<id>/edit/: the name at any time, the settings of a stopped bot, and its fills as a file."""

from decimal import Decimal
from typing import Any

import pytest
from django.test import Client

from bots.models import Bot
from bots.web.tests.conftest import DCA, GRID, Making

FORM = {
    "strategy": "grid",
    "name": "Range",
    "spacing": "arithmetic",
    "on_stop": "keep",
    "post_only": "on",
    **GRID,
}


def url(bot: Bot) -> str:
    return f"/bots/{bot.pk}/edit/"


def test_a_stopped_bot_gets_other_settings_and_keeps_what_only_the_api_sets(
    as_alice: Client, making: Making
) -> None:
    bot = making()
    Bot.objects.filter(pk=bot.pk).update(config={**bot.config, "max_orders_per_minute": 30})
    answer = as_alice.post(url(bot), {**FORM, "name": "Wider", "grid_count": "20", "investment": "1500"})
    assert answer.headers["Location"] == f"/bots/{bot.pk}/"
    bot.refresh_from_db()
    assert (bot.name, bot.config["grid_count"], bot.total_investment) == ("Wider", "20", Decimal(1500))
    assert bot.config["max_orders_per_minute"] == 30


def test_the_form_shows_what_is_set(as_alice: Client, making: Making) -> None:
    page = as_alice.get(url(making(config={**DCA, "repeat": True}, strategy="dca"))).content.decode()
    assert 'value="100"' in page
    assert 'name="lower_price"' in page


@pytest.mark.parametrize("values", [{"status": "running"}, {"status": "paused"}, {"stopping": True}])
def test_of_a_bot_at_work_only_the_name_is_asked_and_taken(
    as_alice: Client, making: Making, values: dict[str, Any]
) -> None:
    bot = making(**values)
    assert 'name="lower_price"' not in as_alice.get(url(bot)).content.decode()
    as_alice.post(url(bot), {**FORM, "name": "Other", "grid_count": "20"})
    changed = Bot.objects.get(pk=bot.pk)
    assert (changed.name, changed.config) == ("Other", bot.config)


def test_what_is_wrong_is_said_at_its_field(as_alice: Client, making: Making) -> None:
    bot = making()
    answer = as_alice.post(url(bot), {**FORM, "upper_price": "10"})
    assert answer.status_code == 422
    assert "Must be above the lower price (60000)." in answer.content.decode()
    bot.refresh_from_db()
    assert bot.config["upper_price"] == "72000"


def test_another_user_s_bot_is_not_found(as_bob: Client, making: Making) -> None:
    bot = making()
    assert as_bob.get(url(bot)).status_code == 404
    assert as_bob.post(url(bot), FORM).status_code == 404


def test_fills_leave_as_a_file(as_alice: Client, making: Making) -> None:
    answer = as_alice.get(f"/api/v1/bots/{making().pk}/fills.csv")
    assert answer.headers["Content-Type"].startswith("text/csv")
