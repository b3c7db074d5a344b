"""What a match does to the two sides: money, order state, trades, events. Nothing here decides who matches."""

from decimal import ROUND_DOWN, Decimal

from bots.core.matching import Execution as Match
from bots.core.types import Side
from exchanges.simulator.accounts import FEES, HOUSE, Accounts
from exchanges.simulator.events import Event, Execution, OrderChanged
from exchanges.simulator.orders import Kind, Order, Print, Status, Trade
from exchanges.simulator.symbols import SymbolRules

EIGHT = Decimal("0.00000001")


class Settlement:
    """Collects what changed until the exchange commits it."""

    def __init__(self, accounts: Accounts, *, fees_in_quote: bool = False) -> None:
        self.accounts = accounts
        self._fees_in_quote = fees_in_quote
        self.orders: dict[int, Order] = {}  # changed
        self.trades: list[Trade] = []  # new
        self.events: list[Event] = []

    def to_lock(
        self, rules: SymbolRules, side: Side, quantity: Decimal, cost: Decimal
    ) -> tuple[str, Decimal]:
        """(asset, amount) that an order holds for this quantity at this cost, the fee included where a buyer pays it
        on top."""
        if side is Side.SELL:
            return rules.base, quantity
        return rules.quote, cost * (1 + rules.taker_fee) if self._fees_in_quote else cost

    def changed(self, order: Order, execution: Execution, time: int, **more: object) -> None:
        order.update_time = time
        self.orders[order.id] = order
        state = (order.status, order.executed, order.quote)
        self.events.append(OrderChanged(order, execution, *state, time, **more))  # type: ignore[arg-type]

    def settle(
        self, rules: SymbolRules, match: Match, taker: Order | None, maker: Order | None, done: Print
    ) -> None:
        """None is the house."""
        taker_side = match.maker.side.opposite
        for order, side, is_maker in ((taker, taker_side, False), (maker, match.maker.side, True)):
            if order is None:
                self._settle_house(rules, side, done)
            else:
                self._settle_order(rules, order, is_maker, done)

    def close(self, rules: SymbolRules, order: Order, status: Status, time: int, cancel_id: str = "") -> None:
        """Ends an open order and frees what it still holds."""
        if order.kind is not Kind.MARKET:
            held = self.to_lock(rules, order.side, order.remaining, order.price * order.remaining)
            self.accounts.unlock(order.uid, *held)
        order.status = status
        execution = {
            Status.CANCELED: Execution.CANCELED,
            Status.EXPIRED_IN_MATCH: Execution.TRADE_PREVENTION,
        }.get(status, Execution.EXPIRED)
        self.changed(order, execution, time, cancel_id=cancel_id)

    def _settle_order(self, rules: SymbolRules, order: Order, is_maker: bool, done: Print) -> None:
        notional = done.price * done.quantity
        fee_rate = rules.maker_fee if is_maker else rules.taker_fee
        if order.side is Side.BUY:
            spent, bought, got = notional, rules.base, done.quantity
        else:
            spent, bought, got = done.quantity, rules.quote, notional
        on_top = self._fees_in_quote and order.side is Side.BUY
        fee_asset = rules.quote if on_top else bought
        fee = ((notional if on_top else got) * fee_rate).quantize(EIGHT, ROUND_DOWN)
        spent, got = (spent + fee, got) if on_top else (spent, got - fee)
        limit = done.price if order.kind is Kind.MARKET else order.price
        paid, held = self.to_lock(rules, order.side, done.quantity, limit * done.quantity)
        self.accounts.spend(order.uid, paid, spent)
        if held > spent:
            self.accounts.unlock(order.uid, paid, held - spent)
        self.accounts.deposit(order.uid, bought, got)
        self.accounts.deposit(FEES, fee_asset, fee)
        order.executed += done.quantity
        order.quote += notional
        order.status = Status.PARTIALLY_FILLED if order.remaining else Status.FILLED
        trade = Trade(
            symbol=order.symbol,
            id=done.id,
            order_id=order.id,
            uid=order.uid,
            side=order.side,
            price=done.price,
            quantity=done.quantity,
            commission=fee,
            commission_asset=fee_asset,
            is_maker=is_maker,
            time=done.time,
        )
        self.trades.append(trade)
        self.changed(order, Execution.TRADE, done.time, trade=trade)

    def _settle_house(self, rules: SymbolRules, side: Side, done: Print) -> None:
        sign = 1 if side is Side.BUY else -1
        self.accounts.deposit(HOUSE, rules.base, sign * done.quantity)
        self.accounts.deposit(HOUSE, rules.quote, -sign * done.price * done.quantity)
