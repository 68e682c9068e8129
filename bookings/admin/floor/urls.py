"""The addresses of the host's screens, each behind the site's log-in and the house's desk."""

from collections.abc import Callable
from typing import Any

from django.http import HttpResponse
from django.urls import URLPattern, path
from django.views.decorators.http import require_http_methods, require_safe

from accounts.states import Ability
from bookings.admin.floor import acting, days, editing, plan, quick, timeline, worker
from bookings.admin.today import at_the_desk


def urls(site: Any) -> list[URLPattern]:
    """Return the addresses of the host's screens."""

    def at(route: str, view: Callable[..., HttpResponse], name: str, *methods: str, **gates: Ability) -> URLPattern:
        door = require_http_methods(methods or ["GET", "HEAD"])
        return path(f"today/{route}", site.admin_view(door(at_the_desk(site, view, **gates))), name=name)

    return [
        path("today/floor-worker.js", site.admin_view(require_safe(worker.script)), name="floor_worker"),
        at("<uuid:house>/floor/", plan.show_floor, "floor"),
        at("<uuid:house>/floor/part/", plan.show_part, "floor_part"),
        at("<uuid:house>/floor/table/<int:table>/", plan.show_table, "floor_table"),
        at("<uuid:house>/floor/party/<uuid:public_id>/", plan.show_party, "floor_party"),
        at("<uuid:house>/floor/do/", acting.do, "floor_do", "POST"),
        at("<uuid:house>/floor/acts/", acting.perform_acts, "floor_acts", "POST"),
        at(
            "<uuid:house>/floor/edit/",
            editing.edit,
            "floor_edit",
            *("GET", "HEAD", "POST"),
            writes=Ability.EDIT_RESTAURANT,
            needs=Ability.EDIT_RESTAURANT,
        ),
        at("<uuid:house>/timeline/", timeline.show_timeline, "timeline"),
        at("<uuid:house>/timeline/part/", timeline.show_part, "timeline_part"),
        at("<uuid:house>/week/", days.show_week, "week"),
        at("<uuid:house>/sheet/", days.show_sheet, "sheet"),
        at("<uuid:house>/quick/", quick.take, "quick", "POST"),
    ]
