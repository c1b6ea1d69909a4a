"""What all settings share. Values that differ between deployments come from the environment (docs/operations.md)."""

from __future__ import annotations

import json
from pathlib import Path

from csp.constants import NONE, SELF
from django.utils.translation import gettext_lazy as _

from health_platform.settings import environment as env

BASE_DIR = Path(__file__).resolve().parents[2]

SECRET_KEY = env.text("SECRET_KEY")
DEBUG = False
ALLOWED_HOSTS = env.words("ALLOWED_HOSTS", "127.0.0.1,localhost,[::1]")
CSRF_TRUSTED_ORIGINS = env.words("CSRF_TRUSTED_ORIGINS")

INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "csp",
    "django_htmx",
    "oauth2_provider",
    "rest_framework",
    "drf_spectacular",
    "health_platform.accounts",
    "health_platform.fhir",
    "health_platform.smart",
    "inference",
    "clinics",
    "citizen_app_api",
    "health_platform.demo",
    "health_platform",
]

MIDDLEWARE = [
    "health_platform.fhir.access.origin.remember_address",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "health_platform.smart.cors.cross_origin",
    "health_platform.smart.middleware.refusals_noted",
    "health_platform.smart.middleware.bearer_token",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "health_platform.smart.rate_limits.rate_limited",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
]
APPEND_SLASH = False

ROOT_URLCONF = "health_platform.urls"
WSGI_APPLICATION = "health_platform.wsgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.template.context_processors.i18n",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ]
        },
    }
]

# The server's role can neither migrate nor bypass row-level security; `migrate --database owner` does the former.
DATABASES = {"default": env.database(env.text("DATABASE_URL"), pool_size=int(env.text("DATABASE_POOL", "8")))}
if env.text("DATABASE_OWNER_URL"):
    DATABASES["owner"] = env.database(env.text("DATABASE_OWNER_URL"))
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

AUTH_USER_MODEL = "accounts.User"
PASSWORD_HASHERS = ["django.contrib.auth.hashers.Argon2PasswordHasher"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 10}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
# Staff sign in with an authenticator besides the password.
STAFF_SECOND_FACTOR = True
# How long a recovery code that an institution hands out is good, in seconds.
PASSWORD_RESET_TIMEOUT = 24 * 3600
# OpenID Connect providers through which people may sign in: a JSON list, or its file (docs/operations.md).
IDENTITY_PROVIDERS = json.loads(env.text_or_file("IDENTITY_PROVIDERS") or "[]")
# The class of the adapter to a service that proves who somebody is (health_platform/accounts/proofing); empty: none.
IDENTITY_PROOFING = env.text("IDENTITY_PROOFING")
LOGIN_URL = "/console/sign-in"
LOGIN_REDIRECT_URL = "/console/"
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
CSRF_COOKIE_SAMESITE = "Lax"
X_FRAME_OPTIONS = "DENY"

CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF, "data:"],
        "font-src": [SELF],
        "connect-src": [SELF],
        "manifest-src": [SELF],
        "worker-src": [SELF],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
        "base-uri": [NONE],
    }
}

OAUTH2_PROVIDER_APPLICATION_MODEL = "smart.Client"
# The provider's own; named because our tables refer to them.
OAUTH2_PROVIDER_ACCESS_TOKEN_MODEL = "oauth2_provider.AccessToken"  # noqa: S105
OAUTH2_PROVIDER_REFRESH_TOKEN_MODEL = "oauth2_provider.RefreshToken"  # noqa: S105
# The RSA key that signs ID tokens (PEM text, or its file); without one there is no OpenID Connect.
_OIDC_SIGNING_KEY = env.text_or_file("OIDC_SIGNING_KEY")
OAUTH2_PROVIDER = {
    "OAUTH2_VALIDATOR_CLASS": "health_platform.smart.validator.SmartValidator",
    "SCOPES_BACKEND_CLASS": "health_platform.smart.scopes.SmartScopes",
    "AUTHORIZATION_CODE_EXPIRE_SECONDS": 60,
    "ACCESS_TOKEN_EXPIRE_SECONDS": 300,
    "REFRESH_TOKEN_EXPIRE_SECONDS": 90 * 24 * 3600,
    "ROTATE_REFRESH_TOKEN": True,
    "REFRESH_TOKEN_REUSE_PROTECTION": True,
    "REFRESH_TOKEN_GRACE_PERIOD_SECONDS": 0,
    "PKCE_REQUIRED": True,
    "ALLOWED_REDIRECT_URI_SCHEMES": ["https"],
    "OIDC_ENABLED": bool(_OIDC_SIGNING_KEY),
    "OIDC_RSA_PRIVATE_KEY": _OIDC_SIGNING_KEY,
    "ID_TOKEN_EXPIRE_SECONDS": 300,
    # RFC 9700: the provider leaves each of these off.
    "COMPLIANT_BCP_RFC9700_IMPLICIT_GRANT": True,
    "COMPLIANT_BCP_RFC9700_PASSWORD_GRANT": True,
    "COMPLIANT_BCP_RFC9700_PKCE_METHOD": True,
    "COMPLIANT_BCP_RFC9700_PKCE_REQUIRED": True,
    "COMPLIANT_BCP_RFC9700_ACCESS_TOKEN_TRANSPORT": True,
    "COMPLIANT_BCP_RFC9700_AUTHZ_RESPONSE_ISS": True,
    "COMPLIANT_BCP_RFC9700_TOKEN_STORAGE": True,
    "COMPLIANT_BCP_RFC9700_REFRESH_TOKEN": True,
    "COMPLIANT_BCP_RFC9700_REDIRECT_URI_SCHEME": True,
    "COMPLIANT_BCP_RFC9700_REDIRECT_URI_MATCHING": True,
}
# What the CapabilityStatement says of them (SMART App Launch, the extension oauth-uris): paths at this server.
FHIR_OAUTH_ADDRESSES = {
    "authorize": "/oauth/authorize",
    "token": "/oauth/token",
    "introspect": "/oauth/introspect",
    "revoke": "/oauth/revoke",
}

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": ["health_platform.smart.authentication.AccessAuthentication"],
    "DEFAULT_PERMISSION_CLASSES": ["health_platform.smart.authentication.SignedIn"],
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["rest_framework.parsers.JSONParser"],
    "EXCEPTION_HANDLER": "health_platform.smart.problem.exception_handler",
    "UNAUTHENTICATED_USER": None,
}
SPECTACULAR_SETTINGS = {
    "TITLE": "Bitgoeul citizen and triage API",
    "DESCRIPTION": "Records, risks and plans of a citizen; emergency triage. Not a cleared medical device.",
    "VERSION": "1",
    "OAS_VERSION": "3.1.0",
    "SERVE_INCLUDE_SCHEMA": False,
    "SCHEMA_PATH_PREFIX": "/api/v1",
    "POSTPROCESSING_HOOKS": [
        "drf_spectacular.hooks.postprocess_schema_enums",
        "inference.triage.openapi.add_triage",
    ],
}

