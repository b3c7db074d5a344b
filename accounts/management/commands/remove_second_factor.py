"""For who has lost both app and recovery codes, the only operator included."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from accounts import second_factor
from accounts.models import User


class Command(BaseCommand):
    help = "Removes the second factor of an account, so that its password alone signs in. Its owner is told by mail."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("email", help="the account's e-mail")

    def handle(self, *_: Any, email: str, **__: Any) -> None:
        user = User.objects.filter(email=email).first()
        if user is None:
            raise CommandError(f"There is no account {email}.")
        if not second_factor.remove(user=user):
            raise CommandError(f"{email} has no second factor.")
        self.stdout.write(f"The second factor of {email} is removed.")
