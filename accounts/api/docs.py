"""The API's description of itself: OpenAPI and Swagger UI."""

from typing import Any

from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.openapi import AutoSchema


class BearerScheme(OpenApiAuthenticationExtension):
    target_class = "accounts.api.authentication.BearerAuthentication"
    name = "bearer"

    def get_security_definition(self, auto_schema: AutoSchema) -> dict[str, str]:
        return {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}


_ERROR = {
    "type": "object",
    "required": ["code", "detail", "attr"],
    "properties": {
        "code": {"type": "string"},
        "detail": {"type": "string"},
        "attr": {"type": "string", "nullable": True, "description": "The field, dotted where it is nested."},
    },
}
_ERRORS = {
    "type": "object",
    "required": ["type", "errors"],
    "properties": {
        "type": {"type": "string", "enum": ["validation_error", "client_error", "server_error"]},
        "errors": {"type": "array", "items": {"$ref": "#/components/schemas/Error"}},
    },
}


def describe_errors(result: dict[str, Any], **_: Any) -> dict[str, Any]:
    """Says of every operation that whatever it does not list answers in the one shape of errors."""
    result["components"]["schemas"] |= {"Error": _ERROR, "Errors": _ERRORS}
    content = {"application/json": {"schema": {"$ref": "#/components/schemas/Errors"}}}
    for operations in result["paths"].values():
        for operation in operations.values():
            operation["responses"]["default"] = {"description": "An error.", "content": content}
    return result
