"""Notices to Telegram chats: from a fill to the accepted message on an idle system; then thousands of them, to many
chats with random refusals, while deliverers are killed: none lost, none twice but where the answer was lost, no limit
exceeded. Ends with 1 where that fails."""

import argparse
import os
import random
import subprocess
import sys
import time
from collections import Counter, defaultdict
from itertools import pairwise
from math import inf
from typing import Any

from benchmarks.report import percentile, show
from tests.fakes.telegram.chats import Call
from tests.fakes.telegram.server import FakeTelegram

FIRST_CHAT = 10_000
WITHIN = 1.0  # s: Telegram's windows
MOST_OVERALL = 30
AT_THE_KILL = 3.0  # s: what a deliverer had handed over, and died before it heard or wrote of it
DELIVERERS = 3
TELL_EVERY = 30.0  # s
TOO_MANY, BLOCKED = 429, 403


def main(arguments: list[str]) -> None:
    parser = argparse.ArgumentParser(prog="./autogrid bench notices")
    parser.add_argument("--notices", type=int, default=10_000)
    parser.add_argument("--chats", type=int, default=2_000)
    parser.add_argument("--kills", type=int, default=2)
    parser.add_argument("--fills", type=int, default=30, help="for the time on an idle system")
    chosen = parser.parse_args(arguments)
    fake = Unreliable()
    os.environ["AUTOGRID_TELEGRAM_URL"] = fake.url
    _set_up()
    figures = latency(fake, chosen.fills)
    figures |= flood(fake, chosen)
    fake.close()
    wrong = faults(figures, chosen)
    show("notices", figures | {"verdict": "; ".join(wrong) or "as promised"})
    sys.exit(int(bool(wrong)))


class Unreliable(FakeTelegram):
    """Answers 429 to every hundredth message, and 403 for ever in a fiftieth of the chats."""

    def __init__(self) -> None:
        super().__init__()
        self.random = random.Random(1)
        self.failing = False
        self.pauses: list[tuple[str, float, float]] = []  # chat, from, until: what was asked for by a 429

    def call(self, token: str, method: str, params: dict[str, Any]) -> tuple[int, Any] | None:
        if self.failing and method == "sendMessage" and self.random.random() < 0.01:
            chat = int(params["chat_id"])
            self.fault(status=TOO_MANY, retry_after=self.random.randint(1, 5), chat_id=chat)
        answer = super().call(token, method, params)
        if answer and answer[0] == TOO_MANY:
            seconds = answer[1]["parameters"]["retry_after"]
            self.pauses.append((str(params["chat_id"]), time.monotonic(), time.monotonic() + seconds))
        return answer


def _set_up() -> None:
    import django
    from django.core.management import call_command

    django.setup()
    call_command("migrate", verbosity=0)


def latency(fake: FakeTelegram, fills: int) -> dict[str, Any]:
    """From the commit of a fill to the message at Telegram, through Celery as it runs in use."""
    from bots.tests.records import book, fill_of, opened, plain_bot

    users = _users(fake, 0, fills)
    bots = [plain_bot(user, status="running") for user in users]
    worker = _start(fake, "-m", "celery", "-A", "autogrid_project", "worker", "-Q", "celery", "--pool", "threads",
                    "--concurrency", "4", "--without-gossip", "--without-mingle", "--without-heartbeat")  # fmt: skip
    took = []
    for number, (user, bot) in enumerate(zip(users, bots, strict=True)):
        order = opened(bot)
        began = time.monotonic()
        book(bot, fill_of(order, number + 1))
        fake.wait(lambda _, chat=user.telegram_chat_id: fake.from_bot(chat), 120)
        took.append(_calls(fake)[-1].time - began)
        time.sleep(0.2)
    _stop(worker)
    took = took[1:]  # the first has waited for the worker's start
    return {
        "ms from a fill to its message (median)": percentile(took, 0.5) * 1000,
        "ms from a fill to its message (p95)": percentile(took, 0.95) * 1000,
    }


