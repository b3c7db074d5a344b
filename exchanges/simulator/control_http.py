"""How the control port reads and answers."""

from typing import Any

import orjson
from aiohttp import web


async def body_of(request: web.Request) -> dict[str, Any]:
    """{} for what is not an object of JSON."""
    try:
        body = orjson.loads(await request.read())
    except orjson.JSONDecodeError:
        return {}
    return body if isinstance(body, dict) else {}


def json_answer(content: Any, status: int = 200) -> web.Response:
    return web.Response(body=orjson.dumps(content), status=status, content_type="application/json")


def error(text: str, status: int = 400) -> web.Response:
    return json_answer({"error": text}, status)
