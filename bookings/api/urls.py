"""Search, free times and bookings for machines, below /api/."""

from django.urls import path

from bookings.api.finding import AvailabilityView, RestaurantsView
from bookings.api.reviewing import AnswerView, ReportView, ReviewsView, ReviewView
from bookings.api.series import SeriesListView, SeriesPreviewView, SeriesView
from bookings.api.ticket_desk import (
    CheckInView,
    PaymentsView,
    RefundsView,
    ReturnView,
    TicketView,
    TransferView,
    UndoCheckInView,
)
from bookings.api.ticketing import (
    EventOrdersView,
    EventsView,
    EventView,
    RestaurantEventsView,
    TicketOrdersView,
    TicketOrderView,
)
from bookings.api.views import (
    BookingsView,
    BookingView,
    CalendarView,
    HoldConfirmView,
    HoldsView,
    HoldView,
    LateView,
    LookupView,
    ServiceMoves,
)
from bookings.api.waiting import (
    AcceptView,
    AlertsView,
    AlertView,
    DeclineView,
    QueueMoves,
    QueuePlaceView,
    QueueView,
    WaitlistView,
    WaitView,
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
    "deposit": "deposit",
    "deposit/return": "return_deposit",
}
QUEUE_MOVES = ("notify", "seat", "leave", "remove")
urlpatterns = [
    path("restaurants", RestaurantsView.as_view(), name="restaurants"),
    path("restaurants/<uuid:id>/availability", AvailabilityView.as_view(), name="availability"),
    path("restaurants/<uuid:id>/reviews", ReviewsView.as_view(), name="reviews"),
    path("restaurants/<uuid:id>/events", RestaurantEventsView.as_view(), name="restaurant_events"),
    path("reviews/<uuid:id>", ReviewView.as_view(), name="review"),
    path("reviews/<uuid:id>/answer", AnswerView.as_view(), name="answer_review"),
    path("reviews/<uuid:id>/report", ReportView.as_view(), name="report_review"),
    path("bookings", BookingsView.as_view(), name="bookings"),
    path("bookings/lookup", LookupView.as_view(), name="lookup"),
    path("bookings/holds", HoldsView.as_view(), name="holds"),
    path("bookings/holds/<uuid:id>", HoldView.as_view(), name="hold"),
    path("bookings/holds/<uuid:id>/confirm", HoldConfirmView.as_view(), name="confirm_hold"),
    path("bookings/series", SeriesListView.as_view(), name="series_list"),
    path("bookings/series/preview", SeriesPreviewView.as_view(), name="series_preview"),
    path("bookings/series/<uuid:id>", SeriesView.as_view(), name="series"),
    path("bookings/<uuid:id>", BookingView.as_view(), name="booking"),
    path("bookings/<uuid:id>/late", LateView.as_view(), name="late"),
    path("bookings/<uuid:id>/calendar.ics", CalendarView.as_view(), name="calendar"),
    *[
        path(f"bookings/<uuid:id>/{word}", ServiceMoves.as_view({"post": action}), name=action)
        for word, action in MOVES.items()
    ],
    path("events", EventsView.as_view(), name="events"),
    path("events/<uuid:id>", EventView.as_view(), name="event"),
    path("events/<uuid:id>/orders", EventOrdersView.as_view(), name="event_orders"),
    path("events/<uuid:id>/check-in", CheckInView.as_view(), name="check_in_ticket"),
    path("ticket-orders", TicketOrdersView.as_view(), name="ticket_orders"),
    path("ticket-orders/<uuid:id>", TicketOrderView.as_view(), name="ticket_order"),
    path("ticket-orders/<uuid:id>/payments", PaymentsView.as_view(), name="ticket_order_payments"),
    path("ticket-orders/<uuid:id>/refunds", RefundsView.as_view(), name="ticket_order_refunds"),
    path("tickets/<uuid:id>", TicketView.as_view(), name="ticket"),
    path("tickets/<uuid:id>/transfer", TransferView.as_view(), name="transfer_ticket"),
    path("tickets/<uuid:id>/return", ReturnView.as_view(), name="return_ticket"),
    path("tickets/<uuid:id>/undo-check-in", UndoCheckInView.as_view(), name="undo_check_in"),
    path("waitlist", WaitlistView.as_view(), name="waitlist"),
    path("waitlist/alerts", AlertsView.as_view(), name="alerts"),
    path("waitlist/alerts/<uuid:id>", AlertView.as_view(), name="alert"),
    path("waitlist/<uuid:id>", WaitView.as_view(), name="wait"),
    path("waitlist/<uuid:id>/accept", AcceptView.as_view(), name="accept_offer"),
    path("waitlist/<uuid:id>/decline", DeclineView.as_view(), name="decline_offer"),
    path("queue", QueueView.as_view(), name="queue"),
    path("queue/<uuid:id>", QueuePlaceView.as_view(), name="queue_place"),
    *[
        path(f"queue/<uuid:id>/{move}", QueueMoves.as_view({"post": move}), name=f"queue_{move}")
        for move in QUEUE_MOVES
    ],
]
