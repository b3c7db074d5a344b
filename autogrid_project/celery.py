"""The Celery app. Queue `bots` holds long-lived runners, queue `celery` everything short."""

import os
from logging.config import dictConfig
from typing import Any

from celery import Celery
from celery.signals import setup_logging, worker_ready, worker_shutting_down

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "autogrid_project.settings.production")

app = Celery("autogrid")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
app.autodiscover_tasks(["bots.runtime"])


@setup_logging.connect
def use_our_logging(**_: Any) -> None:
    """With a receiver here Celery leaves the loggers alone."""
    from django.conf import settings

    dictConfig(settings.LOGGING)


@worker_ready.connect
def begin(**_: Any) -> None:
    """Only where short tasks run: the bots' workers are spared what backtests stand on."""
    if "celery" in app.amqp.queues.consume_from:
        from bots.backtest.warming import warm_in_background
        from bots.services.notices import ask_for_delivery

        warm_in_background()
        ask_for_delivery()  # what a killed worker had in hand


@worker_shutting_down.connect
def end(**_: Any) -> None:
    from bots.services import drainers

    drainers.close()
