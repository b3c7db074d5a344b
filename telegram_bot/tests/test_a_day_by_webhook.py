"""The whole way over Telegram's calls: from the link to the kill switch, with the service anew in the midst of /new."""

import pytest

from bots.models import Backtest, BacktestStatus, Bot
from bots.models.backtest import pack
from bots.services import deliveries, lifecycle
from bots.tests.records import book, fill_of, opened
from telegram_bot import links, questions, webhook
from telegram_bot.talks import grid
from telegram_bot.tests.conftest import ALICES
from telegram_bot.tests.test_looking_back import REPORT
from telegram_bot.tests.test_the_service import running
from tests.fakes.telegram.server import text_of

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("at_once")]


@pytest.fixture
def called(fake, settings, live_server, monkeypatch):
    """Telegram, which calls the pages of this process."""
    settings.AUTOGRID_TELEGRAM_MODE, settings.AUTOGRID_URL = "webhook", live_server.url
    monkeypatch.setattr(grid, "PATIENCE", 0.0)
    monkeypatch.setattr(questions, "SECONDS", 3600)  # a slow machine's minute
    monkeypatch.setattr(lifecycle, "enqueue", lambda bot: None)  # no worker runs here
    return fake


def hears(fake, words):
    """Waits until one of the bot's messages reads so, whether it is new or was edited."""
    fake.wait(
        lambda chats: any(words in text_of(each) for each in chats.of(ALICES) if each["from"]["is_bot"])
    )


def say(fake, text, words):
    fake.say(ALICES, text)
    hears(fake, words)


def press(fake, label, words):
    fake.press(ALICES, label)
    hears(fake, words)


def test_from_the_link_to_the_kill_switch(called, key):
    with running():
        called.wait(lambda chats: chats.webhook["url"])
        assert called.chats.webhook["secret_token"] == webhook.secret()
        say(called, f"/start {links.new_code(user=key.user)}", "is linked with")
        say(called, "/new", "Which market?")
        press(called, "BTC/USDT", "which strategy?")
    with running():  # another process over the same database
        press(called, "Grid", "How much USDT")
        say(called, "1000", "There is no suggestion")
        say(called, "60000 72000 12", "The pre-flight is passed.")
        press(called, "Make and start it", "is starting")
        bot = Bot.objects.get()
        assert (bot.status, bot.total_investment) == ("running", 1000)
        book(bot, fill_of(opened(bot), 1))
        assert deliveries.drain() == 1
        hears(called, "BTC grid: order filled")
        say(called, "/levels", "12 slots")
        say(called, "/backtest BTC", "looking back over 7 days")
        Backtest.objects.update(status=BacktestStatus.DONE, packed=pack(REPORT))
        hears(called, "Buy and hold")
        assert called.chats.photos
        say(called, "/pause", "Pause it?")
        press(called, "Pause", "is paused")
        say(called, "/kill BTC", "cancel its orders and halt it")
        press(called, "Cancel orders", "is halted")
    bot.refresh_from_db()
    assert (bot.status, bot.halted) == ("stopped", True)
