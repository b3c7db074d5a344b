"""The pages. `bot_id` and `backtest_id` of another user are a 404 (selectors.access_bot, kept.access_backtest)."""

from django.urls import path

from bots.web.views import (
    account,
    backtest,
    backtest_result,
    backtests,
    compare,
    detail,
    home,
    keys,
    listing,
    new,
    optimize,
    paper,
)

app_name = "web"
urlpatterns = [
    path("", home.home, name="home"),
    path("bots/", listing.bots, name="bots"),
    path("bots/stop-all/", listing.stop_all, name="stop_all"),
    path("bots/lift-halt/", listing.lift_halt, name="lift_halt"),
    path("bots/new/", new.new, name="new"),
    path("bots/new/check/", new.check, name="check"),
    path("bots/new/past/", backtest.past, name="past"),
    path("bots/new/market/", new.market, name="market"),
    path("bots/new/symbols/", new.symbols, name="symbols"),
    path("bots/<uuid:bot_id>/", detail.bot, name="bot"),
    path("bots/<uuid:bot_id>/panels/", detail.panels, name="panels"),
    path("bots/<uuid:bot_id>/<slug:action>/", detail.act, name="act"),
    path("backtest/", backtests.backtests, name="backtests"),
    path("backtest/market/", backtests.market, name="backtest_market"),
    path("backtest/compare/", compare.compare, name="compare"),
    path("backtest/optimize/", optimize.optimize, name="optimize"),
    path("backtest/<uuid:backtest_id>/", backtest_result.backtest, name="backtest"),
    path("backtest/<uuid:backtest_id>/progress/", backtest_result.progress, name="backtest_progress"),
    path("backtest/<uuid:backtest_id>/trades.csv", backtest_result.trades_file, name="backtest_trades"),
    path("backtest/<uuid:backtest_id>/again/", optimize.again, name="backtest_again"),
    path("backtest/<uuid:backtest_id>/best/<int:number>/", optimize.best, name="backtest_best"),
    path("backtest/<uuid:backtest_id>/cancel/", backtest_result.cancel, name="backtest_cancel"),
    path("backtest/<uuid:backtest_id>/delete/", backtest_result.delete, name="backtest_delete"),
    path("keys/", keys.keys, name="keys"),
    path("keys/<uuid:credential_id>/start-over/", paper.start_over, name="restart_paper"),
    path("keys/<uuid:credential_id>/check/", keys.check, name="check_key"),
    path("keys/<uuid:credential_id>/remove/", keys.remove, name="remove_key"),
    path("account/", account.account, name="account"),
]