LANGUAGE_CODE = "ko"
LANGUAGES = [("ko", _("Korean")), ("en", _("English"))]
USE_I18N = True
TIME_ZONE = "Asia/Seoul"
USE_TZ = True

STATIC_URL = "/static/"
STATIC_ROOT = BASE_DIR / "staticfiles"
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
}

DATA_UPLOAD_MAX_MEMORY_SIZE = 64 * 1024 * 1024

# Requests/seconds in each process: of a system, of a person, of an address from which nobody has signed in, of a device
# of an ambulance.
RATE_LIMITS = {
    "client": env.rate("RATE_LIMIT_CLIENT", "6000/60"),
    "person": env.rate("RATE_LIMIT_PERSON", "600/60"),
    "address": env.rate("RATE_LIMIT_ADDRESS", "600/60"),
    "triage": env.rate("RATE_LIMIT_TRIAGE", "600/60"),
}

CELERY_BROKER_URL = env.text("CELERY_BROKER_URL")
CELERY_BROKER_FOLDER = env.text("CELERY_BROKER_FOLDER")

# Empty: ONNX Runtime in this process. An address: a Triton or KServe server that serves the same model repository.
INFERENCE_URL = env.text("INFERENCE_URL")
# Where ONNX Runtime computes, best first; demanded: without the first one the server does not start.
INFERENCE_PROVIDERS = env.words("INFERENCE_PROVIDERS", "CPUExecutionProvider")
INFERENCE_PROVIDER_DEMANDED = env.text("INFERENCE_PROVIDER_DEMANDED") == "yes"
MODEL_REPOSITORY = Path(env.text("MODEL_REPOSITORY") or BASE_DIR / "inference" / "model_repository")
# Public keys (PEM files) of who signs models: with any, a model that none of them has signed does not load.
MODEL_PUBLIC_KEYS = env.words("MODEL_PUBLIC_KEYS")
# A JSON Web Key Set (text, or the path of a file) with the public keys of ambulance devices.
TRIAGE_DEVICE_KEYS = env.text("TRIAGE_DEVICE_KEYS")
# How long a triage answer waits for the store, in seconds; then it goes out with `recorded: false`.
TRIAGE_RECORD_SECONDS = float(env.text("TRIAGE_RECORD_SECONDS", "0.25"))

# Keys for resident registration numbers, only where a law gives one: `id:base64` (32 bytes each, the first seals), and
# the key of their index (32 bytes in base64). Nothing needs them.
RESIDENT_NUMBER_KEYS = env.words("RESIDENT_NUMBER_KEYS")
RESIDENT_NUMBER_INDEX_KEY = env.text("RESIDENT_NUMBER_INDEX_KEY")

# How many proxies of our own stand before the server: the address in the access log is what the outermost saw.
TRUSTED_PROXIES = int(env.text("TRUSTED_PROXIES", "0"))
# Keys of the access log, in base64: what encrypts the queries of searches (32 bytes each, the first for new ones), the
# Ed25519 key (32 bytes) that signs checkpoints, and the public keys of checkpoints signed before or elsewhere.
AUDIT_QUERY_KEYS = env.words("AUDIT_QUERY_KEYS")
AUDIT_SIGNING_KEY = env.text("AUDIT_SIGNING_KEY")
AUDIT_PUBLIC_KEYS = env.words("AUDIT_PUBLIC_KEYS")
# A file to which every checkpoint is appended, on another machine's disk: it shows when the end of the log is missing.
AUDIT_CHECKPOINT_FILE = env.text("AUDIT_CHECKPOINT_FILE")
AUDIT_KEPT_DAYS = int(env.text("AUDIT_KEPT_DAYS", "1096"))

# Where the platform stands, as data: see clinics/registry.
# The telephone number that the citizens' page offers for help; 129 is the national health and welfare line.
HELP_PHONE = env.text("HELP_PHONE", "129")
CITY_NAME = env.text("CITY_NAME", "광주")

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"plain": {"format": "%(asctime)s %(levelname)s %(name)s %(message)s"}},
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "plain"}},
    "root": {"handlers": ["stderr"], "level": env.text("LOG_LEVEL", "WARNING")},
    # Its warnings name the addresses that were refused, and an address may name a patient.
    "loggers": {
        "django.request": {"level": "ERROR"},
        # At their finest level these write whole contexts of pages and the values of statements.
        "django.template": {"level": "INFO"},
        "django.db.backends": {"level": "INFO"},
    },
}
