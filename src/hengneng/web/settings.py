"""Django settings. What an operator may set comes from the environment; each variable is in the reference."""

from __future__ import annotations

import os
from urllib.parse import unquote, urlsplit

from hengneng.accounts.policy import policy
from hengneng.home import home_folder, secret_key

HOME = home_folder()
SECRET_KEY = secret_key(HOME)
DEBUG = False
ALLOWED_HOSTS = [
    "localhost",
    "127.0.0.1",
    "[::1]",
    *filter(None, os.environ.get("HENGNENG_HOSTS", "").split(",")),
]

INSTALLED_APPS = [
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.messages",
    "django.contrib.sessions",
    "django.contrib.staticfiles",
    "django_tasks_db",
    "hengneng.acts",
    "hengneng.registry",
    "hengneng.accounts",
    "hengneng.jobs",
    "hengneng.facts",
    "hengneng.metering",
    "hengneng.devices",
    "hengneng.key_unit_items",
    "hengneng.monitoring",
    "hengneng.standing",
    "hengneng.duties",
    "hengneng.web",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.middleware.gzip.GZipMiddleware",
    "hengneng.web.middleware.SecureHeadersMiddleware",
    "hengneng.web.api.middleware.ApiAnswersMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "hengneng.web.middleware.LanguageMiddleware",
    "hengneng.web.foreign_words.ForeignWordsMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "hengneng.web.middleware.ActorMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]

ROOT_URLCONF = "hengneng.web.urls"
WSGI_APPLICATION = "hengneng.web.wsgi.application"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "hengneng.web.context.language",
                "hengneng.web.context.person",
            ],
            "builtins": ["hengneng.web.templatetags.words"],
        },
    }
]


def _database(url: str) -> dict[str, object]:
    """Connection settings from ``postgresql://user:password@host:port/name`` or, empty, SQLite in the data folder."""
    if not url:
        return {
            "ENGINE": "django.db.backends.sqlite3",
            "NAME": str(HOME / "hengneng.sqlite3"),
            "OPTIONS": {
                "transaction_mode": "IMMEDIATE",
                "timeout": 30,
                # An acknowledged figure must survive a power cut.
                "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;",
            },
        }
    parts = urlsplit(url)
    if parts.scheme not in ("postgresql", "postgres"):
        raise ValueError(
            f"HENGNENG_DATABASE_URL: found scheme {parts.scheme!r}; expected postgresql://… or nothing (SQLite)"
        )
    query = dict(pair.split("=", 1) for pair in parts.query.split("&") if "=" in pair)
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": unquote(parts.path.lstrip("/")),
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": unquote(query.pop("host", parts.hostname or "")),
        "PORT": str(parts.port or ""),
        "OPTIONS": {name: unquote(value) for name, value in query.items()},
    }


DATABASES = {"default": _database(os.environ.get("HENGNENG_DATABASE_URL", ""))}
AUTH_USER_MODEL = "accounts.Person"
AUTHENTICATION_BACKENDS = ["hengneng.accounts.backend.PersonBackend"]
PASSWORD_HASHERS = ["django.contrib.auth.hashers.Argon2PasswordHasher"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "hengneng.accounts.passwords.LongEnough"},
    {"NAME": "hengneng.accounts.passwords.NotCommon"},
    {"NAME": "hengneng.accounts.passwords.NotTheName"},
]
LOGIN_URL = "/sign-in/"
MESSAGE_STORAGE = "django.contrib.messages.storage.session.SessionStorage"
SESSION_COOKIE_NAME = "session"
SESSION_COOKIE_AGE = int(policy().longest_session.total_seconds())
SESSION_COOKIE_SAMESITE = "Lax"
CSRF_FAILURE_VIEW = "hengneng.web.views.about.csrf_failure"
# Behind a proxy that speaks HTTPS, cookies never travel in clear and browsers are told to keep it so.
HTTPS = os.environ.get("HENGNENG_HTTPS", "") == "1"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = HTTPS
SECURE_HSTS_SECONDS = 31_536_000 if HTTPS else 0
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if HTTPS else None
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

TASKS = {"default": {"BACKEND": "django_tasks_db.DatabaseBackend"}}

USE_TZ = True
TIME_ZONE = os.environ.get("HENGNENG_TIME_ZONE", "Asia/Shanghai")
USE_I18N = False

STATIC_URL = "static/"
STATIC_ROOT = str(HOME / "static")
# Pages are served from the packages' own static folders; an operator may collect them here.
(HOME / "static").mkdir(exist_ok=True)
WHITENOISE_USE_FINDERS = True
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "handlers": {"console": {"class": "logging.StreamHandler"}},
    "root": {"handlers": ["console"], "level": "WARNING"},
}
