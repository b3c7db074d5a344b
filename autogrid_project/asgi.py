"""The web process: pages and API over HTTP, live values over WebSocket."""

import os
from typing import Any

from autobahn.websocket import protocol as frames
from channels.routing import ProtocolTypeRouter
from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "autogrid_project.settings.production")
pages = get_asgi_application()

from bots.backtest.warming import warm_in_background  # noqa: E402
from bots.routing import websocket_application  # noqa: E402  (its models need the apps loaded)


def _as_it_is(word: Any, *_: Any, **__: Any) -> Any:
    return word


# Autobahn colours the words of log lines that nobody asked for: a third of what a message to a socket costs.
vars(frames).update(hltype=_as_it_is, hlval=_as_it_is)
application = ProtocolTypeRouter({"http": pages, "websocket": websocket_application})
warm_in_background()
