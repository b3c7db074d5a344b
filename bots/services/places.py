"""The places that a plan gives: running bots and backtests, counted and taken."""

from collections.abc import Callable

from django.conf import settings
from django.core.cache import cache
from django.db.models import QuerySet
from django.utils import timezone
from redis.exceptions import RedisError

from accounts.models import User
from billing import entitlements
from billing.entitlements import PlanLimit, counts
from billing.plans import Limit
from bots.models import Bot, BotStatus
from bots.services.errors import IllegalMove, OverPlan
from exchanges.models import Mode

TWO_DAYS = 172_800  # seconds


def check_place(bot: Bot) -> None:
    """Before it is made to run, while the user is `held`. Raises OverPlan."""
    _check(bot.user, "live_bots" if bot.credential.mode == Mode.LIVE else "paper_bots")


def _check(user: User, limit: Limit, used: int | None = None) -> None:
    try:
        entitlements.check(user=user, limit=limit, used=used)
    except PlanLimit as refused:
        raise OverPlan(refused.code, refused.detail) from None


def running_live(user: User) -> QuerySet[Bot]:
    return _running(user).filter(credential__mode=Mode.LIVE)


def running_on_paper(user: User) -> QuerySet[Bot]:
    """Testnets too: no money of theirs is real."""
    return _running(user).exclude(credential__mode=Mode.LIVE)


def _running(user: User) -> QuerySet[Bot]:
    return Bot.objects.filter(user=user, status=BotStatus.RUNNING)


COUNTED: dict[Limit, Callable[[User], QuerySet[Bot]]] = {
    "live_bots": running_live,
    "paper_bots": running_on_paper,
}
counts("live_bots")(lambda user: running_live(user).count())
counts("paper_bots")(lambda user: running_on_paper(user).count())


@counts("backtests_a_day")
def backtests_today(user: User) -> int:
    try:
        return int(cache.get(_key(user)) or 0)
    except RedisError:
        return 0  # pages show it; a start is refused below


def count_backtest(*, user: User) -> None:
    """One more of today's (UTC). Raises IllegalMove where the plan, or the operator, allows no more, or nobody can
    count."""
    try:
        cache.add(_key(user), 0, TWO_DAYS)
        before = cache.incr(_key(user)) - 1
    except RedisError:
        detail = "The queue does not answer, so that no backtest can start. Try again in a minute."
        raise IllegalMove("unavailable", detail) from None
    try:
        _refuse_backtest(user, before)
    except IllegalMove:
        cache.decr(_key(user))
        raise


def _refuse_backtest(user: User, before: int) -> None:
    _check(user, "backtests_a_day", before)
    most = settings.AUTOGRID_MOST_BACKTESTS_PER_DAY
    if before >= most:
        raise IllegalMove("too_many", f"You have started {most:,} backtests today: go on tomorrow (UTC).")


def _key(user: User) -> str:
    return f"backtests:{user.pk}:{timezone.now():%Y-%m-%d}"
