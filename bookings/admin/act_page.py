"""A page that says what an act would do, asks for what it needs, and shows why it was refused."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils.functional import Promise

from bookings.errors import BookingMovedOn, EventMovedOn, OrderMovedOn
from core.errors import DomainError
from core.forms import ServiceForm
from localization import formatting

Text = str | Promise
MOVED_ON = (BookingMovedOn, OrderMovedOn, EventMovedOn)


@dataclass
class ActPage:
    """What stands on the page, and what its button does.

    :param do: does it with the valid form, and returns the sentence that says so, or an answer of its own
    :param make_room: with the valid form, the address of the page that closes the tables on which bookings stand
    :param facts: asked when the page is shown, so that after a refusal it tells how things are now
    """

    title: str
    button: Text
    back: str
    do: Callable[[Any], str | HttpResponse]
    facts: Callable[[], Iterable[str]]
    subtitle: str = ""
    zone: str = ""
    is_grave: bool = False
    afterwards: str = ""
    make_room: Callable[[Any], str] | None = None

    def answer(self, page: Any, request: HttpRequest, form: ServiceForm) -> HttpResponse:
        """Show the page, or do what it is for; `page` is the ModelAdmin it belongs to."""
        status, in_the_way, room_url = 200, [], ""
        if request.method == "POST":
            status = 422
            if form.is_valid():
                try:
                    done = self.do(form)
                except DomainError as refused:
                    form.refused(refused)
                    status = refused.status
                    in_the_way = bookings_in_the_way(refused, self.zone)
                    if in_the_way and self.make_room is not None:
                        room_url = self.make_room(form)
                    if isinstance(refused, MOVED_ON):
                        # What was typed stays; the next try is made against what stands here now.
                        form.data = {**form.data.dict(), "version": str(refused.details["version"])}  # type: ignore[attr-defined]
                else:
                    if isinstance(done, HttpResponse):
                        return done
                    messages.success(request, done)
                    return HttpResponseRedirect(self.afterwards or self.back)
        context = {
            **page.admin_site.each_context(request),
            "title": self.title,
            "subtitle": self.subtitle,
            "opts": page.opts,
            "act": self,
            "facts": list(self.facts()),
            "form": form,
            "in_the_way": in_the_way,
            "room_url": room_url,
        }
        return render(request, "admin/bookings/act.html", context, status=status)


def bookings_in_the_way(refusal: DomainError, zone: str) -> list[dict[str, Any]]:
    """Return the bookings that a refusal names, with their times by the house's clock."""
    return [
        {**found, "when": formatting.day_and_time(datetime.fromisoformat(found["starts_at"]), zone=zone)}
        for found in refusal.details.get("bookings", [])
    ]
