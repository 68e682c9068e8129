"""Bookings to look up and to export. Nothing is edited here: the desk's page changes them, by the rules."""

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any

from defusedcsv import csv
from django.contrib import admin
from django.db.models import Prefetch, QuerySet
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _
from unfold.admin import ModelAdmin
from unfold.contrib.filters.admin import ChoicesDropdownFilter, RangeDateFilter
from unfold.decorators import display

from accounts.scoping import OwnRowsFilter, ScopedPage, in_scope
from accounts.sensitive import ask_again
from accounts.states import Ability
from bookings import terms
from bookings.deposit_words import advance_of
from bookings.models import Booking, TableAllocation
from bookings.states import Status
from bookings.story import story_for_desk
from bookings.templatetags.buka_today import deposit_note
from core import phones
from core.codes import normalise as code_of
from core.contact_search import FindsByContact, is_list
from core.headers import NEVER_KEPT
from localization import formatting

# A spreadsheet takes a cell that begins so for a formula, and runs it.
DANGEROUS = ("=", "+", "-", "@", "\t", "\r", "\n", "|", "%")
COLUMNS = [
    "code", "restaurant", "service_day", "starts_at", "party_size", "status", "name", "phone", "email", "tables",
    "channel", "occasion", "wishes", "house_notes",
]  # fmt: skip


