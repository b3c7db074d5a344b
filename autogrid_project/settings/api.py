"""The REST API: who may ask, how often, and how it describes itself."""

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "accounts.api.authentication.BearerAuthentication",
        "rest_framework.authentication.SessionAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_PARSER_CLASSES": ["accounts.api.wire.StrictJSONParser"],
    "DEFAULT_RENDERER_CLASSES": ["accounts.api.wire.PlainJSONRenderer"],
    "DEFAULT_THROTTLE_CLASSES": [
        "accounts.api.throttles.UserThrottle",
        "accounts.api.throttles.AnonymousThrottle",
    ],
    # Requests a minute; `exchange` counts those that ask an exchange about an account, pages included, and `code` the
    # codes of a second factor in an hour (`code_day`: in a day), `email` the mails to a new
    # address in an hour, `balances` the looks at balances by exchange.
    "DEFAULT_THROTTLE_RATES": {
        "user": 1200,
        "anonymous": 300,
        "auth": 60,
        "exchange": 60,
        "balances": 60,
        "code": 30,
        "code_day": 100,
        "email": 5,
    },
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "EXCEPTION_HANDLER": "drf_standardized_errors.handler.exception_handler",
    "TEST_REQUEST_DEFAULT_FORMAT": "json",
    "TEST_REQUEST_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
}
DRF_STANDARDIZED_ERRORS = {"EXCEPTION_HANDLER_CLASS": "accounts.api.errors.ApiExceptionHandler"}
SPECTACULAR_SETTINGS = {
    "TITLE": "AutoGrid",
    "DESCRIPTION": "Grid and DCA bots on crypto exchanges. Decimals are strings; lists are cursor-paged.",
    "VERSION": "1",
    "SERVE_INCLUDE_SCHEMA": False,
    "SERVE_PERMISSIONS": ["rest_framework.permissions.AllowAny"],
    "SERVE_AUTHENTICATION": [],
    "SCHEMA_PATH_PREFIX": "/api/v1",
    "COMPONENT_SPLIT_REQUEST": True,
    "ENUM_NAME_OVERRIDES": {
        "BacktestStatusEnum": "bots.models.BacktestStatus",
        "BacktestKindEnum": "bots.models.BacktestKind",
        "NoticeChannelEnum": "bots.models.notice.OWN_CHANNELS",
    },
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "POSTPROCESSING_HOOKS": [
        "drf_spectacular.hooks.postprocess_schema_enums",
        "accounts.api.docs.describe_errors",
    ],
}
