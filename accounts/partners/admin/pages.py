"""What the pages of partner apps share: who finds what, buttons, forms, and how a secret is shown.

Who made a secret is led to a page that shows it, once (see shown_once); it is in no address, no message, no log.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django import forms
from django.contrib import messages
from django.db import transaction
from django.db.models import Model, QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import URLPattern, path, reverse
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST
from unfold.admin import ModelAdmin

from accounts.partners import selectors
from accounts.partners.admin import shown_once
from accounts.scoping import ScopedPage
from accounts.sensitive import AsksAgain, ask_again
from accounts.states import Ability
from core.errors import DomainError
from core.headers import NEVER_KEPT

GONE = _("We could not find that.")
# Between the names of scopes and events, some of which have commas of their own.
BETWEEN = " · "


@dataclass(frozen=True)
class Asked:
    """What is asked before something that cannot be undone, on a page of its own."""

    title: Any
    sentences: tuple[Any, ...]
    button: Any


class PartnersPage(AsksAgain, ScopedPage, ModelAdmin):
    """The platform's people see all; owners what concerns their own houses."""

    sees = Ability.MANAGE_PARTNER_ACCESS
    edits = Ability.MANAGE_PARTNER_ACCESS
    buttons: "dict[str, Callable[[PartnersPage, HttpRequest, Any], HttpResponse | None]]" = {}
    """What can be done to one row, by the last part of its address; each answers a page, or goes back to the row."""
    asked_first: "dict[str, Asked]" = {}
    """Of the buttons, those that ask first: what the address shows whoever comes by a link."""
    has_secret = False

    def seen(self, request: HttpRequest) -> QuerySet[Any]:
        raise NotImplementedError

    def managed(self, request: HttpRequest) -> QuerySet[Any]:
        return self.seen(request)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return self.seen(request)

    def has_module_permission(self, request: HttpRequest) -> bool:
        return selectors.deals_with_partners(request.user)

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self._among(self.seen, request, obj)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self._among(self.managed, request, obj)

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return selectors.deals_with_partners(request.user)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_manage_permission(self, request: HttpRequest) -> bool:
        return selectors.deals_with_partners(request.user)

    def _among(self, rows: Callable[[HttpRequest], QuerySet[Any]], request: HttpRequest, obj: Any) -> bool:
        if not selectors.deals_with_partners(request.user):
            return False
        return obj is None or rows(request).filter(pk=obj.pk if isinstance(obj, Model) else obj).exists()

    def get_urls(self) -> list[URLPattern]:
        doors: dict[str, Any] = {word: self._door(word, do) for word, do in self.buttons.items()}
        if self.has_secret:
            # Not for HEAD: whoever only asks whether the page is there must not use it up.
            doors["secret"] = require_GET(self.secret_page)
        return [
            path(f"<int:pk>/{word}/", self.admin_site.admin_view(door), name=self._name_of(word))
            for word, door in doors.items()
        ] + super().get_urls()

    def _name_of(self, word: str) -> str:
        return f"{self.opts.app_label}_{self.opts.model_name}_{word.replace('-', '_')}"

    def _door(self, word: str, do: Callable[..., HttpResponse | None]) -> Callable[..., HttpResponse]:
        press = self._button(do)
        question = self.asked_first.get(word)
        if question is None:
            return require_POST(press)

        def ask_or_press(request: HttpRequest, pk: int) -> HttpResponse:
            if request.method == "POST":
                return press(request, pk)
            row = self._managed_row(request, pk)
            context = {
                **self.admin_site.each_context(request),
                "title": question.title % {"name": row},
                "sentences": question.sentences,
                "button": question.button,
                "opts": self.opts,
                "back": reverse(f"admin:{self._name_of('change')}", args=[pk]),
            }
            return render(request, "admin/confirm.html", context)

        return require_http_methods(["GET", "HEAD", "POST"])(ask_or_press)

    def _button(self, do: Callable[..., HttpResponse | None]) -> Callable[..., HttpResponse]:
        def press(request: HttpRequest, pk: int) -> HttpResponse:
            row = self._managed_row(request, pk)
            ask_again(request)
            try:
                with transaction.atomic():
                    answer = do(self, request, row)
            except DomainError as refusal:
                self.message_user(request, str(refusal), messages.ERROR)
                answer = None
            if answer is not None:
                return answer
            return HttpResponseRedirect(reverse(f"admin:{self._name_of('change')}", args=[pk]))

        return press

    def _managed_row(self, request: HttpRequest, pk: int) -> Any:
        row = self.managed(request).filter(pk=pk).first()
        if row is None or not self.has_manage_permission(request):
            raise Http404(GONE)
        return row

    def asked(self, request: HttpRequest, title: Any, help_text: Any, form: forms.Form, button: Any) -> HttpResponse:
        """Show the form of something that is to be made."""
        context = {
            **self.admin_site.each_context(request),
            "title": title,
            "help_text": help_text,
            "button": button,
            "form": form,
            "opts": self.opts,
            "back": reverse(f"admin:{self._name_of('changelist')}"),
        }
        return render(request, "admin/partners/form.html", context, status=422 if form.is_bound else 200)

    def show_once(self, request: HttpRequest, row: Any, secret: str) -> HttpResponse:
        """Lead to the page that shows a new secret; a reload of that page makes nothing anew.

        :raises core.errors.Unavailable: when it cannot be kept; whoever calls takes back that it was made
        """
        shown_once.keep(request, row, secret)
        return HttpResponseRedirect(reverse(f"admin:{self._name_of('secret')}", args=[row.pk]))

    def secret_page(self, request: HttpRequest, pk: int) -> HttpResponse:
        row = self._managed_row(request, pk)
        secret = shown_once.take(request, row)
        context = {
            **self.admin_site.each_context(request),
            "title": _("The secret is not shown again") if secret is None else _("Copy the secret now"),
            "row": row,
            "secret": secret,
            "opts": self.opts,
            "back": reverse(f"admin:{self._name_of('change')}", args=[pk]),
        }
        response = render(request, "admin/partners/secret.html", context, status=410 if secret is None else 200)
        response["Cache-Control"] = NEVER_KEPT
        return response


def ticks(label: Any, choices: Any, help_text: Any = "") -> forms.MultipleChoiceField:
    return forms.MultipleChoiceField(
        label=label, choices=choices, widget=forms.CheckboxSelectMultiple, help_text=help_text
    )


MOST_LISTED = 200


def houses_field(houses: QuerySet[Any], **given: Any) -> forms.ModelChoiceField:
    """Let somebody choose among their houses; who has all of them writes the name that stands in the address."""
    few = list(houses.order_by("name")[: MOST_LISTED + 1])
    if len(few) > MOST_LISTED:
        given["help_text"] = _("As in the address of its page, such as mama-ngozi-yaba.")
        return forms.ModelChoiceField(
            houses, to_field_name="slug", widget=forms.TextInput(attrs={"dir": "ltr"}), **given
        )
    return forms.ModelChoiceField(houses.order_by("name"), initial=few[0] if len(few) == 1 else None, **given)
