"""What Prometheus and the admin's front page are told of the service."""

from datetime import timedelta

import pytest
from django.db import OperationalError
from django.test import Client
from django.utils import timezone

from accounts import tokens
from accounts.models import User
from autogrid_project import figures
from bots.models import Bot, BotEvent
from exchanges.models import Credential


def bot_of(user: User, **state) -> Bot:
    key = Credential.objects.filter(user=user).first() or Credential.objects.create(
        user=user, exchange="binance", label="Paper", mode="paper"
    )
    values = {"name": "Grid", "strategy": "grid", "symbol": "BTC/USDT", "config": {}, "total_investment": 100}
    return Bot.objects.create(user=user, credential=key, **values, **state)


def told() -> str:
    return Client().get("/metrics").content.decode()


def test_active_is_who_signed_in_who_uses_the_api_and_whose_bots_run(alice, bob):
    assert "\nautogrid_active_users 0.0\n" in told()
    tokens.issue(user=alice)
    bot_of(bob, status="running")
    assert "\nautogrid_active_users 2.0\n" in told()
    bot_of(bob, status="running")
    long_ago = User.objects.create_user("carol@example.org")
    long_ago.last_login = timezone.now() - timedelta(days=31)
    long_ago.save()
    assert "\nautogrid_active_users 2.0\n" in told()
    User.objects.filter(pk=long_ago.pk).update(last_login=timezone.now())
    assert "\nautogrid_active_users 3.0\n" in told()


def test_bots_by_what_they_do_and_all_their_trades(alice):
    bot_of(alice, status="running", trades=5)
    broken = bot_of(alice, status="error", trades=2)
    BotEvent.objects.create(bot=broken, kind="key_refused", level="error", text="The key is refused.")
    BotEvent.objects.create(bot=broken, kind="order_filled", text="Bought.")
    page = told()
    assert "\nautogrid_errors_per_hour 1.0\n" in page
    assert '\nautogrid_tasks_waiting{queue="bots"} ' in page
    assert "\nautogrid_workers 0.0\n" in page
    assert "\nautogrid_leases 0.0\n" in page
    assert '\nautogrid_bots{mode="paper",status="running"} 1.0\n' in page
    assert '\nautogrid_bots{mode="live",status="running"} 0.0\n' in page
    assert "\nautogrid_trades_executed 7.0\n" in page
    assert "\nautogrid_orders_per_minute 0.0\n" in page


@pytest.mark.django_db
def test_without_the_database_the_rest_is_answered_all_the_same(monkeypatch):
    def down() -> list[figures.Figure]:
        raise OperationalError

    monkeypatch.setattr(figures, "figures", down)
    page = told()
    assert "autogrid_trades_executed" not in page
    assert "python_info" in page


def test_operators_see_them_on_the_front_page(client, db, settings):
    settings.CELERY_BROKER_URL = "redis://127.0.0.1:1/0"
    operator = User.objects.create_superuser("operator@example.org", "a password for tests")
    bot_of(operator, trades=1234)
    client.force_login(operator, "allauth.account.auth_backends.AuthenticationBackend")
    page = client.get("/admin/").content.decode()
    assert "1,234" in page
    assert "Bots in error" in page
    assert "Redis is away" in page
