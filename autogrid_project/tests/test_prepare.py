import psycopg
import pytest
from django.apps import apps
from django_celery_beat.models import IntervalSchedule, PeriodicTask

from autogrid_project.prepare import forget_the_cloud, state


@pytest.fixture
def root(tmp_path):
    """A project of three files."""
    for name in ("requirements.txt", "static/page.css", "bots/migrations/0001_initial.py"):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(name)
    return tmp_path


@pytest.fixture
def url(db, django_db_setup, settings):
    database = settings.DATABASES["default"]
    names = {"host": "HOST", "port": "PORT", "user": "USER", "password": "PASSWORD", "dbname": "NAME"}
    return psycopg.conninfo.make_conninfo(**{key: database[name] for key, name in names.items()})


def test_nothing_has_to_be_prepared_while_nothing_changed(root, url):
    assert state(root, url) == state(root, url)


@pytest.mark.parametrize("name", ["requirements.txt", "static/page.css", "bots/migrations/0001_initial.py"])
def test_a_file_that_changed_is_noticed(root, url, name):
    before = state(root, url)
    (root / name).write_text("something else")
    assert state(root, url) != before


def test_a_new_migration_is_noticed(root, url):
    before = state(root, url)
    (root / "bots/migrations/0002_more.py").write_text("")
    assert state(root, url) != before


def test_a_database_without_our_tables_is_noticed(root, url):
    before = state(root, url)
    empty = psycopg.conninfo.make_conninfo(url, dbname="postgres")
    assert state(root, empty) != before


@pytest.mark.django_db(transaction=True)
def test_a_database_that_was_migrated_by_hand_is_noticed(root, url):
    before = state(root, url)
    with psycopg.connect(url) as connection:
        connection.execute("INSERT INTO django_migrations (app, name, applied) VALUES ('x', 'y', now())")
        connection.commit()
        try:
            assert state(root, url) != before
        finally:
            connection.execute("DELETE FROM django_migrations WHERE app = 'x'")


@pytest.mark.parametrize("cloud", [True, False])
def test_self_hosted_again_nothing_asks_for_the_cloud_s_tasks(db, monkeypatch, cloud):
    every = IntervalSchedule.objects.create(every=30, period="seconds")
    for task in ("billing.reconcile", "bots.deliver_notices"):
        PeriodicTask.objects.create(name=task, task=task, interval=every)
    monkeypatch.setattr(apps, "is_installed", lambda name: cloud)
    forget_the_cloud()
    assert PeriodicTask.objects.filter(task="bots.deliver_notices").exists()
    assert PeriodicTask.objects.filter(task="billing.reconcile").exists() == cloud
