"""Bookings that repeat, to look up; their dates are bookings like others, and the whole can be called off."""

from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html, format_html_join
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST
from unfold.admin import ModelAdmin
from unfold.decorators import display

from accounts.doors import person_of
from accounts.scoping import OwnRowsFilter, ScopedPage
from accounts.states import Ability
from bookings import services
from bookings.deposit_words import advance_of, read_what_is_owed
from bookings.forms.series import how_often
from bookings.models import BookingSeries, Occurrence
from bookings.services import Actor
from bookings.states import OccurrenceState, SeriesStatus, Status
from bookings.templatetags.buka_today import deposit_note
from core import phones
from core.contact_search import FindsByContact
from core.errors import DomainError
from localization import formatting


@admin.register(BookingSeries)
class BookingSeriesAdmin(FindsByContact, ScopedPage, ModelAdmin):
    sees = Ability.SEE_BOOKINGS
    edits = Ability.RUN_SERVICE
    list_display = ["guest_name", "rule", "party_size", "first", "last", "shown_status", "restaurant"]
    list_filter = ["status", ("restaurant", OwnRowsFilter)]
    list_select_related = ["restaurant"]
    ordering = ["-created_at"]
    search_fields = ["guest_name"]
    search_help_text = _("Name, or a whole phone number or e-mail address")
    change_form_after_template = "admin/bookings/series.html"
    fieldsets = [
        (None, {"fields": ["restaurant", "status", "rule", "first", "last", "party_size", "area", "dates"]}),
        (_("Guest"), {"fields": ["guest_name", "phone", "guest_email", "language", "occasion", "notes"]}),
    ]

    def get_queryset(self, request: HttpRequest) -> QuerySet[BookingSeries]:
        return super().get_queryset(request).select_related("restaurant", "area")

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return [name for _title, options in self.fieldsets for name in options["fields"]]

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    # --- Calling it off ------------------------------------------------------------------------------------------

    def get_urls(self) -> list[URLPattern]:
        cancel = self.admin_site.admin_view(require_POST(self.cancel))
        return [path("<int:pk>/cancel/", cancel, name="bookings_series_cancel"), *super().get_urls()]

    def render_change_form(self, request: HttpRequest, context: Any, *args: Any, **kwargs: Any) -> HttpResponse:
        series = kwargs.get("obj")
        context["may_run"] = series is not None and self.may(request, self.edits, series.restaurant_id)
        return super().render_change_form(request, context, *args, **kwargs)

    def cancel(self, request: HttpRequest, pk: int) -> HttpResponse:
        series = self.get_queryset(request).filter(pk=pk).first()
        if series is None or not self.may(request, self.edits, series.restaurant_id):
            raise Http404(_now("We could not find that."))
        reason = request.POST.get("reason", "")[:300]
        try:
            services.cancel_series(series=series, by=Actor.staff(person_of(request)), reason=reason)
        except DomainError as refusal:
            self.message_user(request, str(refusal), messages.ERROR)
        else:
            self.log_change(request, series, [{"changed": {"fields": ["status"]}}])
            self.message_user(request, _now("Cancelled. The guest is told."), messages.SUCCESS)
        return HttpResponseRedirect(reverse("admin:bookings_bookingseries_change", args=[pk]))

    # --- What is shown -------------------------------------------------------------------------------------------

    @display(description=_("rule"))
    def rule(self, series: BookingSeries) -> str:
        weekday, clock = formatting.weekday(series.first_on.weekday()), formatting.time_of_day(series.local_time)
        return f"{how_often(series.every_weeks)} · {weekday} · {clock}"

    @display(description=_("first day"), ordering="first_on")
    def first(self, series: BookingSeries) -> str:
        return formatting.short_day(series.first_on)

    @display(description=_("last day"), ordering="last_on")
    def last(self, series: BookingSeries) -> str:
        return formatting.short_day(series.last_on)

    @display(
        description=_("status"),
        ordering="status",
        label={SeriesStatus.ACTIVE: "success", SeriesStatus.ENDED: "info", SeriesStatus.CANCELLED: "danger"},
    )
    def shown_status(self, series: BookingSeries) -> tuple[str, str]:
        return series.status, series.get_status_display()

    @display(description=_("phone"))
    def phone(self, series: BookingSeries) -> str:
        return (
            format_html('<bdi dir="ltr">{}</bdi>', phones.national(series.guest_phone)) if series.guest_phone else "–"
        )

    @display(description=_("dates"))
    def dates(self, series: BookingSeries) -> str:
        zone = series.restaurant.time_zone
        found = series.occurrences.select_related("booking", "booking__advance", "booking__restaurant").order_by(
            "planned_on"
        )
        read_what_is_owed(advance_of(each.booking) for each in found if each.booking is not None)
        return format_html_join("", "<div>{} · {}</div>", ((_when(each, zone), _standing(each)) for each in found))


def _when(occurrence: Occurrence, zone: str) -> str:
    moment = occurrence.booking.starts_at if occurrence.booking else occurrence.starts_at
    when = formatting.day_and_time(moment, zone=zone)
    if occurrence.booking is None:
        return when
    address = reverse("admin:bookings_booking_change", args=[occurrence.booking.pk])
    return format_html('<a href="{}">{}</a>', address, when)


def _standing(occurrence: Occurrence) -> str:
    if occurrence.booking is not None and occurrence.state == OccurrenceState.BOOKED:
        note = deposit_note(occurrence.booking)
        return " · ".join(filter(None, (str(Status(occurrence.booking.status).label), note)))
    return str(OccurrenceState(occurrence.state).label)
