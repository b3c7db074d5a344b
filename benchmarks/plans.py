"""Starts at the same moment at a plan's limit: never one too many, never one too few. Ends with 1 where that fails."""

import argparse
import os
import sys
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from benchmarks.report import percentile, show

PLACES = 20  # of live bots on the plan Pro


def main(arguments: list[str]) -> None:
    parser = argparse.ArgumentParser(prog="./autogrid bench plans")
    parser.add_argument("--rounds", type=int, default=100)
    parser.add_argument("--starts", type=int, default=50, help="at the same moment")
    chosen = parser.parse_args(arguments)
    os.environ["AUTOGRID_DEPLOYMENT"] = "cloud"
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "autogrid_project.settings.test")
    import django
    from django.core.management import call_command

    django.setup()
    call_command("migrate", verbosity=0)
    sys.exit(rounds(chosen.rounds, chosen.starts))


def rounds(count: int, starts: int) -> int:
    """In each as many bots run already as leave another number of places free."""
    bots = _made(starts + PLACES)
    outcomes: Counter[str] = Counter()
    took: list[float] = []
    wrong = 0
    with ThreadPoolExecutor(starts) as pool:
        for number in range(count):
            free = number % (PLACES + 1)
            outcome, seconds = _round(pool, bots, starts, free)
            wrong += outcome != Counter({"started": free, "refused": starts - free})
            outcomes += outcome
            took += seconds
            if number % 100 == 99:
                print(f"{number + 1} rounds, {wrong} wrong", flush=True)
    figures: dict[str, Any] = {"rounds": count, "starts at once": starts, **outcomes, "wrong rounds": wrong}
    milliseconds = {f"p{share} ms": 1000 * percentile(took, share / 100) for share in (50, 99)}
    show("plans", {**figures, **milliseconds})
    return int(bool(wrong))


def _made(count: int) -> list[Any]:
    """Bots of one user, with a key that nobody asks about."""
    from accounts.models import User
    from bots.models import Bot
    from exchanges.models import Credential

    user = User.objects.create_user(f"plans-{time.time()}@example.org", plan="pro")
    key = Credential.objects.create(user=user, exchange="binance", label="Plans", mode="live", is_valid=True)
    values = {"strategy": "grid", "symbol": "BTC/USDT", "config": {}, "total_investment": 100}
    rows = [Bot(user=user, credential=key, name=f"Bot {n}", **values) for n in range(count)]
    return Bot.objects.bulk_create(rows)


def _round(
    pool: ThreadPoolExecutor, bots: list[Any], starts: int, free: int
) -> tuple[Counter[str], list[float]]:
    from bots.models import Bot
    from bots.services import lifecycle
    from bots.services.errors import OverPlan

    running = {bot.pk for bot in bots[starts : starts + PLACES - free]}
    Bot.objects.filter(user=bots[0].user).update(status="paused")
    Bot.objects.filter(pk__in=running).update(status="running")
    together = threading.Barrier(starts)

    def start(bot: Any) -> tuple[str, float]:
        mine = Bot.objects.select_related("user", "credential").get(pk=bot.pk)
        together.wait(60)
        began = time.perf_counter()
        try:
            lifecycle.start_bot(bot=mine)
        except OverPlan:
            return "refused", time.perf_counter() - began
        return "started", time.perf_counter() - began

    done = list(pool.map(start, bots[:starts]))
    held = Bot.objects.filter(user=bots[0].user, status="running").count()
    return Counter(outcome for outcome, _ in done) + Counter({"too many": held - PLACES}), [
        seconds for _, seconds in done
    ]
