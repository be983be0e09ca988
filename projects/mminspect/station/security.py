"""Headers that tell browsers to run no foreign script, guess no type and show the station in no frame."""
from __future__ import annotations

from collections.abc import Callable

from asgiref.sync import iscoroutinefunction
from django.http import HttpRequest, HttpResponse
from django.utils.decorators import sync_and_async_middleware

CONTENT_POLICY = '; '.join((
    "default-src 'none'", "script-src 'self'", "style-src 'self'", "img-src 'self' blob:", "connect-src 'self'",
    "form-action 'self'", "frame-ancestors 'none'", "base-uri 'none'"))
#: Browser's own camera and the like: the station's cameras hang on the server.
PERMISSIONS = 'camera=(), microphone=(), geolocation=(), usb=()'


@sync_and_async_middleware
def SecurityHeaders(get_response: Callable) -> Callable:
    """Add them to every response; Django's own middlewares add nosniff, referrer policy and the frame's denial."""
    def with_headers(response: HttpResponse) -> HttpResponse:
        response.headers['Content-Security-Policy'] = CONTENT_POLICY
        response.headers['Permissions-Policy'] = PERMISSIONS
        response.headers['Cross-Origin-Resource-Policy'] = 'same-origin'
        response.headers.setdefault('Cache-Control', 'no-store')
        return response

    if iscoroutinefunction(get_response):
        async def middleware(request: HttpRequest) -> HttpResponse:
            return with_headers(await get_response(request))
    else:
        def middleware(request: HttpRequest) -> HttpResponse:
            return with_headers(get_response(request))
    return middleware
