from argparse import ArgumentParser

from django.core.management.base import BaseCommand, CommandError

from exchanges.rotation import rotate_encryption_keys


class Command(BaseCommand):
    help = "Seals every stored API key anew with the first key of AUTOGRID_ENCRYPTION_KEYS."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--batch-size", type=int, default=100)

    def handle(self, *, batch_size: int, **options: object) -> None:
        done = rotate_encryption_keys(batch_size=max(batch_size, 1))
        self.stdout.write(
            f"{done.rotated} credentials sealed anew with key {done.key_id}, {done.current} were already."
        )
        if done.failed:
            raise CommandError(f"{done.failed} credentials do not open: their key is missing from the ring.")
