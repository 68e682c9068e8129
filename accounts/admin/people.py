"""The people of Buka, for the platform's own: what they may do, and help for who has lost a second factor."""

from collections.abc import Callable
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.auth.models import Group
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods, require_POST
from unfold.admin import ModelAdmin
from unfold.decorators import display
from unfold.widgets import UnfoldAdminTextInputWidget, UnfoldBooleanSwitchWidget

from accounts import selectors, services
from accounts.doors import person_of
from accounts.models import PlatformMembership, User
from accounts.phone import set_phone
from accounts.scoping import ForThePlatform
from accounts.sensitive import AsksAgain, ask_again
from accounts.states import PlatformRole
from core import phones
from core.contact_search import FindsByContact
from core.encryption import mask_email
from core.errors import DomainError
from core.forms import PhoneField

# Nobody's rights come from groups: memberships say who may do what. And allauth's own pages ask Django's permission
# tables, show secrets, and would let somebody change how another person signs in.
OF_OTHERS = {"account", "socialaccount", "mfa", "usersessions", "allauth_idp_oidc", "otp_totp", "otp_static"}
admin.site.unregister([Group, *(model for model in admin.site._registry if model._meta.app_label in OF_OTHERS)])


class PersonForm(forms.ModelForm):
    """How somebody signs in is theirs alone: no address, password or second factor is set here."""

    phone = PhoneField(label=_("Phone"), required=False, widget=UnfoldAdminTextInputWidget)
    is_platform_admin = forms.BooleanField(
        label=PlatformRole.ADMIN.label,
        required=False,
        widget=UnfoldBooleanSwitchWidget,
        help_text=_("Every restaurant, all people, and the platform itself."),
    )
    is_translator = forms.BooleanField(
        label=PlatformRole.TRANSLATOR.label, required=False, widget=UnfoldBooleanSwitchWidget
    )

    class Meta:
        model = User
        fields = ["name", "phone", "language", "is_active"]
        help_texts = {
            "is_active": _("Who is not active cannot log in, and holds no role. Nothing of theirs is erased by that.")
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        held = selectors.roles_held(self.instance) if self.instance.pk else set()
        self.fields["is_platform_admin"].initial = self.instance.is_superuser
        self.fields["is_translator"].initial = (
            PlatformRole.TRANSLATOR in held
            or PlatformMembership.objects.filter(user=self.instance, role=PlatformRole.TRANSLATOR).exists()
        )

    def clean(self) -> dict[str, Any] | None:
        answers = super().clean() or self.cleaned_data
        stays_admin = answers.get("is_platform_admin") and answers.get("is_active")
        if self.instance.is_superuser and not stays_admin:
            field = "is_active" if answers.get("is_platform_admin") else "is_platform_admin"
            self._ask(services.expect_another_admin, field)
        if "is_active" in self.changed_data and not answers.get("is_active"):
            self._ask(services.expect_owners_besides, "is_active")
        return answers

    def _ask(self, expect: Callable[..., None], field: str) -> None:
        """Say at a field why the person cannot go."""
        try:
            expect(user=self.instance)
        except DomainError as refusal:
            self.add_error(field, ValidationError(str(refusal), code=refusal.code))


@admin.register(User)
class UserAdmin(FindsByContact, AsksAgain, ForThePlatform, ModelAdmin):
    form = PersonForm
    list_display = ["name", "masked_email", "masked_phone", "shown_roles", "has_factor", "is_active", "date_joined"]
    list_filter = ["is_staff", "is_superuser", "is_active", "language"]
    search_fields = ["email", "name"]
    search_help_text = _("Name, e-mail address or whole phone number")
    ordering = ["email"]
    readonly_fields = ["email", "shown_roles", "has_factor", "last_login", "date_joined", "public_id"]
    fieldsets = [
        (None, {"fields": ["name", "email", "phone", "language"]}),
        (
            _("What they may do"),
            {"fields": ["is_active", "is_platform_admin", "is_translator", "shown_roles", "has_factor"]},
        ),
        (_("Facts"), {"fields": ["public_id", "last_login", "date_joined"]}),
    ]
    change_form_outer_after_template = "admin/accounts/person.html"

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        # People register themselves; staff are invited.
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        # Bookings, claims and the log speak of people; who wants to go is erased by the rules of privacy.
        return False

    def save_model(self, request: HttpRequest, obj: User, form: Any, change: bool) -> None:
        by, wanted = person_of(request), form.cleaned_data
        if obj.phone != form.initial.get("phone", obj.phone):
            set_phone(user=obj, phone=obj.phone, is_verified=False, by=by)
        # The row in hand carries what the form says; the service compares with what is stored.
        stored = User.objects.get(pk=obj.pk)
        services.change_profile(user=stored, name=wanted["name"], language=wanted["language"], by=by)
        for field, role in (("is_platform_admin", PlatformRole.ADMIN), ("is_translator", PlatformRole.TRANSLATOR)):
            if field in form.changed_data:
                change_it = services.give_platform_role if wanted[field] else services.take_platform_role
                change_it(user=obj, role=role, by=by)
        if "is_active" in form.changed_data:
            services.set_active(user=obj, is_active=wanted["is_active"], by=by)

    # --- What is shown -------------------------------------------------------------------------------------------

    @display(description=_("e-mail address"), ordering="email")
    def masked_email(self, user: User) -> str:
        return format_html('<bdi dir="ltr">{}</bdi>', mask_email(user.email))

    @display(description=_("phone"))
    def masked_phone(self, user: User) -> str:
        return format_html('<bdi dir="ltr">{}</bdi>', phones.mask(user.phone)) if user.phone else "–"

    @display(description=_("roles"))
    def shown_roles(self, user: User) -> str:
        roles = [str(PlatformRole.ADMIN.label)] if user.is_superuser else []
        roles += [row.get_role_display() for row in user.platform_memberships.all()]
        roles += [f"{row.get_role_display()} · {row.restaurant}" for row in user.memberships.all()]
        return ", ".join(roles) or "–"

    @display(description=_("second factor"), boolean=True)
    def has_factor(self, user: User) -> bool:
        return bool(user.factors)  # type: ignore[attr-defined]

    def get_queryset(self, request: HttpRequest) -> Any:
        people = super().get_queryset(request).prefetch_related("platform_memberships", "memberships__restaurant")
        return people.annotate(factors=selectors.stands_second_factor("pk"))

    # --- Help for who has lost a second factor, or whose log-in was stolen ---------------------------------------

    def get_urls(self) -> list[URLPattern]:
        wrap = self.admin_site.admin_view
        return [
            path(
                "<int:pk>/reset-second-factor/",
                wrap(require_http_methods(["GET", "HEAD", "POST"])(self.reset_second_factor)),
                name="accounts_user_reset_second_factor",
            ),
            path("<int:pk>/end-log-ins/", wrap(require_POST(self.end_log_ins)), name="accounts_user_end_log_ins"),
            *super().get_urls(),
        ]

    def _one(self, request: HttpRequest, pk: int) -> User:
        person: User | None = self.get_queryset(request).filter(pk=pk).first()
        if person is None or not self.has_change_permission(request, person):
            raise Http404(_now("We could not find that."))
        return person

    def reset_second_factor(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Ask first, on a page that says what will happen; what is sent from there does it."""
        person = self._one(request, pk)
        if request.method != "POST":
            return self._asked_to_reset(request, person)
        ask_again(request)
        try:
            services.reset_second_factor(user=person, by=person_of(request))
        except DomainError as refusal:
            self.message_user(request, str(refusal), messages.ERROR)
        else:
            self.log_change(request, person, _now("Second factor reset"))
            self.message_user(
                request,
                _now("%(person)s has no second factor any more, is logged out everywhere, and gets a mail about it.")
                % {"person": person},
                messages.SUCCESS,
            )
        return HttpResponseRedirect(reverse("admin:accounts_user_change", args=[pk]))

    def _asked_to_reset(self, request: HttpRequest, person: Any) -> HttpResponse:
        back = reverse("admin:accounts_user_change", args=[person.pk])
        if not person.factors or person.pk == person_of(request).pk:
            return HttpResponseRedirect(back)
        context = {
            **self.admin_site.each_context(request),
            "title": _now("Reset the second factor of %(person)s?") % {"person": person},
            "sentences": [
                _now("Their authenticator app, passkeys and recovery codes are taken away. This cannot be taken back."),
                _now("They are logged out on every device at once and get a mail about it."),
                _now("Be sure that it is they who ask: whoever knows the password can then log in without a code."),
            ],
            "button": _now("Yes, reset it"),
            "opts": self.opts,
            "back": back,
        }
        return render(request, "admin/confirm.html", context)

    def end_log_ins(self, request: HttpRequest, pk: int) -> HttpResponse:
        person = self._one(request, pk)
        ask_again(request)
        try:
            services.end_log_ins(user=person, by=person_of(request))
        except DomainError as refusal:
            self.message_user(request, str(refusal), messages.ERROR)
        else:
            self.log_change(request, person, _now("Log-ins ended"))
            self.message_user(
                request,
                _now("%(person)s is logged out everywhere and gets a mail about it.") % {"person": person},
                messages.SUCCESS,
            )
        return HttpResponseRedirect(reverse("admin:accounts_user_change", args=[pk]))
