"""/backtest and /follow: what comes into the chat by itself, later."""

import io
import math
from datetime import timedelta
from decimal import Decimal

import pytest
from django.utils import timezone
from PIL import Image

from bots.backtest.kept import summary_of
from bots.models import Backtest, BacktestStatus, Bot
from bots.models.backtest import pack
from telegram_bot import pictures
from telegram_bot.models import AwaitedBacktest, LiveStatus, Question, Refusal
from telegram_bot.tests.conftest import ALICES
from telegram_bot.watching import look_after

DAY = 86_400_000
CURVE = [[i * DAY / 24 + 1.7e12, 1000 + i * (i % 5)] for i in range(24 * 7)]
REPORT = {
    "total_return": 0.0312, "buy_and_hold_return": -0.01, "max_drawdown": -0.02, "total_trades": 1234, "cycles": 600,
    "sharpe_ratio": 1.5, "win_rate": 1.0, "band": {}, "final_equity": 1031.2, "candles": 10_080, "start": 0, "end": 1,
    "equity_curve": CURVE, "buy_and_hold_curve": [[at, 1000.0] for at, _ in CURVE],
}  # fmt: skip


def colours(png):
    image = Image.open(io.BytesIO(png)).convert("RGB")
    return {"#" + bytes(colour).hex() for _, colour in image.getcolors(10**6)}


def test_a_backtest_is_answered_with_its_picture(wire, linked, making):
    making("Range")
    assert "looking back over 30 days" in wire.say(ALICES, "/backtest Range 30")
    asked = Backtest.objects.get()
    assert asked.request["symbol"] == "BTC/USDT"
    look_after(wire.messenger)
    assert not wire.fake.chats.photos  # it is not done yet
    Backtest.objects.update(status=BacktestStatus.DONE, summary=summary_of(REPORT), packed=pack(REPORT))
    for _ in range(2):
        look_after(wire.messenger)
    assert len(wire.fake.chats.photos) == 1
    text = wire.fake.texts(ALICES)[-1]
    assert text.startswith("Range · BTC/USDT · 30 days")
    assert "+3.12%" in text
    assert pictures.ACCENT in colours(*wire.fake.chats.photos.values())


def test_a_picture_that_telegram_takes_later_comes_later(wire, linked, making):
    making("Range")
    wire.say(ALICES, "/backtest")
    Backtest.objects.update(status=BacktestStatus.DONE, summary=summary_of(REPORT), packed=pack(REPORT))
    wire.fake.fault(method="sendPhoto", status=429, retry_after=1)
    look_after(wire.messenger)
    assert not wire.fake.chats.photos
    look_after(wire.messenger)  # waits for its turn
    assert len(wire.fake.chats.photos) == 1


def test_one_that_failed_says_why(wire, linked, making):
    making("Range")
    wire.say(ALICES, "/backtest")
    Backtest.objects.update(status=BacktestStatus.FAILED, error="There are no candles <of> that time.")
    look_after(wire.messenger)
    assert "no candles <of> that time" in wire.fake.texts(ALICES)[-1]
    assert not AwaitedBacktest.objects.exists()


def test_a_name_may_end_with_a_number(wire, linked, making):
    making("BTC grid")
    making("BTC grid 2")
    assert "BTC grid 2: looking back over 7 days" in wire.say(ALICES, "/backtest btc grid 2")


@pytest.mark.parametrize("days", ["0", "366", "9999999999"])
def test_the_days_have_bounds(wire, linked, making, days):
    making("Range")
    assert "1 to 365 days" in wire.say(ALICES, f"/backtest Range {days}")
    assert not Backtest.objects.exists()


def test_a_name_that_matplotlib_might_take_for_mathematics():
    assert pictures.equity(REPORT, "$\\frac{1}{$ · 🙈").startswith(b"\x89PNG")


def test_the_range_is_drawn_on_the_price():
    levels = [900.0 + 50 * i for i in range(9)]
    png = pictures.price_range(
        CURVE[:40] + CURVE[60:], lower=900, upper=1300, levels=levels, title="BTC/USDT"
    )
    assert pictures.TEXT in colours(png)


def test_a_line_is_broken_where_nothing_is_known():
    known = [value for _, value in pictures._with_gaps([[0, 5.0], [1, 6.0], [2, 7.0], [9, 8.0]])]
    assert known[:3] + known[4:] == [5.0, 6.0, 7.0, 8.0]
    assert math.isnan(known[3])


def test_without_a_single_candle_there_still_is_a_picture():
    assert pictures.price_range([], lower=1, upper=2, levels=[1, 2], title="X").startswith(b"\x89PNG")


def test_a_followed_message_changes_only_when_the_bots_do(wire, linked, making):
    bot = making("Range", status="running")
    wire.say(ALICES, "/follow")
    message = wire.fake.from_bot(ALICES)[-1]["message_id"]

    def edits():
        return sum(call.method == "editMessageText" for call in wire.fake.chats.calls)

    look_after(wire.messenger)
    before = edits()
    look_after(wire.messenger)
    assert edits() == before
    Bot.objects.filter(pk=bot.pk).update(trades=5, realized_pnl=Decimal("3"))
    look_after(wire.messenger)
    newest = wire.fake.from_bot(ALICES)[-1]
    assert (newest["message_id"], edits()) == (message, before + 1)
    assert "5 fills" in newest["text"]


def test_a_message_that_its_user_deleted_is_followed_no_more(wire, linked, making):
    making("Range", status="running")
    wire.say(ALICES, "/follow")
    wire.fake.chats.messages.remove(wire.fake.from_bot(ALICES)[-1])
    Bot.objects.update(trades=9)
    look_after(wire.messenger)
    assert not LiveStatus.objects.exists()


def test_after_an_hour_it_is_no_longer_followed(wire, linked, making):
    making("Range", status="running")
    wire.say(ALICES, "/follow")
    LiveStatus.objects.update(until=timezone.now() - timedelta(seconds=1))
    look_after(wire.messenger)
    assert "No longer followed." in wire.fake.texts(ALICES)[-1]
    assert not LiveStatus.objects.exists()


def test_what_is_too_old_is_forgotten_once_a_day(wire, linked):
    old, new = timezone.now() - timedelta(days=91), timezone.now()
    for when in (old, new):
        Refusal.objects.create(kind=Refusal.Kind.LATE_BUTTON, time=when)
        Question.objects.create(user=linked, text="?", choices=[], expires_at=when)
    look_after(wire.messenger)
    assert (Refusal.objects.get().time, Question.objects.get().expires_at) == (new, new)


def test_who_unlinks_is_followed_no_more(wire, linked, making):
    making("Range", status="running")
    wire.say(ALICES, "/follow")
    linked.telegram_chat_id = None
    linked.save()
    calls = len(wire.fake.chats.calls)
    look_after(wire.messenger)
    assert len(wire.fake.chats.calls) == calls
    assert not LiveStatus.objects.exists()
