"""What reaches upward: the apps that own bots and notices listen. Sent in the transaction of the change, while the user
is held."""

from django.dispatch import Signal

# user, before and after (plans), word (what happened: see standing.WORDS), until (datetime or None)
plan_changed = Signal()
plan_news = Signal()
