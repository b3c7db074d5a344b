"""The service in figures, read from the database: for Prometheus and for the operators' front page."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal
from typing import Any

import redis
from django.apps import apps
from django.conf import settings
from django.db import DatabaseError
from django.db.models import Count, Q, Sum
from django.http import HttpRequest
from django.utils import timezone
from prometheus_client import REGISTRY
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from accounts.models import User
from bots.models import Bot, BotEvent, BotStatus, Order, Worker
from exchanges.models import Mode

ACTIVE = timedelta(days=30)
QUEUES = ("bots", "celery")
PATIENCE = 2  # seconds for Redis
Samples = list[tuple[tuple[str, ...], Decimal]]  # (label values, value)


@dataclass(frozen=True, slots=True)
class Figure:
    """`name` is Prometheus's; `words` a sentence."""

    name: str
    words: str
    samples: Samples
    labels: tuple[str, ...] = field(default=())

    @property
    def total(self) -> Decimal:
        return sum((value for _, value in self.samples), Decimal(0))


def figures() -> list[Figure]:
    found = [
        Figure("autogrid_active_users", "Users who signed in within 30 days or whose bots run.", _active()),
        Figure("autogrid_bots", "Bots by what their users want of them.", _bots(), ("status", "mode")),
        Figure("autogrid_trades_executed", "Trades of all bots that exist.", _trades()),
        Figure("autogrid_orders_per_minute", "Orders of running bots in the last minute.", _orders()),
        Figure("autogrid_errors_per_hour", "Errors that bots told of in the last hour.", _errors()),
        Figure("autogrid_tasks_waiting", "Tasks that no worker has taken yet.", _waiting(), ("queue",)),
        Figure("autogrid_workers", "Workers of bots that beat.", [((), Decimal(Worker.objects.count()))]),
        Figure("autogrid_leases", "Bots that a worker holds.", _leases()),
    ]
    if apps.is_installed("billing"):
        from billing import revenue

        found.append(
            Figure("autogrid_mrr_usd", "Dollars that subscriptions bring a month.", [((), revenue.mrr())])
        )
    return found


def _active() -> Samples:
    """Who uses the API alone holds a family of tokens, which ends a week after its last use."""
    now = timezone.now()
    seen = Q(last_login__gte=now - ACTIVE) | Q(bots__status=BotStatus.RUNNING)
    seen |= Q(token_families__expires_at__gt=now, token_families__revoked_at=None)
    return [((), Decimal(User.objects.filter(seen, is_active=True).distinct().count()))]


def _bots() -> Samples:
    counted = Bot.objects.order_by().values_list("status", "credential__mode").annotate(Count("pk"))
    numbers = {(status, mode): number for status, mode, number in counted}
    return [
        ((status, mode), Decimal(numbers.get((status, mode), 0)))
        for status in BotStatus.values
        for mode in Mode.values
    ]


def _trades() -> Samples:
    return [((), Decimal(Bot.objects.aggregate(all=Sum("trades"))["all"] or 0))]


def _orders() -> Samples:
    """Through the bots: orders have no index by time alone."""
    since = timezone.now() - timedelta(minutes=1)
    made = Order.objects.filter(bot__status=BotStatus.RUNNING, created_at__gte=since)
    return [((), Decimal(made.count()))]


def _errors() -> Samples:
    since = timezone.now() - timedelta(hours=1)
    return [((), Decimal(BotEvent.objects.filter(level=BotEvent.Level.ERROR, time__gte=since).count()))]


def _waiting() -> Samples:
    """None while Redis does not answer: the database's figures are told all the same."""
    try:
        with redis.Redis.from_url(
            settings.CELERY_BROKER_URL, socket_timeout=PATIENCE, socket_connect_timeout=PATIENCE
        ) as broker:
            return [((queue,), Decimal(int(broker.llen(queue)))) for queue in QUEUES]
    except redis.RedisError:
        return []


def _leases() -> Samples:
    return [((), Decimal(Bot.objects.exclude(lease_owner=None).count()))]


def on_the_front_page(request: HttpRequest, context: dict[str, Any]) -> dict[str, Any]:
    """Of the admin."""
    found = {figure.name: figure for figure in figures()}
    bots = {status: Decimal(0) for status in BotStatus.values}
    for (status, _), value in found["autogrid_bots"].samples:
        bots[status] += value
    waiting = found["autogrid_tasks_waiting"]
    shown = [
        ("Active users", f"{found['autogrid_active_users'].total:,}"),
        ("Bots that run", f"{bots['running']:,}"),
        ("Bots in error", f"{bots['error']:,}"),
        ("Errors in an hour", f"{found['autogrid_errors_per_hour'].total:,}"),
        ("Orders in the last minute", f"{found['autogrid_orders_per_minute'].total:,}"),
        ("Tasks that wait", f"{waiting.total:,}" if waiting.samples else "Redis is away"),
        ("Workers", f"{found['autogrid_workers'].total:,}"),
        ("Bots they hold", f"{found['autogrid_leases'].total:,}"),
        ("Trades executed", f"{found['autogrid_trades_executed'].total:,}"),
    ]
    if "autogrid_mrr_usd" in found and request.user.has_perm("billing.view_standing"):
        shown.append(("MRR", f"${found['autogrid_mrr_usd'].total:,.2f}"))
    return context | {"figures": shown}


class Figures(Collector):
    def collect(self) -> Iterator[GaugeMetricFamily]:
        """Without the database the rest of /metrics is answered all the same."""
        try:
            found = figures()
        except DatabaseError:
            return
        for figure in found:
            family = GaugeMetricFamily(figure.name, figure.words, labels=figure.labels)
            for labels, value in figure.samples:
                family.add_metric(labels, float(value))
            yield family

    def describe(self) -> Iterator[GaugeMetricFamily]:
        """Nothing: to be registered must not need the database."""
        yield from ()


def register() -> None:
    REGISTRY.register(Figures())
