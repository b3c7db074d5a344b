"""Paths under /api/v1, without trailing slashes."""

from django.urls import path

from bots.api import backtest, history, ledger, notices, portfolio, views

urlpatterns = [
    path("bots", views.Bots.as_view(), name="bots"),
    path("bots/preflight", views.PreflightView.as_view(), name="bot_preflight"),
    path("bots/suggestion", backtest.SuggestionView.as_view(), name="suggestion"),
    path("bots/<uuid:bot_id>", views.BotView.as_view(), name="bot"),
    path("bots/<uuid:bot_id>/start", views.Start.as_view(), name="bot_start"),
    path("bots/<uuid:bot_id>/stop", views.Stop.as_view(), name="bot_stop"),
    path("bots/<uuid:bot_id>/pause", views.Pause.as_view(), name="bot_pause"),
    path("bots/<uuid:bot_id>/reset", views.Reset.as_view(), name="bot_reset"),
    path("bots/<uuid:bot_id>/kill", views.Kill.as_view(), name="bot_kill"),
    path("bots/<uuid:bot_id>/orders", history.Orders.as_view(), name="bot_orders"),
    path("bots/<uuid:bot_id>/fills", history.Fills.as_view(), name="bot_fills"),
    path("bots/<uuid:bot_id>/fills.csv", history.FillsFile.as_view(), name="bot_fills_file"),
    path("bots/<uuid:bot_id>/events", history.Events.as_view(), name="bot_events"),
    path("bots/<uuid:bot_id>/levels", history.Levels.as_view(), name="bot_levels"),
    path("bots/<uuid:bot_id>/equity", history.Equity.as_view(), name="bot_equity"),
    path("bots/<uuid:bot_id>/stats", history.Stats.as_view(), name="bot_stats"),
    path("backtest", backtest.Backtests.as_view(), name="backtests"),
    path("backtest/optimize", backtest.Optimize.as_view(), name="optimize"),
    path("backtest/<uuid:backtest_id>", backtest.BacktestView.as_view(), name="backtest"),
    path("fills.csv", ledger.AllFillsFile.as_view(), name="fills_file"),
    path("sales.csv", ledger.SalesFile.as_view(), name="sales_file"),
    path("portfolio", portfolio.PortfolioView.as_view(), name="portfolio"),
    path("kill-switch", views.KillSwitch.as_view(), name="kill_switch"),
    path("notifications", notices.Notices.as_view(), name="notifications"),
    path("notifications/channels", notices.Channels.as_view(), name="notice_channels"),
    path("notifications/channels/<uuid:channel_id>", notices.ChannelView.as_view(), name="notice_channel"),
    path(
        "notifications/channels/<uuid:channel_id>/test",
        notices.ChannelTest.as_view(),
        name="test_notice_channel",
    ),
    path("kill-switch/reset", views.KillSwitchReset.as_view(), name="kill_switch_reset"),
]
