"""What operators do to all bots of the system, of an exchange or of a user at once."""

from typing import Any

from django.db import transaction

from bots.models import Bot, HaltAction, TradingHalt
from bots.services import halts, lifecycle


def halt_trading(
    *, scope: str, reason: str, action: str, by: Any, exchange: str = "", user: Any = None
) -> TradingHalt:
    """Raises IllegalMove where such a halt is in force already. The bots are stopped after the halt stands: whatever
    happens meanwhile, nothing opens any more."""
    halt = halts.place_halt(scope=scope, reason=reason, action=action, exchange=exchange, user=user, by=by)
    if action == HaltAction.STOP:
        transaction.on_commit(lambda: stop_bots(halt))
    return halt


def stop_bots(halt: TradingHalt) -> int:
    """Each in a transaction of its own: runners must not wait for all of them. What is missed, its worker stops."""
    at_work = halts.bots_under(halt).filter(halts.AT_WORK).select_related("user").order_by("id")
    return sum(lifecycle.stop_for_halt(bot=bot, halt=halt) for bot in at_work.iterator())


def kill_everything(*, action: str, by: Any) -> tuple[TradingHalt | None, list[Bot]]:
    """The kill switch of the whole system: nothing starts any more, and every bot at work is halted."""
    try:
        halt = halts.place_halt(scope="all", reason="the kill switch of the system was used", by=by)
    except lifecycle.IllegalMove:
        halt = None  # in force already
    return halt, lifecycle.kill_bots(bots=Bot.objects.all(), action=action)
