"""Figures of money: a chart with its table beside it, and the same as a spreadsheet. A house sees its own."""

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from defusedcsv import csv
from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import get_language_bidi, ngettext, pgettext
from django.utils.translation import gettext as _

from accounts.selectors import restaurant_ids_where
from accounts.states import Ability
from core import money
from core.headers import NEVER_KEPT
from localization import formatting
from payments import selectors
from payments.figures import Asked, Figures, Period, SplitBy, Sums, figures, part_label
from payments.forms import FiguresForm
from payments.gateways import registry
from payments.gateways.base import Mode

SHOWN_AT_FIRST = timedelta(days=29)
COLUMNS = [
    "period", "part", "payments", "paid", "refunds", "given_back", "disputes", "disputed", "gateway_fees", "kept",
    "attempts_ended", "attempts_succeeded",
]  # fmt: skip
# The drawing's own measures; the page makes it as wide as there is room.
WIDTH, HEIGHT, FOOT, HEAD = 960, 260, 22, 14
MOST_NAMES = 12


def show(page: Any, request: HttpRequest) -> HttpResponse:
    form, asked = _asked(page, request)
    found = figures(asked) if asked is not None else Figures([], Sums())
    split = asked.split if asked is not None else None
    lines = [(_name_of(line.day, asked), part_label(split, line.part), _cells(line.sums)) for line in found.lines]
    context = {
        **page.admin_site.each_context(request),
        "title": _("Figures of payments"),
        "opts": page.opts,
        "form": form,
        "lines": lines,
        "is_divided": split is not None,
        "total": _cells(found.total),
        "counts": _counts(found.total),
        "chart": _chart(found, asked) if asked is not None and found.lines else None,
        "query": request.GET.urlencode(),
    }
    return render(request, "admin/payments/figures.html", context, status=200 if asked is not None else 422)


