"""Where the gateways send their webhooks: kept as they came, answered at once, worked off by a worker."""

import logging

from django.http import HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from payments import services
from payments.services.journal import LARGEST, NotGenuine

logger = logging.getLogger(__name__)


# A signature over the body is the proof; no cookie counts here.
@csrf_exempt
@require_POST
def receive(request: HttpRequest, gateway: str) -> HttpResponse:
    """Answer 200 to what is genuine, whatever it says, and 401 to the rest without keeping it."""
    body = request.body
    if len(body) > LARGEST:
        return HttpResponse(status=413)
    try:
        services.take_in(gateway=gateway, headers=request.headers, body=body)
    except NotGenuine:
        # Counted by the line; neither the body nor the proof belongs into a log.
        logger.warning("A webhook for %s without a valid proof was turned away (%d bytes)", gateway, len(body))
        return HttpResponse(status=401)
    return HttpResponse(status=200)
