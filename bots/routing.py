"""The WebSocket addresses of the site, for asgi.py."""

from collections.abc import Awaitable, Callable
from typing import Any

from channels.routing import URLRouter
from channels.sessions import CookieMiddleware
from django.urls import path, re_path

from bots.consumers import LiveConsumer


async def nowhere(_scope: Any, _receive: Any, send: Callable[[dict[str, str]], Awaitable[None]]) -> None:
    """Refuses the handshake; without a route Channels would fail with a traceback."""
    await send({"type": "websocket.close"})


websocket_application = CookieMiddleware(
    URLRouter([path("ws/live", LiveConsumer.as_asgi()), re_path("", nowhere)])  # type: ignore[arg-type]
)
