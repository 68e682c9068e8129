from django.urls import URLPattern, path

from bookings.views import booking, discovery, feeds, finding, managing, reviewing, series, waiting, widget

app_name = "bookings"
urlpatterns: list[URLPattern] = [
    path("", discovery.home, name="home"),
    path("search/", discovery.search, name="search"),
    path("r/<slug:slug>/", discovery.restaurant, name="restaurant"),
    path("r/<slug:slug>/times/", discovery.slots, name="slots"),
    path("r/<slug:slug>/widget/", widget.widget, name="widget"),
    path("r/<slug:slug>/book/", booking.book, name="book"),
    path("r/<slug:slug>/wait/", waiting.wait, name="wait"),
    path("r/<slug:slug>/reviews/", reviewing.reviews_of, name="reviews"),
    path("reviews/<uuid:public_id>/report/", reviewing.report, name="report_review"),
    path("bookings/", managing.my_bookings, name="my_bookings"),
    path("bookings/calendar/", feeds.mine, name="calendar_feed"),
    path("bookings/series/", series.series_list, name="series_list"),
    path("bookings/series/<uuid:public_id>/", series.series, name="series"),
    path("bookings/<uuid:public_id>/repeat/", series.repeat, name="repeat"),
    path("bookings/<uuid:public_id>/", managing.booking, name="booking"),
    path("bookings/<uuid:public_id>/change/", managing.change, name="change"),
    path("bookings/<uuid:public_id>/cancel/", managing.cancel, name="cancel"),
    path("bookings/<uuid:public_id>/calendar.ics", managing.calendar, name="calendar"),
    path("bookings/<uuid:public_id>/late/", managing.late, name="late"),
    path("bookings/<uuid:public_id>/keep/", managing.keep, name="keep"),
    path("waitlist/<uuid:public_id>/", waiting.standby, name="standby"),
    path("waitlist/<uuid:public_id>/<slug:act>/", waiting.standby_act, name="standby_act"),
    path("alerts/<uuid:public_id>/stop/", waiting.stop_alert, name="stop_alert"),
    path("queue/<uuid:public_id>/", waiting.queue, name="queue"),
    path("queue/<uuid:public_id>/leave/", waiting.leave_queue, name="leave_queue"),
    path("bookings/<uuid:public_id>/review/", reviewing.review, name="review"),
    path("bookings/<uuid:public_id>/no-thanks/", reviewing.no_thanks, name="no_thanks"),
    path("find/", finding.find_booking, name="find_booking"),
]