@admin.register(Booking)
class BookingAdmin(FindsByContact, ScopedPage, ModelAdmin):
    sees = Ability.SEE_BOOKINGS
    edits = Ability.RUN_SERVICE
    list_display = [
        "shown_code", "guest_name", "day", "clock", "party_size", "tables", "shown_status", "masked_phone",
        "restaurant",
    ]  # fmt: skip
    list_filter = [
        "status",
        ("restaurant", OwnRowsFilter),
        ("service_day", RangeDateFilter),
        "channel",
        "is_late_cancellation",
        ("advance__state", ChoicesDropdownFilter),
    ]
    list_filter_submit = True
    list_per_page = 50
    date_hierarchy = "service_day"
    ordering = ["-starts_at", "-pk"]
    search_fields = ["code", "guest_name"]
    search_help_text = _("Code, name, or a whole phone number or e-mail address")
    actions = ["export_csv"]
    fieldsets = [
        (
            None,
            {
                "fields": [
                    "on_the_desk", "shown_code", "restaurant", "status", "day", "clock", "until", "party_size",
                    "tables", "shift_name", "channel",
                ]
            },
        ),
        (_("Guest"), {"fields": ["guest_name", "phone", "guest_email", "language", "occasion", "notes"]}),
        (
            _("House"),
            {"fields": ["staff_notes", "is_locked", "terms", "is_late_cancellation", "asked_for", "bonus_points"]},
        ),
        (_("Deposit"), {"fields": ["deposit", "minimum_spend"]}),
        (_("History"), {"fields": ["history_lines"]}),
    ]  # fmt: skip

    def get_queryset(self, request: HttpRequest) -> QuerySet[Booking]:
        kept = TableAllocation.objects.filter(live=True).select_related("table").order_by("table__name")
        bookings = super().get_queryset(request).select_related("restaurant", "advance")
        bookings = bookings.prefetch_related(Prefetch("allocations", queryset=kept))
        # The list shows none of these, so it opens none of them.
        return bookings.defer("guest_email", "notes", "staff_notes") if is_list(request) else bookings

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return [name for _title, options in self.fieldsets for name in options["fields"]]

    def get_search_results(self, request: HttpRequest, queryset: Any, search_term: str) -> Any:
        """Find a code however it is typed: k7m-4qt."""
        found, may_repeat = super().get_search_results(request, queryset, search_term)
        if code := code_of(search_term):
            found = found | queryset.filter(code=code)
        return found, may_repeat

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    # --- What is shown -------------------------------------------------------------------------------------------

    @display(description=_("code"), ordering="code")
    def shown_code(self, booking: Booking) -> str:
        return booking.code

    @display(description=_("day"), ordering="service_day")
    def day(self, booking: Booking) -> str:
        return formatting.short_day(booking.service_day)

    @display(description=_("time"), ordering="starts_at")
    def clock(self, booking: Booking) -> str:
        return formatting.time_of_day(booking.starts_at, zone=booking.restaurant.time_zone)

    @display(description=_("until"))
    def until(self, booking: Booking) -> str:
        return formatting.time_of_day(booking.ends_at, zone=booking.restaurant.time_zone)

    @display(description=_("tables"))
    def tables(self, booking: Booking) -> str:
        return formatting.list_of(row.table.name for row in booking.allocations.all()) or "–"

    @display(
        description=_("status"),
        ordering="status",
        label={
            Status.REQUESTED: "warning", Status.HELD: "warning", Status.CONFIRMED: "info", Status.ARRIVED: "success",
            Status.SEATED: "success", Status.COMPLETED: "success", Status.CANCELLED: "danger",
            Status.NO_SHOW: "danger", Status.LEFT: "danger", Status.DECLINED: "danger", Status.EXPIRED: "danger",
        },
    )  # fmt: skip
    def shown_status(self, booking: Booking) -> tuple[str, str]:
        return booking.status, booking.get_status_display()

    @display(description=_("phone"))
    def masked_phone(self, booking: Booking) -> str:
        return format_html('<bdi dir="ltr">{}</bdi>', phones.mask(booking.guest_phone)) if booking.guest_phone else "–"

    @display(description=_("phone"))
    def phone(self, booking: Booking) -> str:
        if not booking.guest_phone:
            return "–"
        shown = phones.national(booking.guest_phone)
        return format_html('<a href="tel:{}"><bdi dir="ltr">{}</bdi></a>', booking.guest_phone, shown)

    @display(description=_("terms accepted"))
    def terms(self, booking: Booking) -> str:
        policy = booking.policy
        return str(
            _("Free to cancel until %(hours)s hours before; the table is kept for %(minutes)s minutes.")
            % {"hours": policy.get("free_cancellation_hours", 0), "minutes": policy.get("grace_minutes", 0)}
        )

    @display(description=_("deposit"))
    def deposit(self, booking: Booking) -> str:
        if advance_of(booking) is None and (asked := terms.deposit_kobo(booking.policy)):
            return str(_("%(amount)s, payable at the house") % {"amount": formatting.money(asked)})
        return deposit_note(booking) or "–"

    @display(description=_("minimum spend"))
    def minimum_spend(self, booking: Booking) -> str:
        least = booking.policy.get("minimum_spend_kobo")
        return formatting.money(least) if least else "–"

    @display(description=_("asked for"))
    def asked_for(self, booking: Booking) -> str:
        """What was asked for, and what was suggested beside it."""
        if booking.asked_at is None:
            return "–"
        zone = booking.restaurant.time_zone
        asked = formatting.time_of_day(booking.asked_at, zone=zone)
        if not booking.suggested_times:
            return asked
        times = [
            f"{formatting.time_of_day(datetime.fromisoformat(moment), zone=zone)} (+{points})"
            for moment, points in booking.suggested_times
        ]
        return str(_("%(time)s; suggested: %(times)s") % {"time": asked, "times": formatting.list_of(times)})

    @display(description=_("change it"))
    def on_the_desk(self, booking: Booking) -> str:
        where = reverse("admin:today_booking", args=[booking.restaurant.public_id, booking.public_id])
        return format_html('<a class="t-button t-main" href="{}">{}</a>', where, _("Open on the desk"))

    @display(description=_("history"))
    def history_lines(self, booking: Booking) -> str:
        context = {"story": story_for_desk(booking), "zone": booking.restaurant.time_zone}
        return render_to_string("admin/today/_history.html", context)

    # --- Export --------------------------------------------------------------------------------------------------

    def has_export_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self.may(request, Ability.EXPORT_GUESTS)

    @admin.action(description=_("Export as CSV"), permissions=["export"])
    def export_csv(self, request: HttpRequest, queryset: QuerySet[Booking]) -> HttpResponse:
        ask_again(request)
        # Somebody may be a manager of one house and a host at another.
        queryset = in_scope(queryset, request.user, Ability.EXPORT_GUESTS, self.restaurant_path)
        name = f"bookings-{timezone.localdate():%Y-%m-%d}.csv"
        rows = csv_lines(queryset.defer(None).order_by("starts_at", "pk").iterator(chunk_size=500))
        headers = {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": NEVER_KEPT}
        return StreamingHttpResponse(rows, content_type="text/csv; charset=utf-8", headers=headers)  # type: ignore[return-value]


class _Echo:
    def write(self, line: str) -> str:
        return line


def csv_lines(bookings: Iterable[Booking]) -> Iterator[str]:
    """Yield the lines of a spreadsheet: times by the restaurant's clock, no cell that a spreadsheet would run."""
    writer = csv.writer(_Echo())
    # Without the mark, spreadsheets read Yoruba names as Latin-1.
    yield "\ufeff"
    yield writer.writerow(COLUMNS)
    for booking in bookings:
        start = formatting.in_zone(booking.starts_at, booking.restaurant.time_zone)
        cells = [
            booking.code,
            booking.restaurant.name,
            booking.service_day.isoformat(),
            start.strftime("%Y-%m-%d %H:%M"),
            booking.party_size,
            booking.status,
            booking.guest_name,
            phones.national(booking.guest_phone),
            booking.guest_email,
            " ".join(row.table.name for row in booking.allocations.all()),
            booking.channel,
            booking.occasion,
            booking.notes,
            booking.staff_notes,
        ]
        yield writer.writerow([defused(cell) for cell in cells])


def defused(cell: Any) -> Any:
    """Return a cell that a spreadsheet shows as text."""
    if not isinstance(cell, str):
        return cell
    return f"'{cell}" if cell.lstrip(" \ufeff\u00a0").startswith(DANGEROUS) else cell
