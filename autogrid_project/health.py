"""/healthz: the process answers. /readyz: what it needs is there. /metrics: for Prometheus."""

import ipaddress
from collections.abc import Callable
from functools import cache
from secrets import compare_digest

import redis
from django.conf import settings
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe
from django_prometheus.exports import ExportToDjangoView

from accounts.waiting import direct_connection
from autogrid_project import figures

figures.register()
PATIENCE = 2  # seconds with each of what is asked


@never_cache
@require_safe
def healthz(_request: HttpRequest) -> HttpResponse:
    return JsonResponse({"status": "ok"})


@never_cache
@require_safe
def readyz(_request: HttpRequest) -> HttpResponse:
    missing: dict[str, str] = {}
    for name, check in CHECKS.items():
        if NEEDS.get(name) not in missing and (reason := _ask(check)):
            missing[name] = reason
    if missing:
        return JsonResponse({"status": "unavailable", "missing": missing}, status=503)
    return JsonResponse({"status": "ok", "missing": {}})


@require_safe
def metrics(request: HttpRequest) -> HttpResponse:
    """For this machine, or for who bears AUTOGRID_METRICS_TOKEN."""
    if not (_is_local(request) or _bears_token(request)):
        return HttpResponse(status=403)
    reply: HttpResponse = ExportToDjangoView(request)
    return reply


def _ask(check: Callable[[], str]) -> str:
    """Why it is missing, "" when it is there. Not in the driver's words: they may tell of hosts and users."""
    try:
        return check()
    except Exception as error:  # noqa: BLE001 - whatever is wrong, the answer is "not ready"
        return f"not reachable ({type(error).__name__})"


def _database() -> str:
    """On a connection of its own: the pool would go on trying for ten seconds."""
    with direct_connection(connect_timeout=PATIENCE) as own:
        own.execute("SELECT 1")
    return ""


def _broker() -> str:
    _redis(PATIENCE).ping()
    return ""


def _migrations() -> str:
    global _migrated  # noqa: PLW0603 - once applied they stay applied, and looking costs a second
    if not _migrated:
        executor = MigrationExecutor(connection)
        left = executor.migration_plan(executor.loader.graph.leaf_nodes())
        if left:
            return f"{len(left)} not applied, the first is {left[0][0]}"
        _migrated = True
    return ""


_migrated = False
NEEDS = {"migrations": "database"}
CHECKS = {"database": _database, "migrations": _migrations, "broker": _broker}


@cache
def _redis(patience: float) -> redis.Redis:
    return redis.Redis.from_url(settings.REDIS_URL, socket_timeout=patience, socket_connect_timeout=patience)


def _is_local(request: HttpRequest) -> bool:
    """Behind a proxy on this machine everybody comes from loopback, but not without a forwarding header."""
    if "HTTP_X_FORWARDED_FOR" in request.META or "HTTP_FORWARDED" in request.META:
        return False
    try:
        return ipaddress.ip_address(request.META.get("REMOTE_ADDR", "")).is_loopback
    except ValueError:
        return False


def _bears_token(request: HttpRequest) -> bool:
    token = settings.AUTOGRID_METRICS_TOKEN
    given = request.headers.get("Authorization", "").removeprefix("Bearer ")
    return bool(token) and compare_digest(given.encode(), token.encode())
