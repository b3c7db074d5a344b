"""/new: from the first question to a bot, with ways back at every step."""

import io
import math
import time
from decimal import Decimal

import pytest
from PIL import Image

from accounts.models import User
from bots.core.types import Candle
from bots.models import Bot
from exchanges.services import create_credential
from marketdata.services import store_candles
from telegram_bot.models import Talk
from telegram_bot.talks import grid
from telegram_bot.tests.conftest import ALICES

pytestmark = pytest.mark.usefixtures("linked")


@pytest.fixture
def history(key):
    """Three days of minutes around 65,000."""
    now = int(time.time() * 1000) // 60_000 * 60_000
    made = [Decimal(65_000 + int(900 * math.sin(i / 60))) for i in range(3 * 1440)]
    candles = [
        Candle(now - (len(made) - i) * 60_000, price, price + 20, price - 20, price, Decimal(1))
        for i, price in enumerate(made)
    ]
    store_candles(exchange="binance", symbol="BTC/USDT", candles=candles)


@pytest.fixture(autouse=True)
def _alone(monkeypatch):
    """No worker, and nobody waits for candles of a month."""
    monkeypatch.setattr(grid, "PATIENCE", 0.0)
    monkeypatch.setattr("bots.services.lifecycle.enqueue", lambda bot: None)


def walk(wire, *answers):
    said = [wire.say(ALICES, "/new")]
    for answer in answers:
        press = answer.startswith("[")
        said.append(wire.press(ALICES, answer[1:-1]) if press else wire.say(ALICES, answer))
    return said[-1]


def picture(wire):
    return Image.open(io.BytesIO(list(wire.fake.chats.photos.values())[-1]))


def test_to_a_running_grid_with_the_suggested_range(wire, history):
    text = walk(wire, "[BTC/USDT]", "[Grid]", "[1,000]")
    assert "grids" in text
    assert picture(wire).size == (960, 640)
    assert "The pre-flight is passed." in wire.press(ALICES, "Use this range")
    assert "BTC grid is starting" in wire.press(ALICES, "Make and start it")
    bot = Bot.objects.get()
    assert (bot.status, bot.symbol, bot.total_investment) == ("running", "BTC/USDT", 1000)
    assert not Talk.objects.exists()


def test_to_a_grid_with_a_range_of_ones_own_that_is_only_made(wire, key):
    assert "give a number" in walk(wire, "btc", "grid", "1,5")  # no 15
    text = walk(wire, "btc", "grid", "1,000", "60000, 72,000 12")
    assert "From              60,000.00" in text
    assert "startbot" in wire.press(ALICES, "Only make it")
    assert Bot.objects.get().status == "stopped"


def test_to_a_dca_bot(wire, key):
    text = walk(wire, "[ETH/USDT]", "[DCA]", "100", "[Day]", "[3 %]")
    assert "Every           1 day" in text
    wire.press(ALICES, "Make and start it")
    assert Bot.objects.get().config == {"amount": "100", "interval": "1d", "take_profit": "3"}


def test_with_two_accounts_it_asks_which(wire, key, alice):
    create_credential(user=alice, exchange="binance", label="Play", mode="paper", paper_balance=Decimal(1000))
    walk(wire, "[Play · Binance (paper)]", "BTC", "grid", "500", "60000 72000 10")
    wire.press(ALICES, "Only make it")
    assert Bot.objects.get().credential.label == "Play"


def test_without_a_key_it_says_where_to_add_one(wire):
    assert "no working exchange key" in wire.say(ALICES, "/new")


def test_back_leads_to_the_question_before(wire, key):
    walk(wire, "BTC", "grid")
    assert "which strategy" in wire.press(ALICES, "‹ Back")
    assert "Which market" in wire.press(ALICES, "‹ Back")
    assert wire.labels(ALICES) == ["BTC/USDT", "ETH/USDT", "Cancel"]
    assert "which strategy" in wire.say(ALICES, "ETH")
    assert Talk.objects.get().data["symbol"] == "ETH/USDT"


