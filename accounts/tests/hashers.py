from accounts.hashers import PatientBCrypt


class QuickBCrypt(PatientBCrypt):
    """The product's hash with the fewest rounds bcrypt knows."""

    rounds = 4
