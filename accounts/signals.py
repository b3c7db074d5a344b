"""What must happen whichever way a user is changed (pages, admin, `manage.py changepassword`, shell), and what reaches
upward from here: the layers above listen."""

from typing import Any

from django.db.models.signals import post_save
from django.dispatch import Signal, receiver

from accounts import tokens
from accounts.models import Revocation, User

# user, is_on, by_operator
second_factor_changed = Signal()
# user, left (recovery codes that were not used yet)
recovery_code_spent = Signal()
# user: the right password came with so many wrong codes that no more are taken for a while
codes_guessed = Signal()
# user
recovery_codes_renewed = Signal()


@receiver(post_save, sender=User)
def revoke_tokens_with_password(instance: User, created: bool, **_: Any) -> None:
    # Django keeps the raw password in `_password` from set_password to the end of save, and clears it first
    # where it only upgrades a hash at sign-in: so this is a change of the password, nothing else.
    if getattr(instance, "_password", None) is not None and not created:
        tokens.revoke_all(user=instance, reason=Revocation.PASSWORD)