STEPS = [
    [],
    ["BTC"],
    ["BTC", "grid"],
    ["BTC", "grid", "1000"],
    ["BTC", "grid", "1000", "60000 72000 12"],
    ["BTC", "dca"],
    ["BTC", "dca", "100"],
    ["BTC", "dca", "100", "1d"],
    ["BTC", "dca", "100", "1d", "never"],
]


def test_every_step_can_be_cancelled_and_left_backwards(wire, key):
    for answers in STEPS:
        walk(wire, *answers)
        if answers:
            wire.press(ALICES, "‹ Back")
            wire.say(ALICES, answers[-1])
        assert "Cancel" in wire.labels(ALICES), answers
        assert "nothing was made" in wire.press(ALICES, "Cancel")
        assert not Talk.objects.exists()
    walk(wire, "BTC")
    assert "nothing was made" in wire.say(ALICES, "/cancel")
    assert "nothing to cancel" in wire.say(ALICES, "/cancel")


@pytest.mark.parametrize(
    ("before", "answer", "words"),
    [
        ([], "NOSUCHCOIN", "does not list"),
        (["BTC"], "martingale", "Type grid or dca"),
        (["BTC", "grid"], "a lot", "give a number"),
        (["BTC", "grid"], "-5", "above 0"),
        (["BTC", "grid"], "NaN", "give a number"),
        (["BTC", "grid", "1000"], "60000", "Type lowest price"),
        (["BTC", "grid", "1000"], "72000 60000 12", "must lie above"),
        (["BTC", "grid", "1000"], "1e400 2e400 5", ""),
        (["BTC", "dca", "100"], "sometimes", "Type a number and"),
        (["BTC", "dca", "100", "1d"], "much", "give a number"),
    ],
)
def test_what_does_not_fit_is_one_sentence_and_the_question_stands(wire, key, before, answer, words, caplog):
    walk(wire, *before)
    step = Talk.objects.get().step
    assert words in wire.say(ALICES, answer)
    assert Talk.objects.get().step in (step, "review")
    assert "command_failed" not in caplog.text


def test_what_fails_the_pre_flight_names_what_would_mend_it(wire, key):
    text = walk(wire, "BTC", "grid", "20", "60000 72000 200")
    assert "Not yet" in text
    assert "invest at least" in text
    assert wire.labels(ALICES) == ["Check again", "‹ Back", "Cancel"]
    assert wire.press(ALICES, "Check again") == ""  # it reads as before
    assert not Bot.objects.exists()


def test_a_button_of_an_earlier_step_does_nothing(wire, key):
    wire.say(ALICES, "/new")
    old = dict(wire.fake.from_bot(ALICES)[-1])
    wire.say(ALICES, "BTC")
    number = wire.fake.press_data(ALICES, old, "t:symbol:ETH/USDT")
    wire.pump()
    assert wire.fake.chats.toasts[number] == "That step is over."
    assert Talk.objects.get().data["symbol"] == "BTC/USDT"


def test_a_summary_that_was_left_makes_nothing(wire, key):
    walk(wire, "BTC", "grid", "1000", "60000 72000 12")
    old = dict(wire.fake.from_bot(ALICES)[-1])
    yes = old["reply_markup"]["inline_keyboard"][0][0]["callback_data"]
    wire.press(ALICES, "‹ Back")
    wire.say(ALICES, "50000 80000 12")
    wire.fake.press_data(ALICES, old, yes)
    wire.pump()
    assert "nothing was made" in "".join(wire.fake.texts(ALICES))
    assert not Bot.objects.exists()


def test_made_and_pressed_twice_there_is_one_bot(wire, key):
    walk(wire, "BTC", "grid", "1000", "60000 72000 12")
    for label in ("Make and start it", "Only make it"):
        wire.fake.press(ALICES, label)
    wire.pump()
    assert Bot.objects.count() == 1


def test_nobody_else_goes_on_with_it(wire, key, bob: User):
    walk(wire, "BTC")
    bob.telegram_chat_id = 202
    bob.save()
    wire.fake.open(202)
    assert "commands only" in wire.say(202, "grid")
    assert Talk.objects.get().step == "strategy"


def test_commands_are_answered_in_the_midst_of_it(wire, key):
    walk(wire, "BTC")
    assert "no bots yet" in wire.say(ALICES, "/status")
    assert "How much USDT" in wire.say(ALICES, "grid")
