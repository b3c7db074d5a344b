"""What the collector follows. Candles have a composite key, which Django's admin cannot show."""

from django.contrib import admin
from unfold.admin import ModelAdmin

from marketdata.models import FollowedMarket


@admin.register(FollowedMarket)
class FollowedMarketAdmin(ModelAdmin):
    list_display = ["exchange", "symbol", "wanted_until"]
    list_filter = ["exchange"]
    search_fields = ["symbol"]
