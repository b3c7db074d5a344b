"""One bot: what it did, what it waits for, and its buttons."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_POST

from bots import selectors
from bots.core.ports import ExchangeError
from bots.core.slots import DCA_EXIT_SLOT
from bots.models import Bot, Strategy
from bots.services import lifecycle
from bots.services.errors import IllegalMove, InvalidConfig
from bots.web.requests import user_of

ROWS = 50
MARKS = 200


@require_GET
@login_required
def bot(request: HttpRequest, bot_id: UUID) -> HttpResponse:
    found = selectors.access_bot(user=user_of(request), bot_id=bot_id)
    return render(request, "web/bot.html", _context(found))


@require_GET
@login_required
def panels(request: HttpRequest, bot_id: UUID) -> HttpResponse:
    """Everything of the page that moves, to be morphed into it."""
    found = selectors.access_bot(user=user_of(request), bot_id=bot_id)
    return render(request, "web/_bot_panels.html", {**_context(found), "oob": True})


def _context(found: Bot) -> dict[str, Any]:
    fills = list(found.fills.all()[:MARKS])
    levels, trouble = _levels(found)
    view = selectors.bot_view(found)
    return {
        "nav": "bots",
        "bot": {**view, "cost": found.cost},
        "hold": selectors.buy_and_hold(found, view["mark_price"]),
        "key": found.credential,
        "stats": selectors.realized_lines(found),
        "levels": levels,
        "levels_error": trouble,
        "moved_to": _moved_to(found, levels),
        "deal": _deal(levels) if found.strategy == Strategy.DCA else None,
        "fills": fills[:ROWS],
        "events": found.events.all()[:ROWS],
        "chart": {
            "levels": [line for level in levels for line in _line(level)],
            "marks": [_mark(fill) for fill in fills],
        },
    }


def _levels(found: Bot) -> tuple[list[dict[str, Any]], str]:
    """The slots, dearest first as in an order book; without the market's rules a sentence instead."""
    try:
        return list(reversed(selectors.levels(found))), ""
    except ExchangeError as error:
        return [], error.detail


def _moved_to(found: Bot, levels: list[dict[str, Any]]) -> tuple[Decimal, Decimal] | None:
    """Between which prices a grid stands that has left its range."""
    slots = [level for level in levels if level["slot"] >= 0 and level["lower_price"]]
    if not slots or not found.memory.get("shift"):
        return None
    return slots[-1]["lower_price"], slots[0]["upper_price"]


def _deal(levels: list[dict[str, Any]]) -> dict[str, Any]:
    extra = [level for level in levels if 0 < level["slot"] < DCA_EXIT_SLOT]
    done = sum(level["reason"].startswith("this safety order") for level in extra)
    exits = [level for level in levels if level["slot"] == DCA_EXIT_SLOT]
    return {"exit": exits[0] if exits else None, "extra": len(extra), "done": done}


def _line(level: dict[str, Any]) -> list[dict[str, Any]]:
    price = level["upper_price"] if level["side"] == "sell" else level["lower_price"]
    return [{"price": str(price), "side": level["side"], "state": level["state"]}] if price else []


def _mark(fill: Any) -> dict[str, Any]:
    return {"time": int(fill.time.timestamp()), "side": fill.side, "price": str(fill.price)}


def _kill(found: Bot, request: HttpRequest) -> None:
    sell = request.POST.get("action") == "cancel_and_sell"
    lifecycle.kill_bot(bot=found, action="cancel_and_sell" if sell else "cancel")


def _plainly(service: Callable[..., Any]) -> Callable[[Bot, HttpRequest], None]:
    return lambda found, _request: service(bot=found)


ACTIONS: dict[str, tuple[Callable[[Bot, HttpRequest], None], str]] = {
    "start": (_plainly(lifecycle.start_bot), "{} is starting."),
    "pause": (_plainly(lifecycle.pause_bot), "{} is paused: it opens nothing new, and its open orders stay."),
    "stop": (_plainly(lifecycle.stop_bot), "{} is stopping: its orders are being cancelled."),
    "reset": (_plainly(lifecycle.reset_bot), "{} may be started again."),
    "delete": (_plainly(lifecycle.delete_bot), "{} was deleted."),
    "kill": (_kill, "Kill switch: {} is halted and its orders are being cancelled."),
}


@require_POST
@login_required
def act(request: HttpRequest, bot_id: UUID, action: str) -> HttpResponse:
    found = selectors.access_bot(user=user_of(request), bot_id=bot_id)
    if action not in ACTIONS:
        raise Http404
    service, words = ACTIONS[action]
    try:
        service(found, request)
    except (IllegalMove, ExchangeError) as refused:
        messages.error(request, refused.detail)
    except InvalidConfig as refused:
        for error in refused.errors:
            messages.error(request, error.detail)
    except Bot.DoesNotExist:  # deleted by another click, after this one had found it
        return redirect("web:bots")
    else:
        messages.success(request, words.format(found.name))
        if action == "delete":
            return redirect("web:bots")
    return redirect("web:bot", bot_id)
