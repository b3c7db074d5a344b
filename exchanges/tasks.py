"""Background work on credentials."""

from uuid import UUID

from celery import shared_task

from exchanges import services


@shared_task(name="exchanges.recheck_credentials", ignore_result=True)
def recheck_credentials() -> dict[str, int]:
    """Daily: what a key may do can change at the exchange at any time."""
    return services.recheck_credentials()


@shared_task(name=services.CHECK_TASK, ignore_result=True)
def recheck_credential(credential_id: str) -> None:
    """At once after the exchange has refused the key."""
    services.recheck_credential(credential_id=UUID(credential_id))
