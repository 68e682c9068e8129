"""People and who works where. Owners see the staff of their own houses; the rest is the platform's."""

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin
from django.contrib.auth.models import Group
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _
from unfold.admin import ModelAdmin
from unfold.forms import AdminPasswordChangeForm, UserChangeForm, UserCreationForm
from unfold.widgets import UnfoldAdminEmailInputWidget

from accounts import services
from accounts.models import Membership, User
from accounts.scoping import ForSuperusers, OwnRowsFilter, ScopedPage
from accounts.states import Ability, Role
from core.errors import DomainError


class PersonCreationForm(UserCreationForm):
    class Meta:
        model = User
        fields = ["email", "name"]


class PersonChangeForm(UserChangeForm):
    class Meta:
        model = User
        fields = "__all__"


# Nobody's rights come from groups: memberships say who may do what.
admin.site.unregister(Group)


@admin.register(User)
class UserAdmin(ForSuperusers, DjangoUserAdmin, ModelAdmin):
    form = PersonChangeForm
    add_form = PersonCreationForm
    change_password_form = AdminPasswordChangeForm
    list_display = ["email", "name", "phone", "is_staff", "is_superuser", "is_active", "date_joined"]
    list_filter = ["is_staff", "is_superuser", "is_active", "language"]
    search_fields = ["email", "name", "phone"]
    ordering = ["email"]
    filter_horizontal = []
    readonly_fields = ["last_login", "date_joined", "public_id"]
    fieldsets = [
        (None, {"fields": ["email", "password", "name", "phone", "language"]}),
        (_("What they may do"), {"fields": ["is_active", "is_staff", "is_superuser"]}),
        (_("Facts"), {"fields": ["public_id", "last_login", "date_joined"]}),
    ]
    add_fieldsets = [(None, {"fields": ["email", "name", "usable_password", "password1", "password2"]})]

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        # Bookings, claims and the log speak of people; who wants to go is made inactive.
        return False


class MembershipForm(forms.ModelForm):
    """A person is named by the e-mail address of their account: nobody leafs through the people of Buka."""

    email = forms.EmailField(
        label=_("E-mail address"),
        help_text=_("Of an account on Buka. Ask them to register first."),
        widget=UnfoldAdminEmailInputWidget,
    )

    class Meta:
        model = Membership
        fields = ["restaurant", "role"]

    def clean(self) -> dict[str, Any] | None:
        answers = super().clean() or self.cleaned_data
        if "email" in answers and answers.get("restaurant") is not None:
            person = User.objects.filter(email=answers["email"].strip().lower(), is_active=True).first()
            if person is None:
                self.add_error("email", ValidationError(_("Nobody has an account with this address."), code="nobody"))
            elif Membership.objects.filter(user=person, restaurant=answers["restaurant"]).exists():
                self.add_error("email", ValidationError(_("This person works there already."), code="works_there"))
            else:
                answers["user"] = person
        if self.instance.pk and "role" in answers and answers["role"] != Role.OWNER:
            try:
                services.expect_another_owner(membership=self.instance)
            except DomainError as refusal:
                self.add_error("role", ValidationError(str(refusal), code=refusal.code))
        return answers


@admin.register(Membership)
class MembershipAdmin(ScopedPage, ModelAdmin):
    sees = Ability.MANAGE_STAFF
    edits = Ability.MANAGE_STAFF
    form = MembershipForm
    list_display = ["person", "email_of", "restaurant", "role", "created_at"]
    list_filter = [("restaurant", OwnRowsFilter), "role"]
    list_select_related = ["user", "restaurant"]
    search_fields = ["user__name", "user__email"]
    autocomplete_fields = ["restaurant"]

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return ["restaurant", "email", "role"] if obj is None else ["restaurant", "person", "email_of", "role"]

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        if obj is not None:
            # The person stays; without its field the form asks no address.
            kwargs["form"] = type("RoleForm", (MembershipForm,), {"email": None})
        return super().get_form(request, obj, change=change, **kwargs)

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return ["restaurant", "person", "email_of"] if obj is not None else []

    def person(self, membership: Membership) -> str:
        return str(membership.user)

    def email_of(self, membership: Membership) -> str:
        return membership.user.email

    person.short_description = _("person")  # type: ignore[attr-defined]
    email_of.short_description = _("e-mail address")  # type: ignore[attr-defined]

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        # The least that somebody can be, unless chosen on purpose.
        return {"role": Role.HOST, **super().get_changeform_initial_data(request)}

    def save_model(self, request: HttpRequest, obj: Membership, form: Any, change: bool) -> None:
        user = obj.user if change else form.cleaned_data["user"]
        made = services.add_member(user=user, restaurant_id=obj.restaurant_id, role=Role(obj.role))
        obj.pk, obj.user, obj.created_at = made.pk, made.user, made.created_at

    def delete_model(self, request: HttpRequest, obj: Membership) -> None:
        services.remove_member(membership=obj)

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Membership]) -> None:
        for membership in queryset:
            try:
                services.remove_member(membership=membership)
            except DomainError as refusal:
                self.message_user(request, f"{membership}: {refusal}", messages.ERROR)

    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> Any:
        to_delete, counts, lacking, protected = super().get_deleted_objects(objs, request)
        for membership in objs:
            try:
                services.expect_another_owner(membership=membership)
            except DomainError as refusal:
                protected = [*protected, _now("%(who)s: %(why)s") % {"who": membership, "why": refusal}]
        return to_delete, counts, lacking, protected
