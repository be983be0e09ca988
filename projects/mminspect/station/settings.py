"""Django's settings, from environment variables that docs/station.md lists; nothing secret is written here."""
from __future__ import annotations

import os
from pathlib import Path

from . import environment

ROOT = Path(__file__).resolve().parent

#: Everything that the station keeps: database, pictures, secrets.
STATION_DATA = Path(os.environ.get('STATION_DATA') or 'work_dirs/station').absolute()
environment.make_folder(STATION_DATA)
#: Address that the server listens at. Beyond this machine, and for other names than its own, users have to log in.
STATION_HOST = os.environ.get('STATION_HOST') or '127.0.0.1'
_MORE_HOSTS = environment.words('STATION_HOSTS')
STATION_LOGIN = (environment.flag('STATION_LOGIN') or not environment.is_loopback(STATION_HOST)
                 or any(not environment.is_loopback(name) for name in _MORE_HOSTS))
#: For machines that send pictures: ``Authorization: Bearer ...``.
STATION_TOKEN = environment.secret('STATION_TOKEN', STATION_DATA / 'token')
#: Behind a proxy that speaks HTTPS and sets X-Forwarded-Proto.
STATION_HTTPS = environment.flag('STATION_HTTPS')
#: Proxies whose X-Forwarded-For is believed where guesses of passwords and tokens are counted by address.
STATION_PROXIES = environment.networks('STATION_PROXIES', ('127.0.0.0/8', '::1'))
#: Limits of one picture, and of one request.
STATION_MAX_BYTES = environment.number('STATION_MAX_BYTES', 256 * 2**20)
STATION_MAX_PIXELS = environment.number('STATION_MAX_PIXELS', 100_000_000)
STATION_MAX_FILES = environment.number('STATION_MAX_FILES', 100)
STATION_MAX_REQUEST = environment.number('STATION_MAX_REQUEST', 2 * STATION_MAX_BYTES)
#: Uploads that are worked on at a time, and as many other requests; more are asked to come again.
STATION_MAX_REQUESTS = environment.number('STATION_MAX_REQUESTS', 128)
#: Frames of cameras that are kept; the oldest go first, those with an operator's mark stay.
STATION_LIVE_RECORDS = environment.number('STATION_LIVE_RECORDS', 5000)
#: Sieve before the model: see :class:`mminspect.station.prescreen.PrescreenSettings`.
STATION_PRESCREEN = environment.numbers('STATION_PRESCREEN')
#: What the worker runs, and what it looks at: names of cameras and their sources.
STATION_MODEL = os.environ.get('STATION_MODEL', '')
STATION_CONFIG = os.environ.get('STATION_CONFIG') or None
STATION_RUNTIME = os.environ.get('STATION_RUNTIME') or None
STATION_PRECISION = os.environ.get('STATION_PRECISION') or None
STATION_SOURCES = {f'live{number}': text for number, text in enumerate(environment.lines('STATION_SOURCES'), 1)}
#: Modules that register further kinds of sources, for STATION_SOURCES, or that the config in a checkpoint may import.
STATION_IMPORT = environment.words('STATION_IMPORT')
#: Scores that the drift warning looks at.
STATION_DRIFT_WINDOW = environment.number('STATION_DRIFT_WINDOW', 200)

SECRET_KEY = environment.secret('STATION_SECRET_KEY', STATION_DATA / 'secret_key')
DEBUG = False
ALLOWED_HOSTS = environment.host_names(STATION_HOST, _MORE_HOSTS)
ROOT_URLCONF = 'mminspect.station.urls'
INSTALLED_APPS = ['django.contrib.auth', 'django.contrib.contenttypes', 'django.contrib.sessions',
                  'django.contrib.staticfiles', 'mminspect.station.records']
