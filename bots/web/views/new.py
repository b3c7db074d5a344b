"""A new bot: one form, its live pre-flight, and the market it is about."""

from decimal import Decimal
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, JsonResponse, QueryDict
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts.models import User
from bots import selectors
from bots.backtest import kept
from bots.backtest.suggest import suggest
from bots.core.ports import ExchangeError, UnknownSymbol
from bots.core.rounding import nearest
from bots.core.strategies.config import to_decimal
from bots.models import Bot
from bots.services import lifecycle
from bots.services.errors import IllegalMove, InvalidConfig
from bots.services.preflight import preflight
from bots.web.forms import BotForm, initial_of, initial_of_backtest
from bots.web.kept_config import config_of
from bots.web.requests import user_of, uuid_of
from exchanges import services as exchanges
from exchanges.models import Credential
from marketdata.services import follow

MOST_SYMBOLS = 30
SUGGESTED = ("lower_price", "upper_price", "grid_count", "spacing")


def _form(user: User, *args: Any, **kwargs: Any) -> BotForm:
    return BotForm(*args, credentials=user.credentials.order_by("-is_valid", "-created_at"), **kwargs)


@require_http_methods(["GET", "POST"])
@login_required
def new(request: HttpRequest) -> HttpResponse:
    user = user_of(request)
    sentences: list[str] = []
    if "suggest" in request.POST:
        form, sentences = _suggested(user, request.POST)
    elif request.method == "POST":
        form = _form(user, request.POST)
        if form.is_valid():
            answer = _create(request, form)
            if answer is not None:
                return answer
    else:
        form = _form(user, initial=_initial(request))
    context = {"nav": "new", "form": form, "has_key": user.credentials.exists(), "sentences": sentences}
    context["first"] = not user.bots.exists()
    return render(request, "web/new.html", context, status=422 if form.errors else 200)


def _initial(request: HttpRequest) -> dict[str, Any]:
    """As another bot is, or as a backtest was, or nothing but the most common market."""
    user = user_of(request)
    if like := request.GET.get("like"):
        return initial_of(selectors.access_bot(user=user, bot_id=like))
    if backtest := request.GET.get("backtest"):
        found = kept.access_backtest(user=user, backtest_id=uuid_of(backtest))
        return initial_of_backtest(found, config_of(found, request.GET.get("best")), user.credentials.all())
    return {"symbol": "BTC/USDT"}


def _suggested(user: User, data: QueryDict) -> tuple[BotForm, list[str]]:
    """The form with a range and a number of grids filled in, and why these."""
    form = _form(user, data)
    form.fields["name"].required = False
    if not form.is_valid():
        return form, []
    try:
        found = suggest(
            exchange=form.cleaned_data["credential"].venue,
            symbol=form.cleaned_data["symbol"].upper(),
            investment=to_decimal(form.cleaned_data["investment"] or "0"),
        )
    except ValueError as error:
        form.add_error("investment", str(error))
    except InvalidConfig as refused:
        form.add_service_errors(refused.errors)
    except ExchangeError as error:
        form.add_error(None, error.detail)
    else:
        suggested = {name: found.config[name] for name in SUGGESTED}
        return _form(user, initial=form.cleaned_data | suggested), found.sentences
    return form, []


def _create(request: HttpRequest, form: BotForm) -> HttpResponse | None:
    """Creates the bot and, where asked to, starts it. None where it was refused: the form says why."""
    data, starts = form.cleaned_data, "start" in request.POST
    try:
        bot = lifecycle.create_bot(
            user=user_of(request),
            credential=data["credential"],
            name=data["name"],
            strategy=data["strategy"],
            symbol=data["symbol"],
            config=form.config(),
        )
    except InvalidConfig as refused:
        form.add_service_errors(refused.errors)
        return None
    except ExchangeError as error:
        form.add_error(None, error.detail)
        return None
    if starts and not _start(bot, form):
        lifecycle.delete_bot(bot=bot)  # nothing half created: the same form again, with what to mend
        return None
    words = "is starting." if starts else "was created. It trades nothing until you start it."
    messages.success(request, f"{bot.name} {words}")
    return redirect("web:bot", bot.id)


