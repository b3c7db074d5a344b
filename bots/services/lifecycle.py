"""What users tell their bots. Everything here writes intent; only the runtime trades."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from accounts.models import User
from billing.entitlements import held
from bots.core.ports import ExchangeError
from bots.core.strategies.config import FieldError, as_json
from bots.models import Bot, BotEvent, BotStatus, Order, TradingHalt
from bots.models.order import LIVE
from bots.services import halts
from bots.services.errors import IllegalMove, InvalidConfig
from bots.services.events import publish_bot, record_event
from bots.services.notices import notify
from bots.services.places import check_place
from bots.services.preflight import check_creation, check_credential, check_start
from bots.services.queue import enqueue
from exchanges.budget import AskedTooOften, count_question, refuse_when_spent
from exchanges.models import Credential, PermissionState
from exchanges.services import hold_credential
from marketdata.services import follow

KILL_ACTIONS = {"cancel": "keep", "cancel_and_sell": "sell"}
_DOES = {"cancel": "orders are cancelled", "cancel_and_sell": "orders are cancelled and coins sold"}


def create_bot(
    *, user: Any, credential: Credential, name: str, strategy: str, symbol: str, config: Mapping[str, Any]
) -> Bot:
    """Raises InvalidConfig, ExchangeUnavailable where the market cannot be asked, and Http404 where the key was
    deleted meanwhile."""
    name = _checked_name(name)
    _refuse_too_many(user)
    check_credential(credential)
    parsed = check_creation(credential, strategy, symbol, config)
    with transaction.atomic():
        hold_credential(credential=credential)
        User.objects.select_for_update(no_key=True).get(pk=user.pk)  # two at once: the second waits here
        _refuse_too_many(user)
        bot = Bot.objects.create(
            user=user,
            credential=credential,
            name=name,
            strategy=strategy,
            symbol=symbol,
            config=as_json(strategy, config),
            total_investment=parsed.investment,
            cash=parsed.investment,
        )
        record_event(bot=bot, kind="created", text=f"{name} was created.")
        publish_bot(bot=bot)
    follow(exchange=credential.venue, symbol=symbol)
    return _refreshed(bot)


def _refuse_too_many(user: Any) -> None:
    most = settings.AUTOGRID_MOST_BOTS_PER_USER
    if user.bots.count() >= most:
        raise IllegalMove("too_many_bots", f"You have {most} bots, as many as are allowed: delete one first.")


def _checked_name(name: str) -> str:
    name = str(name).strip()
    if not 1 <= len(name) <= 100 or not name.isprintable():
        raise InvalidConfig([FieldError("name", "invalid", "Give a name of 1 to 100 characters.")])
    return name


def update_bot(*, bot: Bot, name: str | None = None, config: Mapping[str, Any] | None = None) -> Bot:
    """The name at any time, the config of a stopped bot. A changed investment is paid in or taken out in cash."""
    parsed = check_creation(bot.credential, bot.strategy, bot.symbol, config) if config is not None else None
    with _locked(bot) as row:
        if name is not None:
            row.name = _checked_name(name)
        if parsed is not None and config is not None:
            if row.status != BotStatus.STOPPED or row.stopping:
                raise IllegalMove("bot_running", "Stop the bot before you change its config.")
            row.cash += parsed.investment - row.total_investment
            row.total_investment = parsed.investment
            row.config = as_json(row.strategy, config)
            row.memory = {}  # speaks of the levels of the old config
        row.save(update_fields=["name", "config", "memory", "cash", "total_investment"])
        publish_bot(bot=row)
    return _refreshed(bot)


def delete_bot(*, bot: Bot) -> None:
    with _locked(bot) as row:
        at_rest = row.status == BotStatus.STOPPED and not row.stopping and not _has_live_orders(row)
        if not at_rest and not _out_of_reach(row):
            raise IllegalMove(
                "bot_running", "Stop the bot, and wait until it has stopped, before you delete it."
            )
        row.delete()


def _out_of_reach(bot: Bot) -> bool:
    """Nothing more can be done for it: the exchange refuses its key, so that its orders cannot be cancelled."""
    return bot.status == BotStatus.ERROR and bot.credential.permission_state == PermissionState.ERROR


def _has_live_orders(bot: Bot) -> bool:
    return Order.objects.filter(bot_id=bot.pk, status__in=LIVE).exists()


def start_bot(*, bot: Bot) -> Bot:
    """Starts a stopped bot with a new run, resumes a paused one. Raises InvalidConfig, IllegalMove and, of it,
    OverPlan."""
    if bot.status not in (BotStatus.RUNNING, BotStatus.PAUSED):
        _refuse_start(bot)
        _check_start(bot)
    with held(bot.user), _locked(bot) as row:
        if row.status == BotStatus.RUNNING:
            return _refreshed(bot)
        _refuse_start(row)
        check_place(row)
        if row.status == BotStatus.PAUSED:
            _tell(row, "resumed", "The bot was resumed.")
        else:
            row.run += 1
            row.memory = {}
            row.started_at = timezone.now()
            _tell(row, "started", "The bot was started.")
        row.status, row.status_reason, row.stop_action = BotStatus.RUNNING, "", ""
        row.paused_by_plan = False
        row.save()
        enqueue(row)
    follow(exchange=bot.credential.venue, symbol=bot.symbol)
    return _refreshed(bot)


def _check_start(bot: Bot) -> None:
    """The pre-flight costs the exchange's request weight, which all share: starts that are refused use up their user's
    share of it, others do not."""
    refuse_when_spent(user_id=bot.user_id)
    try:
        check_start(bot)
    except (InvalidConfig, ExchangeError):
        with suppress(AskedTooOften):  # this one has its own answer
            count_question(user_id=bot.user_id)
        raise


def _refuse_start(bot: Bot) -> None:
    if bot.halted:
        raise IllegalMove("halted", f"The bot is halted: {bot.status_reason} Reset it before you start it.")
    if bot.stopping:
        raise IllegalMove("stopping", "The bot is still stopping. Start it when its orders are cancelled.")
    if not bot.credential.is_valid:
        raise IllegalMove(
            "credential_invalid", "The exchange refuses this bot's API key. Validate it or replace it."
        )
    halt = halts.concerning(bot)
    if halt is not None:
        raise IllegalMove("halted", halt.sentence)


def pause_bot(*, bot: Bot) -> Bot:
    """Fills are still taken in; nothing new is opened, what is open stays."""
    with _locked(bot) as row:
        if row.status == BotStatus.PAUSED:
            return _refreshed(bot)
        if row.status != BotStatus.RUNNING:
            raise IllegalMove("not_running", "Only a running bot can be paused.")
        row.status = BotStatus.PAUSED
        row.save(update_fields=["status"])
        _tell(row, "paused", "The bot was paused.")
        enqueue(row)
    return _refreshed(bot)


def pause_for_plan(*, bot: Bot, reason: str) -> None:
    """Over the limit of its user's plan. Its open orders stay."""
    with _locked(bot) as row:
        if row.status != BotStatus.RUNNING:
            return
        row.status, row.paused_by_plan, row.status_reason = BotStatus.PAUSED, True, reason
        row.save(update_fields=["status", "paused_by_plan", "status_reason"])
        _tell(row, "plan_paused", reason, "warning")
        enqueue(row)


