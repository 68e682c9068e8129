"""A service's fault switch as a form on its pages and as JSON for programs: the same for every service."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_POST

from sandbox.faults import switches


@dataclass(frozen=True)
class Panel:
    service: str
    # By the switch's word, what it does.
    modes: Mapping[str, str]
    # What is counted, as in "for how many mails".
    noun: str
    title: str
    # Names of addresses: where the form goes, and the page it stands on.
    action: str
    page: str

    def context(self, error: str = "") -> dict[str, Any]:
        return {
            "panel": self,
            "fault": switches.look(self.service),
            "modes": self.modes.items(),
            "error": error,
        }

    def by_form(self) -> Any:
        """Return the view that takes the form."""

        @require_POST
        def set_fault(request: HttpRequest) -> HttpResponse:
            asked = {key: request.POST[key] for key in ("mode", "delay_seconds", "times") if key in request.POST}
            try:
                switches.switch(self.service, switches.read(asked, modes=self.modes))
            except switches.BadFault as bad:
                return render(request, "sandbox/faults/refused.html", self.context(str(bad)), status=400)
            return redirect(self.page)

        return set_fault

    def by_json(self) -> Any:
        """Return the view that shows the switch, and sets it: `{"mode": …, "delay_seconds": 0, "times": null}`."""

        # No cookie decides anything here, and a page elsewhere cannot send PUT without being asked first.
        @csrf_exempt
        @require_http_methods(["GET", "PUT"])
        def faults(request: HttpRequest) -> HttpResponse:
            if request.method == "PUT":
                try:
                    switches.switch(self.service, switches.read(json.loads(request.body), modes=self.modes))
                except (switches.BadFault, ValueError) as bad:
                    return JsonResponse({"error": str(bad)}, status=400)
            return JsonResponse(switches.look(self.service).as_json())

        return faults
