"""What may happen in a schedule, and schedules drawn by a seed. A step says nothing about the state it meets, so that
any of them can be left out when a schedule is made smaller."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from decimal import Decimal
from random import Random
from typing import Any

from tests.schedules.process import AFTER, BEFORE, HEARD, SEND, SENT

SYMBOLS = ("BTCUSDT", "SOLUSDT")
FARTHEST = 5  # percent that the market of a soak moves away
ACTIONS = ("start", "pause", "start", "stop", "kill", "kill_and_sell", "edit")
KINDS = (
    "accept_then_drop", "accept_then_drop", "hang", "http_500", "http_503", "truncate", "html_200", "empty_200",
    "code_-1006", "code_-1007", "code_-1021", "http_429", "maintenance", "delay_inside_window",
    "delay_inside_window", "delay_outside_window", "not_found", "not_found", "partial_fill", "fill_before_cancel",
    "ws_drop", "ws_duplicate", "ws_reorder", "ws_malformed", "ws_silence",
)  # fmt: skip
ANYWHERE = (
    "accept_then_drop",
    "hang",
    "http_500",
    "http_503",
    "truncate",
    "html_200",
    "empty_200",
    "http_429",
)
GATES = (BEFORE, AFTER, SEND, SENT, HEARD)
PLACES = (None, None, "create", "create", "cancel", "query", "open_orders", "trades")


@dataclass(frozen=True)
class Step:
    """`pause`: seconds before the next one."""

    what: str
    pause: float
    args: dict[str, Any] = field(default_factory=dict)

    def __str__(self) -> str:
        told = ", ".join(f"{name}={value!r}" for name, value in self.args.items())
        return f"{self.what}({told}), then {self.pause} s"


@dataclass(frozen=True)
class Plan:
    """A bot: strategy, symbol, config."""

    strategy: str
    symbol: str
    config: dict[str, Any]


@dataclass(frozen=True)
class Schedule:
    seed: int
    plans: tuple[Plan, ...]
    steps: Any  # a tuple of steps; of a soak, an iterator
    exchange: str = "binance"

    def __str__(self) -> str:
        lines = [f"seed {self.seed}, {self.exchange}"]
        lines += [
            f"  bot {i}: {plan.strategy} {plan.symbol} {plan.config}" for i, plan in enumerate(self.plans)
        ]
        return "\n".join(lines + [f"  {number}. {step}" for number, step in enumerate(self.steps, 1)])


def drawn(seed: int, longest: int = 30, exchange: str = "binance") -> Schedule:
    dice = Random(f"schedule {seed}")
    plans = tuple(_plan(dice, number) for number in range(dice.choice((1, 2, 2, 3))))
    steps = tuple(_step(dice, len(plans)) for _ in range(dice.randint(8, longest)))
    return Schedule(seed, plans, steps, exchange)


def endless(seed: int, bots: int, goes_on: Callable[[], bool]) -> Iterator[Step]:
    """Of a market that wanders as in other schedules, but comes back to where the bots trade."""
    dice, away = Random(f"soak {seed}"), dict.fromkeys(SYMBOLS, Decimal(0))
    while goes_on():
        step = _step(dice, bots)
        if step.what == "move":
            symbol, percent = step.args["symbol"], step.args["percent"]
            if abs(away[symbol] + percent) > FARTHEST:
                percent = abs(percent).copy_sign(-away[symbol])
            away[symbol] += percent
            step = replace(step, args={"symbol": symbol, "percent": percent})
        yield step


def _plan(dice: Random, number: int) -> Plan:
    """The first two share a market as a rule, and often their levels."""
    if number == 2 or dice.random() < 0.2:
        return Plan("dca", "SOL/USDT", _dca(dice))
    return Plan("grid", "BTC/USDT", _grid(dice))


def _grid(dice: Random) -> dict[str, Any]:
    width = dice.choice((1800, 3000))
    return _trailing(dice, width) | {
        "lower_price": str(60_000 - width),
        "upper_price": str(60_000 + width),
        "grid_count": dice.choice((2, 3, 4, 6)),
        "investment": str(dice.choice((600, 2000))),
        "post_only": dice.random() < 0.6,
        "on_stop": dice.choice(("keep", "sell")),
    }


def _trailing(dice: Random, width: int) -> dict[str, Any]:
    """Most grids stay where they are."""
    drawn = dice.random()
    if drawn < 0.6:
        return {}
    up = {"trailing_up": True, "trailing_up_limit": str(60_000 + 3 * width)} if drawn < 0.9 else {}
    down = {"trailing_down": True, "trailing_down_limit": str(60_000 - 3 * width)} if drawn > 0.7 else {}
    return up | down | {"reinvest": dice.random() < 0.5}


def _dca(dice: Random) -> dict[str, Any]:
    return {
        "amount": str(dice.choice((40, 100))),
        "price_drop": dice.choice(("0.8", "1.5")),
        "max_orders": dice.choice((1, 2, 3)),
        "volume_scale": dice.choice(("1", "1.5")),
        "take_profit": dice.choice(("0.7", "1.5")),
        "interval": dice.choice((None, None, 60)),
    }


def _step(dice: Random, bots: int) -> Step:
    draws = {
        _move: 40, _nibble: 14, _fault: 26, _kill: 16, _freeze: 4, _deafen: 4, _join: 3, _outage: 4, _user: 10,
        _cancel_by_hand: 4, _meddle: 3,
    }  # fmt: skip
    what, args = dice.choices(list(draws), list(draws.values()))[0](dice, bots)
    pause = dice.choices((dice.uniform(0.01, 0.5), dice.uniform(1, 5), dice.uniform(8, 30)), (55, 30, 15))[0]
    return Step(what, round(pause, 3), args)


Drawn = tuple[str, dict[str, Any]]


def _move(dice: Random, bots: int) -> Drawn:
    percent = dice.choice((dice.uniform(-1, 1), dice.uniform(-4, 4)))
    return "move", {"symbol": dice.choice(SYMBOLS), "percent": Decimal(str(round(percent, 3)))}


def _nibble(dice: Random, bots: int) -> Drawn:
    """Others take a part of the order that is next in the market."""
    return "nibble", {"symbol": dice.choice(SYMBOLS), "share": Decimal(str(round(dice.uniform(0.1, 0.9), 2)))}


def _fault(dice: Random, bots: int) -> Drawn:
    kind = dice.choice(KINDS)
    place = dice.choice(PLACES) if kind in ANYWHERE else None
    if dice.random() < 0.6:
        return "fault", {"kind": kind, "endpoint": place, "count": dice.randint(1, 3)}
    return "fault", {"kind": kind, "endpoint": place, "rate": 0.5, "seconds": round(dice.uniform(2, 20), 1)}


def _kill(dice: Random, bots: int) -> Drawn:
    """A worker dies at its n-th gate from now on, or at its n-th gate of a kind."""
    if dice.random() < 0.5:
        return "kill", {"gates": dice.randint(1, 12), "where": dice.choice(GATES)}
    return "kill", {"gates": dice.choice((1, dice.randint(1, 12), dice.randint(1, 80))), "where": None}


def _freeze(dice: Random, bots: int) -> Drawn:
    return "freeze", {"seconds": dice.choice((1.5, 6.0, 14.0, 40.0)), "gates": dice.randint(1, 40)}


def _deafen(dice: Random, bots: int) -> Drawn:
    """A worker that lives loses its lock: another takes its bots before it knows."""
    return "deafen", {"seconds": round(dice.uniform(0.5, 6), 1)}


def _join(dice: Random, bots: int) -> Drawn:
    return "join", {}


def _outage(dice: Random, bots: int) -> Drawn:
    return "outage", {"seconds": round(dice.choice((dice.uniform(0.1, 2), dice.uniform(2, 30))), 1)}


def _user(dice: Random, bots: int) -> Drawn:
    return "user", {"action": dice.choice(ACTIONS), "bot": dice.randrange(bots)}


def _cancel_by_hand(dice: Random, bots: int) -> Drawn:
    return "cancel_by_hand", {"number": dice.randrange(6)}


def _meddle(dice: Random, bots: int) -> Drawn:
    """A planner gone mad wants a second order in a slot that has one."""
    return "meddle", {"number": dice.randrange(6)}
