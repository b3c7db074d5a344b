"""How money, prices, sides, states and times look on a page; static/js/format.js does it in the browser."""

import re
from datetime import UTC, datetime
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from typing import Any

from django import template
from django.templatetags.static import static
from django.utils.html import conditional_escape, format_html
from django.utils.safestring import SafeString, mark_safe

from bots.core.rounding import as_price, as_quantity, grouped
from exchanges.services import name_of

register = template.Library()

NONE = "–"
MOMENT = re.compile(r"\b1\d{12}\b")
UNITS = {
    "w": (604_800, "week"),
    "d": (86_400, "day"),
    "h": (3600, "hour"),
    "m": (60, "minute"),
    "s": (1, "second"),
}
BADGES = {
    "running": ("Running", "up"),
    "paused": ("Paused", "warn"),
    "stopped": ("Stopped", ""),
    "stopping": ("Stopping", "warn"),
    "halted": ("Halted", "down"),
    "error": ("Error", "down"),
}


def decimal_of(value: Any) -> Decimal | None:
    if value is None or value == "":
        return None
    try:
        number = Decimal(str(value))
    except InvalidOperation:
        return None
    return number if number.is_finite() else None


@register.filter
def money(value: Any) -> str:
    """An amount of the quote coin, to the cent."""
    number = decimal_of(value)
    return NONE if number is None else grouped(number, 2, 2)


@register.filter
def price(value: Any) -> str:
    number = decimal_of(value)
    return NONE if number is None else as_price(number)


@register.filter
def average(value: Any) -> str:
    """A price that lies on no tick: as many decimals as its size deserves."""
    number = decimal_of(value)
    return NONE if number is None else grouped(number, 2, 2 if number >= 1000 else 4 if number >= 1 else 8)


@register.filter
def quantity(value: Any) -> str:
    number = decimal_of(value)
    return NONE if number is None else as_quantity(number)


@register.filter
def fixed(value: Any, decimals: int) -> str:
    """With exactly so many decimals, as beside a scale."""
    number = decimal_of(value)
    return NONE if number is None else grouped(number, decimals, decimals)


@register.filter
def plain(value: Any) -> str:
    """A number for an input: no grouping, no exponent, no trailing zeros."""
    number = decimal_of(value)
    if number is None:
        return ""
    text = f"{number:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


@register.filter
def tone(value: Any) -> str:
    """The class of a gain or a loss, judged on what is shown."""
    number = decimal_of(value)
    shown = Decimal(0) if number is None else number.quantize(Decimal("0.01"), rounding=ROUND_HALF_UP)
    return "up" if shown > 0 else "down" if shown < 0 else "flat"


@register.filter
def signed(value: Any) -> str:
    """+12.34, −12.34 or 0.00; the arrow comes from the class of `tone`."""
    number = decimal_of(value)
    if number is None:
        return NONE
    return ("+" if tone(number) == "up" else "") + grouped(number, 2, 2)


@register.filter
def pnl(bot: dict[str, Any]) -> Decimal | None:
    """Realised and unrealised together."""
    parts = decimal_of(bot["realized_pnl"]), decimal_of(bot["unrealized_pnl"])
    return None if parts[0] is None or parts[1] is None else parts[0] + parts[1]


@register.filter
def exact(value: Any) -> str:
    """A signed amount with every decimal, for sums that must add up to the eye as well."""
    number = decimal_of(value)
    return NONE if number is None else ("+" if number > 0 else "") + grouped(number, 2, 8)


@register.filter
def share(value: Any, whole: Any) -> Decimal | None:
    """`value` as per cent of `whole`."""
    part, all_of_it = decimal_of(value), decimal_of(whole)
    return None if part is None or not all_of_it else part / all_of_it * 100


@register.filter
def percent(value: Any) -> str:
    number = decimal_of(value)
    return NONE if number is None else f"{signed(number)}%"


@register.filter
def coin(symbol: str, part: str) -> str:
    """`"BTC/USDT"|coin:"quote"` is USDT."""
    base, _, quote = symbol.partition("/")
    return quote if part == "quote" else base


register.filter("exchange_name", name_of)


@register.filter
def state_of(bot: Any) -> str:
    """The one word for a bot's state: halted and stopping say more than the intent alone."""
    view = bot if isinstance(bot, dict) else vars(bot)
    if view["halted"]:
        return "halted"
    return "stopping" if view["stopping"] else str(view["status"])


@register.simple_tag
def badge(state: str) -> SafeString:
    label, kind = BADGES.get(state, (state.title(), ""))
    kind = f" badge-{kind}" if kind else ""
    return format_html('<span class="badge badge-dot{}">{}</span>', kind, label)


@register.simple_tag
def icon(name: str) -> SafeString:
    return format_html(
        '<svg class="icon" aria-hidden="true"><use href="{}#{}"></use></svg>', static("img/icons.svg"), name
    )


@register.filter
def split(text: str) -> list[str]:
    return text.split()


@register.filter
def times(value: Any, other: Any) -> Decimal | None:
    one, two = decimal_of(value), decimal_of(other)
    return None if one is None or two is None else one * two


@register.filter
def minus(value: Any, other: Any) -> Decimal | None:
    one, two = decimal_of(value), decimal_of(other)
    return None if one is None or two is None else one - two


@register.filter
def sentence(text: str) -> SafeString:
    """A reason as a sentence; a moment in it (ms since 1970) as a time of the browser's zone."""
    shown = conditional_escape(text[:1].upper() + text[1:])
    return mark_safe(MOMENT.sub(lambda ms: when(datetime.fromtimestamp(int(ms[0]) / 1000, UTC)), shown))  # noqa: S308


@register.filter
def duration(value: Any) -> str:
    """86400 and 1d as 1 day, 5400 as 90 minutes: the largest unit that leaves no rest."""
    text = str(value)
    count = int(text) if text.isdecimal() else int(text[:-1]) * UNITS[text[-1]][0]
    size, unit = next((size, unit) for size, unit in UNITS.values() if count % size == 0)
    return f"{count // size} {unit}{'' if count == size else 's'}"


@register.filter
def moment(ms: float) -> datetime:
    """Milliseconds since 1970."""
    return datetime.fromtimestamp(ms / 1000, UTC)


@register.filter
def when(time: Any) -> SafeString | str:
    """UTC as text; the browser shows its own zone and keeps UTC in the title."""
    if isinstance(time, str):
        time = datetime.fromisoformat(time)
    if time is None:
        return NONE
    utc = f"{time:%Y-%m-%d %H:%M:%S} UTC"
    return format_html('<time datetime="{}" title="{}">{}</time>', time.isoformat(), utc, utc)


@register.inclusion_tag("web/_halts.html", takes_context=True)
def trading_halts(context: Any) -> dict[str, Any]:
    """The halts of trading that the signed-in user has to know of."""
    from bots.services import halts

    user = context["request"].user
    found = halts.seen_by(user) if user.is_authenticated else []
    own = [halt for halt in found if halt.automatic and halt.user_id == user.pk]
    return {"halts": found, "own": own, "csrf_token": context.get("csrf_token")}
