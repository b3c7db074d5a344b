"""What every deployment shares. demo, test and production add only what differs."""

from datetime import timedelta
from pathlib import Path

import dj_database_url
from celery.schedules import crontab
from django.core.exceptions import ImproperlyConfigured
from django.templatetags.static import static

from autogrid_project import env, logging, security
from autogrid_project.settings.api import *  # noqa: F403
from autogrid_project.settings.trading import *  # noqa: F403

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
    "allauth.mfa",
    "axes",
    "csp",
    "django_htmx",
    "django_celery_beat",
    "django_prometheus",
    "django_structlog",
    "accounts",
    "exchanges",
    "exchanges.paper",
    "marketdata",
    "bots",
    "telegram_bot",
]

MIDDLEWARE = [
    "django_prometheus.middleware.PrometheusBeforeMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.middleware.gzip.GZipMiddleware",
    "autogrid_project.security.SecurityHeaders",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "accounts.browsers.NoteBrowsers",
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
# Checked when the pool hands it out: a restart of Postgres leaves dead ones there. The pool tries ever more seldom to
# reach a database that is away; after reconnect_timeout it begins anew with whoever asks next.
DATABASES = {
    "default": dj_database_url.parse(env.text("DATABASE_URL"), conn_max_age=0, conn_health_checks=True)
}
# A process that stands still in a transaction keeps its locks: before the others take it for dead (30 s), Postgres ends
# its session. Nobody asks an exchange, or waits for anything else, in a transaction.
IDLE_IN_TRANSACTION = "-c idle_in_transaction_session_timeout=15s"
DATABASES["default"]["OPTIONS"] = {
    "options": IDLE_IN_TRANSACTION,
    "pool": {
        "min_size": 1,
        "max_size": env.integer("AUTOGRID_DB_POOL", 16),
        "timeout": 10,
        "reconnect_timeout": 5,
    },
}
REDIS_URL = env.text("REDIS_URL")
CACHES = {"default": {"BACKEND": "django.core.cache.backends.redis.RedisCache", "LOCATION": REDIS_URL}}

AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = [
    "axes.backends.AxesStandaloneBackend",
    "allauth.account.auth_backends.AuthenticationBackend",
]
PASSWORD_HASHERS = ["accounts.hashers.PatientBCrypt"]
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

LOGGING = logging.configure(env.text("AUTOGRID_LOG_LEVEL", "INFO"))
CONTENT_SECURITY_POLICY = {"DIRECTIVES": security.STRICT}
X_FRAME_OPTIONS = "DENY"
SECURE_REFERRER_POLICY = "same-origin"
SESSION_COOKIE_HTTPONLY = True
SESSION_ENGINE = "accounts.sessions"
# Prometheus may scrape from elsewhere when it bears this; from this machine it needs nothing.
AUTOGRID_METRICS_TOKEN = env.text("AUTOGRID_METRICS_TOKEN", "")

CELERY_BROKER_URL = REDIS_URL
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
# However long the broker is away: the bots trade on without it, and giving up would end them.
CELERY_BROKER_CONNECTION_MAX_RETRIES = None
# Without these a broker that accepts but does not answer hangs whoever sends, for ever.
CELERY_BROKER_TRANSPORT_OPTIONS = {"socket_timeout": 5, "socket_connect_timeout": 5}
CELERY_TASK_DEFAULT_QUEUE = "celery"
CELERY_TASK_SERIALIZER = "json"
CELERY_ACCEPT_CONTENT = ["json"]
CELERY_TASK_IGNORE_RESULT = True
# A runner lives for days: acknowledged late it would be delivered again at every visibility timeout.
CELERY_TASK_ACKS_LATE = False
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_TIMEZONE = "UTC"
# Written into django-celery-beat's tables at start; operators may change them in the admin.
CELERY_BEAT_SCHEDULE = {
    "re-check every API key": {
        "task": "exchanges.recheck_credentials",
        "schedule": crontab(hour="4", minute="17"),
    },
    "find bots without a runner": {"task": "bots.find_bots_without_a_runner", "schedule": 30.0},
    "look at exchange accounts": {
        "task": "bots.look_at_accounts",
        "schedule": 60.0,
        "options": {"expires": 60},
    },
    "run backtests": {"task": "bots.run_backtests", "schedule": 10.0, "options": {"expires": 10}},
    "daily summaries and weekly reports": {
        "task": "bots.send_summaries",
        "schedule": 300.0,
        "options": {"expires": 300},
    },
    "forget old notices": {"task": "bots.forget_notices", "schedule": crontab(hour="2", minute="29")},
    "deliver notices": {"task": "bots.deliver_notices", "schedule": 30.0, "options": {"expires": 30}},
}

# self_hosted: no limits, no billing. cloud: plans with limits, paid through Stripe.
AUTOGRID_DEPLOYMENT = env.text("AUTOGRID_DEPLOYMENT", "self_hosted")
if AUTOGRID_DEPLOYMENT not in {"self_hosted", "cloud"}:
    raise ImproperlyConfigured("AUTOGRID_DEPLOYMENT must be self_hosted or cloud.")
if AUTOGRID_DEPLOYMENT == "cloud":
    # In this order: billing takes dj-stripe's pages out of the admin.
    INSTALLED_APPS += ["djstripe", "billing"]
# Key ring for the vault: "k2:<base64 of 32 bytes>,k1:...". The first key encrypts, all decrypt.
AUTOGRID_ENCRYPTION_KEYS = env.text("AUTOGRID_ENCRYPTION_KEYS")
# django-cryptography's: the addresses and secrets of notification channels.
CRYPTOGRAPHY_KEY = env.text("CRYPTOGRAPHY_KEY")
# From @BotFather; without it there is no Telegram.
AUTOGRID_TELEGRAM_TOKEN = env.text("AUTOGRID_TELEGRAM_TOKEN", "")
# polling: the service asks Telegram for news. webhook: Telegram calls AUTOGRID_URL, which must be reachable by HTTPS.
AUTOGRID_TELEGRAM_MODE = env.text("AUTOGRID_TELEGRAM_MODE", "polling")
if AUTOGRID_TELEGRAM_MODE not in {"polling", "webhook"}:
    raise ImproperlyConfigured("AUTOGRID_TELEGRAM_MODE must be polling or webhook.")
# Where Telegram is, and how its chats are opened; other than its own in tests and the demo alone.
AUTOGRID_TELEGRAM_API = "https://api.telegram.org"
AUTOGRID_TELEGRAM_LINK = "https://t.me/{username}?start={code}"
# What every bot's engine is handed and answers, for `manage replay_bot`: kept that many days (0: nothing is recorded)
# and at most that many MB.
AUTOGRID_RECORDINGS = HOME / "recordings"
AUTOGRID_RECORDING_DAYS = env.integer("AUTOGRID_RECORDING_DAYS", 7)
AUTOGRID_RECORDING_MB = env.integer("AUTOGRID_RECORDING_MB", 512)
# Where the simulated exchange listens, as JSON; set by settings/demo.py and settings/test.py alone.
EXCHANGE_SIMULATOR: dict[str, str] | None = None
# Proxies on the way to the exchanges: http://user:password@host:port for all, or bybit=http://... for one.
EXCHANGE_PROXIES = env.words("AUTOGRID_EXCHANGE_PROXY")
# Markets the collector follows even when nobody asks for them, and how far back it fills a market's candles.
MARKETDATA_ALWAYS_FOLLOW = env.words("AUTOGRID_ALWAYS_FOLLOW", "binance:BTC/USDT,binance:ETH/USDT")
MARKETDATA_HISTORY_DAYS = env.integer("AUTOGRID_HISTORY_DAYS", 7)

# Where the links in our mails lead; without it they have none.
AUTOGRID_URL = (env.text("AUTOGRID_URL", "") or next(iter(CSRF_TRUSTED_ORIGINS), "")).rstrip("/")
# Who is told by e-mail when trading is halted.
AUTOGRID_OPERATORS = env.words("AUTOGRID_OPERATORS")
EMAIL_TIMEOUT = 10
# Networks beyond the public internet that webhooks and notification channels may reach, such as 192.168.1.0/24.
AUTOGRID_NOTICE_NETWORKS = env.networks("AUTOGRID_NOTICE_NETWORKS")

# --- billing: in the cloud alone ----------------------------------------------------------------------------
# dj-stripe's own migrations take a minute and a half: one of ours makes the same tables (a test compares them).
MIGRATION_MODULES = {"djstripe": "billing.djstripe_migrations"}
STRIPE_SECRET_KEY = env.text("STRIPE_SECRET_KEY", "")
STRIPE_LIVE_MODE = STRIPE_SECRET_KEY.startswith(("sk_live_", "rk_live_"))
STRIPE_WEBHOOK_SECRET = env.text("STRIPE_WEBHOOK_SECRET", "")
AUTOGRID_WEBHOOK_DAYS = env.integer("AUTOGRID_WEBHOOK_DAYS", 90)  # that those worked off are kept
# Where Stripe is; other than its own address in tests and the demo alone.
AUTOGRID_STRIPE_URL = "https://api.stripe.com"
# Plans for crypto, where both are set.
NOWPAYMENTS_API_KEY = env.text("NOWPAYMENTS_API_KEY", "")
NOWPAYMENTS_IPN_SECRET = env.text("NOWPAYMENTS_IPN_SECRET", "")
# With a login as well, payments that NOWPayments did not tell of are found in its list.
NOWPAYMENTS_EMAIL = env.text("NOWPAYMENTS_EMAIL", "")
NOWPAYMENTS_PASSWORD = env.text("NOWPAYMENTS_PASSWORD", "")
# Where the demo asks for the time of what is paid in advance; none: the time is ours.
AUTOGRID_BILLING_CLOCK = ""
AUTOGRID_NOWPAYMENTS_URL = "https://api.nowpayments.io"  # other than that in tests and the demo alone
DJSTRIPE_FOREIGN_KEY_TO_FIELD = "id"
DJSTRIPE_WEBHOOK_URL = r"^never/$"  # dj-stripe's own view is not used

if AUTOGRID_DEPLOYMENT == "cloud":
    CONTENT_SECURITY_POLICY = {"DIRECTIVES": security.strict(security.PAY_PAGES)}
    CELERY_BEAT_SCHEDULE |= {
        "work off webhooks": {"task": "billing.process_events", "schedule": 30.0, "options": {"expires": 30}},
        "look at payments": {
            "task": "billing.process_payments",
            "schedule": 60.0,
            "options": {"expires": 60},
        },
        "find payments": {"task": "billing.find_payments", "schedule": 1800.0, "options": {"expires": 1800}},
        "end what is over": {"task": "billing.review_due", "schedule": 300.0, "options": {"expires": 300}},
        "forget old webhooks": {
            "task": "billing.forget_webhooks",
            "schedule": crontab(hour="2", minute="37"),
        },
        "compare with Stripe": {"task": "billing.reconcile", "schedule": crontab(hour="3", minute="41")},
    }

JWT_ACCESS_LIFETIME = timedelta(hours=24)
JWT_REFRESH_LIFETIME = timedelta(days=7)

# --- accounts: API, sign-in, lockout -----------------------------------------------------------------------
# How many proxies of ours stand in front and append to X-Forwarded-For; 0: the header is not believed at all.
AUTOGRID_TRUSTED_PROXIES = env.integer("AUTOGRID_TRUSTED_PROXIES", 0)

LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "/"
LOGOUT_REDIRECT_URL = "account_login"
ACCOUNT_ADAPTER = "accounts.adapter.AccountAdapter"
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*"]
# none | optional. The API signs in without a confirmed address, so "mandatory" would promise too much.
ACCOUNT_EMAIL_VERIFICATION = env.text("AUTOGRID_EMAIL_VERIFICATION", "none")
if ACCOUNT_EMAIL_VERIFICATION not in {"none", "optional"}:
    raise ImproperlyConfigured("AUTOGRID_EMAIL_VERIFICATION must be none or optional.")
ACCOUNT_EMAIL_UNKNOWN_ACCOUNTS = False
# Failed sign-ins are axes' business: allauth would count them per e-mail, and so lock out a victim.
ACCOUNT_RATE_LIMITS = {"login_failed": None}

MFA_ADAPTER = "accounts.adapter.SecondFactorAdapter"
MFA_FORMS = {
    "authenticate": "accounts.forms.AuthenticateForm",
    "reauthenticate": "accounts.forms.ReauthenticateForm",
    "activate_totp": "accounts.forms.ActivateForm",
}
MFA_TOTP_ISSUER = "AutoGrid"
# A step (30 s) to either side: for slow fingers, and clocks that are a little off.
MFA_TOTP_TOLERANCE = 1
MFA_RECOVERY_CODES_SHOW_ONCE = True
# Nobody has to confirm an address here, see ACCOUNT_EMAIL_VERIFICATION.
MFA_ALLOW_UNVERIFIED_EMAIL = True

AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]
AXES_FAILURE_LIMIT = 5
AXES_COOLOFF_TIME = timedelta(minutes=15)
AXES_RESET_ON_SUCCESS = True
AXES_RESET_COOL_OFF_ON_FAILURE_DURING_LOCKOUT = False
AXES_DISABLE_ACCESS_LOG = True
AXES_ENABLE_ADMIN = False
AXES_VERBOSE = False
# Beside the password, which is never kept with a failure. The username is an address, which no log is to hold.
AXES_SENSITIVE_PARAMETERS = ["username", "code", "otp"]
AXES_CLIENT_IP_CALLABLE = "accounts.client.client_ip"
AXES_USERNAME_CALLABLE = "accounts.lockout.claimed_email"
AXES_LOCKOUT_CALLABLE = "accounts.lockout.lockout_response"

UNFOLD = {
    "SITE_TITLE": "AutoGrid",
    "SITE_HEADER": "AutoGrid",
    "DASHBOARD_CALLBACK": "autogrid_project.figures.on_the_front_page",
    "SITE_FAVICONS": [
        {"rel": "icon", "type": "image/svg+xml", "href": lambda _: static("img/logo.svg")},
    ],
    "STYLES": [lambda _: static("css/admin.css")],
    "SCRIPTS": [lambda _: static("js/admin.js")],
}
