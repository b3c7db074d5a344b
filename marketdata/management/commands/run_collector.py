"""The collector process: streams every exchange, or the named ones, until told to stop."""

import asyncio
import signal
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand

from exchanges.connector.facts import FACTS
from exchanges.services import close_hub
from marketdata.collector.collect import collect

_PATIENCE = 10.0  # seconds


class Command(BaseCommand):
    help = "Streams prices to the bots and closed candles to the database."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--exchange", action="append", choices=sorted(FACTS))

    def handle(self, *args: Any, **options: Any) -> None:
        asyncio.run(_run(options["exchange"] or sorted(FACTS)))


async def _run(exchanges: list[str]) -> None:
    stop = asyncio.Event()
    for sign in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(sign, stop.set)
    tasks = [asyncio.create_task(collect(exchange)) for exchange in exchanges]
    await stop.wait()
    for task in tasks:
        task.cancel()
    await asyncio.wait(tasks, timeout=_PATIENCE)  # what is left then is cancelled again by asyncio.run
    await close_hub()
