"""Paths under /api/v1 that only the cloud has."""

from django.urls import path

from billing.api import shop

urlpatterns = [
    path("billing/checkout", shop.Checkout.as_view(), name="billing_checkout"),
    path("billing/portal", shop.Portal.as_view(), name="billing_portal"),
]
