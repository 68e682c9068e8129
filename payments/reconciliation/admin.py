"""What differs from the gateways, for those who run the platform: read, looked into, and closed with a reason."""

from collections.abc import Callable
from datetime import date
from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.loader import render_to_string
from django.urls import URLPattern, path, reverse
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST
from unfold.admin import ModelAdmin
from unfold.decorators import display

from accounts.doors import person_of
from accounts.sensitive import ask_again
from core.back_office import PlatformPage
from core.errors import DomainError
from localization import formatting
from payments.reconciliation import evidence_words, services
from payments.reconciliation.models import Finding, Run
from payments.reconciliation.services.runs import accounts, ring
from payments.reconciliation.states import FindingKind, FindingState

YEARS = range(2020, 2200)
SHOWN_STATE = {"open": "warning", "resolved": "success", "explained": "info"}
SHOWN_RUN = {"running": "info", "done": "success", "stuck": "danger"}


class Compared(PlatformPage, ModelAdmin):
    """A page of what was compared; nothing is edited but by an act."""

    show_full_result_count = False
    list_per_page = 50
    actions: Any = None

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return [name for _title, part in self.get_fieldsets(request, obj) for name in part["fields"]]

    def own_views(self) -> list[tuple[str, str, Callable[..., HttpResponse]]]:
        """Return further addresses: the way, a name, the view."""
        raise NotImplementedError

    def get_urls(self) -> list[URLPattern]:
        name = f"{self.opts.app_label}_{self.opts.model_name}"
        own = [
            path(way, self.admin_site.admin_view(require_POST(view)), name=f"{name}_{word}")
            for way, word, view in self.own_views()
        ]
        return [*own, *super().get_urls()]

    def row(self, request: HttpRequest, pk: int) -> Any:
        """:raises PermissionDenied: :raises Http404:"""
        self.admit(request)
        row = self.get_queryset(request).filter(pk=pk).first()
        if row is None:
            raise Http404(_now("We could not find that."))
        return row

    def admit(self, request: HttpRequest) -> None:
        """:raises PermissionDenied:"""
        if not self.has_module_permission(request):
            raise PermissionDenied

    def do(self, request: HttpRequest, act: Callable[[], object], done: str) -> bool:
        """Do an act, and say that it is done, or why not; return whether it was."""
        try:
            act()
        except DomainError as refusal:
            self.message_user(request, str(refusal), messages.ERROR)
            return False
        self.message_user(request, done, messages.SUCCESS)
        return True

    def back_to(self, pk: int) -> HttpResponse:
        name = f"admin:{self.opts.app_label}_{self.opts.model_name}_change"
        return HttpResponseRedirect(reverse(name, args=[pk]))


@admin.register(Finding)
class FindingAdmin(Compared):
    list_display = ["shown_kind", "shown_state", "gateway", "reference", "here", "there", "found", "times"]
    list_filter = ["state", "kind", "gateway", "mode"]
    list_filter_submit = True
    search_fields = ["reference", "gateway_id"]
    search_help_text = _("Our reference, or the gateway's number")
    change_form_outer_after_template = "admin/reconciliation/decide.html"
    fieldsets = [
        (None, {"fields": ["shown_kind", "state_words", "gateway", "mode", "reference", "gateway_id"]}),
        (_("Amounts"), {"fields": ["here", "there"]}),
        (_("Evidence"), {"fields": ["shown_evidence", "in_the_books"]}),
        (_("When"), {"fields": ["found", "found_again", "times", "comparison"]}),
        (_("What became of it"), {"fields": ["closed", "closed_by", "note"]}),
    ]

    def get_queryset(self, request: HttpRequest) -> Any:
        return super().get_queryset(request).select_related("payment", "run", "closed_by")

    def get_ordering(self, request: HttpRequest) -> list[str]:
        # What is open first: nothing stands where it would be closed.
        return ["-closed_at", "-pk"]

    @display(description=_("what"), ordering="kind")
    def shown_kind(self, row: Finding) -> str:
        return str(row.get_kind_display())

    @display(description=_("state"), ordering="state", label=SHOWN_STATE)
    def shown_state(self, row: Finding) -> tuple[str, str]:
        return row.state, str(row.get_state_display())

    @display(description=_("state"))
    def state_words(self, row: Finding) -> str:
        return str(row.get_state_display())

    @display(description=_("here"), ordering="ours_kobo")
    def here(self, row: Finding) -> str:
        return evidence_words.amount(row.ours_kobo)

    @display(description=_("there"), ordering="theirs_kobo")
    def there(self, row: Finding) -> str:
        return evidence_words.amount(row.theirs_kobo)

    @display(description=_("found first"), ordering="found_at")
    def found(self, row: Finding) -> str:
        return formatting.day_and_time(row.found_at)

    @display(description=_("found last"))
    def found_again(self, row: Finding) -> str:
        return formatting.day_and_time(row.last_found_at)

    @display(description=_("closed"))
    def closed(self, row: Finding) -> str:
        return formatting.day_and_time(row.closed_at) if row.closed_at else "–"

    @display(description=_("comparison"))
    def comparison(self, row: Finding) -> str:
        if row.run is None:
            return "–"
        address = reverse("admin:reconciliation_run_change", args=[row.run_id])
        return evidence_words.link(address, str(row.run))

    @display(description=_("evidence"))
    def shown_evidence(self, row: Finding) -> str:
        parts = evidence_words.tables(row.evidence)
        return render_to_string("admin/reconciliation/_evidence.html", {"parts": parts})

    @display(description=_("in the books"))
    def in_the_books(self, row: Finding) -> str:
        if row.payment is None:
            return "–"
        address = f"{reverse('admin:ledger_transaction_changelist')}?q={row.payment.public_id}"
        return evidence_words.link(address, _now("What was posted for this payment"))

    def change_view(self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None) -> Any:
        row = self.get_queryset(request).filter(pk=object_id).first() if object_id.isdigit() else None
        is_open = row is not None and row.state == FindingState.OPEN
        more = {"may_close": is_open, "may_take_fee": is_open and row is not None and row.kind == FindingKind.FEE}
        return super().change_view(request, object_id, form_url, {**(extra_context or {}), **more})

    def own_views(self) -> list[tuple[str, str, Callable[..., HttpResponse]]]:
        return [("<int:pk>/close/", "close", self.close), ("<int:pk>/fee/", "fee", self.fee)]

    def close(self, request: HttpRequest, pk: int) -> HttpResponse:
        row = self.row(request, pk)
        state = FindingState.EXPLAINED if "explained" in request.POST else FindingState.RESOLVED
        note = request.POST.get("note", "").replace("\x00", "")[:300]
        by = person_of(request)
        self.do(request, lambda: services.close(finding=row, state=state, by=by, note=note), _now("It is closed."))
        return self.back_to(pk)

    def fee(self, request: HttpRequest, pk: int) -> HttpResponse:
        row = self.row(request, pk)
        ask_again(request)
        by = person_of(request)
        done = _now("The fee stands in the books as the gateway says it.")
        self.do(request, lambda: services.take_fee_over(finding=row, by=by), done)
        return self.back_to(pk)


