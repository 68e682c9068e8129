"""Requests about data: read, answered, and followed by an archive or an erasure."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from django.apps import apps
from django.contrib import admin, messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods, require_POST
from unfold.decorators import display

from accounts.doors import person_of
from accounts.privacy import selectors
from accounts.privacy.admin.guarded import Guarded
from accounts.privacy.models import DataRequest
from accounts.privacy.notice import duration
from accounts.privacy.services import erasing, exporting, requests
from accounts.privacy.states import RequestStatus
from accounts.sensitive import ask_again
from core.errors import DomainError
from localization import formatting


@admin.register(DataRequest)
class DataRequestAdmin(Guarded):
    list_display = ["reference", "kind", "shown_status", "received_at", "shown_clock", "has_proof"]
    list_filter = ["status", "kind"]
    search_fields = ["reference__iexact"]
    fieldsets = [
        (None, {"fields": ["reference", "kind", "status", "received_at", "due_at", "language"]}),
        (_("From"), {"fields": ["name", "email", "shown_person", "shown_rows", "message"]}),
        (_("What was answered"), {"fields": ["answer", "answered_at", "answered_by"]}),
    ]
    change_form_outer_after_template = "admin/privacy/answer.html"

    def get_ordering(self, request: HttpRequest) -> list[str]:
        return ["answered_at", "due_at"]

    @display(
        description=_("status"),
        ordering="status",
        label={"open": "warning", "answered": "success", "refused": "danger"},
    )
    def shown_status(self, row: DataRequest) -> tuple[str, str]:
        return row.status, row.get_status_display()

    @display(
        description=_("answer within"),
        ordering="due_at",
        label={"late": "danger", "soon": "warning", "fine": "info", "done": "info"},
    )
    def shown_clock(self, row: DataRequest) -> tuple[str, str]:
        if row.status != RequestStatus.OPEN:
            return "done", "–"
        left = row.due_at - timezone.now()
        if left <= timedelta():
            return "late", _now("Overdue")
        return ("soon" if left < timedelta(days=7) else "fine"), duration(timedelta(days=left.days + 1))

    @display(description=_("has shown a booking"), boolean=True)
    def has_proof(self, row: DataRequest) -> bool:
        return bool(row.proven_rows)

    @display(description=_("has shown a booking"))
    def shown_rows(self, row: Any) -> str:
        """Say which they are; whoever may open one where it belongs gets the way there."""
        if not row.proven_rows:
            return _now("No")
        lines = [[_led_to(row._ways.get(str(each["id"]), ""), _line(each))] for each in selectors.rows_shown_by(row)]
        if not lines:
            return _now("Yes, but nothing of it is left.")
        return format_html("<ul>{}</ul>", format_html_join("", "<li>{}</li>", lines))

    def get_object(self, request: HttpRequest, object_id: str, from_field: Any = None) -> Any:
        row = super().get_object(request, object_id, from_field)
        if row is not None:
            row._ways = self._ways_to_rows(request, row)
        return row

    def _ways_to_rows(self, request: HttpRequest, row: DataRequest) -> dict[str, str]:
        """Return public id -> address of the rows shown by a guest that who asks may open on a page of their own."""
        ways: dict[str, str] = {}
        for label, ids in row.proven_rows.items():
            model = apps.get_model(label)
            page = self.admin_site._registry.get(model)
            if page is None or not page.has_view_permission(request):
                continue
            name = f"admin:{model._meta.app_label}_{model._meta.model_name}_change"
            rows = page.get_queryset(request).filter(public_id__in=ids).values_list("public_id", "pk")
            ways |= {str(public_id): reverse(name, args=[pk]) for public_id, pk in rows}
        return ways

    def own_views(self) -> list[tuple[str, str, Callable[..., HttpResponse]]]:
        return [
            ("answer", "answer", require_POST(self.answer)),
            ("archive", "archive", require_POST(self.archive)),
            ("erase", "erase", require_http_methods(["GET", "HEAD", "POST"])(self.erase)),
        ]

    def change_view(self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None) -> Any:
        row = self.get_queryset(request).filter(pk=object_id).first() if object_id.isdigit() else None
        more = selectors.done_for(row) if row is not None else {}
        return super().change_view(request, object_id, form_url, {**(extra_context or {}), **more})

    def answer(self, request: HttpRequest, pk: int) -> HttpResponse:
        row = self.row(request, pk)
        ask_again(request)
        try:
            requests.answer_request(
                request=row,
                by=person_of(request),
                answer=request.POST.get("answer", "")[:4000],
                is_refused="refuse" in request.POST,
            )
        except DomainError as refusal:
            self.message_user(request, str(refusal), messages.ERROR)
        else:
            self.message_user(request, _now("The answer is on its way."), messages.SUCCESS)
        return self.back_to(pk)

    def archive(self, request: HttpRequest, pk: int) -> HttpResponse:
        row = self.row(request, pk)
        ask_again(request)
        try:
            exporting.request_guest_export(request=row)
        except DomainError as refusal:
            self.message_user(request, str(refusal), messages.ERROR)
        else:
            sentence = _now("The archive is being put together; its link goes to the address of the booking.")
            self.message_user(request, sentence, messages.SUCCESS)
        return self.back_to(pk)

    def erase(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Ask first, on a page that says what will happen; what is sent from there does it."""
        row = self.row(request, pk)
        if request.method != "POST":
            return self._asked(request, row)
        ask_again(request)
        try:
            erasing.request_guest_erasure(request=row)
        except DomainError as refusal:
            self.message_user(request, str(refusal), messages.ERROR)
        else:
            self.message_user(request, _now("The guest is being forgotten."), messages.SUCCESS)
        return self.back_to(pk)

    def _asked(self, request: HttpRequest, row: DataRequest) -> HttpResponse:
        if not selectors.done_for(row)["may_erase"]:
            return self.back_to(row.pk)
        sentences = [
            _now("Tables still to come are cancelled, and the restaurants are told that they are free."),
            _now("Name, phone, e-mail address, wishes and the notes of the restaurants are erased in these bookings:"),
        ]
        context = {
            **self.admin_site.each_context(request),
            "title": _now("Erase the guest of request %(reference)s?") % {"reference": row.reference},
            "sentences": [_now("This begins at once and cannot be taken back."), *sentences],
            "items": [_line(shown) for shown in selectors.rows_shown_by(row)],
            "button": _now("Yes, erase them"),
            "opts": self.opts,
            "back": reverse("admin:privacy_datarequest_change", args=[row.pk]),
        }
        return render(request, "admin/confirm.html", context)


def _led_to(way: str, line: str) -> str:
    return format_html('<a href="{}"><bdi>{}</bdi></a>', way, line) if way else format_html("<bdi>{}</bdi>", line)


def _line(shown: dict[str, Any]) -> str:
    """Return a row of an archive as one says which it is: its code, where and when, as far as it has them."""
    when = shown.get("starts_at")
    return " · ".join(
        part
        for part in (
            str(shown.get("code", shown["id"])),
            str(shown.get("restaurant", "")),
            formatting.day_and_time(when, zone=formatting.HOME_ZONE) if when else "",
        )
        if part
    )
