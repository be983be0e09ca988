"""What the views for programs share: methods, JSON bodies and errors as JSON."""
from __future__ import annotations

import json
import math
from typing import Any

from django.http import HttpRequest, JsonResponse
from django.views import View

from mminspect.station.replies import Refused, problem


class ApiView(View):
    """A view whose wrong methods are refused in JSON.

    Attributes:
        accepts_token: Methods that a machine with the token may use.
        needs_token: Whether only the token opens it, not a session.
    """

    accepts_token: tuple[str, ...] = ()
    needs_token = False

    def http_method_not_allowed(self, request: HttpRequest, *args: object, **kwargs: object) -> JsonResponse:
        """405 with the methods that work."""
        allowed = ', '.join(name for name in self._allowed_methods() if name != 'OPTIONS')
        response = problem(request, 405, f'{request.method} does not work here: use {allowed}')
        response.headers['Allow'] = allowed
        return self._maybe_async(response)

    def options(self, request: HttpRequest, *args: object, **kwargs: object) -> JsonResponse:
        """As any other method that is of no use here."""
        return self.http_method_not_allowed(request)

    def _maybe_async(self, response: JsonResponse) -> Any:
        async def later() -> JsonResponse:
            return response

        return later() if self.view_is_async else response


def body_of(request: HttpRequest) -> dict[str, Any]:
    """Fields of a form or of a JSON object.

    Raises:
        Refused: The JSON is damaged or no object.
    """
    if request.content_type != 'application/json':
        return request.POST.dict()
    try:
        fields = json.loads(request.body)
    except (ValueError, RecursionError) as error:
        raise Refused(400, 'the body is no JSON') from error
    if not isinstance(fields, dict):
        raise Refused(400, 'the body must be a JSON object such as {"value": 0.5}')
    return fields


def number_of(value: object, name: str) -> float:
    """A finite number.

    Raises:
        Refused: It is none.
    """
    try:
        if isinstance(value, bool):
            raise TypeError
        found = float(value)
    except (TypeError, ValueError, OverflowError):
        found = math.nan
    if not math.isfinite(found):
        raise Refused(400, f'{name} must be a number, got {str(value)[:40]!r}')
    return found
