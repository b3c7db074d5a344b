"""What the bot endpoints take. The config itself is read by the strategy, which knows its fields."""

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from accounts.api.fields import StrictSerializer
from bots.core.types import OrderStatus, Side
from bots.models import BotEvent, BotStatus, Strategy
from bots.services.lifecycle import KILL_ACTIONS
from marketdata.api.serializers import MomentField

MOST_SLOTS = 2_147_483_647
_EXAMPLE = {"lower_price": "40000", "upper_price": "48000", "grid_count": 20, "investment": "1000"}


class TextField(serializers.CharField):
    """Takes text alone: DRF's own turns numbers into text."""

    def to_internal_value(self, data: Any) -> str:
        if not isinstance(data, str):
            self.fail("invalid")
        return super().to_internal_value(data)


def choice(choices: Any, **options: Any) -> serializers.ChoiceField:
    values = [each.value for each in choices]
    message = f"Must be one of: {', '.join(values)}."
    return serializers.ChoiceField(values, error_messages={"invalid_choice": message}, **options)


@extend_schema_field({"type": "object", "additionalProperties": True, "example": _EXAMPLE})
class ConfigField(serializers.DictField):
    default_error_messages = {"not_a_dict": "Send the config as an object."}


class NothingSerializer(StrictSerializer):
    """For requests that need no body."""


class PreflightBody(StrictSerializer):
    name = TextField(max_length=100, required=False)
    credential_id = serializers.UUIDField()
    strategy = choice(Strategy)
    symbol = TextField(max_length=20)
    config = ConfigField(
        help_text="of a grid: lower_price, upper_price, grid_count, investment, spacing, trigger_price, "
        "stop_loss_price, take_profit_price, on_stop, post_only, trailing_up (with trailing_up_limit), trailing_down "
        "(with trailing_down_limit), reinvest"
    )


class NewBotBody(PreflightBody):
    name = TextField(max_length=100)


class ChangedBotBody(StrictSerializer):
    """A config is given as a whole, and only while the bot is stopped."""

    name = TextField(max_length=100, required=False)
    config = ConfigField(required=False)


class KillBody(StrictSerializer):
    action = serializers.ChoiceField(
        list(KILL_ACTIONS),
        default="cancel",
        error_messages={"invalid_choice": f"Must be one of: {', '.join(KILL_ACTIONS)}."},
    )


class BotsQuery(serializers.Serializer[Any]):
    status = choice(BotStatus, required=False)
    strategy = choice(Strategy, required=False)
    symbol = serializers.CharField(max_length=20, required=False)


class OrdersQuery(serializers.Serializer[Any]):
    status = choice(OrderStatus, required=False)
    side = choice(Side, required=False)
    slot = serializers.IntegerField(min_value=-2, max_value=MOST_SLOTS, required=False)


class FillsQuery(serializers.Serializer[Any]):
    side = choice(Side, required=False)
    slot = serializers.IntegerField(source="order__slot", min_value=-2, max_value=MOST_SLOTS, required=False)
    order_id = serializers.UUIDField(required=False)


class EventsQuery(serializers.Serializer[Any]):
    kind = serializers.CharField(max_length=50, required=False)
    level = choice(BotEvent.Level, required=False)


class EquityQuery(serializers.Serializer[Any]):
    start = MomentField(required=False)
    end = MomentField(required=False)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if "start" in attrs and "end" in attrs and attrs["start"] >= attrs["end"]:
            raise serializers.ValidationError({"start": "start must be before end."}, code="start_after_end")
        return attrs
