"""What a bots worker tells open pages, `python -m benchmarks.sockets_worker`: the worker's own feed over all running
bots of the database, whose price is the moment (s, monotonic) in which it is read: so each push tells its time."""

import asyncio
import os
import time
from decimal import Decimal
from types import SimpleNamespace
from typing import Any, cast

import django


class Runner:
    """As much of a runner as the feed looks at."""

    ready = True

    def __init__(self, bot: Any) -> None:
        from bots import store
        from bots.core.ledger import PositionManager

        self.bot = bot
        manager = PositionManager(bot.total_investment, store.position_value(bot))
        self.engine = SimpleNamespace(position_manager=manager, live=range(6))

    @property
    def ticker(self) -> Any:
        return SimpleNamespace(price=Decimal(time.monotonic_ns() // 1000).scaleb(-6))


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "autogrid_project.settings.demo")
    django.setup()
    from bots.models import Bot
    from bots.runtime.feed import Feed

    runners = [Runner(bot) for bot in Bot.objects.filter(status="running")]
    asyncio.run(Feed(lambda: cast(Any, runners)).run())


if __name__ == "__main__":
    main()
