"""The hash of passwords, made so that a flood of sign-ins leaves the site to everybody else."""

import os
from threading import BoundedSemaphore

from django.contrib.auth.hashers import BCryptSHA256PasswordHasher

from accounts.waiting import release_database

# A hash keeps a core busy for a quarter of a second.
_cores = BoundedSemaphore(max(1, (os.cpu_count() or 1) // 2))


class PatientBCrypt(BCryptSHA256PasswordHasher):
    """The same hash as its base's. Who waits for a core meanwhile gives its database connection back."""

    def encode(self, password: str, salt: str) -> str:
        release_database()
        with _cores:
            encoded: str = super().encode(password, salt)
        return encoded
