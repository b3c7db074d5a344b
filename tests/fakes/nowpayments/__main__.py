"""The stand-in for NOWPayments in `./autogrid demo --cloud`."""

import argparse
import os
import signal
import threading
from pathlib import Path

from tests.fakes.nowpayments.server import FakeNowPayments


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--state", type=Path, required=True, help="the file that outlives this process")
    options = parser.parse_args()
    secret = os.environ["NOWPAYMENTS_IPN_SECRET"]
    fake = FakeNowPayments(secret, options.port, sending=True, state=options.state)
    ended = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: ended.set())
    ended.wait()
    fake.close()


if __name__ == "__main__":
    main()