def flood(fake: Unreliable, chosen: argparse.Namespace) -> dict[str, Any]:
    from bots.models import Delivery, DeliveryState

    before = len(_calls(fake))
    users = _users(fake, 50_000, chosen.chats)
    gone = {user.telegram_chat_id for user in users[::50]}
    fake.chats.blocked |= gone
    fake.failing = True
    _write(users, chosen.notices)
    began = time.monotonic()
    deliverers = [_deliverer(fake) for _ in range(DELIVERERS)]
    pending = Delivery.objects.filter(state=DeliveryState.PENDING)
    kills = []
    for kill in range(chosen.kills):
        _until_fewer(pending, chosen.notices * (chosen.kills - kill) // (chosen.kills + 1), deliverers)
        victim = kill % DELIVERERS
        deliverers[victim].kill()  # SIGKILL
        deliverers[victim].wait()
        kills.append(time.monotonic())
        deliverers[victim] = _deliverer(fake)
    _until_fewer(pending, 0, deliverers)
    seconds = time.monotonic() - began
    for deliverer in deliverers:
        _stop(deliverer)
    return {"seconds": seconds, "SIGKILLs": len(kills)} | judge(fake, _calls(fake)[before:], gone, kills)


def judge(fake: Unreliable, calls: list[Call], gone: set[int], kills: list[float]) -> dict[str, Any]:
    """As the fake has seen it, and as the outbox says."""
    from bots.models import Delivery

    states = Counter(Delivery.objects.filter(kind="bot_error").values_list("state", flat=True))
    told = defaultdict(list)  # when each was accepted
    for call in calls:
        if call.status == 200:
            told[int(call.params["chat_id"]), call.params["text"].rpartition("\n")[2]].append(call.time)
    again = [times[0] for times in told.values() for _ in times[1:]]
    at_kills = [time for time in again if any(abs(kill - time) < AT_THE_KILL for kill in kills)]
    lost_answers = min(len(at_kills), len(kills))  # a deliverer has one message in hand
    wanted = {
        (int(row.recipient), row.data["text"])
        for row in Delivery.objects.filter(kind="bot_error")
        if int(row.recipient) not in gone
    }
    return {
        "notices": sum(states.values()),
        "chats": len({chat for chat, _ in wanted}) + len(gone),
        "accepted": sum(map(len, told.values())),
        "answers 429": sum(call.status == TOO_MANY for call in calls),
        "answers 403": sum(call.status == BLOCKED for call in calls),
        "blocked chats": len(gone),
        "lost": len(wanted - set(told)),
        "twice, the answer lost by a kill": lost_answers,
        "twice, otherwise": len(again) - lost_answers,
        "most in a second, over all": most_within(sorted(call.time for call in calls)),
        "shortest time between two of a chat, ms": shortest(calls) * 1000,
        "too early after a 429": _too_early(fake, calls),
    }


def faults(figures: dict[str, Any], chosen: argparse.Namespace) -> list[str]:
    """What was promised and is not so, in words."""
    promised = {
        "not all were written": figures["notices"] == chosen.notices,
        "some were lost": figures["lost"] == 0,
        "some came twice": figures["twice, otherwise"] == 0,
        "too many in a second": figures["most in a second, over all"] <= MOST_OVERALL,
        "too many to a chat": figures["shortest time between two of a chat, ms"] >= WITHIN * 1000,
        "a 429 was not obeyed": figures["too early after a 429"] == 0,
    }
    return [fault for fault, kept in promised.items() if not kept]


def most_within(times: list[float]) -> int:
    first = most = 0
    for last, now in enumerate(times):
        while times[first] <= now - WITHIN:
            first += 1
        most = max(most, last - first + 1)
    return most


def shortest(calls: list[Call]) -> float:
    chats = defaultdict(list)
    for call in calls:
        chats[call.params["chat_id"]].append(call.time)
    return min(
        (later - earlier for times in chats.values() for earlier, later in pairwise(times)), default=inf
    )


def _too_early(fake: Unreliable, calls: list[Call]) -> int:
    """Messages to a chat before the time that a 429 asked for was over."""
    return sum(
        str(call.params["chat_id"]) == chat and since < call.time < until
        for chat, since, until in fake.pauses
        for call in calls
    )


def _calls(fake: FakeTelegram) -> list[Call]:
    with fake.chats.changed:
        # A process that was killed in the midst of a request has said nothing.
        return [
            call for call in fake.chats.calls if call.method == "sendMessage" and "chat_id" in call.params
        ]


def _users(fake: FakeTelegram, first: int, count: int) -> list[Any]:
    from accounts.models import User

    chats = range(FIRST_CHAT + first, FIRST_CHAT + first + count)
    users = [User(email=f"chat{chat}@example.org", telegram_chat_id=chat) for chat in chats]
    User.objects.bulk_create(users)
    for chat in chats:
        fake.open(chat)
    return users


def _write(users: list[Any], notices: int) -> None:
    from bots.models import NoticeSettings
    from bots.services.notices import notify

    only_chat = {"bot_errors": {"email": False}}
    NoticeSettings.objects.bulk_create(NoticeSettings(user=user, choices=only_chat) for user in users)
    for number in range(notices):
        notify(user=users[number % len(users)], kind="bot_error", text=f"Number {number}.")


def _deliverer(fake: FakeTelegram) -> "subprocess.Popen[bytes]":
    return _start(fake, "-m", "benchmarks.notices_deliverer")


def _start(fake: FakeTelegram, *arguments: str) -> "subprocess.Popen[bytes]":
    env = {**os.environ, "DJANGO_SETTINGS_MODULE": "benchmarks.notices_settings"}
    env |= {"AUTOGRID_TELEGRAM_URL": fake.url, "AUTOGRID_TELEGRAM_TOKEN": fake.token}
    return subprocess.Popen(
        [sys.executable, *arguments], env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )


def _stop(process: "subprocess.Popen[bytes]") -> None:
    process.terminate()
    process.wait(60)


def _until_fewer(pending: Any, most: int, deliverers: "list[subprocess.Popen[bytes]]") -> None:
    """However long it takes: what ends a deliverer that nobody killed ends the benchmark."""
    told = time.monotonic()
    while (left := pending.count()) > most:
        assert all(each.poll() is None for each in deliverers), f"a deliverer ended; {left} notices wait"
        if time.monotonic() - told > TELL_EVERY:
            told = time.monotonic()
            print(f"{left:,} notices wait", file=sys.stderr, flush=True)
        time.sleep(0.2)
