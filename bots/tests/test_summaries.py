"""The day before each morning, the week before on Mondays, in the user's own zone, with a picture by e-mail."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from django.utils import timezone

from accounts.models import User
from bots.core.types import Side
from bots.models import Bot, Delivery, Fill
from bots.services import deliveries, summaries
from bots.services.notice_settings import change
from bots.services.summaries import DAILY, WEEKLY, span_of
from bots.store import milliseconds
from bots.tasks import forget_notices, send_summaries
from bots.tests.records import book, fill_of, opened, plain_bot, snapshot
from tests.fakes.smtp import mail_server

# A Monday in summer, at 8:30 in Berlin.
MORNING = datetime(2026, 6, 15, 6, 30, tzinfo=UTC)
BERLIN = ZoneInfo("Europe/Berlin")
PNG = b"\x89PNG"


@pytest.fixture
def told(alice):
    """Alice, who wants both by e-mail, in Berlin."""
    alice.timezone = "Europe/Berlin"
    alice.save()
    change(user=alice, choices={"daily_summary": {"email": True}})
    return alice


@pytest.fixture
def bot(told):
    """1000 USDT that were worth 1010 and then 1025; 12 of it realised."""
    made = plain_bot(told, name="Range", status="running")
    for days, equity, realized in ((7, "1000", "0"), (2, "1010", "5"), (1, "1025", "12")):
        at = MORNING - timedelta(days=days)
        snapshot(bot_id=made.pk, time=milliseconds(at), equity=Decimal(equity), realized=Decimal(realized))
    return made


def filled_at(bot, *moments):
    for number, moment in enumerate(moments, 1):
        book(bot, fill_of(opened(bot, number, Side.BUY), number))
        Fill.objects.filter(trade_id=str(number)).update(time=moment)


def daily():
    return Delivery.objects.get(kind="daily_summary")


def test_a_day_tells_profit_fills_and_who_is_ill(told, bot):
    yesterday, today = MORNING - timedelta(hours=12), MORNING - timedelta(hours=2)
    filled_at(bot, yesterday, yesterday, today)
    plain_bot(told, name="Broken", status="error", symbol="ETH/BTC")
    assert summaries.send_due(MORNING) == 2
    row = daily()
    assert row.data["text"] == "Sunday, 14 June: 2 fills, 1 bot running."
    assert dict(row.data["facts"]) == {
        "Profit in USDT": "+15.00 (realised +7.00)",
        "Worth in USDT": "1,025.00",
        "Profit in BTC": "0.00 (realised 0.00)",
        "Worth in BTC": "1,000.00",
        "Bots in error": "Broken",
    }


def test_the_week_is_told_on_mondays_alone(told, bot):
    summaries.send_due(MORNING - timedelta(days=1))
    assert not Delivery.objects.filter(kind="weekly_report").exists()
    summaries.send_due(MORNING)
    row = Delivery.objects.get(kind="weekly_report")
    assert row.data["text"] == "8 June to 14 June: 0 fills, 1 bot running."
    assert dict(row.data["facts"])["Profit in USDT"] == "+25.00 (realised +12.00)"
    assert len(row.data["curve"]["points"]) == WEEKLY.points + 1
    assert row.data["curve"]["points"][-1][1] == "25.00000000"


@pytest.mark.parametrize(("hours", "count"), [(-1, 0), (0, 1), (3, 1), (4, 0), (12, 0)])
def test_it_is_told_in_the_morning_of_the_users_zone(told, bot, hours, count):
    summaries.send_due(MORNING + timedelta(hours=hours))
    assert Delivery.objects.filter(kind="daily_summary").count() == count


def test_it_is_told_once_a_day(told, bot):
    for minutes in (0, 5, 90):
        summaries.send_due(MORNING + timedelta(minutes=minutes))
    assert Delivery.objects.filter(kind="daily_summary").count() == 1
    Delivery.objects.all().update(created_at=MORNING)
    summaries.send_due(MORNING + timedelta(days=1))
    assert Delivery.objects.filter(kind="daily_summary").count() == 2


def test_who_wants_none_or_has_nothing_running_hears_nothing(told, bot, bob):
    change(user=told, choices={topic: {"email": False} for topic in ("daily_summary", "weekly_report")})
    bob.timezone = "Europe/Berlin"
    bob.save()
    plain_bot(bob, status="stopped")
    User.objects.create(email="no-bots@example.org", timezone="Europe/Berlin")
    assert summaries.send_due(MORNING) == 0
    assert not Delivery.objects.exists()


def test_test_money_is_told_apart_and_after(told, bot):
    paper = plain_bot(told, name="Play", status="running")
    paper.credential.mode = "paper"
    paper.credential.save()
    summaries.send_due(MORNING)
    assert list(dict(daily().data["facts"]))[:3] == [
        "Profit in USDT",
        "Worth in USDT",
        "Profit in USDT (paper)",
    ]
    assert daily().data["curve"]["name"] == "USDT"


def test_a_bot_that_is_younger_than_the_week_counts_from_its_investment(told):
    made = plain_bot(told, status="running")
    snapshot(
        bot_id=made.pk,
        time=milliseconds(MORNING - timedelta(days=1)),
        equity=Decimal(990),
        realized=Decimal(0),
    )
    summaries.send_due(MORNING)
    facts = dict(Delivery.objects.get(kind="weekly_report").data["facts"])
    assert facts["Profit in USDT"].startswith("−10.00")


def test_a_day_on_which_the_clock_changes_has_its_own_length():
    end = datetime(2026, 3, 30, tzinfo=BERLIN)
    moments = span_of(DAILY, end).moments
    assert moments[0] == datetime(2026, 3, 29, tzinfo=BERLIN)
    assert (moments[-1] - moments[0].astimezone(UTC)) == timedelta(hours=23)


def test_the_mail_carries_the_picture_for_both_themes(told, bot, settings):
    summaries.send_due(MORNING)
    with mail_server() as server:
        settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
        settings.EMAIL_HOST, settings.EMAIL_PORT, settings.EMAIL_USE_TLS = "127.0.0.1", server.port, False
        Delivery.objects.exclude(kind="weekly_report").delete()
        assert deliveries.drain() == 1
        [(_, message)] = server.received
    assert message.get_content_type() == "multipart/related"
    pictures = {
        part["Content-ID"]: part.get_payload(decode=True)
        for part in message.walk()
        if part.get_content_type() == "image/png"
    }
    assert set(pictures) == {"<chart-light>", "<chart-dark>"}
    assert all(picture.startswith(PNG) for picture in pictures.values())
    html = message.get_body(("html",)).get_content()
    for part in ("cid:chart-light", "cid:chart-dark", "Profit in USDT over time: from +0.00 to +25.00"):
        assert part in html
    text = message.get_body(("plain",)).get_content()
    assert "Profit in USDT: +25.00 (realised +12.00)" in text
    assert "Europe/Berlin" in text


def test_the_task_looks_at_the_clock(told, bot):
    assert send_summaries() in {0, 1, 2}


def test_what_was_told_long_ago_is_forgotten(told, bot):
    summaries.send_due(MORNING)
    Delivery.objects.update(created_at=timezone.now() - timedelta(days=61))
    Delivery.objects.filter(kind="weekly_report").update(state="sent")
    assert forget_notices() == 1
    assert Delivery.objects.get().kind == "daily_summary", "what still waits is kept"
    assert Bot.objects.exists()
