"""Paths under /api/v1, without trailing slashes."""

from django.urls import path

from marketdata.api import views

urlpatterns = [
    path("candles", views.CandlesView.as_view(), name="candles"),
    path("symbols", views.SymbolsView.as_view(), name="symbols"),
    path("ticker", views.TickerView.as_view(), name="ticker"),
]
