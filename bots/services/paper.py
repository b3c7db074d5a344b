"""Paper accounts of users who trade with them."""

from django.http import Http404

from bots.models import Bot, BotStatus
from bots.services.errors import IllegalMove
from exchanges.models import Credential, Mode
from exchanges.paper import accounts


def start_over(*, credential: Credential) -> None:
    """Gives the account the money it began with. Raises IllegalMove while a bot is at work with it."""
    if credential.mode != Mode.PAPER:
        raise Http404("This is no paper account.")
    bots = Bot.objects.filter(credential=credential).exclude(status=BotStatus.STOPPED, stopping=False)
    if bots.exists():
        raise IllegalMove("bot_running", "Stop the bots of this account before it starts over.")
    try:
        accounts.reset_account(credential=credential)
    except accounts.OrdersOpen:
        raise IllegalMove("orders_open", "The account still has open orders.") from None
