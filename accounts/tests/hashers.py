from django.contrib.auth.hashers import BCryptSHA256PasswordHasher


class QuickBCrypt(BCryptSHA256PasswordHasher):
    """The product's hash with the fewest rounds bcrypt knows."""

    rounds = 4
