"""The web process: pages and API over HTTP, live values over WebSocket."""

import os

from channels.routing import ProtocolTypeRouter
from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "autogrid_project.settings.production")
pages = get_asgi_application()

from bots.backtest.warming import warm_in_background  # noqa: E402
from bots.routing import websocket_application  # noqa: E402  (its models need the apps loaded)

application = ProtocolTypeRouter({"http": pages, "websocket": websocket_application})
warm_in_background()
