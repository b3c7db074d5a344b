"""What clients say to a stream, and the answers that are not events."""

from secrets import token_hex
from typing import Any

import orjson


def read_operation(text: str) -> tuple[str, list[Any], Any]:
    """(op, args, req_id); of what cannot be read, nothing."""
    try:
        message = orjson.loads(text)
        arguments = message.get("args") or []
        return (
            str(message.get("op", "")),
            arguments if isinstance(arguments, list) else [],
            message.get("req_id"),
        )
    except (orjson.JSONDecodeError, AttributeError):
        return "", [], None


def said(success: bool, text: str, operation: str, given: Any, **more: Any) -> bytes:
    """`given` is the req_id of the request."""
    answer = {"success": success, "ret_msg": text, "conn_id": token_hex(10), "op": operation} | more
    return orjson.dumps(answer if given is None else answer | {"req_id": given})
