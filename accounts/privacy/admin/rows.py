"""Proof to read, breaches to record, and who answers for the data."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext
from unfold.decorators import display

from accounts.doors import person_of
from accounts.privacy.admin.guarded import Guarded
from accounts.privacy.models import (
    Breach,
    Consent,
    Erased,
    Erasure,
    Export,
    PrivacySettings,
    RetentionRun,
)
from accounts.privacy.services import breaches, retaining
from accounts.privacy.states import ExportStatus, Risk
from accounts.sensitive import AsksAgain, ask_again
from core import personal_data
from core.encryption import mask_email
from core.errors import DomainError

# --- Proof -----------------------------------------------------------------------------------------------------------


@admin.register(Consent)
class ConsentAdmin(Guarded):
    list_display = ["shown_person", "purpose", "version", "given_at", "door", "withdrawn_at", "withdrawn_door"]
    list_filter = ["purpose", "door", ("withdrawn_at", admin.EmptyFieldListFilter)]
    list_select_related = ["user"]
    search_fields = ["user__email__iexact", "user__public_id__iexact"]
    search_help_text = _("A whole e-mail address, or the id of an account")
    fieldsets = [
        (None, {"fields": ["shown_person", "purpose", "version", "locale", "text_hash"]}),
        (_("Given"), {"fields": ["given_at", "door", "address"]}),
        (_("Taken back"), {"fields": ["withdrawn_at", "withdrawn_door", "withdrawn_address"]}),
    ]


@admin.register(Export)
class ExportAdmin(Guarded):
    list_display = ["public_id", "shown_person", "shown_status", "requested_at", "ready_at", "fetched_at", "attempts"]
    list_filter = ["status"]
    list_select_related = ["user"]
    search_fields = ["public_id__iexact", "user__email__iexact"]
    fieldsets = [
        (None, {"fields": ["public_id", "shown_person", "request", "status", "language", "size"]}),
        (_("When"), {"fields": ["requested_at", "ready_at", "expires_at", "fetched_at"]}),
        (_("Work"), {"fields": ["attempts", "next_attempt_at", "last_error"]}),
    ]

    @display(
        description=_("status"),
        ordering="status",
        label={ExportStatus.READY: "success", ExportStatus.FAILED: "danger", ExportStatus.BUILDING: "info"},
    )
    def shown_status(self, export: Export) -> tuple[str, str]:
        return export.status, export.get_status_display()


@admin.register(Erasure)
class ErasureAdmin(Guarded):
    list_display = ["public_id", "shown_person", "shown_status", "requested_at", "due_at", "done_at", "last_error"]
    list_filter = ["status", "is_replay"]
    list_select_related = ["user"]
    search_fields = ["public_id__iexact", "pseudonym"]
    fieldsets = [
        (None, {"fields": ["public_id", "shown_person", "request", "status", "pseudonym", "is_replay"]}),
        (_("When"), {"fields": ["requested_at", "due_at", "cancelled_at", "started_at", "done_at"]}),
        (_("Work"), {"fields": ["attempts", "next_attempt_at", "last_error", "steps"]}),
        (_("Receipt"), {"fields": ["receipt"]}),
    ]

    @display(
        description=_("status"),
        ordering="status",
        label={"regret": "info", "held_up": "warning", "running": "info", "done": "success"},
    )
    def shown_status(self, erasure: Erasure) -> tuple[str, str]:
        return erasure.status, erasure.get_status_display()


@admin.register(Erased)
class ErasedAdmin(Guarded):
    list_display = ["erased_at", "kind", "pseudonym", "erasure_id"]
    list_filter = ["kind"]
    search_fields = ["pseudonym", "erasure_id__iexact"]
    fieldsets = [(None, {"fields": ["kind", "fingerprint", "key_name", "pseudonym", "erasure_id", "erased_at"]})]


@admin.register(RetentionRun)
class RetentionRunAdmin(Guarded):
    list_display = [
        "shown_policy",
        "started_at",
        "is_dry_run",
        "found",
        "removed",
        "left_over",
        "shown_length",
        "error",
    ]
    list_filter = ["policy", "is_dry_run", ("error", admin.EmptyFieldListFilter)]
    fieldsets = [
        (None, {"fields": ["policy", "is_dry_run", "before", "found", "removed", "left_over"]}),
        (_("When"), {"fields": ["started_at", "finished_at", "error"]}),
    ]
    actions = ["count_again"]

    @display(description=_("rule"), ordering="policy")
    def shown_policy(self, run: RetentionRun) -> str:
        known = {policy.name: policy.label for policy in personal_data.policies()}
        return f"{known[run.policy]} ({run.policy})" if run.policy in known else run.policy

    @display(description=_("seconds"))
    def shown_length(self, run: RetentionRun) -> str:
        return f"{(run.finished_at - run.started_at).total_seconds():.1f}" if run.finished_at else "–"

    def has_count_permission(self, request: HttpRequest) -> bool:
        return self.has_module_permission(request)

    @admin.action(description=_("Count again, and remove nothing"), permissions=["count"])
    def count_again(self, request: HttpRequest, queryset: QuerySet[RetentionRun]) -> None:
        for name in sorted(set(queryset.values_list("policy", flat=True))):
            try:
                run = retaining.run(policy=name, dry_run=True)
            except DomainError as refusal:
                self.message_user(request, str(refusal), messages.ERROR)
                continue
            sentence = ngettext(
                "%(rule)s: %(count)d row is over time.", "%(rule)s: %(count)d rows are over time.", run.found
            )
            self.message_user(request, sentence % {"rule": name, "count": run.found})


# --- Breaches --------------------------------------------------------------------------------------------------------


MOST_LISTED = 20


def _moment() -> forms.DateTimeInput:
    # Browsers show no other way of writing it in such a field.
    return forms.DateTimeInput({"type": "datetime-local"}, format="%Y-%m-%dT%H:%M")


class AffectedForm(forms.Form):
    """A question about whom a breach touches."""

    query = forms.ChoiceField(label=_("Who"))
    since = forms.DateTimeField(label=_("From"), required=False, widget=_moment())
    until = forms.DateTimeField(label=_("Until"), required=False, widget=_moment())
    restaurant = forms.CharField(
        label=_("Restaurant"),
        required=False,
        max_length=80,
        help_text=_("The end of its address on Buka; empty for all."),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["query"].choices = [(query.name, query.label) for query in personal_data.queries()]  # type: ignore[attr-defined]


@admin.register(Breach)
class BreachAdmin(Guarded):
    list_display = ["title", "discovered_at", "shown_risk", "shown_clock", "people_told_at", "closed_at"]
    list_filter = ["risk", ("closed_at", admin.EmptyFieldListFilter)]
    search_fields = ["title", "what"]
    fieldsets = [
        (None, {"fields": ["title", "discovered_at", "clock", "began_at", "ended_at", "what"]}),
        (_("Whom and what it touches"), {"fields": ["data", "who", "affected_count"]}),
        (_("Judgement"), {"fields": ["risk", "consequences", "measures", "advice"]}),
        (_("Who was told"), {"fields": ["commission_told_at", "people_told_at", "why_not_told", "closed_at"]}),
    ]
    change_form_outer_after_template = "admin/privacy/breach.html"

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return ["clock"]

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self.has_module_permission(request)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self.has_module_permission(request)

    def save_model(self, request: HttpRequest, obj: Breach, form: Any, change: bool) -> None:
        by = person_of(request)
        if change:
            facts = {name: form.cleaned_data[name] for name in form.changed_data}
            breaches.change(breach=obj, by=by, **facts)
        else:
            # The page goes on with the row it has in hand.
            vars(obj).update(vars(breaches.record(by=by, **form.cleaned_data)))

    @display(description=_("risk"), ordering="risk", label={"unknown": "warning", "risk": "warning", "high": "danger"})
    def shown_risk(self, breach: Breach) -> tuple[str, str]:
        return breach.risk, Risk(breach.risk).name.capitalize()

    @display(
        description=_("the Commission"),
        ordering="discovered_at",
        label={"late": "danger", "runs": "warning", "told": "success"},
    )
    def shown_clock(self, breach: Breach) -> tuple[str, str]:
        """How long there is left to tell the Commission, or whether that was done in time."""
        if breach.pk is None:
            return "none", _now("72 hours from the discovery")
        if breach.commission_told_at is not None:
            in_time = breach.commission_told_at <= breach.commission_by
            return "told" if in_time else "late", _now("Told in time") if in_time else _now("Told late")
        if not breach.wants_commission:
            return "none", _now("Need not be told")
        left = breach.commission_by - timezone.now()
        if left <= timedelta():
            return "late", _now("The 72 hours are over")
        hours = int(left.total_seconds() // 3600)
        return "runs", ngettext("%(count)d hour left", "%(count)d hours left", hours) % {"count": hours}

    @display(description=_("the Commission"))
    def clock(self, breach: Breach) -> str:
        """The same in words alone: only lists make labels of pairs."""
        return self.shown_clock(breach)[1]

    def own_views(self) -> list[tuple[str, str, Callable[..., HttpResponse]]]:
        return [
            ("draft/<str:to>", "draft", self.draft),
            ("affected", "affected", self.affected),
        ]

    def draft(self, request: HttpRequest, pk: int, to: str) -> HttpResponse:
        breach = self.row(request, pk)
        language = request.GET.get("language", "en")[:10]
        try:
            text = breaches.draft(breach=breach, to=to, language=language)
        except DomainError as refusal:
            raise Http404(str(refusal)) from refusal
        return HttpResponse(text, content_type="text/plain; charset=utf-8", headers={"Cache-Control": "no-store"})

    def affected(self, request: HttpRequest, pk: int) -> HttpResponse:
        breach = self.row(request, pk)
        if "csv" in request.POST:
            # Looking shows a few, masked; the file has everybody with their addresses.
            ask_again(request)
        form = AffectedForm(request.POST or None, initial={"since": breach.began_at, "until": breach.ended_at})
        rows = None
        if request.method == "POST" and form.is_valid():
            try:
                rows = breaches.affected(**form.cleaned_data)
            except DomainError as refusal:
                form.add_error(None, str(refusal))
        if rows is not None and "csv" in request.POST:
            name = f"affected-{breach.public_id.hex[:8]}.csv"
            headers = {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"}
            return HttpResponse(breaches.as_csv(rows), content_type="text/csv; charset=utf-8", headers=headers)
        context = {
            **self.admin_site.each_context(request),
            "title": _("Whom it touches"),
            "breach": breach,
            "form": form,
            "rows": rows,
            "shown": [{**row, "email": mask_email(row["email"])} for row in (rows or [])[:MOST_LISTED]],
            "opts": self.opts,
        }
        return render(request, "admin/privacy/affected.html", context)


@admin.register(PrivacySettings)
class PrivacySettingsAdmin(AsksAgain, Guarded):
    fieldsets = [
        (None, {"fields": ["controller", "controller_address"]}),
        (_("Data protection officer"), {"fields": ["officer_name", "officer_email", "officer_phone"]}),
        (
            _("Nigeria Data Protection Commission"),
            {"fields": ["registration", "registered_on", "last_audit_return_on"]},
        ),
    ]

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return []

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self.has_module_permission(request) and not PrivacySettings.objects.exists()

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self.has_module_permission(request)

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        """There is one row: lead to it."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        if PrivacySettings.objects.exists():
            return HttpResponseRedirect(reverse("admin:privacy_privacysettings_change", args=[1]))
        return HttpResponseRedirect(reverse("admin:privacy_privacysettings_add"))

    def save_model(self, request: HttpRequest, obj: PrivacySettings, form: Any, change: bool) -> None:
        obj.pk = 1
        super().save_model(request, obj, form, change)