def _start(bot: Bot, form: BotForm) -> bool:
    try:
        lifecycle.start_bot(bot=bot)
    except InvalidConfig as refused:
        form.add_service_errors(refused.errors)
    except (IllegalMove, ExchangeError) as refused:
        form.add_error(None, refused.detail)
    return not form.errors


@require_POST
@login_required
def check(request: HttpRequest) -> HttpResponse:
    """The pre-flight of what is in the form so far; nothing is saved, and blanks are no mistakes yet."""
    form, result, trouble = _form(user_of(request), request.POST), None, ""
    form.fields["name"].required = False
    if form.is_valid():
        try:
            result = preflight(
                credential=form.cleaned_data["credential"],
                strategy=form.cleaned_data["strategy"],
                symbol=form.cleaned_data["symbol"],
                config=form.config(),
            )
        except InvalidConfig as refused:
            form.add_service_errors(error for error in refused.errors if error.code != "required")
        except ExchangeError as error:
            trouble = error.detail
        else:
            form.add_service_errors(result.failures)
    context = {"form": form, "result": result, "trouble": trouble, "symbol": request.POST.get("symbol", "")}
    return render(request, "web/_check.html", context)


@require_GET
@login_required
def market(request: HttpRequest) -> JsonResponse:
    """Price, rules and a first range of +-10 % for the market in the form."""
    wanted = uuid_of(request.GET.get("credential", ""))
    credential = exchanges.access_credential(user=user_of(request), credential_id=wanted)
    symbol = request.GET.get("symbol", "").upper()
    try:
        rules = exchanges.market_of(credential.venue, symbol)
        price = exchanges.ticker_of(credential.venue, symbol).price
    except UnknownSymbol as error:
        return JsonResponse({"detail": error.detail}, status=404)
    except ExchangeError as error:
        return JsonResponse({"detail": error.detail}, status=503)
    follow(exchange=credential.venue, symbol=rules.symbol)
    answer = {
        "exchange": credential.venue,
        "symbol": rules.symbol,
        "base": rules.base,
        "quote": rules.quote,
        "price": f"{price:f}",
        "tick": f"{rules.tick:f}",
        "lower": f"{nearest(price * Decimal('0.9'), rules.tick):f}",
        "upper": f"{nearest(price * Decimal('1.1'), rules.tick):f}",
        "free": _free(credential, rules.quote),
    }
    return JsonResponse(answer)


def _free(credential: Credential, coin: str) -> str | None:
    """What the account could invest; None where the exchange does not tell."""
    try:
        exchanges.count_question(user_id=credential.user_id)
        balance = exchanges.balances_of(credential).get(coin)
    except ExchangeError:
        return None
    return f"{balance.free:f}" if balance else "0"


def _venue(request: HttpRequest) -> str:
    """Named in the form, or of the key that is chosen there, or of the newest one; "" without a key."""
    if exchange := request.GET.get("exchange"):
        return exchange
    keys = user_of(request).credentials.order_by("-created_at")
    chosen = request.GET.get("credential", "")
    key = keys.filter(pk=uuid_of(chosen)).first() if chosen else keys.first()
    return key.venue if key else ""


@require_GET
@login_required
def symbols(request: HttpRequest) -> HttpResponse:
    """Markets whose name contains what was typed, as options."""
    typed = request.GET.get("symbol", "").upper()
    try:
        venue = _venue(request)
        found = [m.symbol for m in exchanges.symbols_of(venue) if typed in m.symbol] if venue else []
    except ExchangeError:
        found = []
    found.sort(key=lambda symbol: (not symbol.startswith(typed), symbol))
    return render(request, "web/_symbols.html", {"symbols": found[:MOST_SYMBOLS]})
