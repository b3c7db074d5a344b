"""Halts of trading above a single bot, by operators and by the circuit breaker.

A halt is in force from its commit on: starts are refused, workers hand it to their bots within a second, and their risk
gates then let no order through. With action `stop` the bots concerned are stopped as well and their orders cancelled.
"""

from collections.abc import Iterable
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import Count, Q, QuerySet
from django.utils import timezone

from accounts.models import User
from bots.core.risk import RULES
from bots.models import Bot, BotEvent, BotStatus, HaltAction, Scope, TradingHalt
from bots.models.halt import ACTIVE
from bots.services.errors import IllegalMove
from bots.services.events import record_event
from bots.services.notices import notify, notify_operators

WITHIN = timedelta(minutes=1)  # the trips that the circuit breaker counts together
AT_WORK = Q(status__in=[BotStatus.RUNNING, BotStatus.PAUSED])


def active() -> list[TradingHalt]:
    """Those in force, the widest first."""
    order = list(Scope)
    return sorted(TradingHalt.objects.filter(ACTIVE), key=lambda halt: order.index(Scope(halt.scope)))


def concerning(bot: Bot) -> TradingHalt | None:
    """The halt under which this bot may not trade; the one that stops goes before one that pauses."""
    return first_of(active(), bot)


def first_of(halts: Iterable[TradingHalt], bot: Bot) -> TradingHalt | None:
    found = [halt for halt in halts if halt.concerns(bot)]
    return next((halt for halt in found if halt.action == HaltAction.STOP), found[0] if found else None)


def seen_by(user: Any) -> list[TradingHalt]:
    """What a user has to know: halts of all, of him, and of exchanges he has a key for."""
    halts = active()
    exchanges = set(user.credentials.values_list("exchange", flat=True)) if halts else set()
    return [
        halt
        for halt in halts
        if halt.scope == Scope.ALL or halt.user_id == user.pk or halt.exchange in exchanges
    ]


def place_halt(
    *,
    scope: str,
    reason: str,
    action: str = HaltAction.PAUSE,
    exchange: str = "",
    user: Any = None,
    by: Any = None,
) -> TradingHalt:
    """Raises IllegalMove `halted` where such a halt is in force already. To stop bots as well is for
    `operators.halt_trading`."""
    try:
        with transaction.atomic():
            halt = TradingHalt.objects.create(
                scope=scope,
                exchange=exchange,
                user=user,
                action=action,
                reason=reason[:300],
                automatic=by is None,
                placed_by=by,
            )
            _tell_placed(halt)
    except IntegrityError:
        raise IllegalMove("halted", "Such a halt is in force already: lift it first.") from None
    return halt


def lift_halt(*, halt: TradingHalt, by: Any) -> None:
    """Bots that were paused by it go on within a second; those it stopped are started by their users."""
    with transaction.atomic():
        row = TradingHalt.objects.select_for_update().get(pk=halt.pk)
        if row.lifted_at is not None:
            return
        row.lifted_at, row.lifted_by = timezone.now(), by
        row.save(update_fields=["lifted_at", "lifted_by"])
        notify_operators(
            kind="system_resumed",
            text=f"The halt of {row.whom} was lifted by {by}. Its reason was: {row.reason}",
            key=str(row.pk),
        )
        for user in _users_at_work(row):
            text = "Trading goes on: the halt was lifted."
            notify(user=user, kind="trading_resumed", text=text, key=f"{row.pk}:{user.pk}")
    halt.refresh_from_db()


def lift_own_halt(*, user: Any) -> None:
    """A user may lift what the circuit breaker placed on him, as he may reset a bot. Raises IllegalMove where there is
    no such halt."""
    halt = TradingHalt.objects.filter(ACTIVE, scope=Scope.USER, user=user, automatic=True).first()
    if halt is None:
        raise IllegalMove("not_halted", "The circuit breaker has not halted your trading.")
    lift_halt(halt=halt, by=user)


def bots_under(halt: TradingHalt) -> QuerySet[Bot]:
    bots = Bot.objects.all()
    if halt.scope == Scope.USER:
        return bots.filter(user=halt.user)
    return bots.filter(credential__exchange=halt.exchange) if halt.scope == Scope.EXCHANGE else bots


def _users_at_work(halt: TradingHalt) -> QuerySet[User]:
    return User.objects.filter(bots__in=bots_under(halt).filter(AT_WORK)).distinct()


def _tell_placed(halt: TradingHalt) -> None:
    effect = "Open orders are cancelled." if halt.action == HaltAction.STOP else "Nothing new is opened."
    facts = {"Scope": halt.whom, "Action": halt.action, "Placed by": str(halt.placed_by or "circuit breaker")}
    notify_operators(kind="system_halt", text=f"{halt.sentence} {effect}", facts=facts, key=str(halt.pk))
    for user in _users_at_work(halt):
        text = f"{halt.sentence} {effect}"
        notify(user=user, kind="trading_halted", text=text, key=f"{halt.pk}:{user.pk}")


# The circuit breaker above single bots


def judge_trips(bot: Bot) -> None:
    """After a bot was halted by one of its own limits, and that stands: are these too many within a minute? Of several
    that trip at once the last to commit sees them all."""
    trips = BotEvent.objects.filter(kind__in=RULES, time__gt=timezone.now() - WITHIN)
    bots = trips.filter(bot__user_id=bot.user_id).aggregate(n=Count("bot", distinct=True))["n"]
    users = trips.aggregate(n=Count("bot__user", distinct=True))["n"]
    if 0 < settings.AUTOGRID_BREAKER_USER_BOTS <= bots:
        reason = f"{bots} of your bots were halted by their limits within a minute"
        _trip(scope=Scope.USER, user=bot.user, reason=reason)
    if 0 < settings.AUTOGRID_BREAKER_SYSTEM_USERS <= users:
        reason = f"bots of {users} users were halted by their limits within a minute"
        _trip(scope=Scope.ALL, reason=reason)


def _trip(**halt: Any) -> None:
    try:
        placed = place_halt(**halt)
    except IllegalMove:
        return  # in force already
    if placed.user is not None:
        for bot in placed.user.bots.filter(AT_WORK):
            record_event(bot=bot, kind="trading_halted", text=placed.sentence, level="error")
