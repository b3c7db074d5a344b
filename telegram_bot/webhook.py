"""Telegram's calls to us: checked, kept for the service (`inbox`), answered at once. Nothing here knows the library:
the web process is spared it."""

import json
from typing import Any

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.utils.crypto import constant_time_compare, salted_hmac
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from telegram_bot import inbox
from telegram_bot.audit import refused
from telegram_bot.models import Refusal

SECRET_HEADER = "X-Telegram-Bot-Api-Secret-Token"  # noqa: S105 - the name of a header
PATH = "/telegram/webhook/"
LARGEST = 256 * 1024


def secret() -> str:
    """What Telegram has to send along: follows from the token and our own key, so that nobody has to keep it."""
    return salted_hmac("telegram.webhook", settings.AUTOGRID_TELEGRAM_TOKEN, algorithm="sha256").hexdigest()


def address() -> str:
    return f"{settings.AUTOGRID_URL}{PATH}"


@csrf_exempt
@require_POST
def webhook(request: HttpRequest) -> HttpResponse:
    """403 for a wrong secret, 400 for what is no update, 503 where it cannot be kept now: Telegram asks again then."""
    if settings.AUTOGRID_TELEGRAM_MODE != "webhook" or not settings.AUTOGRID_TELEGRAM_TOKEN:
        raise Http404
    if not constant_time_compare(request.headers.get(SECRET_HEADER, ""), secret()):
        refused(Refusal.Kind.FORGED_SECRET, detail=request.META.get("REMOTE_ADDR", ""))
        return HttpResponse(status=403)
    update = _update_of(request)
    if update is None:
        return HttpResponse(status=400)
    return HttpResponse(status=200 if inbox.keep(update) else 503)


def _update_of(request: HttpRequest) -> dict[str, Any] | None:
    if int(request.META.get("CONTENT_LENGTH") or 0) > LARGEST:
        return None
    try:
        update = json.loads(request.body)
    except ValueError:
        return None
    fits = isinstance(update, dict) and isinstance(update.get("update_id"), int)
    return update if fits else None
