"""The exchanges that the simulator hosts: their names, the hosts they answer under, and what sets each apart. Testnets
are exchanges of their own, with accounts and books of their own."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

from exchanges.simulator.binance.limits import Limits
from exchanges.simulator.binance.wire import BinanceWire
from exchanges.simulator.bybit import ids as bybit_ids
from exchanges.simulator.bybit import rules as bybit_rules
from exchanges.simulator.bybit.wire import BybitWire
from exchanges.simulator.conventions import AS_BINANCE, ClientIds, Conventions
from exchanges.simulator.exchange import Exchange
from exchanges.simulator.faults import Faults
from exchanges.simulator.mexc import ids as mexc_ids
from exchanges.simulator.mexc import rules as mexc_rules
from exchanges.simulator.mexc.wire import MexcWire
from exchanges.simulator.okx import ids as okx_ids
from exchanges.simulator.okx import rules as okx_rules
from exchanges.simulator.okx.wire import OkxWire
from exchanges.simulator.symbols import ALL, SymbolRules
from exchanges.simulator.wire import AS_THEY_ARE, Ids, Wire

LEADER = "binance"  # the others' prices follow it


@dataclass(frozen=True, slots=True)
class Listing:
    """`hosts` may hold `*`; of several that fit, the first listing wins."""

    name: str
    hosts: tuple[str, ...]
    wire: Callable[[Exchange, Faults, Limits | None], Wire]
    rules: tuple[SymbolRules, ...] = ALL
    conventions: Conventions = AS_BINANCE
    ids: Ids = AS_THEY_ARE


BYBIT = Conventions(client_ids=ClientIds.UNIQUE_FOR_EVER, post_only_is_accepted=True)
MEXC = Conventions(client_ids=ClientIds.FREE, post_only_is_accepted=True, fees_in_quote=True)
OKX = Conventions(post_only_is_accepted=True)
BYBIT_IDS = Ids(bybit_ids.order_text, bybit_ids.trade_text)

LISTINGS = {
    listing.name: listing
    for listing in (
        Listing(
            "binance-testnet",
            ("testnet.binance.vision", "*.testnet.binance.vision", "demo-*.binance.com"),
            BinanceWire,
        ),
        Listing(
            "bybit",
            ("api.bybit.com", "stream.bybit.com"),
            BybitWire,
            rules=bybit_rules.RULES_OF_ALL,
            conventions=BYBIT,
            ids=BYBIT_IDS,
        ),
        Listing(
            "bybit-testnet",
            (
                "api-testnet.bybit.com",
                "stream-testnet.bybit.com",
                "api-demo.bybit.com",
                "stream-demo.bybit.com",
            ),
            BybitWire,
            rules=bybit_rules.RULES_OF_ALL,
            conventions=BYBIT,
            ids=BYBIT_IDS,
        ),
        Listing(
            "mexc",
            ("api.mexc.com", "contract.mexc.com"),
            MexcWire,
            rules=mexc_rules.RULES_OF_ALL,
            conventions=MEXC,
            ids=Ids(mexc_ids.order_text, mexc_ids.trade_text),
        ),
        Listing(
            "okx",
            ("www.okx.com",),
            OkxWire,
            rules=okx_rules.RULES_OF_ALL,
            conventions=OKX,
            ids=Ids(okx_ids.order_text, okx_ids.trade_text),
        ),
        Listing("binance", ("*",), BinanceWire),  # and whoever names no exchange at all
    )
}


def open_exchanges(
    *,
    clock: Callable[[], int],
    home: Path | None = None,
    seed: int = 0,
    history_days: int = 1,
    first_prices: Mapping[str, Decimal] | None = None,
    names: Iterable[str] = LISTINGS,
) -> dict[str, Exchange]:
    """By name, the leader first. Each keeps its state in a folder of its own below `home`."""
    if home is not None:
        _move_in(home)
    opened: dict[str, Exchange] = {}
    for name in sorted(names, key=lambda name: name != LEADER):
        listing = LISTINGS[name]
        opened[name] = Exchange(
            name=name,
            clock=clock,
            home=home and home / name,
            seed=seed,
            history_days=history_days,
            rules=listing.rules,
            first_prices=first_prices if name == LEADER else None,
            conventions=listing.conventions,
            leader=opened.get(LEADER),
        )
    return opened


def _move_in(home: Path) -> None:
    """A home from when there was one exchange: its files become Binance's."""
    folder = home / LEADER
    if folder.exists() or not (home / "journal.sqlite").exists():
        return
    folder.mkdir(mode=0o700)
    for name in ("journal.sqlite-wal", "journal.sqlite-shm", "history", "journal.sqlite"):
        if (home / name).exists():
            (home / name).rename(folder / name)
