"""What all accounts of a user hold, in one currency."""

from time import monotonic, sleep
from typing import Any

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.api.fields import DecimalField
from accounts.waiting import release_database
from bots import holdings
from bots.api.views import Answering, query_of, user_of
from bots.services import account_looks
from exchanges.models import Mode

FIRST_LOOK, LOOK_AGAIN = 4.0, 0.2  # s


class PortfolioQuery(serializers.Serializer[Any]):
    mode = serializers.ChoiceField(
        Mode.choices,
        required=False,
        help_text="Which money. Without it live where there is a live key, or else testnet, or else paper.",
    )
    span = serializers.ChoiceField(list(holdings.SPANS), default="30d", help_text="Of the equity curve.")


class AmountField(DecimalField):
    def __init__(self, **kwargs: Any) -> None:
        super().__init__(max_digits=38, decimal_places=8, **kwargs)


class AssetSerializer(serializers.Serializer[Any]):
    asset = serializers.CharField()
    free = AmountField()
    locked = AmountField(help_text="In open orders.")
    price = AmountField(allow_null=True, help_text="Null where no market tells it.")
    value = AmountField(allow_null=True, help_text="Null without a price; then it is in no sum.")


class AccountSerializer(serializers.Serializer[Any]):
    credential_id = serializers.UUIDField()
    exchange = serializers.CharField()
    label = serializers.CharField()  # type: ignore[assignment]  # DRF has one, too
    mode = serializers.ChoiceField(Mode.choices)
    equity = AmountField(help_text="All its balances valued, what bots work with included.")
    in_bots = AmountField(help_text="What of it the bots of this key work with.")
    assets = AssetSerializer(many=True)
    as_of = serializers.DateTimeField(allow_null=True, help_text="Null until it was looked at.")
    same_as = serializers.UUIDField(allow_null=True, help_text="The key that counts this account already.")
    error = serializers.CharField(help_text="Why the last look found nothing; empty when it did.")


class PortfolioSerializer(serializers.Serializer[Any]):
    currency = serializers.CharField()
    mode = serializers.ChoiceField(Mode.choices)
    equity = AmountField()
    in_bots = AmountField()
    day_change = AmountField(help_text="Against 24 hours ago; deposits and withdrawals count.")
    day_change_percent = DecimalField(allow_null=True)
    accounts = AccountSerializer(many=True)
    equity_curve = serializers.ListField(
        child=serializers.ListField(), help_text="Points of [ms since 1970 UTC, equity]."
    )


class PortfolioView(Answering):
    @extend_schema(parameters=[PortfolioQuery], responses=PortfolioSerializer)
    def get(self, request: Request) -> Response:
        """What your exchange accounts hold and are worth in USDT, as last looked at (`as_of`). Asking sends for a new
        look, so that the next answer is fresh. Only the very first look at an account is waited for, seconds at
        most."""
        query, user = query_of(PortfolioQuery, request), user_of(request)
        mode = query.get("mode") or next(iter(holdings.modes_of(user)), Mode.LIVE.value)
        patience = monotonic() + FIRST_LOOK
        while True:
            now = timezone.now()
            shown = holdings.portfolio(user, mode, query["span"], now)
            account_looks.refresh(shown, now)
            if not holdings.is_waiting(shown) or monotonic() > patience:
                return Response(PortfolioSerializer(shown).data)
            release_database()
            sleep(LOOK_AGAIN)
