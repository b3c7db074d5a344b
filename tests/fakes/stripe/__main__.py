"""The stand-in for Stripe in `./autogrid demo --cloud`."""

import argparse
import os
import signal
import threading
from pathlib import Path

from tests.fakes.stripe.server import FakeStripe


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--state", type=Path, required=True, help="the file that outlives this process")
    parser.add_argument("--webhook", required=True, help="where events go; signed with STRIPE_WEBHOOK_SECRET")
    options = parser.parse_args()
    fake = FakeStripe(options.port, sending=True, state=options.state)
    fake.send_to(options.webhook, os.environ["STRIPE_WEBHOOK_SECRET"])
    ended = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: ended.set())
    ended.wait()
    fake.close()


if __name__ == "__main__":
    main()
