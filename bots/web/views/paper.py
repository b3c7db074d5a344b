"""Paper accounts: started over."""

from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_POST

from bots.services import paper
from bots.services.errors import IllegalMove
from bots.web.requests import user_of
from exchanges import services as exchanges


@require_POST
@login_required
def start_over(request: HttpRequest, credential_id: UUID) -> HttpResponse:
    account = exchanges.access_credential(user=user_of(request), credential_id=credential_id)
    try:
        paper.start_over(credential=account)
    except IllegalMove as refused:
        messages.error(request, refused.detail)
    else:
        messages.success(request, f"{account.label} has its first balance again.")
    return redirect("web:keys")
