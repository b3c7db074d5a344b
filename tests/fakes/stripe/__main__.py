"""The stand-in for Stripe in `./autogrid demo --cloud`."""

import argparse
import signal
import threading

from tests.fakes.stripe.server import FakeStripe


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, required=True)
    fake = FakeStripe(parser.parse_args().port, sending=True)
    ended = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: ended.set())
    ended.wait()
    fake.close()


if __name__ == "__main__":
    main()
