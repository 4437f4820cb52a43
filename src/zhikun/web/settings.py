"""The settings of the platform: one file. What differs between places comes from the environment (environment.py)."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from csp.constants import NONE, SELF

from zhikun.web import environment, logs

ENVIRONMENT = environment.read()

DEBUG = ENVIRONMENT.debug
SECRET_KEY = ENVIRONMENT.secret
ALLOWED_HOSTS = ENVIRONMENT.hosts
CSRF_TRUSTED_ORIGINS = ENVIRONMENT.origins

ZHIKUN_NAME = ENVIRONMENT.name
ZHIKUN_DATA = ENVIRONMENT.data
ZHIKUN_KEYS = ENVIRONMENT.keys
ZHIKUN_PACK = ENVIRONMENT.pack
#: Packs that runs may use besides, over the same facts (registry/vocabulary.py).
ZHIKUN_FURTHER_PACKS = ENVIRONMENT.further_packs
ZHIKUN_CIPHER = ENVIRONMENT.cipher
ZHIKUN_PROXIES = ENVIRONMENT.proxies
ZHIKUN_METRICS_TOKEN = ENVIRONMENT.metrics_token
#: Seconds for which a worker may be silent before another takes over its work.
ZHIKUN_LEASE_SECONDS = 60
#: The page that shows every component in every state, with generated data, to whoever knows its address.
ZHIKUN_STYLE_PAGE = True

INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django_htmx",
    "csp",
    "axes",
    "zhikun.pages",
    "zhikun.privacy",
    "zhikun.audit",
    "zhikun.places",
    "zhikun.jobs",
    "zhikun.accounts",
    "zhikun.registry",
    "zhikun.assessments",
    "zhikun.monitoring",
    "zhikun.surveys",
    "zhikun.analytics",
    "zhikun.web",
]

# What stands above the sessions answers without the database: headers for every response, probes, files.
MIDDLEWARE = [
    "zhikun.web.requests.ProxyMiddleware",
    "zhikun.web.requests.TongueMiddleware",
    "zhikun.web.kept.KeptMiddleware",
    "zhikun.audit.context.AskedMiddleware",
    "zhikun.web.requests.LogMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "csp.middleware.CSPMiddleware",
    "zhikun.web.probes.ProbeMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "zhikun.pages.middleware.HeadersMiddleware",
    "zhikun.pages.middleware.HtmxRedirectMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "zhikun.accounts.middleware.GateMiddleware",
    "axes.middleware.AxesMiddleware",
    "zhikun.pages.errors.DomainErrorMiddleware",
]

ROOT_URLCONF = "zhikun.web.urls"
WSGI_APPLICATION = "zhikun.web.wsgi.application"
FORM_RENDERER = "zhikun.pages.forms.FormRenderer"
CSRF_FAILURE_VIEW = "zhikun.pages.errors.csrf_failure"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "zhikun.pages.frame.context",
            ],
        },
    },
]


def _databases() -> dict[str, dict[str, Any]]:
    given = ENVIRONMENT.database
    if given["kind"] == "sqlite":
        # One writer at a time, readers beside it; a write begins as a write, so that two of them wait and never fail half-way.
        options: dict[str, Any] = {
            "transaction_mode": "IMMEDIATE",
            "timeout": 20,
            "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; PRAGMA cache_size=-65536; "
            "PRAGMA mmap_size=268435456; PRAGMA temp_store=MEMORY;",
        }
        return {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": str(given["path"]), "OPTIONS": options}}
    return {
        "default": {
            "ENGINE": "django.db.backends.postgresql",
            "NAME": given["name"],
            "USER": given["user"],
            "PASSWORD": given["password"],
            "HOST": given["host"],
            "PORT": given["port"],
            # A database that is away is said after five seconds; a page never waits longer for a connection.
            "OPTIONS": {"pool": {"min_size": 1, "max_size": 12, "timeout": 5}, "connect_timeout": 5},
        }
    }


DATABASES = _databases()
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

AUTH_USER_MODEL = "accounts.Officer"
AUTHENTICATION_BACKENDS = [
    "axes.backends.AxesStandaloneBackend",
    "zhikun.accounts.backend.OfficerBackend",
]
PASSWORD_HASHERS = ["django.contrib.auth.hashers.Argon2PasswordHasher"]
AUTH_PASSWORD_VALIDATORS = [
    {
        "NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator",
        "OPTIONS": {"user_attributes": ("username", "name")},
    },
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 10}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
]
LOGIN_URL = "accounts:sign-in"
LOGIN_REDIRECT_URL = "/"
#: What the page kit asks about officers: who works here, in which office and where.
ZHIKUN_FRAME = "zhikun.accounts.frame.frame"

#: After so many minutes without work a session is over; GB/T 22239-2019 8.1.4.1 b asks for a time-out and names no figure.
ZHIKUN_IDLE_MINUTES = ENVIRONMENT.idle_minutes
SESSION_COOKIE_AGE = 12 * 3600
SESSION_EXPIRE_AT_BROWSER_CLOSE = True
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = ENVIRONMENT.https
SESSION_COOKIE_NAME = "zhikun_session"
CSRF_COOKIE_NAME = "zhikun_csrf"
CSRF_COOKIE_HTTPONLY = True
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
if ENVIRONMENT.https and ENVIRONMENT.proxies:
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
SECURE_HSTS_SECONDS = 31536000 if ENVIRONMENT.https else 0
X_FRAME_OPTIONS = "DENY"

CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [SELF],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF, "data:", "blob:"],
        "connect-src": [SELF],
        "worker-src": [SELF],
        "object-src": [NONE],
        "base-uri": [SELF],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
    }
}

# Five wrong passwords for one account from one address; a whole office may sit behind one address.
AXES_FAILURE_LIMIT = 5
AXES_COOLOFF_TIME = 0.25  # hours
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]
AXES_RESET_ON_SUCCESS = True
AXES_RESET_COOL_OFF_ON_FAILURE_DURING_LOCKOUT = False
AXES_USERNAME_CALLABLE = "zhikun.accounts.services.signing_in.lock_name"
AXES_LOCKOUT_CALLABLE = "zhikun.accounts.ui.sign_in.locked"
AXES_VERBOSE = False
AXES_DISABLE_ACCESS_LOG = True

LANGUAGE_CODE = "zh-hans"
LANGUAGES = [("zh-hans", "简体中文")]
TIME_ZONE = "Asia/Shanghai"
USE_I18N = True
USE_TZ = True
LOCALE_PATHS = [Path(__file__).resolve().parent.parent / "wording" / "locale"]

#: What tools/frontend.py brings in from npm.
VENDOR = Path(sys.prefix) / "share" / "zhikun" / "static"
STATIC_URL = "/static/"
STATIC_ROOT = ZHIKUN_DATA / "static"
STATICFILES_DIRS = [VENDOR] if VENDOR.is_dir() else []
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
        if DEBUG
        else "whitenoise.storage.CompressedManifestStaticFilesStorage"
    },
}

# A request may carry a survey with photos; what is larger goes to a temporary file, and forms state their own limits.
DATA_UPLOAD_MAX_MEMORY_SIZE = 20 * 1024 * 1024
FILE_UPLOAD_MAX_MEMORY_SIZE = 2 * 1024 * 1024
FILE_UPLOAD_TEMP_DIR = environment.uploads(ZHIKUN_DATA)
DATA_UPLOAD_MAX_NUMBER_FIELDS = 5000

# One line of JSON for each event; no query, no name, no number of a person (logs.py).
LOGGING = logs.configuration(ENVIRONMENT.log)
