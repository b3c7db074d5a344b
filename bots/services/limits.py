"""The operator's bounds on what a bot's own risk limits may be."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from django.conf import settings

from bots.core.risk import RULES, RiskLimits
from bots.core.rounding import plain
from bots.core.strategies.config import FieldError, to_decimal


def operator_bounds() -> RiskLimits:
    return RiskLimits(
        settings.AUTOGRID_MOST_ORDERS_PER_MINUTE,
        settings.AUTOGRID_MOST_LOSS_PER_HOUR / 100,
        settings.AUTOGRID_MOST_PRICE_DEVIATION / 100,
    )


def beyond_bounds(config: Mapping[str, Any]) -> list[FieldError]:
    """What of a valid config the operator does not allow. A limit that the config leaves out is clamped instead."""
    bounds = operator_bounds()
    most = {
        "max_orders_per_minute": Decimal(bounds.max_orders_per_minute),
        "max_loss_per_hour": bounds.max_loss_per_hour * 100,
        "max_price_deviation": bounds.max_price_deviation * 100,
    }
    return [
        FieldError(rule, "range", f"Must be at most {plain(most[rule])}, the operator's bound.")
        for rule in RULES
        if config.get(rule) not in (None, "") and to_decimal(config[rule]) > most[rule]
    ]
