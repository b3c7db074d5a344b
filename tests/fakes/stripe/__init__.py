"""A Stripe of our own: stateful, over HTTP, with webhooks, pages and a clock that can be moved. The unmodified stripe
library talks to it; no code of ours knows that it is not the real one."""
