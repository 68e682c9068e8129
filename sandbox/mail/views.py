"""Pages to read the mails on."""

import re
from io import BytesIO
from urllib.parse import urlencode

from django.core.paginator import Paginator
from django.http import FileResponse, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_POST, require_safe

from sandbox.faults.panel import Panel
from sandbox.mail import smtp
from sandbox.mail.inbox import mail_header
from sandbox.mail.models import Attachment, Mail

PAGE_SIZE = 50
REFRESH_SECONDS = 5
# A mail may style itself and show pictures it carries. Nothing of it runs, loads from elsewhere or acts as this site;
# its links open in a new window.
HTML_POLICY = (
    "sandbox allow-popups allow-popups-to-escape-sandbox; default-src 'none'; style-src 'unsafe-inline'; "
    "img-src data:; frame-ancestors 'self'; form-action 'none'; base-uri 'self'"
)
HEAD = re.compile(r"<head[^>]*>", re.IGNORECASE)
PANEL = Panel(
    service=smtp.SERVICE,
    modes=smtp.MODES,
    noun="mails",
    title="Faults of the mail server",
    action="mail:faults",
    page="mail:list",
)


@require_safe
def mails(request: HttpRequest) -> HttpResponse:
    words = request.GET.get("q", "").strip()
    refreshes = request.GET.get("refresh") == "on"
    found = Mail.objects.matching(words) if words else Mail.objects.all()
    page = Paginator(found.with_copies().defer("raw", "html").prefetch_related("recipients"), PAGE_SIZE).get_page(
        request.GET.get("page")
    )
    return render(
        request,
        "sandbox/mail/list.html",
        {
            "page": page,
            "words": words,
            "refresh_seconds": REFRESH_SECONDS if refreshes else None,
            "refresh_on": "?" + urlencode({"q": words, "refresh": "on"}),
            "refresh_off": "?" + urlencode({"q": words}),
            **PANEL.context(),
        },
    )


@require_POST
def delete_all(request: HttpRequest) -> HttpResponse:
    Mail.objects.all().delete()
    return redirect("mail:list")


@require_safe
def detail(request: HttpRequest, pk: int) -> HttpResponse:
    mail = get_object_or_404(Mail.objects.with_copies().prefetch_related("recipients", "attachments"), pk=pk)
    return render(
        request,
        "sandbox/mail/detail.html",
        {
            "mail": mail,
            "from_header": mail_header(mail, "from"),
            "to_header": mail_header(mail, "to"),
            "same": Mail.objects.filter(message_id=mail.message_id).exclude(pk=pk).order_by("pk")
            if mail.copies > 1
            else [],
        },
    )


@require_safe
def html_part(request: HttpRequest, pk: int) -> HttpResponse:
    html = get_object_or_404(Mail, pk=pk).html
    new_window = '<base target="_blank">'
    shown, replaced = HEAD.subn(lambda head: head.group() + new_window, html, count=1)
    response = HttpResponse(shown if replaced else new_window + html)
    response.headers["Content-Security-Policy"] = HTML_POLICY
    return response


@require_safe
def raw(request: HttpRequest, pk: int) -> HttpResponse:
    return HttpResponse(bytes(get_object_or_404(Mail, pk=pk).raw), content_type="text/plain; charset=utf-8")


@require_safe
def attachment(request: HttpRequest, pk: int, number: int) -> FileResponse:
    part = get_object_or_404(Attachment, mail_id=pk, pk=number)
    return FileResponse(
        BytesIO(bytes(part.content)), as_attachment=True, filename=part.name, content_type=part.content_type
    )
