"""What reaches upward: the apps that own bots and notices listen. Of users it is sent in the transaction of the change,
while the user is held."""

from django.dispatch import Signal

plan_changed = Signal()  # user, before and after (plans)
plan_news = Signal()  # user, news (billing.news.News)
operator_news = Signal()  # text, facts (a table), key (the occasion, of which they are told once)
