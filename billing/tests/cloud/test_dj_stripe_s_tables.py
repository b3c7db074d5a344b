"""Our one migration of dj-stripe makes what its own hundreds of operations make."""

from django.conf import settings
from django.db.migrations.autodetector import MigrationAutodetector
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.state import ProjectState


def state(modules) -> ProjectState:
    before, settings.MIGRATION_MODULES = settings.MIGRATION_MODULES, modules
    try:
        return MigrationLoader(None).project_state()
    finally:
        settings.MIGRATION_MODULES = before


def differences(one: ProjectState, other: ProjectState) -> list[str]:
    found = MigrationAutodetector(one, other)._detect_changes()  # type: ignore[attr-defined]
    return [operation.describe() for each in found.get("djstripe", []) for operation in each.operations]


def test_our_migration_leads_to_the_tables_that_upstream_s_lead_to():
    ours, upstream = state(settings.MIGRATION_MODULES), state({})
    assert differences(upstream, ours) == []
    assert differences(ours, upstream) == []
    ours.remove_model("djstripe", "product")
    assert differences(upstream, ours) != []
