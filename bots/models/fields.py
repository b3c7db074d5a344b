"""Columns of money: exact decimals, never float."""

from decimal import Decimal
from typing import TYPE_CHECKING, Any

from django.db import models

if TYPE_CHECKING:
    _Decimal = models.DecimalField[Any, Decimal]
else:
    _Decimal = models.DecimalField


class MoneyField(_Decimal):
    """NUMERIC(18,8), the document's type for prices, quantities and amounts."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs.setdefault("max_digits", 18)
        kwargs.setdefault("decimal_places", 8)
        if not kwargs.get("null"):
            kwargs.setdefault("default", Decimal(0))
        super().__init__(*args, **kwargs)
