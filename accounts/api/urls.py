"""Paths under /api/v1, without trailing slashes."""

from django.urls import path
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerSplitView

from accounts.api import docs, views  # noqa: F401  (docs tells drf-spectacular of our tokens)

urlpatterns = [
    path("auth/register", views.Register.as_view(), name="auth_register"),
    path("auth/login", views.Login.as_view(), name="auth_login"),
    path("auth/refresh", views.Refresh.as_view(), name="auth_refresh"),
    path("auth/logout", views.Logout.as_view(), name="auth_logout"),
    path("auth/confirm", views.Confirm.as_view(), name="auth_confirm"),
    path("me", views.Me.as_view(), name="me"),
    path("schema", SpectacularAPIView.as_view(), name="schema"),
    path("docs", SpectacularSwaggerSplitView.as_view(url_name="schema"), name="docs"),
]
