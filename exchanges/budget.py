"""How often one user may make us ask an exchange about accounts: its rate limit is shared by all."""

import math
from uuid import UUID

from accounts.api.throttles import MinuteThrottle
from bots.core.ports import RateLimited


class AskedTooOften(RateLimited):
    """Not the exchange refuses: this user has used up his share of its limit for this minute."""


class AccountQuestions(MinuteThrottle):
    scope = "exchange"


class BalanceLooks(MinuteThrottle):
    """All users' together, by venue: looks at balances that nobody trades by take a bounded share of its limit."""

    scope = "balances"


def count_question(*, user_id: UUID) -> None:
    """For questions that a page or a client may ask again and again. Raises AskedTooOften."""
    if not AccountQuestions.counts(str(user_id)):
        raise _asked_too_often()


def refuse_when_spent(*, user_id: UUID) -> None:
    """As `count_question`, without counting: for questions that count only where nothing comes of them."""
    if AccountQuestions.is_spent(str(user_id)):
        raise _asked_too_often()


def _asked_too_often() -> AskedTooOften:
    wait = math.ceil(AccountQuestions().wait())
    return AskedTooOften(f"You have asked the exchange too often: try again in {wait} seconds.", wait)