def stop_bot(*, bot: Bot) -> Bot:
    """All its orders are cancelled; `stopping` is true until the exchange shows none of them any more."""
    with _locked(bot) as row:
        if row.status != BotStatus.STOPPED:
            _stop(row, str(row.config.get("on_stop") or "keep"), "")
            _tell(row, "stopping", "The bot was stopped; its orders are being cancelled.")
    return _refreshed(bot)


def stop_for_halt(*, bot: Bot, halt: TradingHalt) -> bool:
    """An operator stops it with others; it may be started again when their halt is lifted. False where it was at rest
    already."""
    with _locked(bot) as row:
        if row.status not in (BotStatus.RUNNING, BotStatus.PAUSED):
            return False
        _stop(row, "keep", halt.sentence)
        _tell(row, "trading_halted", f"{halt.sentence} The bot was stopped.", "warning")
        return True


def _stop(bot: Bot, action: str, reason: str) -> None:
    bot.status, bot.stopping, bot.stop_action, bot.status_reason = BotStatus.STOPPED, True, action, reason
    bot.save(update_fields=["status", "stopping", "stop_action", "status_reason", "halted"])
    enqueue(bot)


def kill_bot(*, bot: Bot, action: str) -> Bot:
    """The kill switch: `cancel` keeps what the bot holds, `cancel_and_sell` sells it at the market. Halted until
    reset."""
    with transaction.atomic():
        event = _kill(bot, action)
        notify(user=bot.user, kind="kill_switch", text=event.text, bot=bot, event=event)
    return _refreshed(bot)


