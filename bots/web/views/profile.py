"""Who the user is: name, time zone, e-mail address."""

from typing import Any, cast

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from accounts import email_change
from accounts.confirming import ConfirmingForm
from accounts.services import update_profile
from bots.web.notice_forms import ZONES
from bots.web.requests import user_of


class ProfileForm(forms.Form):
    name = forms.CharField(
        label="Name", max_length=100, required=False, widget=forms.TextInput({"autocomplete": "name"})
    )
    timezone = forms.ChoiceField(label="Time zone", choices=[(zone, zone) for zone in ZONES])


class EmailForm(ConfirmingForm):
    email = forms.EmailField(
        label="New e-mail", max_length=254, widget=forms.EmailInput({"autocomplete": "email"})
    )


@require_http_methods(["GET", "POST"])
@login_required
def profile(request: HttpRequest) -> HttpResponse:
    user = user_of(request)
    form = ProfileForm(request.POST or None, initial={"name": user.name, "timezone": user.timezone})
    if request.method == "POST" and form.is_valid():
        try:
            update_profile(user=user, **form.cleaned_data)
        except ValidationError as refused:
            form.add_error(None, refused)
        else:
            messages.success(request, "Saved your profile.")
            return redirect("web:account")
    return _shown(request, "web/profile.html", form)


@sensitive_post_parameters("confirmation")
@require_http_methods(["GET", "POST"])
@login_required
def change_email(request: HttpRequest) -> HttpResponse:
    form = EmailForm(request.POST or None)
    form.ask(request, always=True)
    if request.method == "POST" and form.is_valid() and form.is_confirmed(request):
        email = form.cleaned_data["email"]
        try:
            email_change.ask(request=request, user=user_of(request), email=email)
        except ValidationError as refused:
            form.add_error("email", cast(Any, refused).message_dict["email"])
        else:
            messages.success(request, f"A link was sent to {email}: open it within a day.")
            return redirect("web:account")
    return _shown(request, "web/email.html", form)


@never_cache
@require_http_methods(["GET", "POST"])
def confirm_email(request: HttpRequest, token: str) -> HttpResponse:
    """By a button: mail programs open links by themselves. Whoever holds the link need not be signed in."""
    try:
        if request.method == "POST":
            user = email_change.confirm(token=token)
            messages.success(request, f"Your e-mail address is {user.email} now.")
            return redirect("web:account")
        context = {"email": email_change.read(token=token)[1]}
    except email_change.LinkRefused as refused:
        return render(request, "web/confirm_email.html", {"refused": str(refused)}, status=410)
    return render(request, "web/confirm_email.html", context)


def _shown(request: HttpRequest, template: str, form: forms.Form) -> HttpResponse:
    return render(request, template, {"nav": "account", "form": form}, status=422 if form.errors else 200)
