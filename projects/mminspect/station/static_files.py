"""The page's own files, by whitenoise."""
from __future__ import annotations

from collections.abc import Callable

from asgiref.sync import iscoroutinefunction, markcoroutinefunction, sync_to_async
from django.http import HttpRequest, HttpResponse
from whitenoise.middleware import WhiteNoiseMiddleware


class StaticFiles(WhiteNoiseMiddleware):
    """Whitenoise without a thread that waits while an asynchronous view does.

    Whitenoise itself knows only synchronous views. The station's files are a few and small: they are answered whole.
    """

    async_capable = True

    def __init__(self, get_response: Callable) -> None:
        super().__init__(get_response)
        self._is_async = iscoroutinefunction(get_response)
        if self._is_async:
            markcoroutinefunction(self)

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """See Django's middlewares."""
        return self._answer(request) if self._is_async else super().__call__(request)

    async def _answer(self, request: HttpRequest) -> HttpResponse:
        file = self.files.get(request.path_info)
        if file is None:
            return await self.get_response(request)
        return await sync_to_async(self._whole)(file, request)

    def _whole(self, file: object, request: HttpRequest) -> HttpResponse:
        streamed = self.serve(file, request)
        response = HttpResponse(b''.join(streamed), status=streamed.status_code, headers=streamed.headers)
        streamed.close()
        return response
