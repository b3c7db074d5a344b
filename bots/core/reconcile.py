"""Compares what the database believes with what the exchange shows. Decides; does nothing."""

from collections.abc import Iterable
from dataclasses import dataclass

from bots.core.orders import Order
from bots.core.types import OrderReport


@dataclass(frozen=True, slots=True)
class Reconciliation:
    """`never_sent`: intents that no request ever left for. `ask`: orders whose fate the exchange must tell, because
    it no longer shows them open. `confirmed`: live on both sides. `strays`: open there, ours by their id, but no
    live row here."""

    never_sent: tuple[Order, ...]
    ask: tuple[Order, ...]
    confirmed: tuple[tuple[Order, OrderReport], ...]
    strays: tuple[OrderReport, ...]


def reconcile(live: Iterable[Order], reports: Iterable[OrderReport], prefix: str) -> Reconciliation:
    """`live` are the bot's pending and open rows, `reports` the account's open orders in the symbol, `prefix` what
    the bot's client ids begin with. Orders of anybody else are left out."""
    shown = {report.client_id: report for report in reports if report.client_id.startswith(prefix)}
    never_sent, ask, confirmed = [], [], []
    for order in live:
        report = shown.pop(order.client_id, None)
        if report is not None:
            confirmed.append((order, report))
        elif order.is_never_sent:
            never_sent.append(order)
        else:
            ask.append(order)
    return Reconciliation(tuple(never_sent), tuple(ask), tuple(confirmed), tuple(shown.values()))
