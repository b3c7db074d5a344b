"""How often one user may make us ask an exchange about accounts: its rate limit is shared by all."""

import math
from uuid import UUID

from accounts.api.throttles import MinuteThrottle
from bots.core.ports import RateLimited


class AccountQuestions(MinuteThrottle):
    scope = "exchange"


def count_question(*, user_id: UUID) -> None:
    """For questions that a page or a client may ask again and again. Raises RateLimited."""
    if not AccountQuestions.counts(str(user_id)):
        wait = math.ceil(AccountQuestions().wait())
        detail = f"You have asked the exchange too often: try again in {wait} seconds."
        raise RateLimited(detail, wait)
