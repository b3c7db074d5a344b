"""A process that drains the outbox until it is ended."""

import time

import django


def main() -> None:
    django.setup()
    from bots.models import Channel
    from bots.services import deliveries

    while True:
        if not deliveries.drain(Channel.TELEGRAM):
            time.sleep(0.05)


if __name__ == "__main__":
    main()
