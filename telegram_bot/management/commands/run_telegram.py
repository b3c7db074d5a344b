"""The process `telegram`."""

import asyncio
import signal
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError


class Command(BaseCommand):
    help = "Talks with Telegram until it is asked to end."

    def handle(self, *args: Any, **options: Any) -> None:
        if not settings.AUTOGRID_TELEGRAM_TOKEN:
            raise CommandError(
                "AUTOGRID_TELEGRAM_TOKEN is not set: there is no bot to be. See docs/OPERATIONS.md."
            )
        asyncio.run(_serve())


async def _serve() -> None:
    from telegram_bot.service import Service

    service, loop = Service(), asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, service.stop.set)
    await service.serve()
