"""The WebSocket addresses of the site, for asgi.py."""

from channels.auth import AuthMiddlewareStack
from channels.routing import URLRouter
from django.urls import path

from bots.consumers import LiveConsumer

websocket_application = AuthMiddlewareStack(URLRouter([path("ws/live", LiveConsumer.as_asgi())]))
