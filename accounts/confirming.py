"""Who sits at a signed-in browser is asked again before what is sensitive: the password or, with a second factor, a
code. Signing in and up count, for five minutes."""

import time
from collections.abc import Callable
from functools import wraps
from typing import Any, cast
from urllib.parse import urlencode

from django import forms
from django.contrib.auth import SESSION_KEY, user_logged_in
from django.core.exceptions import ValidationError
from django.dispatch import receiver
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse

from accounts import second_factor, services
from accounts.adapter import confirm_session, is_session_confirmed
from accounts.api.throttles import AuthThrottle
from accounts.client import client_ip
from accounts.models import User
from accounts.tokens import CONFIRMATION_LASTS

SIGNED_IN_AT = "signed_in_at"
FIELD = "confirmation"


@receiver(user_logged_in)
def note_sign_in(request: HttpRequest, user: User, **_: Any) -> None:
    if request.session.get(SESSION_KEY) == str(user.pk):
        request.session[SIGNED_IN_AT] = time.time()


def is_confirmed(request: HttpRequest) -> bool:
    """Whether the session's user gave the password, or a code, within the last five minutes."""
    since = time.time() - request.session.get(SIGNED_IN_AT, 0)
    return since < CONFIRMATION_LASTS.total_seconds() or is_session_confirmed(request)


def confirmed(back_to: str = "") -> Callable[..., Callable[..., HttpResponse]]:
    """Leads to the question first, and from there to the page named `back_to` or else to the same address."""

    def guarding(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
        @wraps(view)
        def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            if not request.user.is_authenticated or is_confirmed(request):
                return view(request, *args, **kwargs)
            query = urlencode({"next": reverse(back_to) if back_to else request.get_full_path()})
            return redirect(f"{reverse('account_reauthenticate')}?{query}")

        return guarded

    return guarding


class ConfirmingForm(forms.Form):
    """Asks in the form itself where the session is not confirmed, so that nothing typed is lost."""

    def ask(self, request: HttpRequest, *, always: bool = False) -> None:
        """Before it is validated or shown; `always`: even where the session is confirmed."""
        if not always and is_confirmed(request):
            return
        user = cast(User, request.user)
        has_code = second_factor.is_on(user)
        self.fields[FIELD] = forms.CharField(
            label="Code of your second factor" if has_code else "Your password",
            max_length=4096,
            strip=has_code,
            help_text="" if always else "Asked for again because you signed in a while ago.",
            widget=forms.PasswordInput({"autocomplete": "one-time-code" if has_code else "current-password"}),
        )

    def is_confirmed(self, request: HttpRequest) -> bool:
        """Of a valid form. Where it is not, the field says why; wrong answers count as those at the sign-in do."""
        if FIELD not in self.fields:
            return True
        user, answer = cast(User, request.user), self.cleaned_data.pop(FIELD)
        if not AuthThrottle.counts(client_ip(request)):
            self.add_error(FIELD, "Too many tries. Try again in a minute.")
            return False
        name = "otp" if second_factor.is_on(user) else "password"
        try:
            services.confirm(request=request, user=user, **{name: answer})
        except ValidationError as refused:
            self.add_error(FIELD, refused.messages[0])
            return False
        confirm_session(request, user)
        del self.fields[FIELD]
        return True
