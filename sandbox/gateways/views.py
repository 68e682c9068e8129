"""The page of what the gateways have in common, and the same for programs."""

import contextlib
import json
from dataclasses import asdict
from itertools import islice
from typing import Any

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_POST, require_safe

from sandbox.gateways import books, clock, due, faults, hooks, merchants
from sandbox.gateways.control import Answer, BadAsk, asked, control, whole
from sandbox.gateways.models import Addresses, Delivery, Due, Rule, Visit
from sandbox.gateways.registry import GATEWAYS, NAMES, Gateway
from sandbox.gateways.store import writing

PAGE_SIZE = 50
MOST_ANSWERED = 5000


@require_safe
def panel(request: HttpRequest) -> HttpResponse:
    return _panel(request)


def _panel(request: HttpRequest, error: str = "") -> HttpResponse:
    context = {
        "error": error,
        "now": clock.now(),
        "clock": clock.as_json(),
        "rules": faults.as_json(),
        "gateways": NAMES,
        "routes": faults.routes(),
        "families": [(family, kinds.items()) for family, kinds in faults.FAMILIES.items()],
        "page": Paginator(Delivery.objects.order_by("-pk"), PAGE_SIZE).get_page(request.GET.get("page")),
    }
    return render(request, "sandbox/gateways/panel.html", context, status=400 if error else 200)


@require_POST
def turn_clock(request: HttpRequest) -> HttpResponse:
    do = request.POST.get("do", "")
    try:
        if do == "advance":
            _turn({"advance_seconds": _typed("minutes", request.POST.get("minutes", "")) * 60})
        else:
            _turn({"freeze": {"is_frozen": True}, "run": {"is_frozen": False}}.get(do, {"reset": True}))
    except (clock.BadClock, faults.BadRule) as bad:
        return _panel(request, str(bad))
    return redirect("gateways:panel")


def _turn(to: dict[str, Any]) -> None:
    clock.turn(to)
    # Whoever put the clock forward finds everything done that is due.
    while due.work_off():
        pass
    hooks.bell.set()


@require_POST
def add_rule(request: HttpRequest) -> HttpResponse:
    form = request.POST
    try:
        rule: dict[str, Any] = {name: form.get(name, "") for name in ("gateway", "route", "kind")}
        rule |= {name: _typed(name, form[name]) for name in ("chance", "seconds") if form.get(name)}
        if form.get("times"):
            times = _typed("times", form["times"])
            rule["times"] = int(times) if times.is_integer() else times
        faults.add(rule | {"options": json.loads(form.get("options") or "{}")})
    except (faults.BadRule, ValueError) as bad:
        return _panel(request, str(bad) if isinstance(bad, faults.BadRule) else "options must be a JSON object.")
    return redirect("gateways:panel")


def _typed(name: str, text: str) -> float:
    try:
        return float(text)
    except ValueError as wrong:
        raise faults.BadRule(f"{name} must be a number.") from wrong


@require_POST
def remove_rule(request: HttpRequest, pk: int) -> HttpResponse:
    faults.remove(pk)
    return redirect("gateways:panel")


@require_POST
def remove_rules(request: HttpRequest) -> HttpResponse:
    faults.replace([])
    return redirect("gateways:panel")


@require_POST
def resend(request: HttpRequest, pk: int) -> HttpResponse:
    hooks.resend(get_object_or_404(Delivery, pk=pk))
    return redirect("gateways:panel")


@require_POST
def forget(request: HttpRequest) -> HttpResponse:
    forget_everything()
    return redirect("gateways:panel")


def forget_everything() -> None:
    with writing():
        for model in (Delivery, Due, Visit, Rule, Addresses):
            model.objects.all().delete()
        for gateway in GATEWAYS.values():
            gateway.forget()
        clock.reset()
        faults.replace([])


@control("GET", "PUT")
def api_clock(request: HttpRequest) -> Answer:
    if request.method == "PUT":
        try:
            _turn(asked(request))
        except clock.BadClock as bad:
            raise BadAsk(str(bad)) from bad
    return clock.as_json()


@control("GET", "PUT", "POST", "DELETE")
def api_faults(request: HttpRequest) -> Answer:
    try:
        if request.method == "PUT":
            given = asked(request)
            faults.replace(given.get("rules"), given.get("seed", 0))
        elif request.method == "POST":
            faults.add(asked(request))
        elif request.method == "DELETE":
            faults.replace([])
            return None
    except faults.BadRule as bad:
        raise BadAsk(str(bad)) from bad
    return {"rules": faults.as_json()}


@control("GET")
def api_deliveries(request: HttpRequest) -> Answer:
    """Answer the webhooks, oldest first, narrowed by `gateway`, `reference`, `event`, `state`, `merchant`, `after`."""
    names = ("gateway", "reference", "event", "state", "merchant")
    narrowed = {name: request.GET[name] for name in names if request.GET.get(name)}
    found = Delivery.objects.filter(pk__gt=whole(request, "after", 0, 2**62), **narrowed)
    return {"count": found.count(), "deliveries": [hooks.as_json(each) for each in found[:MOST_ANSWERED]]}


@control("POST")
def api_resend(request: HttpRequest, pk: int) -> Answer:
    delivery = Delivery.objects.filter(pk=pk).first()
    if delivery is None:
        raise BadAsk("There is no such delivery.")
    hooks.resend(delivery)
    return hooks.as_json(Delivery.objects.get(pk=pk))


@control("GET")
def api_merchants(request: HttpRequest) -> Answer:
    return {"merchants": [merchants.as_json(each) for each in merchants.MERCHANTS.values()]}


@control("GET", "PUT")
def api_merchant(request: HttpRequest, name: str) -> Answer:
    merchant = merchants.MERCHANTS.get(name)
    if merchant is None:
        raise BadAsk(f"The merchants are {', '.join(merchants.MERCHANTS)}.")
    if request.method == "PUT":
        given = asked(request)
        if set(given) - {"webhook_url", "callback_url"} or not all(isinstance(each, str) for each in given.values()):
            raise BadAsk("Write webhook_url and callback_url, as texts.")
        try:
            merchants.change(name, **given)
        except merchants.BadAddress as bad:
            raise BadAsk(str(bad)) from bad
    return merchants.as_json(merchant)


@control("GET")
def api_summary(request: HttpRequest) -> Answer:
    """Answer the sums of each gateway, or of one: `in_kobo`, `refunded_kobo`, `fees_kobo`, `disputed_kobo`."""
    named = [_gateway(request)] if request.GET.get("gateway") else list(GATEWAYS.values())
    return {"gateways": {gateway.name: books.totals(gateway) for gateway in named}}


@control("GET")
def api_payments(request: HttpRequest) -> Answer:
    """Answer a `gateway`'s transactions with an id greater than `after`, in its order; `next` while there are more."""
    gateway, limit = _gateway(request), whole(request, "limit", 1000, MOST_ANSWERED)
    found = list(islice(books.lines(gateway, whole(request, "after", 0, 2**62)), limit))
    following = found[-1].id if found and len(found) == limit else None
    return {"payments": [asdict(line) for line in found], "next": following}


def _gateway(request: HttpRequest) -> Gateway:
    with contextlib.suppress(KeyError):
        return GATEWAYS[request.GET.get("gateway", "")]
    raise BadAsk(f"gateway must be one of {', '.join(GATEWAYS)}.")


@control("DELETE")
def api_state(request: HttpRequest) -> Answer:
    forget_everything()
    return None
