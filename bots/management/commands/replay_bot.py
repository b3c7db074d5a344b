"""Replays what was recorded of a live bot through the engine, and says whether it does the same."""

from argparse import ArgumentParser
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from bots.backtest.recorded import Found, replay_page
from bots.core.ids import bot_prefix
from bots.recording.pages import Unreadable, core_version
from bots.recording.reader import Page, pages

OTHER = "recorded with another version of the trading core: what differs may come of that"


class Command(BaseCommand):
    help = (
        "Replays the recorded inbox of a live bot through the engine and compares every command, every booking and "
        "the state it ends in. Exit code 1 where something differs; the first difference is shown."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("bot", type=UUID, help="the bot's id")
        parser.add_argument(
            "--recordings", type=Path, default=settings.AUTOGRID_RECORDINGS, help="their folder"
        )

    def handle(self, *args: Any, bot: UUID, recordings: Path, **options: Any) -> None:
        found = pages(recordings, bot_prefix(bot))
        if not found:
            days = settings.AUTOGRID_RECORDING_DAYS
            why = "recording is off (AUTOGRID_RECORDING_DAYS=0)" if days <= 0 else f"in the last {days} days"
            raise CommandError(f"Nothing is recorded of bot {bot}: {why}.")
        results = [each for page in found if (each := self._replay(page, bot)) is not None]
        if not results:
            raise CommandError("All that is recorded is of another version of the trading core.")
        commands, events = (sum(getattr(each, name) for each in results) for name in ("commands", "events"))
        if any(each.difference for each in results):
            raise CommandError("The engine does not do what was recorded.")
        self.stdout.write(self.style.SUCCESS(f"Identical: {commands} commands in {events} events."))

    def _replay(self, page: Page, bot: UUID) -> Found | None:
        """None where this version of the core cannot read the page."""
        try:
            result = replay_page(page, bot)
        except Unreadable as error:
            self.stdout.write(f"{_clock(page.began)}: left out, {error} ({OTHER})")
            return None
        begins = "a start" if page.begins_run else "a new file"
        told = f"{_clock(page.began)} to {_clock(page.ended)}, from {begins}: {result.events} events, "
        told += f"{result.commands} commands, " + ("DIFFERENT" if result.difference else "identical")
        if result.cut:
            told += "; it stops without an end (the process was ended, or goes on)"
        if page.core != core_version():
            told += f"; {OTHER}"
        self.stdout.write(told)
        if result.difference:
            self.stdout.write(self.style.ERROR(f"  at {_clock(result.at)}, {result.difference}"))
        return result


def _clock(ms: int) -> str:
    return f"{datetime.fromtimestamp(ms / 1000, UTC):%Y-%m-%d %H:%M:%S.%f}"[:-3] + " UTC"
