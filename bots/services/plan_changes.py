"""A plan that changed: the newest bots over its limits are paused, those that were come back, and the user hears of it.

Runs in the transaction of the change, while the user is held: no start gets in between.
"""

from contextlib import suppress
from typing import Any

from django.dispatch import receiver

from accounts.models import User
from billing.plans import PLANS, Limit, Plan, in_words
from billing.signals import operator_news, plan_changed, plan_news
from bots.models import Bot, BotStatus
from bots.services.errors import IllegalMove
from bots.services.lifecycle import pause_for_plan, start_bot
from bots.services.notices import notify, notify_operators
from bots.services.places import COUNTED


@receiver(plan_news)
def tell_news(user: User, news: Any, **_: Any) -> None:
    notify(user=user, kind=news.kind, text=news.text, key=news.key)


@receiver(operator_news)
def tell_operators(text: str, facts: dict[str, str], key: str, **_: Any) -> None:
    notify_operators(kind="system_billing", text=text, facts=facts, key=key)


@receiver(plan_changed)
def follow_plan(user: User, before: str, after: str, **_: Any) -> None:
    plan = PLANS[after]
    text = f"You were on the {PLANS[before].name} plan and are now on the {plan.name} plan."
    notify(user=user, kind="plan_changed", text=text)
    paused = [bot for limit in COUNTED for bot in _pause_over(user, plan, limit)]
    if paused:
        text = f"Paused, because the {plan.name} plan allows fewer: {_named(paused)}. Their open orders stay."
        notify(user=user, kind="plan_paused", text=text)
        return
    resumed = [bot for limit in COUNTED for bot in _resume(user, limit)]
    if resumed:
        notify(user=user, kind="plan_resumed", text=f"Running again: {_named(resumed)}.")


def _pause_over(user: User, plan: Plan, limit: Limit) -> list[Bot]:
    """The newest first; the oldest keep running."""
    most = plan.allows(limit)
    if most is None:
        return []
    over = list(COUNTED[limit](user).order_by("created_at", "id")[most:])
    for bot in over:
        pause_for_plan(bot=bot, reason=f"The {plan.name} plan allows {in_words(plan, limit)}.")
    return over


def _resume(user: User, limit: Limit) -> list[Bot]:
    """The oldest first, as many as there is room for; what cannot start (halted, key refused) is left."""
    back = []
    waiting = Bot.objects.filter(user=user, status=BotStatus.PAUSED, paused_by_plan=True)
    for bot in waiting.select_related("user", "credential").order_by("created_at", "id"):
        if (bot.credential.mode == "live") == (limit == "live_bots"):
            with suppress(IllegalMove):
                back.append(start_bot(bot=bot))
    return back


def _named(bots: list[Bot]) -> str:
    return ", ".join(bot.name for bot in bots[:20]) + (", ..." if len(bots) > 20 else "")
