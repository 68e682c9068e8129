"""A page that says what an act would do, asks for what it needs, and shows why it was refused."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render

from core.errors import DomainError
from core.forms import ServiceForm


@dataclass
class ActPage:
    """What stands on the page, and what its button does.

    :param do: does it with the valid form, and returns the sentence that says so
    :param facts: asked when the page is shown, so that after a refusal it tells how things are now
    """

    title: str
    back: str
    do: Callable[[Any], str]
    facts: Callable[[], Iterable[str]]
    subtitle: str = ""
    is_grave: bool = False

    def answer(self, page: Any, request: HttpRequest, form: ServiceForm) -> HttpResponse:
        """Show the page, or do what it is for; `page` is the ModelAdmin it belongs to."""
        status = 200
        if request.method == "POST":
            status = 422
            if form.is_valid():
                try:
                    done = self.do(form)
                except DomainError as refused:
                    form.refused(refused)
                    status = refused.status
                else:
                    messages.success(request, done)
                    return HttpResponseRedirect(self.back)
        context = {
            **page.admin_site.each_context(request),
            "title": self.title,
            "subtitle": self.subtitle,
            "opts": page.opts,
            "act": self,
            "facts": list(self.facts()),
            "form": form,
        }
        return render(request, "admin/payments/act.html", context, status=status)
