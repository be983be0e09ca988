"""How the station says no: a JSON message to programs, a short page to people, never a traceback."""
from __future__ import annotations

import errno
import logging
from collections.abc import Callable

from asgiref.sync import iscoroutinefunction, markcoroutinefunction, sync_to_async
from django.core.exceptions import RequestDataTooBig, TooManyFieldsSent, TooManyFilesSent
from django.db import OperationalError
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.http.multipartparser import MultiPartParserError
from django.shortcuts import render

from mminspect.core.errors import UserError

logger = logging.getLogger(__name__)


LOG_IN, WRONG_TOKEN = 'log in first', 'the token is wrong, or not meant for this'
FULL = 'the station\'s disk is full: free some space and send it again'


class Refused(Exception):
    """A request that cannot be fulfilled.

    Args:
        status: HTTP status of the answer, 4xx or 5xx.
        message: One sentence for the user.
    """

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status, self.message = status, message


def is_api(request: HttpRequest) -> bool:
    """Whether a program asks."""
    return request.path_info.startswith('/api/')


def problem(request: HttpRequest, status: int, message: str) -> HttpResponse:
    """The message, as JSON ``{error, status}`` or as a page."""
    if is_api(request):
        return JsonResponse(dict(error=message, status=status), status=status)
    return render(request, 'error.html', dict(status=status, message=message), status=status)


class Problems:
    """Middleware: what views and parsers raise becomes a message."""

    async_capable = True

    def __init__(self, get_response: Callable) -> None:
        self.get_response = get_response
        self._is_async = iscoroutinefunction(get_response)
        if self._is_async:
            markcoroutinefunction(self)

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Beside exceptions only Django's own refusals of a method are of interest: they have no words."""
        return self._later(request) if self._is_async else _with_words(request, self.get_response(request))

    async def _later(self, request: HttpRequest) -> HttpResponse:
        response = await self.get_response(request)
        return await sync_to_async(_with_words)(request, response) if response.status_code == 405 else response

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        """See :func:`status_and_message`; None leaves the exception to Django's handlers."""
        known = status_and_message(exception)
        return known and problem(request, *known)


def _with_words(request: HttpRequest, response: HttpResponse) -> HttpResponse:
    if response.status_code != 405 or response.content:
        return response
    spoken = problem(request, 405, f'{request.method} does not work here: use {response.headers["Allow"]}')
    spoken.headers['Allow'] = response.headers['Allow']
    return spoken


def status_and_message(exception: BaseException) -> tuple[int, str] | None:
    """Status and message for an exception that is the sender's or the disk's to mend, else None.

    An exception with ``status`` and ``message``, such as that of a refused upload, says both itself.
    """
    if isinstance(exception, UserError):
        return 400, str(exception)
    if is_full(exception):
        return 507, FULL
    if isinstance(exception, OperationalError):
        return 503, f'the station\'s database does not answer ({exception}): send it again in a moment'
    if isinstance(exception, TooManyFilesSent):
        return 413, 'too many files in one request: send them in several'
    if isinstance(exception, (TooManyFieldsSent, RequestDataTooBig)):
        return 413, 'the request has too many or too large fields'
    if isinstance(exception, MultiPartParserError):
        return 400, f'the multipart body is damaged ({exception})'
    if isinstance(status := getattr(exception, 'status', None), int):
        return status, str(getattr(exception, 'message', exception))
    return None


def is_full(exception: BaseException) -> bool:
    """Whether the disk has no room; SQLite has its own words for it."""
    if isinstance(exception, OperationalError):
        return 'disk is full' in str(exception)
    return isinstance(exception, OSError) and exception.errno in (errno.ENOSPC, errno.EDQUOT)


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Django's handler of status 400."""
    return problem(request, *(status_and_message(exception) or (400, 'the request cannot be understood')))


def forbidden(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Django's handler of status 403."""
    return problem(request, 403, 'this is not allowed')


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Django's handler of status 404."""
    return problem(request, 404, 'there is nothing at this address')


def server_error(request: HttpRequest) -> HttpResponse:
    """Django's handler of status 500; the traceback is in the log."""
    return problem(request, 500, 'something went wrong in the station; its log says what')


def csrf_failure(request: HttpRequest, reason: str = '') -> HttpResponse:
    """For a form or script that does not come from the station's own pages."""
    return problem(request, 403, 'the CSRF token is missing or old: reload the page, or send the station\'s token as '
                                 '"Authorization: Bearer ..."')
