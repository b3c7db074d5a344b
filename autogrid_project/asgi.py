"""The web process: pages and API over HTTP, live values over WebSocket."""

import os

from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "autogrid_project.settings.production")
application = get_asgi_application()
