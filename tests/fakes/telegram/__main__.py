"""The stand-in for Telegram in `./autogrid demo`."""

import argparse
import os
import signal
import threading

from tests.fakes.telegram.server import FakeTelegram


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, required=True)
    fake = FakeTelegram(parser.parse_args().port, os.environ["AUTOGRID_TELEGRAM_TOKEN"])
    fake.chats.known.add(1)  # the visitor's: it may be linked since the demo ran last
    ended = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: ended.set())
    ended.wait()
    fake.close()


if __name__ == "__main__":
    main()
