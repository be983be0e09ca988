"""Logging in and out."""
from __future__ import annotations

import math
import secrets
import unicodedata

from django.conf import settings
from django.contrib.auth import views
from django.http import HttpRequest, HttpResponse

from mminspect.station import guessing
from mminspect.station.access import public
from mminspect.station.guessing import Limit
from mminspect.station.replies import problem
from mminspect.station.senders import sender_in

#: So many wrong passwords for one name from one address, then a pause of so many seconds that begins with the first.
TRIES, PAUSE = 10, 300
#: So many from one address, and for one name from all addresses; after that one every twelve seconds.
TRIES_OF_ADDRESS, TRIES_OF_NAME, SLOW = 50, 50, 600
#: So many in all; after that two a second. Each takes a part of a second of a processor.
TRIES_OF_ALL, SLOW_OF_ALL = 120, 60
#: Cookies of a browser in which users have logged in before begin so; the seconds that they last.
KNOWN_BROWSER, KNOWN_SECONDS = 'station_browser', 365 * 24 * 3600


class LoginView(views.LoginView):
    """Django's, with a limit on guessing.

    Strangers are limited by name and address, and slowed down as a whole. A browser in which a user has logged in
    before has tries of its own for that user's name, so that no stranger can use them up, wherever both come from
    (OWASP's "device cookies").
    """

    template_name = 'login.html'
    redirect_authenticated_user = True

    def post(self, request: HttpRequest, *args: object, **kwargs: object) -> HttpResponse:
        """Count a guess, or refuse (429) after too many."""
        self._name = _canonical(request.POST.get('username', ''))
        self._browser = request.get_signed_cookie(_cookie(self._name), '', max_age=KNOWN_SECONDS)
        wait = guessing.claim(_limits_of_browser(self._browser)) if self._browser else 1.0
        self._limits = self._of_strangers() if wait else _limits_of_browser(self._browser)
        if wait and (wait := guessing.claim(self._limits)):
            refused = problem(request, 429, f'too many wrong passwords: wait {guessing.in_words(wait)}')
            refused.headers['Retry-After'] = str(math.ceil(wait))
            return refused
        return super().post(request, *args, **kwargs)

    def form_valid(self, form: object) -> HttpResponse:
        """It was no guess: the first of the counters begins anew, and the browser is known from now on."""
        guessing.give_back(self._limits, forget=next(iter(self._limits)))
        response = super().form_valid(form)
        response.set_signed_cookie(
            _cookie(self._name), self._browser or secrets.token_urlsafe(16), max_age=KNOWN_SECONDS, httponly=True,
            samesite='Lax', secure=settings.STATION_HTTPS, path=settings.LOGIN_URL)
        return response

    def _of_strangers(self) -> dict[str, Limit]:
        """First the counter that a right password sets back."""
        address = sender_in(self.request.META)
        return {guessing.counter('name and address', self._name, address): Limit(TRIES, PAUSE),
                guessing.counter('address', address): Limit(TRIES_OF_ADDRESS, SLOW, steady=True),
                guessing.counter('name', self._name): Limit(TRIES_OF_NAME, SLOW, steady=True),
                guessing.counter('all'): Limit(TRIES_OF_ALL, SLOW_OF_ALL, steady=True)}


def _limits_of_browser(browser: str) -> dict[str, Limit]:
    return {guessing.counter('browser', browser): Limit(TRIES, PAUSE)}


def _canonical(name: str) -> str:
    """One text for all that the login form takes for the same name, or for one that differs in its letters' case."""
    return unicodedata.normalize('NFKC', name).strip().casefold()


def _cookie(name: str) -> str:
    """One for every user, of whom several may share a browser; its signature holds for this name alone."""
    return f'{KNOWN_BROWSER}_{guessing.counter(name)[-12:]}'


login_view = public(LoginView.as_view())
logout_view = public(views.LogoutView.as_view())
