"""The demo: on this machine alone, over plain HTTP, against the simulated exchange."""

import json

from autogrid_project import env
from autogrid_project.settings.base import *  # noqa: F403
from autogrid_project.settings.base import HOME

ALLOWED_HOSTS = ["localhost", "127.0.0.1", "[::1]"]
# {"host", "port", "ca"}: every exchange's host name leads there and nowhere else.
EXCHANGE_SIMULATOR = json.loads(env.text("AUTOGRID_SIMULATOR"))
EMAIL_BACKEND = "django.core.mail.backends.filebased.EmailBackend"
EMAIL_FILE_PATH = HOME / "mail"
