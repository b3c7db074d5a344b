"""The open orders, found by their id, their account or their client id."""

from collections import Counter

from exchanges.simulator.orders import Order


class RestingOrders:
    def __init__(self) -> None:
        self._orders: dict[int, Order] = {}
        self._client_ids: dict[tuple[int, str, str], int] = {}
        self._counts: Counter[tuple[int, str]] = Counter()

    def __getitem__(self, order_id: int) -> Order:
        return self._orders[order_id]

    def get(self, order_id: int) -> Order | None:
        return self._orders.get(order_id)

    def of(self, uid: int, symbol: str | None = None) -> list[Order]:
        return [
            order for order in self._orders.values() if order.uid == uid and symbol in (None, order.symbol)
        ]

    def named(self, uid: int, symbol: str, client_id: str) -> int | None:
        """The id of the newest that bears this client id."""
        return self._client_ids.get((uid, symbol, client_id))

    def count(self, uid: int, symbol: str) -> int:
        return self._counts[uid, symbol]

    def add(self, order: Order) -> None:
        self._orders[order.id] = order
        self._client_ids[order.uid, order.symbol, order.client_id] = order.id
        self._counts[order.uid, order.symbol] += 1

    def remove(self, order: Order) -> None:
        del self._orders[order.id]
        named = (order.uid, order.symbol, order.client_id)
        if self._client_ids.get(named) == order.id:  # where ids are free, a newer order may bear it
            del self._client_ids[named]
        self._counts[order.uid, order.symbol] -= 1
