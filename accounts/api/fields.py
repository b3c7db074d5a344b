"""What the API's inputs share. Ids in paths are `<uuid:id>`: a malformed one matches no path and is a 404."""

import re
from decimal import Decimal
from typing import Any

from rest_framework import serializers

_NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d{1,3})?", re.ASCII)
_LONGEST = 64


class DecimalField(serializers.DecimalField):
    """Takes a number or a string, gives a plain string. NUMERIC(18,8) unless told otherwise."""

    default_error_messages = {
        "invalid": 'Send a number, or a number as a string such as "0.001".',
        "infinite": "The number must be finite.",
    }

    def __init__(self, *, max_digits: int = 18, decimal_places: int = 8, **kwargs: Any) -> None:
        super().__init__(max_digits, decimal_places, **kwargs)

    def to_internal_value(self, data: Any) -> Decimal:
        if isinstance(data, bool) or not isinstance(data, str | int | float | Decimal):
            self.fail("invalid")
        text = str(data).strip()
        if text.lstrip("+-").lower() in {"nan", "snan", "inf", "infinity"}:
            self.fail("infinite")
        if len(text) > _LONGEST:
            self.fail("max_digits", max_digits=self.max_digits)
        if not _NUMBER.fullmatch(text):
            self.fail("invalid")
        return self.quantize(self.validate_precision(Decimal(text)))

    def to_representation(self, value: Any) -> str:
        return format(value if isinstance(value, Decimal) else Decimal(str(value)), "f")


class StrictSerializer(serializers.Serializer[Any]):
    """Refuses fields it does not know, so that a misspelt or forbidden one is not silently dropped."""

    def to_internal_value(self, data: Any) -> Any:
        if isinstance(data, dict):
            writable = {name for name, field in self.fields.items() if not field.read_only}
            unknown = {str(name): ["This field cannot be set here."] for name in data if name not in writable}
            if unknown:
                raise serializers.ValidationError(unknown, code="unknown_field")
        return super().to_internal_value(data)
