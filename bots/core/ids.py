"""Client order ids that say which order they name: bot, slot, cycle, side and attempt.

`ag` + bot (13) + slot (2) + cycle (5) + side (1) + attempt (3), base 36: 26 characters of `[a-z0-9]`.
"""

from dataclasses import dataclass
from uuid import UUID

from bots.core.types import Side

PREFIX = "ag"
LENGTH = 26
_DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"
NEGATIVE_SLOTS = 2
_SLOTS = 36**2  # negative slots count down from here: -1 is zz


@dataclass(frozen=True, slots=True)
class ClientId:
    bot: str
    slot: int
    cycle: int
    side: Side
    attempt: int


def _base36(number: int, width: int) -> str:
    if number < 0 or number >= 36**width:
        raise ValueError(f"{number} does not fit {width} base-36 digits")
    digits = ""
    for _ in range(width):
        number, rest = divmod(number, 36)
        digits = _DIGITS[rest] + digits
    return digits


def bot_code(bot_id: UUID) -> str:
    """13 characters that stand for the bot in its orders' ids."""
    return _base36(bot_id.int % 36**13, 13)


def bot_prefix(bot_id: UUID) -> str:
    """What every client order id of this bot begins with."""
    return PREFIX + bot_code(bot_id)


def client_id(bot_id: UUID, slot: int, cycle: int, side: Side, attempt: int) -> str:
    """Raises ValueError where a part does not fit its digits."""
    if not -NEGATIVE_SLOTS <= slot < _SLOTS - NEGATIVE_SLOTS:
        raise ValueError(f"{slot} is no slot")
    code = slot if slot >= 0 else _SLOTS + slot
    letter = "b" if side is Side.BUY else "s"
    return f"{bot_prefix(bot_id)}{_base36(code, 2)}{_base36(cycle, 5)}{letter}{_base36(attempt, 3)}"


def parse(text: str) -> ClientId | None:
    """The parts of one of our ids; None where it is somebody else's."""
    if len(text) != LENGTH or not text.startswith(PREFIX) or set(text) - set(_DIGITS):
        return None
    side = {"b": Side.BUY, "s": Side.SELL}.get(text[22])
    if side is None:
        return None
    code = int(text[15:17], 36)
    slot = code - _SLOTS if code >= _SLOTS - NEGATIVE_SLOTS else code
    return ClientId(text[2:15], slot, int(text[17:22], 36), side, int(text[23:], 36))
