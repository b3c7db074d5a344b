"""Composition only: settings, addresses, processes. No app imports from here."""

# Every process must know the app, or its tasks would be sent to Celery's default broker.
from autogrid_project.celery import app as celery_app

__all__ = ["celery_app"]
