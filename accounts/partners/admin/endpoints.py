"""Webhooks: the addresses that apps are told at."""

from typing import Any

from django import forms
from django.contrib import admin
from django.db import transaction
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display

from accounts.doors import person_of
from accounts.partners import selectors, webhooks
from accounts.partners.admin.pages import BETWEEN, GONE, Asked, PartnersPage, ticks
from accounts.partners.models import Endpoint, PartnerApp
from accounts.partners.states import AppStatus, EventType
from accounts.sensitive import ask_again
from core.errors import DomainError
from core.forms import LineField, ServiceForm


class WebhookForm(ServiceForm):
    url = forms.CharField(
        label=_("Address"),
        max_length=2000,
        help_text=_("Beginning with https://. It gets a challenge at once, and must send it back."),
        widget=forms.URLInput(attrs={"dir": "ltr"}),
    )
    description = LineField(label=_("Description"), max_length=200, required=False)
    event_types = ticks(_("Events"), EventType.choices)

    def __init__(self, apps: QuerySet[PartnerApp], *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["app"] = forms.ModelChoiceField(apps.order_by("name"), label=_("App"))
        self.order_fields(["app"])


def _test(page: PartnersPage, request: HttpRequest, endpoint: Endpoint) -> None:
    webhooks.send_test(endpoint=endpoint)
    page.message_user(request, _now("A test event is on its way; the deliveries show what became of it."))


def _verify(page: PartnersPage, request: HttpRequest, endpoint: Endpoint) -> None:
    webhooks.verify_again(endpoint=endpoint)
    page.message_user(request, _now("A new challenge is on its way."))


def _switch_off(page: PartnersPage, request: HttpRequest, endpoint: Endpoint) -> None:
    webhooks.change_endpoint(endpoint=endpoint, by=person_of(request), enabled=False)
    page.message_user(request, _now("The webhook is switched off."))


def _switch_on(page: PartnersPage, request: HttpRequest, endpoint: Endpoint) -> None:
    webhooks.change_endpoint(endpoint=endpoint, by=person_of(request), enabled=True)
    page.message_user(request, _now("A new challenge is on its way."))


def _rotate_signing(page: PartnersPage, request: HttpRequest, endpoint: Endpoint) -> HttpResponse:
    keep_old = "at_once" not in request.POST
    secret = webhooks.rotate_endpoint_secret(endpoint=endpoint, by=person_of(request), keep_old=keep_old)
    return page.show_once(request, endpoint, secret)


def _remove(page: PartnersPage, request: HttpRequest, endpoint: Endpoint) -> HttpResponse:
    webhooks.remove_endpoint(endpoint=endpoint, by=person_of(request))
    page.message_user(request, _now("The webhook is removed."))
    return HttpResponseRedirect(reverse("admin:partners_endpoint_changelist"))


@admin.register(Endpoint)
class EndpointAdmin(PartnersPage):
    list_display = ["url", "app", "shown_status", "verified_at", "failing_since", "created_at"]
    list_filter = ["status"]
    list_select_related = ["app"]
    search_fields = ["url", "app__name"]
    fields = [
        "app", "url", "description", "shown_events", "status", "disabled_by", "verified_at", "failing_since",
        "failures", "quiet_until", "previous_secret_until", "created_at", "deliveries_link",
    ]  # fmt: skip
    change_form_outer_after_template = "admin/partners/webhook.html"
    has_secret = True
    buttons = {
        "test": _test,
        "verify": _verify,
        "switch-off": _switch_off,
        "switch-on": _switch_on,
        "rotate": _rotate_signing,
        "remove": _remove,
    }
    asked_first = {
        "remove": Asked(
            _("Remove the webhook %(name)s?"),
            (
                _("Nothing is sent there any more, and the record of what was sent is deleted with it."),
                _("This cannot be taken back."),
            ),
            _("Yes, remove it with its deliveries"),
        )
    }

    def seen(self, request: HttpRequest) -> QuerySet[Endpoint]:
        return selectors.endpoints_managed_by(request.user)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return self.fields

    def add_view(self, request: HttpRequest, form_url: str = "", extra_context: Any = None) -> HttpResponse:
        if not self.has_add_permission(request):
            raise Http404(GONE)
        apps = selectors.apps_managed_by(request.user).filter(status=AppStatus.ACTIVE)
        if request.method == "POST":
            ask_again(request)
            form = WebhookForm(apps, request.POST)
            if form.is_valid() and (answer := self._added(request, form)) is not None:
                return answer
        elif not apps.exists():
            return self.without_apps(request)
        else:
            form = WebhookForm(apps)
        return self.asked(
            request,
            _("Add a webhook"),
            _("The next page shows the secret that messages are signed with, that once."),
            form,
            _("Add"),
        )

    def without_apps(self, request: HttpRequest) -> HttpResponse:
        """Show, in place of a form that cannot be filled in, that an app has to be registered first."""
        context = {
            **self.admin_site.each_context(request),
            "title": _("Add a webhook"),
            "opts": self.opts,
            "register": reverse("admin:partners_partnerapp_add"),
            "back": reverse("admin:partners_endpoint_changelist"),
        }
        return render(request, "admin/partners/no_app.html", context)

    def _added(self, request: HttpRequest, form: WebhookForm) -> HttpResponse | None:
        try:
            with transaction.atomic():
                endpoint, secret = webhooks.add_endpoint(by=person_of(request), **form.cleaned_data)
                self.log_addition(request, endpoint, [{"added": {}}])
                return self.show_once(request, endpoint, secret)
        except DomainError as refusal:
            form.refused(refusal)
            return None

    @display(
        description=_("status"),
        ordering="status",
        label={"active": "success", "unverified": "info", "disabled": "danger"},
    )
    def shown_status(self, endpoint: Endpoint) -> tuple[str, Any]:
        return endpoint.status, endpoint.get_status_display()

    @display(description=_("events"))
    def shown_events(self, endpoint: Endpoint) -> str:
        return BETWEEN.join(str(EventType(name).label) for name in endpoint.event_types)

    @display(description=_("deliveries"))
    def deliveries_link(self, endpoint: Endpoint) -> str:
        address = f"{reverse('admin:partners_delivery_changelist')}?endpoint__id__exact={endpoint.pk}"
        return format_html('<a href="{}">{}</a>', address, _("Show what was sent"))
