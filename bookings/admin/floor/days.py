"""The book by the week, and the service sheet that hangs in the kitchen."""

from datetime import date, timedelta

from django.http import HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _

from bookings import board as boards
from bookings.admin.floor.frame import frame
from bookings.admin.today import Desk
from core import audit
from localization import formatting


def show_week(at: Desk) -> HttpResponse:
    """Seven days from Monday on, each with its covers against the pacing."""
    day = at.day()
    monday = day - timedelta(days=day.weekday())
    context = {
        **frame(at, day, _("Week"), "week"),
        "week": boards.week_of(at.plan(), monday),
        "yesterday": monday - timedelta(days=7),
        "tomorrow": monday + timedelta(days=7),
        "zone": at.plan().zone.key,
    }
    return render(at.request, "admin/floor/week.html", context)


def show_sheet(at: Desk) -> HttpResponse:
    """The parties of a day by time, to be printed on A4."""
    day: date = at.day()
    board = boards.board_of(at.plan(), day)
    rows = sorted((row for row in board.rows if not row.is_gone), key=lambda row: row.booking.starts_at)
    # Paper leaves the house: who took the list along stands in the trail.
    audit.record("booking.listed", actor=at.user, target=at.restaurant, details={"day": f"{day}", "parties": len(rows)})
    context = {
        **frame(at, day, _("Service sheet"), "sheet"),
        "board": board,
        "rows": rows,
        "covers": sum(row.booking.party_size for row in rows),
        "printed": formatting.day_and_time(board.now, zone=board.zone),
        "zone": board.zone,
    }
    return render(at.request, "admin/floor/sheet.html", context)
