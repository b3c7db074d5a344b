"""The process as it runs: it polls, answers, and says what is wrong."""

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import pairwise

import pytest
from django.core.management import CommandError, call_command

from accounts.services import register
from bots.services import pace
from telegram_bot import identity, inbox, links
from telegram_bot.models import Refusal
from telegram_bot.service import OUT_OF_REACH, REFUSED, Service
from telegram_bot.tests.conftest import ALICES, BOBS
from tests.fakes.telegram.server import text_of

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("at_once")]


@contextmanager
def running() -> Iterator[Service]:
    """The service on a loop of its own, in a thread; it is ended with the block."""
    made: list[tuple[Service, asyncio.AbstractEventLoop]] = []
    stands = threading.Event()

    async def serve() -> None:
        made.append((Service(), asyncio.get_running_loop()))
        stands.set()
        await made[0][0].serve()

    thread = threading.Thread(target=asyncio.run, args=(serve(),))
    thread.start()
    assert stands.wait(60)
    service, loop = made[0]
    try:
        yield service
    finally:
        loop.call_soon_threadsafe(service.stop.set)
        thread.join(60)
        assert not thread.is_alive()


def says(chat_id, words):
    """For `wait`: whether the bot has said that."""

    def look(chats):
        return any(words in text_of(each) for each in chats.of(chat_id) if each["from"]["is_bot"])

    return look


def test_it_polls_and_answers_each_chat_in_its_order(fake):
    user = register(email="carol@example.org", password="correct horse battery")
    with running():
        fake.say(ALICES, f"/start {links.new_code(user=user)}")
        for _ in range(3):
            fake.say(ALICES, "/status")
        fake.say(BOBS, "/status")
        fake.wait(lambda chats: len([each for each in chats.of(ALICES) if each["from"]["is_bot"]]) == 4)
        fake.wait(says(BOBS, "linked accounts only"))
        assert "is linked with carol" in fake.texts(ALICES)[0]
        assert {each["command"] for each in fake.chats.commands} >= {"status", "kill", "help"}
        assert identity.read() == {"username": "autogrid_demo_bot", "problem": ""}


def test_it_waits_as_telegram_asks_it_to(fake):
    with running():
        fake.fault(method="sendMessage", status=429, retry_after=1)
        fake.say(BOBS, "/help")
        fake.wait(says(BOBS, "linked accounts only"))
        assert [call.status for call in fake.chats.calls if call.method == "sendMessage"] == [429, 200]


def test_an_update_that_was_in_work_when_it_died_is_not_answered_twice(fake):
    with running():
        update = fake.say(BOBS, "/help")
        fake.wait(says(BOBS, "linked accounts only"))
    with running():
        with fake.chats.changed:
            fake.chats.updates.append(update)
            fake.chats.changed.notify_all()
        fake.say(BOBS + 1, "/help")
        fake.wait(says(BOBS + 1, "linked accounts only"))
    assert len(fake.texts(BOBS)) == 1
    assert set(Refusal.objects.values_list("kind", flat=True)) == {Refusal.Kind.REPLAYED_UPDATE}


def test_what_was_in_work_when_the_service_died_is_answered_by_the_next(fake):
    inbox.keep(fake.say(BOBS, "/help"))
    fake.chats.updates.clear()
    inbox.is_new(inbox.take().update["update_id"])
    with running():
        fake.wait(says(BOBS, "linked accounts only"))
    inbox.resume()
    assert inbox.take() is None, "it is done"


def test_replies_keep_to_one_message_a_second_in_a_chat(fake, monkeypatch):
    monkeypatch.setattr(pace, "CHAT_SECONDS", 1.05)  # as in use
    linked = register(email="carol@example.org", password="correct horse battery")
    linked.telegram_chat_id = ALICES
    linked.save()
    with running():
        for _ in range(3):
            fake.say(ALICES, "/help")
        fake.wait(lambda chats: len([each for each in chats.of(ALICES) if each["from"]["is_bot"]]) == 3)
    times = [call.time for call in fake.chats.calls if call.method == "sendMessage"]
    assert all(later - earlier >= 1 for earlier, later in pairwise(times))


def test_a_wrong_token_is_one_sentence_for_status(fake, settings):
    settings.AUTOGRID_TELEGRAM_TOKEN = "1:not-the-token"
    with running():
        fake.wait(lambda chats: chats.calls)
        until_told(REFUSED)


def test_telegram_out_of_reach_is_one_sentence_for_status(settings, tmp_path):
    settings.HOME, settings.AUTOGRID_TELEGRAM_TOKEN = tmp_path, "1:any"
    settings.AUTOGRID_TELEGRAM_API = "http://127.0.0.1:9"  # discard: nobody listens
    with running():
        until_told(OUT_OF_REACH)


def test_without_a_token_the_command_says_how_to_get_one(settings):
    with pytest.raises(CommandError, match="AUTOGRID_TELEGRAM_TOKEN is not set"):
        call_command("run_telegram")


def until_told(sentence):
    for _ in range(6000):
        if identity.read().get("problem") == sentence:
            return
        threading.Event().wait(0.01)
    raise AssertionError(identity.read())
