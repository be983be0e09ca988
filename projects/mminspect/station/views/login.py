"""Logging in and out."""
from __future__ import annotations

from django.contrib.auth import views
from django.core.cache import cache
from django.http import HttpRequest, HttpResponse

from mminspect.station.access import PROXY_HEADERS, public
from mminspect.station.replies import problem

#: So many wrong passwords for one name, so many from one address, then a pause of so many seconds.
TRIES, TRIES_OF_ADDRESS, PAUSE = 10, 50, 300


class LoginView(views.LoginView):
    """Django's, with a limit on guessing."""

    template_name = 'login.html'
    redirect_authenticated_user = True

    def post(self, request: HttpRequest, *args: object, **kwargs: object) -> HttpResponse:
        """Refuse (429) after too many wrong guesses."""
        if any(cache.get(key, 0) >= tries for key, tries in self._counted().items()):
            return problem(request, 429, f'too many wrong passwords: wait {PAUSE // 60} minutes')
        return super().post(request, *args, **kwargs)

    def form_invalid(self, form: object) -> HttpResponse:
        """Count it."""
        for key in self._counted():
            cache.add(key, 0, PAUSE)
            cache.incr(key)
        return super().form_invalid(form)

    def _counted(self) -> dict[str, int]:
        """Counters in the cache and their limits; behind a proxy all have its address, which then says nothing."""
        address = self.request.META.get('REMOTE_ADDR', '')
        name = self.request.POST.get('username', '')[:150].lower().encode().hex()
        counted = {f'login-{address}-{name}': TRIES}
        if PROXY_HEADERS.isdisjoint(key.lower() for key in self.request.headers):
            counted[f'login-{address}'] = TRIES_OF_ADDRESS
        return counted


login_view = public(LoginView.as_view())
logout_view = public(views.LogoutView.as_view())
