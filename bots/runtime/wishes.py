"""What users and operators want of the bots of a worker. Asked for every second, of a thousand bots: so first whether
anything has changed."""

from uuid import UUID

from django.db import connection

from bots.models import Bot, BotStatus, HaltAction, TradingHalt
from bots.runtime.inbox import Intent
from bots.services import halts, lifecycle

# Of the bots that the worker holds and of the halts in force: changes whenever an answer of `intents` would.
MARK = """
SELECT md5(concat(
  (SELECT string_agg(concat_ws(',', b.id, lease_token, status, stopping, stop_action, is_valid), ';' ORDER BY b.id)
   FROM bots b JOIN exchange_credentials c ON c.id = credential_id WHERE lease_owner_id = %s),
  (SELECT string_agg(id::text, ',' ORDER BY id) FROM trading_halts WHERE lifted_at IS NULL)
))
"""


def mark(worker_id: UUID) -> str:
    with connection.cursor() as cursor:
        cursor.execute(MARK, [worker_id])
        return str(cursor.fetchone()[0])


def intents(worker_id: UUID, bot_ids: list[UUID]) -> dict[UUID, tuple[int, Intent, bool]]:
    """Of each of these bots that the worker holds: its token, what its user wants, and whether its key is still a
    good one."""
    rows = Bot.objects.filter(lease_owner=worker_id, id__in=bot_ids).select_related("credential")
    rows = rows.only(
        "lease_token", "status", "stopping", "stop_action", "user_id",
        "credential__is_valid", "credential__exchange",
    )  # fmt: skip
    active = halts.active()
    return {bot.pk: (bot.lease_token, _intent(bot, active), bot.credential.is_valid) for bot in rows}


def _intent(bot: Bot, active: list[TradingHalt]) -> Intent:
    """A halt that stops bots has stopped those it found. One that was started in the same moment is stopped here."""
    halt = halts.first_of(active, bot)
    late = bot.status in (BotStatus.RUNNING, BotStatus.PAUSED)
    if halt is not None and halt.action == HaltAction.STOP and late:
        lifecycle.stop_for_halt(bot=bot, halt=halt)
        bot.refresh_from_db(fields=["status", "stopping", "stop_action"])
    return Intent(bot.status, bot.stopping, bot.stop_action, halt.sentence if halt else "")
