"""What the bot endpoints give: objects by the names of the product's contract, decimals as plain strings."""

from decimal import Decimal
from typing import Any

from rest_framework import serializers

from accounts.api.fields import DecimalField
from bots.core.rounding import round8
from bots.core.types import Liquidity, OrderStatus, OrderType, Side
from bots.models import BotEvent, BotStatus, Fill, Order, Strategy
from exchanges.models import Mode


def choices_of(kind: Any) -> list[str]:
    return [each.value for each in kind]


class BotSerializer(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    name = serializers.CharField()
    strategy = serializers.ChoiceField(choices_of(Strategy))
    symbol = serializers.CharField()
    exchange = serializers.CharField()
    mode = serializers.ChoiceField(Mode.choices)
    credential_id = serializers.UUIDField()
    status = serializers.ChoiceField(choices_of(BotStatus))
    stopping = serializers.BooleanField(help_text="True from a stop until no order of the bot is left.")
    halted = serializers.BooleanField(help_text="True until a reset.")
    status_reason = serializers.CharField()
    config = serializers.DictField()
    total_investment = DecimalField()
    realized_pnl = DecimalField()
    unrealized_pnl = DecimalField()
    equity = DecimalField()
    fees = serializers.DictField(child=DecimalField(), help_text="By asset.")
    position = DecimalField(help_text="Base held.")
    average_cost = DecimalField(allow_null=True)
    mark_price = DecimalField(allow_null=True)
    open_orders = serializers.IntegerField()
    trades = serializers.IntegerField()
    created_at = serializers.DateTimeField()
    started_at = serializers.DateTimeField(allow_null=True)


class BotsSerializer(serializers.Serializer[dict[str, Any]]):
    bots = BotSerializer(many=True)


class OrderSerializer(serializers.ModelSerializer[Order]):
    side = serializers.ChoiceField(choices_of(Side))
    type = serializers.ChoiceField(choices_of(OrderType))
    status = serializers.ChoiceField(choices_of(OrderStatus))
    average_price = serializers.SerializerMethodField(help_text="Of its fills; null before the first.")

    class Meta:
        model = Order
        fields = [
            "id", "client_order_id", "exchange_order_id", "side", "type", "price", "quantity",
            "filled_quantity", "average_price", "status", "reason", "fee", "slot", "cycle", "created_at",
            "filled_at",
        ]  # fmt: skip
        read_only_fields = fields
        extra_kwargs = {"fee": {"help_text": "In the quote coin, at the time of each fill."}}

    def get_average_price(self, order: Order) -> Decimal | None:
        return round8(order.filled_quote / order.filled_quantity) if order.filled_quantity else None


class FillSerializer(serializers.ModelSerializer[Fill]):
    order_id = serializers.UUIDField()
    side = serializers.ChoiceField(choices_of(Side))
    liquidity = serializers.ChoiceField(choices_of(Liquidity))

    class Meta:
        model = Fill
        fields = [
            "id", "order_id", "trade_id", "side", "price", "quantity", "fee", "fee_asset", "liquidity", "time",
        ]  # fmt: skip
        read_only_fields = fields


class EventSerializer(serializers.ModelSerializer[BotEvent]):
    class Meta:
        model = BotEvent
        fields = ["id", "kind", "level", "text", "data", "time"]
        read_only_fields = fields


class LevelSerializer(serializers.Serializer[dict[str, Any]]):
    slot = serializers.IntegerField()
    lower_price = DecimalField(allow_null=True)
    upper_price = DecimalField(allow_null=True)
    side = serializers.ChoiceField(choices_of(Side))
    state = serializers.ChoiceField(["open", "pending", "waiting", "deferred", "blocked", "idle"])
    order_id = serializers.UUIDField(allow_null=True)
    cycles = serializers.IntegerField(help_text="Closed ones.")
    profit = DecimalField(help_text="Of the closed cycles, net of fees.")
    reason = serializers.CharField(help_text="Why there is no order; empty where there is one.")


class LevelsSerializer(serializers.Serializer[dict[str, Any]]):
    levels = LevelSerializer(many=True)
    next = serializers.URLField(allow_null=True)


class EquitySerializer(serializers.Serializer[dict[str, Any]]):
    """Each point is [ms since 1970 UTC, equity, realized], the two amounts as strings."""

    equity = serializers.ListField(child=serializers.ListField())


class StatsSerializer(serializers.Serializer[dict[str, Any]]):
    """`grid_profit + other_realized + unrealized_pnl` is equity - investment. Returns are fractions."""

    grid_profit = DecimalField()
    other_realized = DecimalField()
    unrealized_pnl = DecimalField()
    fees = serializers.DictField(child=DecimalField())
    cycles = serializers.IntegerField()
    total_return = DecimalField()
    annualized_return = DecimalField(allow_null=True)
    buy_and_hold_return = DecimalField(allow_null=True)
    max_drawdown = DecimalField(help_text="Zero or negative.")


class FailureSerializer(serializers.Serializer[Any]):
    field = serializers.CharField()
    code = serializers.CharField()
    detail = serializers.CharField()


class PreflightSerializer(serializers.Serializer[Any]):
    ok = serializers.BooleanField()
    failures = FailureSerializer(many=True)
    summary = serializers.DictField(help_text="Levels, quantities and profits, as far as they are known.")
