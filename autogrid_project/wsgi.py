"""For servers that speak WSGI only: pages and API without the live values."""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "autogrid_project.settings.production")
application = get_wsgi_application()
