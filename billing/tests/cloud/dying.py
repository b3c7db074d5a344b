"""Processes that receive a webhook and work it off, each killed at one point of the way. Run by
test_killed_on_the_way.py: JSON in, exit codes out."""

import json
import os
import signal
import sys
from collections.abc import Callable
from functools import partial
from typing import Any

import django
import stripe


def killed(work: Callable[[], Any], place: Any, name: str, afterwards: bool) -> int:
    """How a process ended that dies where it calls `name`: before it, or once it is done."""
    child = os.fork()
    if child:
        return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    wanted = getattr(place, name)

    def last_call(*given: Any, **named: Any) -> None:
        if afterwards:
            wanted(*given, **named)
        os.kill(os.getpid(), signal.SIGKILL)

    setattr(place, name, last_call)
    try:
        work()
    finally:
        os._exit(0)  # it was not killed: the test says so


def main() -> None:
    django.setup()
    from django.conf import settings

    from billing import standing, webhooks

    told = json.load(sys.stdin)
    settings.AUTOGRID_STRIPE_URL = stripe.api_base = told["url"]
    settings.STRIPE_SECRET_KEY, settings.STRIPE_WEBHOOK_SECRET = told["key"], told["secret"]
    points = {
        "before it is kept": (webhooks, "_kept", False),
        "before anybody is woken": (webhooks, "ask_for_processing", False),
        "with the event in hand": (webhooks, "handle", False),
        "with Stripe asked": (standing, "_keep_copies", False),
        "in the midst of the transaction": (standing, "settle", True),
        "with the plan written": (standing, "review", True),
    }

    def work(body: str, signature: str) -> None:
        webhooks.receive(body.encode(), signature)
        webhooks.process()

    ended = {point: killed(partial(work, *told["posts"][point]), *where) for point, where in points.items()}
    json.dump(ended, sys.stdout)


if __name__ == "__main__":
    main()
