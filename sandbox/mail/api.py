"""The same for programs: tests read mails here."""

from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from sandbox.mail.inbox import mail_header
from sandbox.mail.models import Mail

MOST_ANSWERED = 200


# No cookie decides anything here, and a page elsewhere cannot send DELETE or PUT without being asked first.
@csrf_exempt
@require_http_methods(["GET", "DELETE"])
def messages(request: HttpRequest) -> HttpResponse:
    """Answer the newest mails, narrowed by `to`, `subject` (contains) and `message_id`; DELETE forgets those."""
    found = Mail.objects.all()
    if to := request.GET.get("to"):
        found = found.to(to)
    if subject := request.GET.get("subject"):
        found = found.filter(subject__icontains=subject)
    if message_id := request.GET.get("message_id"):
        found = found.filter(message_id=message_id)
    if request.method == "DELETE":
        Mail.objects.filter(pk__in=found.values("pk")).delete()
        return HttpResponse(status=204)
    newest = found.with_copies().defer("raw").prefetch_related("recipients", "attachments")[:MOST_ANSWERED]
    return JsonResponse({"messages": [_as_json(mail) for mail in newest]})


def _as_json(mail: Any) -> dict[str, Any]:
    return {
        "id": mail.pk,
        "url": mail.get_absolute_url(),
        "received_at": mail.received_at.isoformat(),
        "outcome": mail.outcome,
        "sent_by": mail.sent_by,
        "recipients": [recipient.address for recipient in mail.recipients.all()],
        "from": mail_header(mail, "from"),
        "to": mail_header(mail, "to"),
        "subject": mail.subject,
        "message_id": mail.message_id,
        "copy_number": mail.copy_number,
        "copies": mail.copies,
        "headers": mail.headers,
        "plain": mail.plain,
        "html": mail.html,
        "attachments": [
            {
                "name": part.name,
                "content_type": part.content_type,
                "bytes": len(part.content),
                "url": part.get_absolute_url(),
            }
            for part in mail.attachments.all()
        ],
    }
