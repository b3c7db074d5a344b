"""Paths under /api/v1, without trailing slashes."""

from django.urls import path

from exchanges.api import views

urlpatterns = [
    path("credentials", views.Credentials.as_view(), name="credentials"),
    path("credentials/<uuid:credential_id>", views.CredentialView.as_view(), name="credential"),
    path("credentials/<uuid:credential_id>/validate", views.Validate.as_view(), name="credential_validate"),
]
