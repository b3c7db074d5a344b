"""What a user may do by his plan: all that the other apps ask of billing. Self-hosted, the answer is "no limit", and
nothing is looked up.

Who has what is counted by the apps that own it: they register a counter for each limit.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.db import transaction

from accounts.models import User
from billing.plans import LIMITS, PLANS, SELF_HOSTED, Limit, Plan, in_words, leaves_room, lifted_by

Counter = Callable[[Any], int]
COUNTERS: dict[Limit, Counter] = {}


class PlanLimit(Exception):
    """One more than the plan allows; `detail` names the limit, the use and the plan that lifts it."""

    code = "plan_limit"

    def __init__(self, plan: Plan, limit: Limit, used: int) -> None:
        self.limit, self.used, self.lifted_by = limit, used, lifted_by(limit, used)
        self.detail = (
            f"The {plan.name} plan allows {in_words(plan, limit)}, and you have {used:,}. "
            f"The {self.lifted_by.name} plan allows {in_words(self.lifted_by, limit)}."
        )
        super().__init__(self.detail)


@dataclass(frozen=True, slots=True)
class Use:
    name: Limit
    used: int
    limit: int | None

    @property
    def is_full(self) -> bool:
        return self.limit is not None and self.used >= self.limit


def counts(limit: Limit) -> Callable[[Counter], Counter]:
    """Registers who counts what of this limit a user (given as the only argument) has now."""

    def register(counter: Counter) -> Counter:
        COUNTERS[limit] = counter
        return counter

    return register


def is_cloud() -> bool:
    return bool(settings.AUTOGRID_DEPLOYMENT == "cloud")


def plan_of(user: User) -> Plan:
    return PLANS[user.plan] if is_cloud() else SELF_HOSTED


def telegram_scope(user: User) -> str:
    """ "full": commands too; "notifications": notices alone. `user` as the database has him now."""
    return plan_of(user).telegram


@contextmanager
def held(user: User) -> Iterator[None]:
    """A transaction in which `check` holds: of two who want the last place one waits here, and counts the other. The
    user's row is locked before any row of his bots."""
    if not is_cloud():
        yield
        return
    with transaction.atomic():
        User.objects.select_for_update(no_key=True).get(pk=user.pk)
        yield


def check(*, user: User, limit: Limit, used: int | None = None) -> None:
    """Raises PlanLimit where the user may not have one more. Under `held`, unless the caller has counted (`used`) in a
    way that lets nobody in between."""
    if not is_cloud():
        return
    plan = PLANS[User.objects.values_list("plan", flat=True).get(pk=user.pk)]
    used = COUNTERS[limit](user) if used is None else used
    if not leaves_room(plan, limit, used):
        raise PlanLimit(plan, limit, used)


def uses_of(user: User) -> list[Use]:
    """Everything that plans limit, and how much of it the user has."""
    plan = plan_of(user)
    return [Use(limit, COUNTERS[limit](user), plan.allows(limit)) for limit in LIMITS]
