"""An authenticator app as a page, for whoever tries Buka without a phone at hand."""

import time

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST, require_safe

from sandbox.authenticator import totp
from sandbox.authenticator.models import Entry

# Often enough to see the time run out; the form to add a secret stands on a page that stays.
REFRESH_SECONDS = 5
MOST_ASKED = 20
MOST_KEPT = 100


@require_safe
def codes(request: HttpRequest) -> HttpResponse:
    """Show the codes of what was kept, and of what the address names: `?secret=BASE32&name=…`, once or more."""
    now = time.time()
    asked, error = _asked(request, now)
    kept = [totp.show(entry.secret, entry.name, now, is_kept=True) for entry in Entry.objects.all()[:MOST_KEPT]]
    known = {shown.secret for shown in kept}
    refreshes = request.GET.get("refresh") != "off"
    other = request.GET.copy()
    other["refresh"] = "off" if refreshes else "on"
    context = {
        "asked": [shown for shown in asked if shown.secret not in known],
        "kept": sorted(kept, key=lambda shown: shown.secret not in {each.secret for each in asked}),
        "error": error,
        "left": totp.PERIOD - int(now) % totp.PERIOD,
        "period": totp.PERIOD,
        "refresh_seconds": min(REFRESH_SECONDS, totp.PERIOD - int(now) % totp.PERIOD) if refreshes else None,
        "other": "?" + other.urlencode(),
    }
    return render(request, "sandbox/authenticator/codes.html", context, status=400 if error else 200)


@require_safe
def api_codes(request: HttpRequest) -> JsonResponse:
    """Answer the current code of `?secret=…` for programs."""
    now = time.time()
    asked, error = _asked(request, now)
    if error or not asked:
        return JsonResponse({"error": error or "Name a secret: ?secret=BASE32"}, status=400)
    found = [{"name": shown.name, "code": shown.code, "next_code": shown.next_code} for shown in asked]
    return JsonResponse({"codes": found, "seconds_left": totp.PERIOD - int(now) % totp.PERIOD})


def _asked(request: HttpRequest, now: float) -> tuple[list[totp.Shown], str]:
    names = request.GET.getlist("name")
    shown = []
    for number, text in enumerate(request.GET.getlist("secret")[:MOST_ASKED]):
        try:
            secret, name = totp.read(text, names[number] if number < len(names) else "")
        except totp.BadSecret as bad:
            return [], str(bad)
        shown.append(totp.show(secret, name, now))
    return shown, ""


@require_safe
def add(request: HttpRequest) -> HttpResponse:
    return render(request, "sandbox/authenticator/add.html", {"error": "", "text": "", "name": ""})


@require_POST
def keep(request: HttpRequest) -> HttpResponse:
    text, name = request.POST.get("secret", ""), request.POST.get("name", "")
    try:
        secret, name = totp.read(text, name)
    except totp.BadSecret as bad:
        context = {"error": str(bad), "text": text, "name": name}
        return render(request, "sandbox/authenticator/add.html", context, status=400)
    Entry.objects.update_or_create(secret=secret, defaults={"name": name})
    return redirect("authenticator:codes")


@require_POST
def forget(request: HttpRequest) -> HttpResponse:
    Entry.objects.filter(secret=request.POST.get("secret", "")).delete()
    return redirect("authenticator:codes")
