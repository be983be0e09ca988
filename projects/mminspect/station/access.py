"""Who may use the station.

Without a login only this machine may: requests that come straight from a loopback address to one of its names.
Everybody else, and everything that came through a proxy, needs a user's session; machines that send pictures need the
token.
"""
from __future__ import annotations

import secrets
from collections.abc import Callable, Collection, Mapping
from typing import Any

from asgiref.sync import iscoroutinefunction, markcoroutinefunction
from django.conf import settings
from django.contrib.auth.views import redirect_to_login
from django.contrib.sessions.models import Session
from django.core.cache import cache
from django.http import HttpRequest, HttpResponse, parse_cookie
from django.middleware.csrf import CsrfViewMiddleware
from django.utils import timezone

from . import environment, guessing
from .guessing import Limit
from .replies import LOG_IN, WRONG_TOKEN, Refused, is_api, problem, status_and_message
from .senders import sender_in, sender_of

#: A request with one of these has come through a proxy, whatever its address says.
PROXY_HEADERS = frozenset(('forwarded', 'via', 'x-real-ip', 'x-forwarded-for', 'x-forwarded-host', 'x-forwarded-proto',
                           'x-forwarded-server', 'x-forwarded-port', 'cf-connecting-ip', 'true-client-ip'))
#: So many wrong tokens from one address, then one every fifteen seconds; more where the right one came from in the last
#: hour, so that nobody near a machine of the line shuts it out with ease.
TOKEN_TRIES, TOKEN_TRIES_OF_KNOWN, TOKEN_SECONDS, KNOWN_SECONDS = 20, 1000, 300, 3600


def is_open_to(address: str, headers: Collection[str]) -> bool:
    """Whether a client needs no login.

    Args:
        address: The client's IP address.
        headers: Names of the request's headers, in small letters.
    """
    return not settings.STATION_LOGIN and environment.is_loopback(address) and PROXY_HEADERS.isdisjoint(headers)


def is_token(authorization: str, address: str) -> bool:
    """Whether an Authorization header holds the station's token.

    Args:
        authorization: The header, '' without one.
        address: :func:`~mminspect.station.senders.sender` of the request; wrong tokens are counted by it.

    Raises:
        Refused: Too many wrong ones have come from there: this one is not looked at.
    """
    kind, _, token = authorization.partition(' ')
    if kind.lower() != 'bearer':
        return False
    known = guessing.counter('machine', address)
    limit = Limit(TOKEN_TRIES_OF_KNOWN if cache.get(known) else TOKEN_TRIES, TOKEN_SECONDS, steady=True)
    right, wait = guessing.judge(
        {guessing.counter('token', address): limit},
        lambda: secrets.compare_digest(token.strip().encode(), settings.STATION_TOKEN.encode()))
    if wait:
        raise Refused(429, f'too many wrong tokens: wait {guessing.in_words(wait)}')
    if right:
        cache.set(known, True, KNOWN_SECONDS)
    return right


async def is_known(scope: Mapping[str, Any]) -> bool:
    """Whether the sender of a request, of ASGI, has anything to show, so that its body is worth reading.

    Which of it counts where is for :class:`Access` to say.

    Raises:
        Refused: As :func:`is_token`.
    """
    headers = {name.decode('latin1'): value.decode('latin1') for name, value in scope['headers']}
    if is_open_to((scope.get('client') or ('', 0))[0], headers) or is_token(
            headers.get('authorization', ''), sender_of(scope)):
        return True
    key = parse_cookie(headers.get('cookie', '')).get(settings.SESSION_COOKIE_NAME)
    return bool(key) and await Session.objects.filter(session_key=key, expire_date__gt=timezone.now()).aexists()


def public(view: Callable) -> Callable:
    """Mark a view that everybody may see, such as the login."""
    view.is_public = True
    return view


class Access:
    """Middleware: sends those away who may not.

    A view may say with ``accepts_token`` for which methods the token is enough, and with ``needs_token = True`` that
    nothing else will do.
    """

    async_capable = True

    def __init__(self, get_response: Callable) -> None:
        self.get_response = get_response
        if iscoroutinefunction(get_response):
            markcoroutinefunction(self)

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Refuse hosts of other names, as which a foreign page may address this machine; the rest needs the view."""
        request.get_host()
        request.by_token = False
        return self.get_response(request)

    def process_view(self, request: HttpRequest, view: Callable, *_: object) -> HttpResponse | None:
        """None lets the request through."""
        kind = getattr(view, 'view_class', view)
        if getattr(view, 'is_public', False):
            return None
        authorization = request.headers.get('Authorization', '')
        if authorization.lower().startswith('bearer'):  # others are a proxy's
            try:
                right = is_token(authorization, sender_in(request.META))
            except Refused as refusal:
                return problem(request, refusal.status, refusal.message)
            request.by_token = right and request.method in getattr(kind, 'accepts_token', ())
            return None if request.by_token else _unknown(request, WRONG_TOKEN)
        if getattr(kind, 'needs_token', False):
            return _unknown(request, 'this needs the station\'s token: send "Authorization: Bearer ..."')
        headers = {name.lower() for name in request.headers}
        if request.user.is_authenticated or is_open_to(request.META.get('REMOTE_ADDR', ''), headers):
            return None
        return _unknown(request, LOG_IN) if is_api(request) else redirect_to_login(request.get_full_path())


class CsrfUnlessToken(CsrfViewMiddleware):
    """Django's protection against foreign pages, which cannot send the token: with it nothing needs to be protected."""

    def process_view(self, request: HttpRequest, *view: object) -> HttpResponse | None:
        """See Django's. It looks for its token in the form, which may be damaged."""
        if request.by_token:
            return None
        try:
            return super().process_view(request, *view)
        except Exception as error:
            if not (known := status_and_message(error)):
                raise
            return problem(request, *known)


def _unknown(request: HttpRequest, message: str) -> HttpResponse:
    response = problem(request, 401, message)
    response.headers['WWW-Authenticate'] = 'Bearer'
    return response
