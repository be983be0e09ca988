"""Logging in and out."""
from __future__ import annotations

from django.contrib.auth import views
from django.core.cache import cache
from django.http import HttpRequest, HttpResponse

from station.access import public
from station.replies import problem

#: So many wrong passwords from one address or for one name, then a pause of so many seconds.
TRIES, PAUSE = 10, 300


class LoginView(views.LoginView):
    """Django's, with a limit on guessing."""

    template_name = 'login.html'
    redirect_authenticated_user = True

    def post(self, request: HttpRequest, *args: object, **kwargs: object) -> HttpResponse:
        """Refuse (429) after too many wrong guesses."""
        if any(cache.get(key, 0) >= TRIES for key in self._keys()):
            return problem(request, 429, f'too many wrong passwords: wait {PAUSE // 60} minutes')
        return super().post(request, *args, **kwargs)

    def form_invalid(self, form: object) -> HttpResponse:
        """Count it."""
        for key in self._keys():
            cache.add(key, 0, PAUSE)
            cache.incr(key)
        return super().form_invalid(form)

    def _keys(self) -> tuple[str, str]:
        name = self.request.POST.get('username', '')[:150].lower().encode().hex()
        return f'login-address-{self.request.META.get("REMOTE_ADDR", "")}', f'login-name-{name}'


view = public(LoginView.as_view())
leave = public(views.LogoutView.as_view())
