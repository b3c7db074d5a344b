"""The plan's page, the ways to Stripe's own pages, and the address of its webhooks."""

from collections.abc import Callable
from typing import Any, cast

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_GET, require_POST

from accounts.models import User
from billing import crypto, nowpayments, shop, standing, terms, webhooks
from billing.entitlements import plan_of, uses_of
from billing.gateway import StripeError
from billing.models import CryptoOrder, Standing
from billing.money import short_dollars
from billing.plans import LIMITS, PLANS, USED, Plan
from billing.prepaid import TERMS

SHOWN = 100  # invoices, and orders for crypto
LARGEST = 1_000_000  # bytes of a webhook
AWAY = "Stripe does not answer now. Nothing was changed: try again in a moment."
AWAY_TOO = "NOWPayments does not answer now. Nothing was changed: try again in a moment."
HEADINGS = {
    "live_bots": "Live bots at a time",
    "paper_bots": "Paper bots at a time",
    "live_credentials": "Live exchange keys",
    "backtests_a_day": "Backtests a day",
}


@require_GET
@login_required
def plans(request: HttpRequest) -> HttpResponse:
    user = cast(User, request.user)
    if "paid" in request.GET:
        return _returned(user)
    found, offers = Standing.objects.filter(user=user).first(), _offers()
    prepaid = terms.prices(offers) if offers and nowpayments.is_on() else {}
    context = {
        "nav": "plans",
        "plan": plan_of(user),
        "plans": [_column(plan, offers or [], prepaid.get(plan.id, [])) for plan in PLANS.values()],
        "prepaid": terms.of(user),
        "sells_terms": bool(prepaid),
        "standing": found,
        "subscribed": found is not None and found.status in shop.RUNNING,
        "uses": [(use, USED[use.name]) for use in uses_of(user)],
        "rows": _comparison(),
        "offers": offers,
    }
    return render(request, "billing/plans.html", context)


def _returned(user: User) -> HttpResponse:
    """From the checkout: what was bought counts now, the webhook may come later."""
    found = Standing.objects.filter(user=user).first()
    if found is not None:
        try:
            standing.review(found.customer)
        except StripeError:
            return redirect("billing:plans")
    return redirect("billing:plans")


def _offers() -> list[shop.Offer] | None:
    """None while Stripe does not answer."""
    try:
        return shop.known_offers()
    except StripeError:
        return None


def _column(plan: Plan, offers: list[shop.Offer], terms: list[tuple[int, int]]) -> dict[str, Any]:
    return {
        "id": plan.id,
        "name": plan.name,
        "offers": [offer for offer in offers if offer.plan == plan.id],
        "terms": [(months, short_dollars(cents)) for months, cents in terms],
    }


def _comparison() -> list[tuple[str, list[int | str | None]]]:
    """(heading, a cell for each plan); None: no limit."""
    rows: list[tuple[str, list[int | str | None]]] = [
        (HEADINGS[limit], [plan.allows(limit) for plan in PLANS.values()]) for limit in LIMITS
    ]
    return [*rows, ("Telegram", [plan.telegram.capitalize() for plan in PLANS.values()])]


@require_POST
@login_required
def checkout(request: HttpRequest) -> HttpResponse:
    page = request.build_absolute_uri(reverse("billing:plans"))
    chosen = request.POST.get("plan", ""), request.POST.get("interval", "")
    return _onward(
        request,
        lambda user: shop.open_checkout(
            user=user, plan=chosen[0], interval=chosen[1], success_url=f"{page}?paid=1", cancel_url=page
        ),
    )


@require_POST
@login_required
def prepay(request: HttpRequest) -> HttpResponse:
    page, told_at = (request.build_absolute_uri(reverse(f"billing:{name}")) for name in ("invoices", "ipn"))
    plan, months = request.POST.get("plan", ""), request.POST.get("months", "")
    return _onward(
        request,
        lambda user: crypto.open_invoice(
            user=user,
            plan=plan,
            months=int(months) if months in map(str, TERMS) else 0,
            page=page,
            told_at=told_at,
        ),
    )


@require_GET
@login_required
def invoices(request: HttpRequest) -> HttpResponse:
    user = cast(User, request.user)
    try:
        found = shop.invoices_of(user)
    except StripeError:
        found = None
    orders = CryptoOrder.objects.filter(user=user)[:SHOWN]
    context = {"nav": "plans", "invoices": found, "orders": orders}
    return render(request, "billing/invoices.html", context)


@require_POST
@login_required
def portal(request: HttpRequest) -> HttpResponse:
    page = request.build_absolute_uri(reverse("billing:plans"))
    return _onward(request, lambda user: shop.open_portal(user=user, return_url=f"{page}?paid=1"))


def _onward(request: HttpRequest, open_page: Callable[[User], str]) -> HttpResponse:
    try:
        return redirect(open_page(cast(User, request.user)))
    except shop.ShopRefused as refused:
        messages.error(request, refused.detail)
    except StripeError:
        messages.error(request, AWAY)
    except nowpayments.NowPaymentsError:
        messages.error(request, AWAY_TOO)
    return redirect("billing:plans")


@csrf_exempt
@require_POST
def webhook(request: HttpRequest) -> HttpResponse:
    """The raw body is what is signed. Kept and answered here, worked off elsewhere."""
    if int(request.headers.get("Content-Length") or 0) > LARGEST:
        return HttpResponse(status=413)
    try:
        webhooks.receive(request.body, request.headers.get("Stripe-Signature", ""))
    except webhooks.BadSignature:
        return HttpResponse("The signature is wrong or too old.", status=400, content_type="text/plain")
    return HttpResponse(status=200)


@csrf_exempt
@require_POST
def ipn(request: HttpRequest) -> HttpResponse:
    """What NOWPayments tells of a payment."""
    if not nowpayments.is_on():
        return HttpResponse(status=404)
    if int(request.headers.get("Content-Length") or 0) > LARGEST:
        return HttpResponse(status=413)
    try:
        crypto.receive(request.body, request.headers.get("x-nowpayments-sig", ""))
    except nowpayments.BadSignature:
        return HttpResponse("The signature is wrong.", status=400, content_type="text/plain")
    return HttpResponse(status=200)
