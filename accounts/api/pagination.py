"""Lists by cursor: `{"bots": [...], "next": absolute address or null}`."""

from collections.abc import Sequence
from typing import Any, ClassVar

from django.core import signing
from django.core.exceptions import ValidationError as DjangoValidationError
from django.db.models import Field, Model, Q, QuerySet
from rest_framework.exceptions import ValidationError
from rest_framework.pagination import BasePagination
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.utils.urls import replace_query_param
from rest_framework.views import APIView

MAX_LIMIT = 500


class CursorPagination(BasePagination):
    """Pages by the position of the last row, so that rows added meanwhile neither repeat nor hide others.

    A subclass names the list (`key`) and the order: columns that are never null, the last one unique.
    """

    key: ClassVar[str]
    ordering: ClassVar[Sequence[str]] = ("-created_at", "-id")
    default_limit: ClassVar[int] = 100

    def paginate_queryset(  # type: ignore[override]
        self, queryset: QuerySet[Any], request: Request, view: APIView | None = None
    ) -> list[Any]:
        limit = self._limit(request)
        queryset = queryset.order_by(*self.ordering)
        cursor = request.query_params.get("cursor")
        if cursor is not None:
            queryset = queryset.filter(self._after(queryset.model, cursor))
        rows = list(queryset[: limit + 1])
        self.next = self._link(request, rows[limit - 1]) if len(rows) > limit else None
        return rows[:limit]

    def get_paginated_response(self, data: Any) -> Response:
        return Response({self.key: data, "next": self.next})

    def get_paginated_response_schema(self, schema: dict[str, Any]) -> dict[str, Any]:
        return {
            "type": "object",
            "required": [self.key, "next"],
            "properties": {self.key: schema, "next": {"type": "string", "format": "uri", "nullable": True}},
        }

    def get_schema_operation_parameters(self, view: APIView) -> list[dict[str, Any]]:
        limit = {"type": "integer", "minimum": 1, "maximum": MAX_LIMIT, "default": self.default_limit}
        return [
            {"name": "limit", "in": "query", "required": False, "schema": limit},
            {"name": "cursor", "in": "query", "required": False, "schema": {"type": "string"}},
        ]

    def _limit(self, request: Request) -> int:
        raw = request.query_params.get("limit", str(self.default_limit))
        if not (raw.isascii() and raw.isdigit() and len(raw) <= 4 and 1 <= int(raw) <= MAX_LIMIT):
            detail = f"limit must be a whole number from 1 to {MAX_LIMIT}."
            raise ValidationError({"limit": [detail]}, code="invalid_limit")
        return int(raw)

    def _link(self, request: Request, last: Model) -> str:
        position = [column.value_to_string(last) for column in self._columns(type(last))]
        cursor = signing.dumps(position, salt=self._salt())
        return replace_query_param(request.build_absolute_uri(), "cursor", cursor)

    def _after(self, model: type[Model], cursor: str) -> Q:
        """Rows behind the cursor's in the order: a < x, or a = x and b < y, and so on."""
        try:
            position = signing.loads(cursor, salt=self._salt())
            values = [
                column.to_python(text) for column, text in zip(self._columns(model), position, strict=True)
            ]
        except (signing.BadSignature, DjangoValidationError, ValueError, TypeError):
            detail = "This cursor is not one of this list; follow `next` as it was given."
            raise ValidationError({"cursor": [detail]}, code="invalid_cursor") from None
        behind, ties = Q(), Q()
        for order, value in zip(self.ordering, values, strict=True):
            name = order.lstrip("-")
            comparison = "lt" if order.startswith("-") else "gt"
            behind |= ties & Q(**{f"{name}__{comparison}": value})
            ties &= Q(**{name: value})
        return behind

    def _columns(self, model: type[Model]) -> list["Field[Any, Any]"]:
        columns = {column.name: column for column in model._meta.concrete_fields}
        return [columns[name.lstrip("-")] for name in self.ordering]

    def _salt(self) -> str:
        return f"cursor:{self.key}:{','.join(self.ordering)}"
