"""The pages. `bot_id` of another user is a 404 (selectors.access_bot)."""

from django.urls import path

from bots.web.views import account, backtest, detail, keys, listing, new, paper

app_name = "web"
urlpatterns = [
    path("", listing.home, name="home"),
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
    path("keys/", keys.keys, name="keys"),
    path("keys/<uuid:credential_id>/start-over/", paper.start_over, name="restart_paper"),
    path("keys/<uuid:credential_id>/check/", keys.check, name="check_key"),
    path("keys/<uuid:credential_id>/remove/", keys.remove, name="remove_key"),
    path("account/", account.account, name="account"),
]
