"""What houses allow: letting an app in, and putting it out."""

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display

from accounts.doors import person_of
from accounts.partners import selectors, services
from accounts.partners.admin.pages import BETWEEN, GONE, PartnersPage, houses_field, ticks
from accounts.partners.models import PartnerApp, PartnerGrant
from accounts.partners.states import GRANTED_SCOPES, Scope
from accounts.scoping import OwnRowsFilter
from accounts.selectors import Person
from accounts.sensitive import ask_again
from core.errors import DomainError
from core.forms import ServiceForm


class GrantForm(ServiceForm):
    client_id = forms.CharField(
        label=_("The app's client id"),
        max_length=100,
        help_text=_("Its maker gives it to you; it looks like buka-5f0c1d2e…"),
        widget=forms.TextInput(attrs={"dir": "ltr", "autocomplete": "off"}),
    )
    scopes = ticks(_("What it may do"), [(scope.value, scope.label) for scope in GRANTED_SCOPES])

    def __init__(self, person: Person, houses: QuerySet[Any], *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.person = person
        self.fields["restaurant"] = houses_field(houses, label=_("Restaurant"))
        self.order_fields(["client_id", "restaurant"])

    def clean_client_id(self) -> PartnerApp:
        app = selectors.app_with_client_id(self.person, self.cleaned_data["client_id"])
        if app is None:
            raise ValidationError(_("No active app has this client id."), code="unknown_app")
        return app


def _end(page: PartnersPage, request: HttpRequest, grant: PartnerGrant) -> None:
    services.revoke_access(grant=grant, by=person_of(request))
    page.message_user(request, _now("The app no longer works for the restaurant."), messages.SUCCESS)


@admin.register(PartnerGrant)
class PartnerGrantAdmin(PartnersPage):
    list_display = ["app", "restaurant", "shown_scopes", "standing", "granted_by", "granted_at", "revoked_at"]
    list_filter = [("restaurant", OwnRowsFilter), ("revoked_at", admin.EmptyFieldListFilter)]
    list_select_related = ["app", "restaurant", "granted_by"]
    search_fields = ["app__name", "app__organisation"]
    fields = ["app", "restaurant", "shown_scopes", "standing", "granted_by", "granted_at", "revoked_by", "revoked_at"]
    change_form_outer_after_template = "admin/partners/grant.html"
    buttons = {"end": _end}

    def seen(self, request: HttpRequest) -> QuerySet[PartnerGrant]:
        return selectors.grants_seen_by(request.user)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        # Granted is granted; it is ended, or replaced by granting anew.
        return False

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return self.fields

    def add_view(self, request: HttpRequest, form_url: str = "", extra_context: Any = None) -> HttpResponse:
        if not self.has_add_permission(request):
            raise Http404(GONE)
        houses = self.own(request, PartnerGrant._meta.get_field("restaurant").related_model)
        if request.method == "POST":
            ask_again(request)
            form = GrantForm(request.user, houses, request.POST)
            if form.is_valid() and (grant := self._granted(request, form)) is not None:
                return HttpResponseRedirect(reverse("admin:partners_partnergrant_change", args=[grant.pk]))
        else:
            form = GrantForm(request.user, houses)
        return self.asked(
            request,
            _("Let an app work for your restaurant"),
            _("It sees and does what you tick, until you take it back. What it was allowed before is replaced."),
            form,
            _("Let it in"),
        )

    def _granted(self, request: HttpRequest, form: GrantForm) -> PartnerGrant | None:
        asked = form.cleaned_data
        try:
            grant = services.grant_access(
                app=asked["client_id"],
                restaurant_id=asked["restaurant"].pk,
                scopes=asked["scopes"],
                by=person_of(request),
            )
        except DomainError as refusal:
            form.refused(refusal)
            return None
        self.log_addition(request, grant, [{"added": {}}])
        sentence = _now("%(app)s now works for %(restaurant)s.")
        names = {"app": grant.app.name, "restaurant": asked["restaurant"]}
        self.message_user(request, sentence % names, messages.SUCCESS)
        return grant

    @display(description=_("what it may do"))
    def shown_scopes(self, grant: PartnerGrant) -> str:
        return BETWEEN.join(str(Scope(scope).label) for scope in grant.scopes)

    @display(description=_("stands"), boolean=True)
    def standing(self, grant: PartnerGrant) -> bool:
        return grant.is_standing and grant.app.is_active
