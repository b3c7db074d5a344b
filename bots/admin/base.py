"""What the operators' pages of trading share."""

from django.http import HttpRequest


class ReadOnly:
    """Trading writes these rows: an operator who changed one would make the ledger lie."""

    def has_add_permission(self, request: HttpRequest, obj: object | None = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: object | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: object | None = None) -> bool:
        return False
