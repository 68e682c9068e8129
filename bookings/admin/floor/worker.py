"""The worker that opens the floor plan again while there is no network."""

from pathlib import Path

from django.conf import settings
from django.http import HttpRequest, HttpResponse

SCRIPT = Path(settings.BASE_DIR) / "static" / "buka" / "floor-worker.js"


def script(request: HttpRequest) -> HttpResponse:
    """Return the worker from an address within what it may look after: a worker serves its own folder only."""
    headers = {"Cache-Control": "no-cache"}
    return HttpResponse(SCRIPT.read_bytes(), content_type="text/javascript; charset=utf-8", headers=headers)