MIDDLEWARE = [
    'mminspect.station.security.SecurityHeaders',
    'django.middleware.security.SecurityMiddleware',
    'django.middleware.clickjacking.XFrameOptionsMiddleware',
    'mminspect.station.static_files.StaticFiles',
    'django.contrib.sessions.middleware.SessionMiddleware',
    'django.contrib.auth.middleware.AuthenticationMiddleware',
    'mminspect.station.replies.Problems',
    'mminspect.station.access.Access',
    'mminspect.station.access.CsrfUnlessToken',
]
TEMPLATES = [dict(BACKEND='django.template.backends.django.DjangoTemplates', DIRS=[ROOT / 'templates'],
                  OPTIONS=dict(context_processors=['django.template.context_processors.request',
                                                   'django.contrib.auth.context_processors.auth',
                                                   'mminspect.station.views.pages.station_state']))]
STATIC_URL = '/static/'
STATICFILES_DIRS = [ROOT / 'static']
WHITENOISE_USE_FINDERS, WHITENOISE_ALLOW_ALL_ORIGINS = True, False
MEDIA_ROOT = STATION_DATA / 'media'

DATABASES = dict(default=environment.database(os.environ.get('STATION_DATABASE', ''), STATION_DATA))
environment.keep_private(DATABASES['default'])
#: Of this process alone. It holds what :mod:`mminspect.station.guessing` counts, of which nothing may give way.
CACHES = dict(default=dict(BACKEND='django.core.cache.backends.locmem.LocMemCache', OPTIONS=dict(MAX_ENTRIES=10**6)))
DEFAULT_AUTO_FIELD = 'django.db.models.BigAutoField'
USE_TZ = True
TIME_ZONE = environment.time_zone()
USE_I18N = False

LOGIN_URL, LOGIN_REDIRECT_URL, LOGOUT_REDIRECT_URL = '/login', '/', '/login'
AUTH_PASSWORD_VALIDATORS = [dict(NAME=f'django.contrib.auth.password_validation.{name}') for name in (
    'UserAttributeSimilarityValidator', 'MinimumLengthValidator', 'CommonPasswordValidator',
    'NumericPasswordValidator')]

CSRF_FAILURE_VIEW = 'mminspect.station.replies.csrf_failure'
CSRF_COOKIE_SAMESITE = SESSION_COOKIE_SAMESITE = 'Lax'
SESSION_COOKIE_HTTPONLY = CSRF_COOKIE_HTTPONLY = True  # scripts read the CSRF token from the page
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = STATION_HTTPS
SESSION_COOKIE_AGE = 12 * 3600
if STATION_HTTPS:
    SECURE_PROXY_SSL_HEADER = ('HTTP_X_FORWARDED_PROTO', 'https')
    SECURE_HSTS_SECONDS = 365 * 24 * 3600
    CSRF_TRUSTED_ORIGINS = [f'https://{name}' for name in _MORE_HOSTS]
X_FRAME_OPTIONS = 'DENY'
SECURE_REFERRER_POLICY = 'same-origin'

FILE_UPLOAD_HANDLERS = ['django.core.files.uploadhandler.MemoryFileUploadHandler',
                        'mminspect.station.intake.FileOnDisk']
DATA_UPLOAD_MAX_NUMBER_FILES = STATION_MAX_FILES
DATA_UPLOAD_MAX_NUMBER_FIELDS = STATION_MAX_FILES + 20
DATA_UPLOAD_MAX_MEMORY_SIZE = 2**20  # of everything but files
FILE_UPLOAD_TEMP_DIR = STATION_DATA / 'tmp'
FILE_UPLOAD_TEMP_DIR.mkdir(exist_ok=True)

LOGGING = dict(
    version=1, disable_existing_loggers=False,
    formatters=dict(line=dict(format='%(asctime)s %(levelname)s %(name)s: %(message)s')),
    handlers=dict(stderr={'class': 'logging.StreamHandler', 'formatter': 'line'}),
    loggers={'mminspect.station': dict(handlers=['stderr'], level='INFO', propagate=False),
             'django': dict(handlers=['stderr'], level='ERROR', propagate=False),
             'django.security.DisallowedHost': dict(handlers=[], level='CRITICAL', propagate=False)})
