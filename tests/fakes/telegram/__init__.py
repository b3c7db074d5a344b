"""A Bot API of our own: stateful, over HTTP, by polling and by webhook, with chats that people and tests can use. The
unmodified python-telegram-bot talks to it; no code of ours knows that it is not Telegram."""
