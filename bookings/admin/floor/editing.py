"""The editor of the floor plan: tables are dragged, stretched and turned, by mouse, touch or keys."""

import json
from typing import Any

from django.contrib import messages
from django.http import HttpResponse, HttpResponseRedirect, JsonResponse
from django.shortcuts import render
from django.utils.translation import gettext as _

from bookings.admin.floor.frame import frame
from bookings.admin.today import Desk
from bookings.forms.floor import NewTableForm
from bookings.services.claiming import tell_open_pages
from core.errors import DomainError, InvalidInput
from localization import formatting
from restaurants.floor_plan import GRID, Place, floor_plan_of, place_of
from restaurants.services import add_table, arrange_tables
from restaurants.states import TableShape

LARGEST = 128 * 1024
FIELDS = ("x", "y", "width", "height", "shape", "rotation")


def edit(at: Desk) -> HttpResponse:
    """Show the editor; what is sent is kept, all or nothing, unless somebody else has moved tables meanwhile."""
    if at.request.method == "POST":
        return _add(at) if "add" in at.request.POST else _save(at)
    return _page(at)


def _new_table(at: Desk, data: Any = None) -> NewTableForm:
    form = NewTableForm(data, auto_id="new_%s")
    fields: dict[str, Any] = form.fields
    fields["area"].choices = [(area.id, area.name) for area in at.plan().areas]
    return form


def _add(at: Desk) -> HttpResponse:
    """Put a table on the plan that was drawn there."""
    form = _new_table(at, at.request.POST)
    if not form.is_valid():
        return _page(at, form=form, status=422)
    answers = form.cleaned_data
    try:
        place = form.place()
        if place is None:
            raise _off_the_plan()
        table = add_table(
            restaurant_id=at.restaurant.pk,
            area_id=answers["area"],
            name=answers["name"],
            min_party=answers["min_party"],
            max_party=answers["max_party"],
            place=place,
            by=at.user,
        )
    except InvalidInput as wrong:
        for name, sentences in wrong.errors.items():
            form.add_error(name if name in form.fields else None, [str(each) for each in sentences])
        return _page(at, form=form, status=422)
    tell_open_pages(at.plan(), at.day())
    messages.success(at.request, _("Table %(table)s is on the plan.") % {"table": table.name})
    _warn_of_overlaps(at)
    return HttpResponseRedirect(at.address("floor_edit"))


def _page(at: Desk, *, refusal: str = "", form: NewTableForm | None = None, status: int = 200) -> HttpResponse:
    context = {
        "form": form or _new_table(at),
        **frame(at, at.day(), _("Edit the floor plan"), "floor"),
        "floor": floor_plan_of(at.restaurant.pk),
        "shapes": TableShape.choices,
        "grid": GRID,
        "refusal": refusal,
    }
    return render(at.request, "admin/floor/edit.html", context, status=status)


def _save(at: Desk) -> HttpResponse:
    is_script = at.request.content_type == "application/json"
    try:
        seen, places = _sent_by_script(at) if is_script else _sent_by_form(at)
        version = arrange_tables(restaurant_id=at.restaurant.pk, places=places, seen_version=seen, by=at.user)
    except DomainError as refusal:
        sentence = str(refusal)
        if isinstance(refusal, InvalidInput) and refusal.errors:
            sentence = " ".join(str(each) for sentences in refusal.errors.values() for each in sentences)
        if is_script:
            return JsonResponse({"code": refusal.code, "sentence": sentence}, status=refusal.status)
        return _page(at, refusal=sentence, status=refusal.status)
    # Open floor plans draw the tables where they stand now.
    tell_open_pages(at.plan(), at.day())
    sentence = _("The floor plan is kept.")
    if is_script:
        return JsonResponse({"version": version, "sentence": sentence})
    messages.success(at.request, sentence)
    _warn_of_overlaps(at)
    return HttpResponseRedirect(at.address("floor_edit"))


def _warn_of_overlaps(at: Desk) -> None:
    """Name the tables that stand on one another: a plan may be drawn so, but hardly on purpose."""
    pairs = floor_plan_of(at.restaurant.pk).overlaps
    if pairs:
        names = formatting.list_of([_("%(one)s and %(other)s") % {"one": one, "other": two} for one, two in pairs[:5]])
        messages.warning(at.request, _("On top of one another: %(tables)s") % {"tables": names})


def _sent_by_script(at: Desk) -> tuple[str, dict[int, Place]]:
    """:raises InvalidInput:"""
    try:
        sent = json.loads(at.request.body[: LARGEST + 1])
        rows = [(int(each["id"]), each) for each in sent["tables"]]
        return str(sent["version"]), {key: _place(raw) for key, raw in rows}
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise InvalidInput from error


def _sent_by_form(at: Desk) -> tuple[str, dict[int, Place]]:
    """Return the places of all tables whose fields were sent; those left as they were are not kept anew.

    :raises InvalidInput:
    """
    form = at.request.POST
    places: dict[int, Place] = {}
    for table in floor_plan_of(at.restaurant.pk).tables:
        raw = {name: form.get(f"{name}-{table.id}") for name in FIELDS}
        if None in raw.values():
            continue
        place = _place(raw)
        if place != table.place or not table.is_placed:
            places[table.id] = place
    return form.get("version", ""), places


def _place(raw: Any) -> Place:
    place = place_of(raw)
    if place is None:
        raise _off_the_plan()
    return place


def _off_the_plan() -> InvalidInput:
    return InvalidInput(errors={"tables": [_("A table must lie on the plan, between 3 and 50 wide and high.")]})
