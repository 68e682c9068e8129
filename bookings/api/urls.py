"""Search, free times and bookings for machines, below /api/."""

from django.urls import path

from bookings.api.finding import AvailabilityView, RestaurantsView
from bookings.api.series import SeriesListView, SeriesPreviewView, SeriesView
from bookings.api.views import (
    BookingsView,
    BookingView,
    CalendarView,
    HoldConfirmView,
    HoldsView,
    HoldView,
    LookupView,
    ServiceMoves,
)

app_name = "bookings_api"
MOVES = {
    "confirm": "confirm",
    "decline": "decline",
    "check-in": "check_in",
    "seat": "seat",
    "complete": "complete",
    "leave": "leave",
    "no-show": "no_show",
    "undo-no-show": "undo_no_show",
}
urlpatterns = [
    path("restaurants", RestaurantsView.as_view(), name="restaurants"),
    path("restaurants/<uuid:id>/availability", AvailabilityView.as_view(), name="availability"),
    path("bookings", BookingsView.as_view(), name="bookings"),
    path("bookings/lookup", LookupView.as_view(), name="lookup"),
    path("bookings/holds", HoldsView.as_view(), name="holds"),
    path("bookings/holds/<uuid:id>", HoldView.as_view(), name="hold"),
    path("bookings/holds/<uuid:id>/confirm", HoldConfirmView.as_view(), name="confirm_hold"),
    path("bookings/series", SeriesListView.as_view(), name="series_list"),
    path("bookings/series/preview", SeriesPreviewView.as_view(), name="series_preview"),
    path("bookings/series/<uuid:id>", SeriesView.as_view(), name="series"),
    path("bookings/<uuid:id>", BookingView.as_view(), name="booking"),
    path("bookings/<uuid:id>/calendar.ics", CalendarView.as_view(), name="calendar"),
    *[
        path(f"bookings/<uuid:id>/{word}", ServiceMoves.as_view({"post": action}), name=action)
        for word, action in MOVES.items()
    ],
]