@admin.register(Run)
class RunAdmin(Compared):
    list_display = [
        "shown_day", "gateway", "shown_state", "shown_stage", "charges", "refunds", "disputes", "settlements",
        "payments", "open_findings",
    ]  # fmt: skip
    list_filter = ["state", "gateway", "mode"]
    list_filter_submit = True
    search_fields = ["gateway"]
    list_before_template = "admin/reconciliation/compare.html"
    change_form_outer_after_template = "admin/reconciliation/again.html"
    fieldsets = [
        (None, {"fields": ["gateway", "mode", "shown_day", "state_words", "shown_stage", "why", "tries"]}),
        (_("Compared"), {"fields": ["charges", "refunds", "disputes", "settlements", "payments", "open_findings"]}),
        (_("When"), {"fields": ["begun", "done", "asked_by"]}),
    ]

    def get_queryset(self, request: HttpRequest) -> Any:
        return super().get_queryset(request).select_related("asked_by")

    @display(description=_("day"), ordering="day")
    def shown_day(self, row: Run) -> str:
        return formatting.day(row.day)

    @display(description=_("state"), ordering="state", label=SHOWN_RUN)
    def shown_state(self, row: Run) -> tuple[str, str]:
        return row.state, str(row.get_state_display())

    @display(description=_("state"))
    def state_words(self, row: Run) -> str:
        return str(row.get_state_display())

    @display(description=_("busy with"))
    def shown_stage(self, row: Run) -> str:
        return str(row.get_stage_display())

    @display(description=_("begun"))
    def begun(self, row: Run) -> str:
        return formatting.day_and_time(row.began_at)

    @display(description=_("done"))
    def done(self, row: Run) -> str:
        return formatting.day_and_time(row.done_at) if row.done_at else "–"

    @display(description=_("open differences"))
    def open_findings(self, row: Run) -> str:
        return formatting.number(row.findings.filter(state=FindingState.OPEN).count())

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> Any:
        names = [account.name for account in accounts()]
        return super().changelist_view(request, {**(extra_context or {}), "gateways": names})

    def own_views(self) -> list[tuple[str, str, Callable[..., HttpResponse]]]:
        return [("compare/", "compare", self.compare), ("<int:pk>/again/", "again", self.again)]

    def compare(self, request: HttpRequest) -> HttpResponse:
        """Begin the comparison of a day with a gateway; a worker does it."""
        self.admit(request)
        try:
            day = date.fromisoformat(request.POST.get("day", ""))
        except ValueError:
            self.message_user(request, _now("Choose a day."), messages.ERROR)
        else:
            self._begin(request, request.POST.get("gateway", ""), day)
        return HttpResponseRedirect(reverse("admin:reconciliation_run_changelist"))

    def again(self, request: HttpRequest, pk: int) -> HttpResponse:
        row = self.row(request, pk)
        self._begin(request, row.gateway, row.day)
        return self.back_to(pk)

    def _begin(self, request: HttpRequest, gateway: str, day: date) -> None:
        by = person_of(request)
        if day.year not in YEARS:
            self.message_user(request, _now("Choose a day."), messages.ERROR)
            return

        def begin() -> None:
            ring(services.begin(gateway=gateway, day=day, by=by))

        self.do(request, begin, _now("The day is being compared."))
