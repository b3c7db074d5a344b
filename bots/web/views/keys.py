"""Exchange keys: what is there, add one, look again, remove."""

from decimal import Decimal
from typing import Any
from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.db.models import Count
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST

from accounts.confirming import confirmed
from bots.core.rounding import ungrouped
from bots.web.forms import KeyForm
from bots.web.key_steps import steps_for
from bots.web.requests import user_of
from exchanges import services as exchanges


@sensitive_post_parameters("api_key", "api_secret", "api_passphrase", "confirmation")
@require_http_methods(["GET", "POST"])
@login_required
def keys(request: HttpRequest) -> HttpResponse:
    user = user_of(request)
    form = KeyForm(request.POST or None, exchanges.offers(), request.GET)
    if form.money != "paper":
        form.ask(request)
    if request.method == "POST" and form.is_valid() and form.is_confirmed(request):
        try:
            key = exchanges.create_credential(user=user, **_given(form))
        except exchanges.CredentialRejected as refused:
            form.add_error(refused.field if refused.field in form.fields else None, refused.detail)
        else:
            messages.success(
                request, f"{key.label} was {'' if key.mode == 'paper' else 'checked and '}added."
            )
            first = not user.bots.exists()
            return redirect("web:new" if first else "web:keys")
    listed = user.credentials.annotate(bot_count=Count("bots")).order_by("-created_at", "id")
    listed = listed.select_related("paper").prefetch_related("paper__balances")
    context = {"nav": "keys", "keys": listed, "form": form, "steps": steps_for(form.offer.id, form.money)}
    context["address"] = getattr(settings, "AUTOGRID_ADDRESS", "")
    return render(request, "web/keys.html", context, status=422 if form.errors else 200)


def _given(form: KeyForm) -> dict[str, Any]:
    """Raises CredentialRejected."""
    given = form.given()
    if "paper_balance" in given:
        try:
            given["paper_balance"] = Decimal(ungrouped(given["paper_balance"]))
        except ArithmeticError:
            detail = "Give an amount in numbers."
            raise exchanges.CredentialRejected("invalid", "paper_balance", detail) from None
    return given


@require_POST
@login_required
def check(request: HttpRequest, credential_id: UUID) -> HttpResponse:
    key = exchanges.access_credential(user=user_of(request), credential_id=credential_id)
    try:
        key = exchanges.validate_credential(credential=key)
    except exchanges.CredentialRejected as refused:
        messages.error(request, refused.detail)
    else:
        if key.is_valid:
            messages.success(request, f"{key.label} was checked and is in order.")
        else:
            why = key.permission_detail or "bots cannot use it as it is at the exchange."
            messages.error(request, f"{key.label} was checked: {why}")
    return redirect("web:keys")


@require_POST
@login_required
@confirmed(back_to="web:keys")
def remove(request: HttpRequest, credential_id: UUID) -> HttpResponse:
    key = exchanges.access_credential(user=user_of(request), credential_id=credential_id)
    try:
        exchanges.delete_credential(credential=key)
    except exchanges.CredentialRejected as refused:
        messages.error(request, refused.detail)
    else:
        messages.success(request, f"{key.label} was removed.")
    return redirect("web:keys")
