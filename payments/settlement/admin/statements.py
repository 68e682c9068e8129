"""Statements on a page, as a spreadsheet and on paper: for whoever handles money at the house, and the platform."""

from datetime import datetime
from typing import Any

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import URLPattern, path
from django.utils import timezone
from django.utils.text import slugify
from django.utils.translation import get_language
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_safe
from unfold.decorators import display

from accounts.scoping import OwnRowsFilter
from accounts.selectors import restaurant_ids_where
from accounts.states import Ability
from core.headers import NEVER_KEPT
from core.pdf import MIME
from localization import formatting
from payments.admin.shared import naira
from payments.settlement import selectors, statements
from payments.settlement.admin.shared import SettlementPage
from payments.settlement.errors import BadPeriod
from payments.settlement.forms import RangeForm
from payments.settlement.models import IssuedStatement
from payments.settlement.papers import csv_of, first_day, last_day, pdf_of
from payments.settlement.statements import Statement


@admin.register(IssuedStatement)
class IssuedStatementAdmin(SettlementPage):
    list_display = ["shown_restaurant", "from_day", "to_day", "opening", "closing"]
    list_filter = [("restaurant", OwnRowsFilter)]
    list_select_related = ["restaurant"]
    list_before_template = "admin/settlement/statements_ways.html"
    fieldsets = [(None, {"fields": ["shown_restaurant", "from_day", "to_day", "opening", "closing"]})]

    @display(description=_("restaurant"), ordering="restaurant__name")
    def shown_restaurant(self, row: IssuedStatement) -> str:
        return row.restaurant.name

    @display(description=_("from"), ordering="since")
    def from_day(self, row: IssuedStatement) -> str:
        return formatting.short_day(first_day(row.since))

    @display(description=_("to"), ordering="until")
    def to_day(self, row: IssuedStatement) -> str:
        return formatting.short_day(last_day(row.until))

    @display(description=_("opening balance"))
    def opening(self, row: IssuedStatement) -> str:
        return naira(row.opening_kobo)

    @display(description=_("closing balance"))
    def closing(self, row: IssuedStatement) -> str:
        return naira(row.closing_kobo)

    def get_urls(self) -> list[URLPattern]:
        wrap = self.admin_site.admin_view
        return [
            path("any/", wrap(require_safe(self.show_range)), name="settlement_issuedstatement_range"),
            *super().get_urls(),
        ]

    def change_view(self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None) -> Any:
        row = self.get_object(request, object_id)
        if row is None:
            return self._get_obj_does_not_exist_redirect(request, self.opts, object_id)
        if not self.has_view_permission(request, row):
            raise PermissionDenied
        return self._answer(request, statements.issued(row), row.restaurant.name, None)

    def show_range(self, request: HttpRequest) -> HttpResponse:
        """Show a free time of a house, as the books know it now."""
        ids = restaurant_ids_where(request.user, Ability.HANDLE_MONEY)
        if ids is not None and not ids:
            raise PermissionDenied
        houses = selectors.houses_named(ids)
        today = timezone.localdate(timezone=formatting.HOME_ZONE)
        first = {"restaurant": houses[0][0] if houses else "", "since": today.replace(day=1), "until": today}
        given = {name: request.GET[name] for name in RangeForm.base_fields if name in request.GET}
        form = RangeForm({**first, **given}, houses=houses)
        if form.is_valid():
            house = int(form.cleaned_data["restaurant"])
            try:
                found = statements.of_days(house, form.cleaned_data["since"], form.cleaned_data["until"])
            except BadPeriod as refused:
                form.add_error("until", str(refused))
            else:
                return self._answer(request, found, dict(houses)[house], form)
        return self._answer(request, None, "", form, status=422 if given else 200)

    def _answer(
        self, request: HttpRequest, found: Statement | None, name: str, form: RangeForm | None, *, status: int = 200
    ) -> HttpResponse:
        wanted = request.GET.get("as")
        if found is not None and wanted == "csv":
            return download(csv_of(found), "text/csv; charset=utf-8", file_name(found, name, "csv"))
        if found is not None and wanted == "pdf":
            paper = pdf_of(found, house=name, language=get_language() or "en")
            return download(paper, MIME, file_name(found, name, "pdf"))
        asked = request.GET.copy()
        asked.pop("as", None)
        context = {
            **self.admin_site.each_context(request),
            "title": _now("Statement"),
            "subtitle": name,
            "opts": self.opts,
            "form": form,
            "found": found,
            "lines": [(brief(line.at), line) for line in found.lines] if found else [],
            "from_day": formatting.day(first_day(found.since)) if found else "",
            "to_day": formatting.day(last_day(found.until)) if found else "",
            "query": f"{asked.urlencode()}&" if asked else "",
        }
        return render(request, "admin/settlement/statement.html", context, status=status)


def brief(moment: datetime) -> str:
    """Return a moment by Nigeria's clock, short enough for a table."""
    local = timezone.localtime(moment, formatting.HOME_ZONE)
    return f"{formatting.short_day(local.date())}, {formatting.time_of_day(local.time())}"


def file_name(found: Statement, house: str, ending: str) -> str:
    # A name without a Latin letter leaves nothing.
    whose = f"{slugify(house)[:60]}-".lstrip("-")
    return f"buka-statement-{whose}{first_day(found.since):%Y-%m-%d}-{last_day(found.until):%Y-%m-%d}.{ending}"


def download(body: str | bytes, kind: str, name: str) -> HttpResponse:
    headers = {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": NEVER_KEPT}
    return HttpResponse(body, content_type=kind, headers=headers)
