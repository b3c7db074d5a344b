"""Paths under /api/v1, without trailing slashes."""

from django.urls import path

from billing.api import views

urlpatterns = [path("plan", views.PlanView.as_view(), name="plan")]
