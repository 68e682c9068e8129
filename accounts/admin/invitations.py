"""Invitations to work at a restaurant: sent, looked after, taken back."""

from typing import Any

from django import forms
from django.conf import settings
from django.contrib import admin, messages
from django.db.models import Q, QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST
from unfold.admin import ModelAdmin
from unfold.decorators import display

from accounts import invitations
from accounts.admin.role_help import roles_help
from accounts.doors import person_of
from accounts.models import Invitation
from accounts.scoping import OwnRowsFilter, ScopedPage
from accounts.sensitive import AsksAgain, ask_again
from accounts.states import Ability, InvitationStatus, Role
from core.errors import DomainError
from core.forms import ServiceForm

MOST_TICKED = 12


class InviteForm(ServiceForm):
    """Whom to invite, to which houses, as what."""

    refusals_beside = "email"

    email = forms.EmailField(
        label=_("E-mail address"),
        max_length=254,
        help_text=_("They need no account yet: the mail leads them to one."),
        widget=forms.EmailInput(attrs={"autocomplete": "off", "dir": "ltr"}),
        error_messages={"invalid": _("This is not an e-mail address. One looks like ada@example.com.")},
    )
    role = forms.ChoiceField(label=_("Role"), choices=Role.choices, initial=Role.HOST, help_text=roles_help())
    restaurants: Any = forms.ModelMultipleChoiceField(
        label=_("Restaurants"),
        queryset=None,
        error_messages={"required": _("Choose at least one restaurant.")},
    )
    language = forms.ChoiceField(
        label=_("Language of the mail"),
        choices=settings.LANGUAGES,
        help_text=_("Who has an account gets it in their own."),
    )

    def __init__(self, houses: QuerySet[Any], *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field: Any = self.fields["restaurants"]
        few = list(houses.order_by("name")[: MOST_TICKED + 1])
        field.widget = forms.CheckboxSelectMultiple() if len(few) <= MOST_TICKED else forms.SelectMultiple()
        field.queryset = houses.order_by("name")
        if len(few) == 1:
            field.initial = few


class StandsAsFilter(admin.SimpleListFilter):
    """What became of them, as the list says it: one that has run out does not wait."""

    title = _("status")
    parameter_name = "status"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[Any]:
        return list(InvitationStatus.choices)

    def queryset(self, request: HttpRequest, queryset: QuerySet[Invitation]) -> QuerySet[Invitation]:
        over = Q(status=InvitationStatus.PENDING, expires_at__lte=timezone.now())
        match self.value():
            case None:
                return queryset
            case InvitationStatus.EXPIRED:
                return queryset.filter(Q(status=InvitationStatus.EXPIRED) | over)
            case status:
                return queryset.filter(status=status).exclude(over)


@admin.register(Invitation)
class InvitationAdmin(AsksAgain, ScopedPage, ModelAdmin):
    sees = Ability.MANAGE_STAFF
    edits = Ability.MANAGE_STAFF
    shows_people = True
    list_display = ["shown_email", "restaurant", "role", "shown_status", "invited_by", "sent_at", "expires_at"]
    list_filter = [("restaurant", OwnRowsFilter), StandsAsFilter, "role"]
    list_select_related = ["restaurant", "invited_by"]
    search_fields = ["email"]
    actions = ["send_again", "take_back"]
    fields = [
        "shown_email", "restaurant", "role", "what_became", "language", "invited_by", "created_at", "sent_at",
        "expires_at", "answered_at",
    ]  # fmt: skip
    change_form_outer_after_template = "admin/accounts/invitation.html"

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return self.fields

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        # Sent is sent; it can be sent again or taken back.
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_manage_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self.has_add_permission(request, obj)

    @display(description=_("e-mail address"), ordering="email")
    def shown_email(self, invitation: Invitation) -> str:
        return format_html('<bdi dir="ltr">{}</bdi>', invitation.email)

    @display(
        description=_("status"),
        ordering="status",
        label={
            "pending": "info",
            "accepted": "success",
            "declined": "warning",
            "revoked": "danger",
            "expired": "danger",
        },
    )
    def shown_status(self, invitation: Invitation) -> tuple[str, Any]:
        status = invitation.stands_as(timezone.now())
        return str(status), status.label

    @display(description=_("status"))
    def what_became(self, invitation: Invitation) -> Any:
        return self.shown_status(invitation)[1]

    # --- Inviting ------------------------------------------------------------------------------------------------

    def add_view(self, request: HttpRequest, form_url: str = "", extra_context: Any = None) -> HttpResponse:
        if not self.has_add_permission(request):
            raise Http404(_now("We could not find that."))
        houses = self.own(request, Invitation._meta.get_field("restaurant").related_model)
        by = person_of(request)
        if request.method == "POST":
            ask_again(request)
            form = InviteForm(houses, request.POST)
            if form.is_valid() and self._invited(request, form):
                return HttpResponseRedirect(reverse("admin:accounts_invitation_changelist"))
        else:
            form = InviteForm(houses, initial={"language": by.language})
        context = {
            **self.admin_site.each_context(request),
            "title": _("Invite somebody to work with you"),
            "form": form,
            "opts": self.opts,
        }
        return render(request, "admin/accounts/invite.html", context, status=422 if form.is_bound else 200)

    def _invited(self, request: HttpRequest, form: InviteForm) -> bool:
        asked = form.cleaned_data
        try:
            made = invitations.invite_member(
                email=asked["email"],
                restaurant_ids=[house.pk for house in asked["restaurants"]],
                role=Role(asked["role"]),
                by=person_of(request),
                language=asked["language"],
            )
        except DomainError as refusal:
            form.refused(refusal)
            return False
        for invitation in made:
            self.log_addition(request, invitation, [{"added": {}}])
        self.message_user(
            request,
            _now("The invitation is on its way to %(email)s. It is open for seven days.") % {"email": asked["email"]},
            messages.SUCCESS,
        )
        return True

    # --- Looking after them --------------------------------------------------------------------------------------

    def get_urls(self) -> list[URLPattern]:
        wrap = self.admin_site.admin_view
        return [
            path(
                f"<int:pk>/{name}/",
                wrap(require_POST(view)),
                name=f"accounts_invitation_{name.replace('-', '_')}",
            )
            for name, view in (("send-again", self.send_one_again), ("take-back", self.take_one_back))
        ] + super().get_urls()

    def _one(self, request: HttpRequest, pk: int) -> Invitation:
        invitation = self.get_queryset(request).filter(pk=pk).first()
        if invitation is None or not self.has_manage_permission(request, invitation):
            raise Http404(_now("We could not find that."))
        ask_again(request)
        return invitation

    def send_one_again(self, request: HttpRequest, pk: int) -> HttpResponse:
        self.send_again(request, [self._one(request, pk)])
        return HttpResponseRedirect(reverse("admin:accounts_invitation_change", args=[pk]))

    def take_one_back(self, request: HttpRequest, pk: int) -> HttpResponse:
        self.take_back(request, [self._one(request, pk)])
        return HttpResponseRedirect(reverse("admin:accounts_invitation_change", args=[pk]))

    @admin.action(description=_("Send again"), permissions=["manage"])
    def send_again(self, request: HttpRequest, queryset: Any) -> None:
        done = self._each(request, queryset, invitations.send_again)
        if done:
            sentence = ngettext("%(count)d invitation is sent again.", "%(count)d invitations are sent again.", done)
            self.message_user(request, sentence % {"count": done}, messages.SUCCESS)

    @admin.action(description=_("Take back"), permissions=["manage"])
    def take_back(self, request: HttpRequest, queryset: Any) -> None:
        done = self._each(request, queryset, invitations.take_back)
        if done:
            sentence = ngettext("%(count)d invitation is taken back.", "%(count)d invitations are taken back.", done)
            self.message_user(request, sentence % {"count": done}, messages.SUCCESS)

    def _each(self, request: HttpRequest, rows: Any, do: Any) -> int:
        done = 0
        for invitation in rows:
            try:
                do(invitation=invitation, by=person_of(request))
            except DomainError as refusal:
                self.message_user(request, f"{invitation}: {refusal}", messages.ERROR)
            else:
                done += 1
        return done
