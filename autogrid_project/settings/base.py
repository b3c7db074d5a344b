"""What every deployment shares. demo, test and production add only what differs."""

from datetime import timedelta
from pathlib import Path

import dj_database_url

from autogrid_project import env

BASE_DIR = Path(__file__).resolve().parent.parent.parent
HOME = Path(env.text("AUTOGRID_HOME", str(BASE_DIR / ".autogrid")))

SECRET_KEY = env.text("DJANGO_SECRET_KEY")
DEBUG = False
ALLOWED_HOSTS = env.words("AUTOGRID_HOSTS", "localhost,127.0.0.1,[::1]")
CSRF_TRUSTED_ORIGINS = env.words("AUTOGRID_ORIGINS")

INSTALLED_APPS = [
    "daphne",
    "unfold",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
    "rest_framework",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "drf_standardized_errors",
    "django_filters",
    "channels",
    "allauth",
    "allauth.account",
    "axes",
    "csp",
    "django_htmx",
    "django_celery_beat",
    "django_prometheus",
    "django_structlog",
    "accounts",
    "exchanges",
    "marketdata",
    "bots",
]

MIDDLEWARE = [
    "django_prometheus.middleware.PrometheusBeforeMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django_structlog.middlewares.RequestMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "axes.middleware.AxesMiddleware",
    "django_prometheus.middleware.PrometheusAfterMiddleware",
]

ROOT_URLCONF = "autogrid_project.urls"
ASGI_APPLICATION = "autogrid_project.asgi.application"
WSGI_APPLICATION = "autogrid_project.wsgi.application"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "csp.context_processors.nonce",
            ]
        },
    }
]

# Daphne serves many threads: connections belong to the pool, never to a thread (CONN_MAX_AGE must be 0).
DATABASES = {"default": dj_database_url.parse(env.text("DATABASE_URL"), conn_max_age=0)}
DATABASES["default"]["OPTIONS"] = {
    "pool": {"min_size": 1, "max_size": env.integer("AUTOGRID_DB_POOL", 10), "timeout": 10},
}
REDIS_URL = env.text("REDIS_URL")
CACHES = {"default": {"BACKEND": "django.core.cache.backends.redis.RedisCache", "LOCATION": REDIS_URL}}
CHANNEL_LAYERS = {
    "default": {
        "BACKEND": "channels_redis.pubsub.RedisPubSubChannelLayer",
        "CONFIG": {"hosts": [REDIS_URL], "prefix": "channels"},
    }
}

AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = [
    "axes.backends.AxesStandaloneBackend",
    "allauth.account.auth_backends.AuthenticationBackend",
]
PASSWORD_HASHERS = ["django.contrib.auth.hashers.BCryptSHA256PasswordHasher"]
_VALIDATION = "django.contrib.auth.password_validation"
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"{_VALIDATION}.UserAttributeSimilarityValidator", "OPTIONS": {"user_attributes": ["email"]}},
    {"NAME": f"{_VALIDATION}.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": f"{_VALIDATION}.CommonPasswordValidator"},
    {"NAME": f"{_VALIDATION}.NumericPasswordValidator"},
]

LANGUAGE_CODE = "en"
TIME_ZONE = "UTC"
USE_TZ = True
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

STATIC_URL = "/static/"
STATIC_ROOT = HOME / "staticfiles"
STATICFILES_DIRS = [BASE_DIR / "static"]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
}

AUTOGRID_DEPLOYMENT = env.text("AUTOGRID_DEPLOYMENT", "self_hosted")
# Key ring for the vault: "k2:<base64 of 32 bytes>,k1:...". The first key encrypts, all decrypt.
AUTOGRID_ENCRYPTION_KEYS = env.text("AUTOGRID_ENCRYPTION_KEYS")
# Where the simulated exchange listens, as JSON; set by settings/demo.py and settings/test.py alone.
EXCHANGE_SIMULATOR: dict[str, str] | None = None

JWT_ACCESS_LIFETIME = timedelta(hours=24)
JWT_REFRESH_LIFETIME = timedelta(days=7)
