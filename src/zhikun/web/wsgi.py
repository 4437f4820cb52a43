"""The entry point of the server (granian, WSGI)."""

from __future__ import annotations

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "zhikun.web.settings")

application = get_wsgi_application()

from zhikun.web.kept import keep_connections  # noqa: E402 - the settings are read by now
from zhikun.web.server import end_with_server  # noqa: E402 - the server's module reads the settings
from zhikun.web.warm import warm  # noqa: E402 - the same

end_with_server()
keep_connections()
warm()
