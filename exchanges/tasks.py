"""Background work on credentials."""

from celery import shared_task

from exchanges import services


@shared_task(name="exchanges.recheck_credentials", ignore_result=True)
def recheck_credentials() -> dict[str, int]:
    """Daily: what a key may do can change at the exchange at any time."""
    return services.recheck_credentials()
