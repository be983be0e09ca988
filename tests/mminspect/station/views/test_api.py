"""What the views for programs share."""
from __future__ import annotations

import asyncio
import json
import math

import pytest
from django.http import HttpRequest, JsonResponse
from django.test import RequestFactory

from mminspect.station.replies import Refused
from mminspect.station.views.api import ApiView, body_of, number_of


class Reading(ApiView):
    def get(self, request: HttpRequest) -> JsonResponse:
        return JsonResponse({})


class Waiting(ApiView):
    async def post(self, request: HttpRequest) -> JsonResponse:
        return JsonResponse({})


@pytest.mark.parametrize('method', ['POST', 'PUT', 'DELETE', 'OPTIONS', 'PATCH'])
def test_other_methods_are_refused_in_json_with_those_that_work(method: str) -> None:
    reply = Reading.as_view()(RequestFactory().generic(method, '/api/x'))
    assert reply.status_code == 405 and reply.headers['Allow'] == 'GET, HEAD'
    assert json.loads(reply.content) == dict(error=f'{method} does not work here: use GET, HEAD', status=405)


@pytest.mark.parametrize('method', ['GET', 'OPTIONS'])
def test_asynchronous_views_refuse_likewise(method: str) -> None:
    reply = asyncio.run(Waiting.as_view()(RequestFactory().generic(method, '/api/x')))
    assert reply.status_code == 405 and reply.headers['Allow'] == 'POST'


def body(content: bytes | str, kind: str = 'application/json') -> HttpRequest:
    return RequestFactory().generic('POST', '/api/x', content, content_type=kind)


def test_fields_come_as_json_or_as_a_form() -> None:
    assert body_of(body('{"value": 0.5, "reset": true}')) == dict(value=0.5, reset=True)
    assert body_of(body('value=0.5&mark=good', 'application/x-www-form-urlencoded')) == dict(value='0.5', mark='good')
    assert body_of(body('value=0.5', 'text/plain')) == {}


@pytest.mark.parametrize('content', [b' ', b'{', b'[1]', b'"x"', b'null', b'7', b'\xff\xfe', b'[' * 100_000,
                                     b'9' * 5000])
def test_other_json_is_refused(content: bytes) -> None:
    with pytest.raises(Refused, match='JSON') as caught:
        body_of(body(content))
    assert caught.value.status == 400


@pytest.mark.parametrize(('value', 'expected'), [('0.5', 0.5), (3, 3.0), (' -1e3 ', -1000.0), (0.0, 0.0)])
def test_numbers(value: object, expected: float) -> None:
    assert number_of(value, 'value') == expected


@pytest.mark.parametrize('value', ['', 'x', None, True, [1], math.nan, math.inf, '-inf', '1e400', 10**400, 'x' * 9999])
def test_what_is_no_finite_number_is_refused_shortly(value: object) -> None:
    with pytest.raises(Refused, match='wait must be a number, got') as caught:
        number_of(value, 'wait')
    assert caught.value.status == 400 and len(caught.value.message) < 90
