"""Who works where. Owners see the staff of their own houses; new staff come by invitation."""

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _
from unfold.admin import ModelAdmin, TabularInline
from unfold.decorators import display

from accounts import selectors, services
from accounts.admin.role_help import roles_help
from accounts.doors import person_of
from accounts.models import Membership, MembershipHistory  # type: ignore[attr-defined]
from accounts.scoping import OwnRowsFilter, ScopedInline, ScopedPage
from accounts.sensitive import AsksAgain
from accounts.states import Ability, Role
from core.errors import DomainError
from localization import formatting


class RoleForm(forms.ModelForm):
    class Meta:
        model = Membership
        fields = ["role"]
        help_texts = {"role": roles_help()}

    def clean(self) -> dict[str, Any] | None:
        answers = super().clean() or self.cleaned_data
        if "role" in answers and answers["role"] != Role.OWNER:
            try:
                services.expect_another_owner(membership=self.instance)
            except DomainError as refusal:
                self.add_error("role", ValidationError(str(refusal), code=refusal.code))
        return answers


class RoleHistoryInline(ScopedInline, TabularInline):
    """Since when somebody has had which role here; who gave it stands in the audit trail."""

    model = MembershipHistory
    fk_name = "pgh_obj"
    restaurant_path = "restaurant_id"
    sees = Ability.MANAGE_STAFF
    edits = Ability.MANAGE_STAFF
    verbose_name_plural = _("history of the role")
    fields = ["happened", "shown_role", "recorded_at"]
    readonly_fields = ["happened", "shown_role", "recorded_at"]
    hide_title = True
    extra = 0
    can_delete = False

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    @display(description=_("what"))
    def happened(self, row: Any) -> Any:
        return {"added": _("Came"), "changed": _("Got another role"), "removed": _("Left")}.get(row.pgh_label, "")

    @display(description=_("role"))
    def shown_role(self, row: Any) -> str:
        return str(row.get_role_display())

    @display(description=_("when"))
    def recorded_at(self, row: Any) -> str:
        return formatting.day_and_time(row.pgh_created_at, zone=formatting.HOME_ZONE)


@admin.register(Membership)
class MembershipAdmin(AsksAgain, ScopedPage, ModelAdmin):
    sees = Ability.MANAGE_STAFF
    edits = Ability.MANAGE_STAFF
    shows_people = True
    form = RoleForm
    list_display = ["person", "email_of", "restaurant", "role", "has_factor", "created_at"]
    list_filter = [("restaurant", OwnRowsFilter), "role"]
    list_select_related = ["user", "restaurant"]
    search_fields = ["user__name", "user__email"]
    fields = ["restaurant", "person", "email_of", "role", "has_factor", "created_at"]
    readonly_fields = ["restaurant", "person", "email_of", "has_factor", "created_at"]
    list_before_template = "admin/accounts/invite_link.html"
    inlines = [RoleHistoryInline]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Membership]:
        return super().get_queryset(request).annotate(factors=selectors.stands_second_factor("user_id"))

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        # Staff are invited by mail: nobody finds out here whether an address has an account.
        return False

    @display(description=_("person"), ordering="user__name")
    def person(self, membership: Membership) -> str:
        return str(membership.user)

    @display(description=_("e-mail address"), ordering="user__email")
    def email_of(self, membership: Membership) -> str:
        return format_html('<bdi dir="ltr">{}</bdi>', membership.user.email)

    @display(description=_("second factor"), boolean=True)
    def has_factor(self, membership: Membership) -> bool:
        return bool(membership.factors)  # type: ignore[attr-defined]

    def save_model(self, request: HttpRequest, obj: Membership, form: Any, change: bool) -> None:
        stored = Membership.objects.select_related("user", "restaurant").get(pk=obj.pk)
        services.change_role(membership=stored, role=Role(obj.role), by=person_of(request))

    def delete_model(self, request: HttpRequest, obj: Membership) -> None:
        services.remove_member(membership=obj, by=person_of(request))

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Membership]) -> None:
        for membership in queryset.select_related("user", "restaurant"):
            try:
                services.remove_member(membership=membership, by=person_of(request))
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
