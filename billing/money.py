"""Cents as people read them."""


def dollars(cents: int) -> str:
    """ "$1,900.00"."""
    whole, rest = divmod(cents, 100)
    return f"${whole:,}.{rest:02}"


def short_dollars(cents: int) -> str:
    """ "$1,900", and cents only where there are any."""
    return dollars(cents).removesuffix(".00")
