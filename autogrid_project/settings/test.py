"""Settings of the test suite: real Postgres and Valkey, services of its own, nothing beyond the machine."""

import os
import tempfile
from pathlib import Path

_WORKER = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw") or 0)
os.environ.setdefault("DJANGO_SECRET_KEY", "test-only-" + "x" * 50)
os.environ.setdefault("CRYPTOGRAPHY_KEY", "test-only-" + "y" * 50)
os.environ.setdefault("AUTOGRID_ENCRYPTION_KEYS", "k1:" + "dGVzdC1vbmx5LXRlc3Qtb25seS10ZXN0LW9ubHktISE=")

os.environ["AUTOGRID_OPERATORS"] = "operator@example.org"
from autogrid_project.settings.base import *  # noqa: E402, F403
from autogrid_project.settings.base import DATABASES  # noqa: E402
from autogrid_project.settings.base import REDIS_URL as _REDIS  # noqa: E402

# Every xdist worker has a Redis database of its own; Django gives each its own Postgres database.
_BASE, _, _NUMBER = _REDIS.rpartition("/")
REDIS_URL = f"{_BASE}/{int(_NUMBER or 0) + _WORKER}"
CELERY_BROKER_URL = REDIS_URL
CACHES = {"default": {"BACKEND": "django.core.cache.backends.redis.RedisCache", "LOCATION": REDIS_URL}}
DATABASES["default"]["OPTIONS"] = {}
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}
# Nothing is collected for tests: WhiteNoise looks files up as they are asked for.
WHITENOISE_AUTOREFRESH = True
AUTOGRID_RECORDINGS = Path(tempfile.gettempdir()) / f"autogrid-recordings-{os.getuid()}-{_WORKER}"
AUTOGRID_TELEGRAM_TOKEN = ""
PASSWORD_HASHERS = ["accounts.tests.hashers.QuickBCrypt"]
EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