def _kill(bot: Bot, action: str) -> BotEvent:
    if action not in KILL_ACTIONS:
        detail = f"Must be one of: {', '.join(KILL_ACTIONS)}."
        raise InvalidConfig([FieldError("action", "invalid", detail)])
    with _locked(bot) as row:
        row.halted = True
        _stop(row, KILL_ACTIONS[action], "The kill switch was used.")
        return _tell(row, "killed", f"The kill switch was used: {_DOES[action]}.", "warning")


def kill_all(*, user: Any, action: str) -> list[Bot]:
    """The kill switch for all of a user's bots that are not at rest already."""
    return kill_bots(bots=Bot.objects.filter(user=user), action=action)


def at_work(bots: QuerySet[Bot]) -> QuerySet[Bot]:
    """Those that are not at rest: also stopping ones, and those in error, may have orders left."""
    return bots.exclude(status=BotStatus.STOPPED, stopping=False)


def kill_bots(*, bots: QuerySet[Bot], action: str) -> list[Bot]:
    """The kill switch for those of these bots that are not at rest already."""
    # At once: to tell workers and pages of one may take seconds while the queue is silent.
    with transaction.atomic():
        killed = list(at_work(bots).select_related("user").order_by("id"))
        for bot in killed:
            _kill(bot, action)
        _tell_killed(killed, action)
    return [_refreshed(bot) for bot in killed]


def _tell_killed(killed: list[Bot], action: str) -> None:
    """One notice for each user, however many his bots are."""
    by_user: dict[Any, list[str]] = {}
    for bot in killed:
        by_user.setdefault(bot.user, []).append(bot.name)
    for user, names in by_user.items():
        shown = ", ".join(names[:20]) + (", ..." if len(names) > 20 else "")
        text = f"The kill switch was used, {_DOES[action]}: {shown}."
        notify(user=user, kind="kill_switch", text=text, facts={"Bots halted": str(len(names))})


def reset_bot(*, bot: Bot) -> Bot:
    """Takes the halt away; the bot may be started again."""
    with _locked(bot) as row:
        if row.stopping:
            raise IllegalMove(
                "stopping", "The bot is still stopping. Reset it when its orders are cancelled."
            )
        if row.halted:
            row.halted, row.status_reason = False, ""
            row.save(update_fields=["halted", "status_reason"])
            _tell(row, "reset", "The bot was reset.")
    return _refreshed(bot)


def _tell(bot: Bot, kind: str, text: str, level: str = "info") -> BotEvent:
    event = record_event(bot=bot, kind=kind, text=text, level=level)
    publish_bot(bot=bot)
    return event


@contextmanager
def _locked(bot: Bot) -> Iterator[Bot]:
    """The bot's row, locked for one transaction."""
    with transaction.atomic():
        rows = Bot.objects.select_for_update(no_key=True, of=("self",)).select_related("credential", "user")
        yield rows.get(id=bot.pk)


def _refreshed(bot: Bot) -> Bot:
    bot.refresh_from_db()
    return bot
