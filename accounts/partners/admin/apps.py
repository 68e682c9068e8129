"""Apps: registering, changing and ending them."""

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.db import transaction
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.utils.html import format_html
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display
from unfold.widgets import UnfoldAdminTextInputWidget, UnfoldAdminURLInputWidget

from accounts.doors import person_of
from accounts.partners import selectors, services
from accounts.partners.admin.pages import BETWEEN, GONE, Asked, PartnersPage, houses_field, ticks
from accounts.partners.models import PartnerApp
from accounts.partners.states import REQUESTS_A_MINUTE, AppStatus, Plan, Scope
from accounts.sensitive import ask_again
from core.errors import DomainError
from core.forms import LineField, ServiceForm
from localization.formatting import number


def _plans_help() -> str:
    limits = [
        _now("%(plan)s: %(count)s requests a minute") % {"plan": plan.label, "count": number(REQUESTS_A_MINUTE[plan])}
        for plan in Plan
    ]
    return BETWEEN.join(limits)


class RegisterForm(ServiceForm):
    name = LineField(label=_("Name"), max_length=100)
    organisation = LineField(label=_("Organisation"), max_length=100)
    contact_email = forms.EmailField(
        label=_("Contact's e-mail address"),
        max_length=254,
        help_text=_("Told when something goes wrong."),
        widget=forms.EmailInput(attrs={"dir": "ltr"}),
    )
    website = forms.URLField(
        label=_("Website"), max_length=200, required=False, widget=forms.URLInput(attrs={"dir": "ltr"}),
        assume_scheme="https",
    )  # fmt: skip
    scopes = ticks(_("What it may ask for"), Scope.choices)

    def __init__(self, houses: QuerySet[Any], for_platform: bool, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if for_platform:
            self.fields["plan"] = forms.ChoiceField(
                label=_("Plan"), choices=Plan.choices, initial=Plan.TRIAL, help_text=_plans_help()
            )
        else:
            self.fields["restaurant"] = houses_field(
                houses, label=_("Restaurant"), help_text=_("It works there at once, and nowhere else.")
            )


class AppForm(forms.ModelForm):
    name = LineField(label=_("Name"), max_length=100, widget=UnfoldAdminTextInputWidget)
    organisation = LineField(label=_("Organisation"), max_length=100, widget=UnfoldAdminTextInputWidget)
    website = forms.URLField(
        label=_("Website"), max_length=200, required=False, widget=UnfoldAdminURLInputWidget, assume_scheme="https"
    )
    allowed = ticks(
        _("What it may ask for"), Scope.choices, _("What is taken away is gone at once, from tokens already given.")
    )

    class Meta:
        model = PartnerApp
        fields = ["name", "organisation", "website", "contact_email", "plan"]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "plan" in self.fields:
            self.fields["plan"].help_text = _plans_help()
        if "allowed" in self.fields:
            self.fields["allowed"].initial = self.instance.allowed_scopes()


def _rotate(page: PartnersPage, request: HttpRequest, app: PartnerApp) -> HttpResponse:
    secret = services.rotate_secret(app=app, by=person_of(request), keep_old="at_once" not in request.POST)
    return page.show_once(request, app, secret)


def _suspend(page: PartnersPage, request: HttpRequest, app: PartnerApp) -> None:
    _expect_platform(request)
    services.suspend_app(app=app, by=person_of(request))
    page.message_user(request, _now("The app is suspended: its tokens open nothing any more."), messages.SUCCESS)


def _resume(page: PartnersPage, request: HttpRequest, app: PartnerApp) -> None:
    _expect_platform(request)
    services.resume_app(app=app, by=person_of(request))
    page.message_user(request, _now("The app may fetch tokens again."), messages.SUCCESS)


def _revoke(page: PartnersPage, request: HttpRequest, app: PartnerApp) -> None:
    services.revoke_app(app=app, by=person_of(request))
    page.message_user(request, _now("The app is revoked for good."), messages.SUCCESS)


def _expect_platform(request: HttpRequest) -> None:
    if not selectors.manages_apps(request.user):
        raise Http404(GONE)


@admin.register(PartnerApp)
class PartnerAppAdmin(PartnersPage):
    form = AppForm
    list_display = ["name", "organisation", "shown_status", "plan", "restaurant", "last_token_at", "created_at"]
    list_filter = ["status", "plan"]
    list_select_related = ["restaurant", "client"]
    search_fields = ["name", "organisation", "client__id__exact"]
    search_help_text = _("A name, an organisation, or a whole client id")
    change_form_outer_after_template = "admin/partners/app.html"
    has_secret = True
    buttons = {"rotate": _rotate, "suspend": _suspend, "resume": _resume, "revoke": _revoke}
    asked_first = {
        "revoke": Asked(
            _("Revoke %(name)s for good?"),
            (
                _("Its secret, its tokens, its access to restaurants and its webhooks end at once."),
                _("This cannot be taken back: to work again it must be registered as a new app."),
            ),
            _("Yes, revoke it for good"),
        )
    }
    facts = [
        "shown_client_id", "status", "limit", "restaurant", "secret_made_at", "previous_secret_until",
        "last_token_at", "created_by", "created_at", "revoked_at",
    ]  # fmt: skip

    def seen(self, request: HttpRequest) -> QuerySet[PartnerApp]:
        return selectors.apps_seen_by(request.user)

    def managed(self, request: HttpRequest) -> QuerySet[PartnerApp]:
        return selectors.apps_managed_by(request.user)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        is_over = isinstance(obj, PartnerApp) and obj.status == AppStatus.REVOKED
        return not is_over and super().has_change_permission(request, obj)

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        own = ["name", "organisation", "website", "contact_email", "plan"]
        if not self.has_change_permission(request, obj):
            return [
                (None, {"fields": ["name", "organisation", "website", "shown_scopes"]}),
                (_("Facts"), {"fields": ["shown_client_id", "status", "restaurant", "created_at"]}),
            ]
        return [(None, {"fields": [*own, "allowed"]}), (_("Facts"), {"fields": self.facts})]

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        fixed = [*self.facts, "shown_scopes"]
        return fixed if selectors.manages_apps(request.user) else [*fixed, "plan"]

    def change_view(self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None) -> Any:
        more = {
            "may_manage": self.managed(request).filter(pk=object_id).exists() if object_id.isdigit() else False,
            "for_platform": selectors.manages_apps(request.user),
        }
        return super().change_view(request, object_id, form_url, {**(extra_context or {}), **more})

    def add_view(self, request: HttpRequest, form_url: str = "", extra_context: Any = None) -> HttpResponse:
        if not self.has_add_permission(request):
            raise Http404(GONE)
        houses = self.own(request, PartnerApp._meta.get_field("restaurant").related_model)
        for_platform = selectors.manages_apps(request.user)
        if request.method == "POST":
            ask_again(request)
            form = RegisterForm(houses, for_platform, request.POST)
            if form.is_valid() and (answer := self._registered(request, form)) is not None:
                return answer
        else:
            form = RegisterForm(houses, for_platform)
        return self.asked(
            request,
            _("Register a partner app"),
            _("The next page shows its client id and its secret. The secret is shown that once."),
            form,
            _("Register"),
        )

    def _registered(self, request: HttpRequest, form: RegisterForm) -> HttpResponse | None:
        asked = dict(form.cleaned_data)
        house = asked.pop("restaurant", None)
        try:
            with transaction.atomic():
                app, secret = services.register_app(
                    by=person_of(request), restaurant_id=house.pk if house else None, **asked
                )
                self.log_addition(request, app, [{"added": {}}])
                return self.show_once(request, app, secret)
        except DomainError as refusal:
            form.refused(refusal)
            return None

    def save_model(self, request: HttpRequest, obj: PartnerApp, form: Any, change: bool) -> None:
        given = {name: form.cleaned_data[name] for name in form.changed_data if name in AppForm.Meta.fields}
        services.change_app(app=obj, by=person_of(request), scopes=form.cleaned_data["allowed"], **given)

    @display(
        description=_("status"),
        ordering="status",
        label={AppStatus.ACTIVE: "success", AppStatus.SUSPENDED: "warning", AppStatus.REVOKED: "danger"},
    )
    def shown_status(self, app: PartnerApp) -> tuple[str, Any]:
        return app.status, app.get_status_display()

    @display(description=_("client id"))
    def shown_client_id(self, app: PartnerApp) -> str:
        return format_html('<bdi dir="ltr">{}</bdi>', app.client_id)

    @display(description=_("requests a minute"))
    def limit(self, app: PartnerApp) -> int:
        return REQUESTS_A_MINUTE[Plan(app.plan)]

    @display(description=_("what it may ask for"))
    def shown_scopes(self, app: PartnerApp) -> str:
        return BETWEEN.join(str(Scope(scope).label) for scope in app.allowed_scopes())
