"""What one user can take from the others: bots, keys, sockets, the exchange's request weight."""

import pytest
from django.core.cache import cache

from bots.models import Bot
from bots.services import lifecycle
from bots.tests.conftest import BOTS, GRID, body, errors_of, force, key_of, make_bot
from exchanges.budget import AccountQuestions
from exchanges.services import CredentialRejected


def test_one_bot_too_many_is_refused_with_the_number(alices, bobs, alice, alices_key, bobs_key, settings):
    settings.AUTOGRID_MOST_BOTS_PER_USER = 2
    for _ in range(2):
        assert alices.post(BOTS, body(alices_key)).status_code == 201
    refused = alices.post(BOTS, body(alices_key))
    assert (refused.status_code, errors_of(refused)) == (409, [("too_many_bots", None)])
    assert "You have 2 bots" in refused.json()["errors"][0]["detail"]
    assert bobs.post(BOTS, body(bobs_key)).status_code == 201
    lifecycle.delete_bot(bot=Bot.objects.filter(user=alice).first())
    assert alices.post(BOTS, body(alices_key)).status_code == 201


def test_one_key_too_many_is_refused(alice, alices_key, settings):
    settings.AUTOGRID_MOST_KEYS_PER_USER = 1
    with pytest.raises(CredentialRejected) as refused:
        key_of(alice)
    assert refused.value.code == "too_many_keys"


@pytest.fixture
def few_questions(monkeypatch):
    """Three a minute, and the clock stands."""
    monkeypatch.setattr(AccountQuestions, "_rate", classmethod(lambda cls: 3))
    monkeypatch.setattr(AccountQuestions, "now", staticmethod(lambda: 60.0 * 100 + 20))
    cache.clear()


def test_a_loop_of_refused_starts_ends_in_429_and_asks_the_exchange_no_more(
    alices, bobs, alices_bot, bobs_bot, few_questions, monkeypatch
):
    force(alices_bot, config=GRID | {"investment": "1000000"}, cash=1_000_000)
    asked = []
    usual = lifecycle.check_start

    def check_start(bot):
        asked.append(bot)
        return usual(bot)

    monkeypatch.setattr(lifecycle, "check_start", check_start)
    for _ in range(3):
        assert alices.post(f"{BOTS}/{alices_bot.pk}/start").status_code == 400
    refused = alices.post(f"{BOTS}/{alices_bot.pk}/start")
    assert (refused.status_code, errors_of(refused)) == (429, [("throttled", None)])
    assert refused.headers["Retry-After"] == "40"
    assert len(asked) == 3
    assert bobs.post(f"{BOTS}/{bobs_bot.pk}/start").status_code == 200, "others start as ever"


def test_starts_that_succeed_use_nothing_up(alice, alices_key, few_questions):
    for _ in range(5):
        assert lifecycle.start_bot(bot=make_bot(alice, alices_key)).status == "running"