def export(page: Any, request: HttpRequest) -> HttpResponse:
    """The same lines as a spreadsheet: sums alone, of nobody in particular."""
    _form, asked = _asked(page, request)
    if asked is None:
        return show(page, request)
    name = f"payments-by-{asked.period}-{asked.since:%Y-%m-%d}-{asked.until:%Y-%m-%d}.csv"
    headers = {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": NEVER_KEPT}
    # Some hundred lines at the most, and all are there already: nothing is won by sending them one by one.
    lines = "".join(csv_lines(figures(asked)))
    return HttpResponse(lines, content_type="text/csv; charset=utf-8", headers=headers)


class _Echo:
    def write(self, line: str) -> str:
        return line


def csv_lines(found: Figures) -> Iterator[str]:
    """Yield the lines of a spreadsheet, sums in naira."""
    writer = csv.writer(_Echo())
    yield "\ufeff"
    yield writer.writerow(COLUMNS)
    for line in found.lines:
        sums = line.sums
        yield writer.writerow(
            [
                line.day.isoformat(), line.part, sums.payments, money.to_api(sums.paid_kobo), sums.refunds,
                money.to_api(sums.refunded_kobo), sums.disputes, money.to_api(sums.disputed_kobo),
                money.to_api(sums.fee_kobo), money.to_api(sums.kept_kobo), sums.ended, sums.succeeded,
            ]
        )  # fmt: skip


# --- What is asked ---------------------------------------------------------------------------------------------------


def _asked(page: Any, request: HttpRequest) -> tuple[FiguresForm, Asked | None]:
    """Return the form as it stands, and what it asks for; None where that cannot be."""
    ids = restaurant_ids_where(request.user, Ability.HANDLE_MONEY)
    if ids is not None and not ids:
        raise PermissionDenied
    houses = selectors.houses_with_payments(ids)
    today = timezone.localdate()
    first = {
        "since": today - SHOWN_AT_FIRST,
        "until": today,
        "period": Period.DAY.value,
        "split": "",
        "mode": _usual_mode(),
    }
    given = {name: request.GET[name] for name in FiguresForm.base_fields if name in request.GET}
    form = FiguresForm({**first, **given}, houses=[(key, name) for key, name, _zone in houses])
    if not form.is_valid():
        return form, None
    answers = form.cleaned_data
    house = answers["house"]
    zones = {key: zone for key, _name, zone in houses}
    return form, Asked(
        since=answers["since"],
        until=answers["until"],
        # Of one house by its own clock; of several by Nigeria's.
        zone=ZoneInfo(zones[house]) if house else formatting.HOME_ZONE,
        period=Period(answers["period"]),
        split=SplitBy(answers["split"]) if answers["split"] else None,
        houses={house} if house else ids,
        mode=answers["mode"],
    )


def _usual_mode() -> str:
    """Return the mode of the keys that are in use."""
    name = next(iter(settings.PAYMENT_GATEWAYS), None)
    try:
        return str(registry.gateway(name).mode) if name else Mode.LIVE.value
    except registry.NoSuchGateway:
        return Mode.LIVE.value


# --- What is shown ---------------------------------------------------------------------------------------------------


def _name_of(day: date, asked: Asked | None) -> str:
    if asked is not None and asked.period == Period.MONTH:
        return formatting.month(day)
    if asked is not None and asked.period == Period.WEEK:
        return _("Week of %(day)s") % {"day": formatting.short_day(day)}
    return formatting.short_day(day)


def _cells(sums: Sums) -> dict[str, Any]:
    return {
        "payments": formatting.number(sums.payments),
        "paid_kobo": sums.paid_kobo,
        "refunds": formatting.number(sums.refunds),
        "refunded_kobo": sums.refunded_kobo,
        "disputes": formatting.number(sums.disputes),
        "disputed_kobo": sums.disputed_kobo,
        "fee_kobo": sums.fee_kobo,
        "kept_kobo": sums.kept_kobo,
        "success": formatting.percent(sums.success) if sums.success is not None else "–",
        "ended": formatting.number(sums.ended),
    }


def _counts(total: Sums) -> list[tuple[str, str, str]]:
    payments = ngettext("%(count)s payment", "%(count)s payments", total.payments)
    refunds = ngettext("%(count)s refund", "%(count)s refunds", total.refunds)
    disputes = ngettext("%(count)s dispute", "%(count)s disputes", total.disputes)
    ended = ngettext("of %(count)s attempt that ended", "of %(count)s attempts that ended", total.ended)
    success = formatting.percent(total.success) if total.success is not None else "–"
    return [
        (pgettext("figures", "Paid"), formatting.money(total.paid_kobo), payments % _counted(total.payments)),
        (pgettext("figures", "Given back"), formatting.money(total.refunded_kobo), refunds % _counted(total.refunds)),
        (_("Gateway's fees"), formatting.money(total.fee_kobo), ""),
        (pgettext("figures", "Disputed"), formatting.money(total.disputed_kobo), disputes % _counted(total.disputes)),
        (pgettext("figures", "Success rate"), success, ended % _counted(total.ended)),
    ]


def _counted(number: int) -> dict[str, str]:
    return {"count": formatting.number(number)}


def _chart(found: Figures, asked: Asked) -> dict[str, Any]:
    """Return two bars for each period, and the names below some of them; time runs as the language does."""
    days = list(found.periods)
    tallest = max((max(sums.paid_kobo, sums.refunded_kobo) for sums in found.periods.values()), default=0) or 1
    room = HEIGHT - FOOT - HEAD
    each = WIDTH / max(len(days), 1)
    bar = max(each * 0.4, 0.5)
    every = -(-len(days) // MOST_NAMES)
    flips = get_language_bidi()
    bars, names = [], []
    for number, day in enumerate(days):
        sums = found.periods[day]
        start = each * (len(days) - 1 - number if flips else number)
        for place, (kind, kobo) in enumerate((("paid", sums.paid_kobo), ("back", sums.refunded_kobo))):
            tall = round(room * kobo / tallest, 1)
            if kobo:
                side = 1 - place if flips else place
                x = start + each * 0.08 + bar * side
                bars.append(
                    {
                        "kind": kind,
                        "x": f"{x:.1f}",
                        "y": f"{HEAD + room - tall:.1f}",
                        "w": f"{bar:.1f}",
                        "h": f"{tall:.1f}",
                    }
                )
        if number % every == 0:
            names.append({"x": f"{start + each / 2:.1f}", "text": _mark_of(day, asked)})
    return {
        "bars": bars,
        "names": names,
        "width": WIDTH,
        "height": HEIGHT,
        "floor": HEAD + room,
        "foot": HEIGHT - 6,
        "tallest": formatting.money(tallest),
        # At the end of the newest: there a narrow screen begins.
        "edge": 0 if flips else WIDTH,
        "told": _("From %(since)s to %(until)s: %(paid)s paid, %(back)s given back. The table below has each figure.")
        % {
            "since": formatting.short_day(asked.since),
            "until": formatting.short_day(asked.until),
            "paid": formatting.money(found.total.paid_kobo),
            "back": formatting.money(found.total.refunded_kobo),
        },
    }


def _mark_of(day: date, asked: Asked) -> str:
    """Return a date for below the bars, in figures alone."""
    return f"{day:%m/%Y}" if asked.period == Period.MONTH else f"{day:%d/%m}"
