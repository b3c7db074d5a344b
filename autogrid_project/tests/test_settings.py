"""Production refuses to start on what would make it unsafe. Each case is a process of its own, as settings are."""

import json
import os
import subprocess
import sys

import psycopg
import pytest
from django.db import connection

from autogrid_project.services.home import ROOT
from autogrid_project.settings.base import IDLE_IN_TRANSACTION
from bots.runtime import leases

GOOD = {
    "DJANGO_SETTINGS_MODULE": "autogrid_project.settings.production",
    "DJANGO_SECRET_KEY": "".join(f"{number:x}z" for number in range(40)),
    "CRYPTOGRAPHY_KEY": "".join(f"{number:x}y" for number in range(40)),
    "AUTOGRID_ENCRYPTION_KEYS": "k1:MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=",
    "DATABASE_URL": "postgres://nobody@127.0.0.1:1/none",
    "REDIS_URL": "redis://127.0.0.1:1/0",
    "AUTOGRID_HOSTS": "grid.example.org",
}
SHOW = """
import json
from django.conf import settings as s
print(json.dumps([s.EXCHANGE_SIMULATOR, s.SESSION_COOKIE_SECURE, s.CSRF_COOKIE_SECURE, s.SECURE_HSTS_SECONDS > 0]))
"""


def load(**changes: str | None) -> subprocess.CompletedProcess[str]:
    chosen = {name: value for name, value in {**GOOD, **changes}.items() if value is not None}
    env = {"PATH": os.environ["PATH"], **chosen}
    return subprocess.run(
        [sys.executable, "-c", SHOW], cwd=ROOT, env=env, capture_output=True, text=True, check=False
    )


def test_production_is_https_only_and_has_no_simulator():
    assert json.loads(load().stdout) == [None, True, True, True]


def test_loopback_http_needs_no_secure_cookies():
    loaded = load(AUTOGRID_LOOPBACK_HTTP="1", AUTOGRID_HOSTS="localhost,127.0.0.1")
    assert json.loads(loaded.stdout) == [None, False, False, False]


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"DJANGO_SECRET_KEY": None}, "DJANGO_SECRET_KEY is not set"),
        ({"DJANGO_SECRET_KEY": "short"}, "DJANGO_SECRET_KEY must be"),
        ({"DJANGO_SECRET_KEY": "test-only-" + "x" * 50}, "DJANGO_SECRET_KEY must be"),
        ({"DJANGO_SECRET_KEY": "django-insecure-" + GOOD["DJANGO_SECRET_KEY"]}, "DJANGO_SECRET_KEY must be"),
        ({"CRYPTOGRAPHY_KEY": "short"}, "CRYPTOGRAPHY_KEY must be"),
        ({"AUTOGRID_NOTICE_NETWORKS": "10.0.0.1/8"}, "AUTOGRID_NOTICE_NETWORKS must be"),
        ({"AUTOGRID_ENCRYPTION_KEYS": "k1:" + "A" * 43 + "="}, "ENCRYPTION_KEYS"),
        ({"AUTOGRID_HOSTS": "*"}, "AUTOGRID_HOSTS"),
        ({"AUTOGRID_HOSTS": "grid.example.org,*"}, "AUTOGRID_HOSTS"),
        ({"AUTOGRID_TRUSTED_PROXIES": "-1"}, "AUTOGRID_TRUSTED_PROXIES"),
        ({"AUTOGRID_ENCRYPTION_KEYS": None}, "AUTOGRID_ENCRYPTION_KEYS is not set"),
        ({"AUTOGRID_ENCRYPTION_KEYS": "k1:dGVzdC1vbmx5LXRlc3Qtb25seS10ZXN0LW9ubHktISE="}, "ENCRYPTION_KEYS"),
        ({"AUTOGRID_ENCRYPTION_KEYS": "k1:c2hvcnQ="}, "ENCRYPTION_KEYS"),
        ({"AUTOGRID_TELEGRAM": "http://127.0.0.1:1"}, "AUTOGRID_TELEGRAM is for the demo"),
        ({"AUTOGRID_TELEGRAM_MODE": "webhook"}, "needs AUTOGRID_URL"),
        ({"AUTOGRID_SIMULATOR": '{"host": "127.0.0.1"}'}, "AUTOGRID_SIMULATOR"),
        ({"AUTOGRID_LOOPBACK_HTTP": "1"}, "AUTOGRID_HOSTS"),
        ({"AUTOGRID_DB_POOL": "many"}, "AUTOGRID_DB_POOL must be"),
    ],
)
def test_production_refuses(changes, reason):
    loaded = load(**changes)
    assert loaded.returncode != 0
    assert reason in loaded.stderr.splitlines()[-1]


def test_postgres_ends_sessions_that_stand_still_before_their_worker_is_taken_for_dead(db):
    parameters = connection.get_connection_params() | {"options": IDLE_IN_TRANSACTION}
    names = ("host", "port", "user", "password", "dbname", "options")
    with psycopg.connect(**{name: parameters[name] for name in names if name in parameters}) as link:
        [(milliseconds,)] = link.execute(
            "SELECT setting::int FROM pg_settings WHERE name = 'idle_in_transaction_session_timeout'"
        ).fetchall()
    assert 5_000 <= milliseconds < leases.TTL * 1000
