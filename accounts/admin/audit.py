"""The audit trail and its alerts in the back office. Everybody reads, nobody edits.

The platform's own people see all of it. Owners see what happened to their restaurants' rows: who of their staff, of
those who have left, or of their own partner apps, or that it was somebody from outside; not from which address or
device.
"""

import ipaddress
from typing import Any
from uuid import UUID

from django.apps import apps
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import (
    BigIntegerField,
    Case,
    CharField,
    Exists,
    Model,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
    UUIDField,
    Value,
    When,
)
from django.db.models.functions import Cast, Coalesce
from django.db.models.lookups import Exact
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html
from django.utils.text import capfirst
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST
from unfold.admin import ModelAdmin
from unfold.contrib.filters.admin import RangeDateFilter
from unfold.decorators import display

from accounts.doors import person_of
from accounts.models import Membership, MembershipHistory, User  # type: ignore[attr-defined]  # by keeps_history
from accounts.partners.models import Endpoint, PartnerApp, PartnerGrant
from accounts.selectors import may_on_platform, may_somewhere, restaurant_ids_where
from accounts.states import Ability
from core.audit import catalogue, rules, watching
from core.audit.models import AuditCheckpoint, AuditEvent, AuditSeal, SecurityAlert
from core.audit.recording import address_index
from core.audit.states import ActorKind, Door, Severity
from core.back_office import PlatformPage
from core.encryption import CannotDecrypt, mask_email
from core.errors import DomainError
from core.households import PREFIX, household, readable

SEVERITIES = {Severity.INFO: "info", Severity.NOTICE: "info", Severity.WARNING: "warning", Severity.ALERT: "danger"}
UUID_SHAPE = r"^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$"
NUMBER_SHAPE = r"^[0-9]{1,18}$"
Restaurant: Any = Membership._meta.get_field("restaurant").related_model


def reads_all(request: HttpRequest) -> bool:
    return may_on_platform(request.user, Ability.SEE_AUDIT)


class ReadOnly(PlatformPage, ModelAdmin):
    """Nobody adds, changes or deletes, not even whoever runs the platform."""

    ability = Ability.SEE_AUDIT
    show_full_result_count = False
    actions: Any = None

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return [name for _title, part in self.get_fieldsets(request, obj) for name in part["fields"]]


# --- Events ------------------------------------------------------------------------------------------------------


class ActionFilter(admin.SimpleListFilter):
    title = _("area")
    parameter_name = "area"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [(name, name) for name in sorted({action.partition(".")[0] for action in catalogue.actions()})]

    def queryset(self, request: HttpRequest, queryset: QuerySet[AuditEvent]) -> QuerySet[AuditEvent]:
        return queryset.filter(action__startswith=f"{self.value()}.") if self.value() else queryset


@admin.register(AuditEvent)
class AuditEventAdmin(ReadOnly):
    list_display = ["at", "shown_action", "shown_severity", "who", "shown_target", "where", "door", "times"]
    list_filter = ["severity", "outcome", ActionFilter, "actor_kind", "door", ("at", RangeDateFilter)]
    list_filter_submit = True
    list_per_page = 50
    date_hierarchy = "at"
    ordering = ["-at", "-id"]
    search_fields = ["action"]  # what is typed is understood by get_search_results
    search_help_text = _("Action, whole e-mail address, id of a person or row, restaurant, request or IP address")

    def get_queryset(self, request: HttpRequest) -> QuerySet[AuditEvent]:
        is_uuid = When(target_id__regex=UUID_SHAPE, then=Cast("target_id", UUIDField()))
        is_number = When(target_id__regex=NUMBER_SHAPE, then=Cast("target_id", BigIntegerField()))
        person = User.objects.filter(public_id=OuterRef("actor_id"))
        house = Restaurant.objects.filter(public_id=OuterRef("restaurant_id"))
        events = (
            super()
            .get_queryset(request)
            .defer("address")
            .annotate(
                actor_name=Subquery(person.values("name")[:1]),
                actor_email=Subquery(person.values("email")[:1]),
                restaurant_name=Subquery(house.values("name")[:1]),
                target_uuid=Case(is_uuid, default=None),
                target_number=Case(is_number, default=None),
            )
        )
        if reads_all(request):
            name = User.objects.filter(public_id=OuterRef("target_uuid")).values("name")[:1]
            return events.annotate(
                is_colleague=Value(True),
                app_name=_name_of(PartnerApp, "name", public_id=OuterRef("actor_id")),
                target_name=_target_name({}, {}, person=Subquery(name)),
            )
        here = {"restaurant__public_id": OuterRef("restaurant_id")}
        of_house = {"app__restaurant__public_id": OuterRef("restaurant_id")}
        return events.filter(restaurant_id__in=_own_houses(request)).annotate(
            is_colleague=_was_staff(here),
            app_name=_name_of(PartnerApp, "name", public_id=OuterRef("actor_id"), **here),
            target_name=_target_name(
                here, of_house, person=_member_name(here, "user__public_id", "user__public_id", OuterRef("target_uuid"))
            ),
        )

    def has_module_permission(self, request: HttpRequest) -> bool:
        return reads_all(request) or may_somewhere(request.user, Ability.MANAGE_STAFF)

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        what = ["at", "shown_action", "severity", "outcome", "times", "shown_details"]
        who = ["who", "on_behalf"]
        if not reads_all(request):
            return [(None, {"fields": [*what, *who, "shown_target", "where", "door"]})]
        return [
            (None, {"fields": what}),
            (_("Who"), {"fields": [*who, "actor_kind", "actor_id", "shown_address", "user_agent", "door"]}),
            (_("To what"), {"fields": ["shown_target", "target_type", "target_id", "where"]}),
            (_("Proof"), {"fields": ["public_id", "request_id", "tx", "era", "sealed_by"]}),
        ]

    def get_search_results(self, request: HttpRequest, queryset: Any, search_term: str) -> Any:
        term = search_term.replace("\x00", "").strip()[:254]
        return (queryset.filter(self._meaning(request, term)) if term else queryset), False

    def _meaning(self, request: HttpRequest, term: str) -> Q:
        """Return what somebody looks for who types this."""
        if "@" in term:
            people = User.objects.filter(email=term.lower())
            if not reads_all(request):
                # An owner finds their own staff so, and does not learn who else has an account.
                people = people.filter(memberships__restaurant__public_id__in=_own_houses(request))
            ids = list(people.values_list("public_id", flat=True))
            return Q(actor_id__in=ids) | Q(target_id__in=[str(key) for key in ids]) | Q(on_behalf_of_id__in=ids)
        try:
            key = UUID(term)
        except ValueError:
            pass
        else:
            return (
                Q(actor_id=key) | Q(target_id=str(key)) | Q(restaurant_id=key) | Q(public_id=key) | Q(request_id=term)
            )
        if reads_all(request) and (found := _address(term)):
            return Q(address_index=found)
        labels = [
            name
            for name, action in catalogue.actions().items()
            if term.lower() in str(action.label).lower() or term.lower() in name
        ]
        houses = Restaurant.objects.filter(name__icontains=term)
        return (
            Q(action__in=labels)
            | Q(request_id=term)
            | Q(target_id=term)
            | Q(restaurant_id__in=houses.values("public_id"))
        )

    # --- What is shown -------------------------------------------------------------------------------------------

    @display(description=_("what"), ordering="action")
    def shown_action(self, event: AuditEvent) -> Any:
        return event.label

    @display(description=_("severity"), ordering="severity", label=SEVERITIES)
    def shown_severity(self, event: AuditEvent) -> tuple[str, str]:
        return event.severity, event.get_severity_display()

    @display(description=_("who"))
    def who(self, event: Any) -> Any:
        if event.actor_kind in (ActorKind.SYSTEM, ActorKind.STRANGER):
            return event.get_actor_kind_display()
        if event.actor_kind == ActorKind.PARTNER:
            return event.app_name or _("A partner app")
        if not event.is_colleague:
            return _("Somebody from outside")
        if event.actor_name is None:
            return event.actor_id
        return format_html("{} <bdi dir='ltr'>({})</bdi>", event.actor_name, mask_email(event.actor_email))

    @display(description=_("on behalf of"))
    def on_behalf(self, event: AuditEvent) -> Any:
        return event.on_behalf_of_id or "–"

    @display(description=_("to what"))
    def shown_target(self, event: Any) -> str:
        """Name the kind of row as its own page does; the row by its name where one may know it, else by its id."""
        try:
            kind = capfirst(apps.get_model(event.target_type)._meta.verbose_name)
        except (LookupError, ValueError):
            kind = Door.WS.label if event.target_type == Door.WS else event.target_type
        is_house = event.target_id and event.target_id == str(event.restaurant_id)
        name = event.restaurant_name if is_house else event.target_name
        return f"{kind} {name or event.target_id}".strip() or "–"

    @display(description=_("restaurant"))
    def where(self, event: Any) -> Any:
        return event.restaurant_name or event.restaurant_id or "–"

    @display(description=_("details"))
    def shown_details(self, event: AuditEvent) -> Any:
        lines = [f"{name}: {_flat(value)}" for name, value in sorted(event.details.items())]
        return "; ".join(lines) or "–"

    @display(description=_("from address"))
    def shown_address(self, event: AuditEvent) -> Any:
        try:
            return readable(event.address) or "–"
        except CannotDecrypt:
            return _("Encrypted with a key that is not in the ring any more")

    @display(description=_("sealed by"))
    def sealed_by(self, event: AuditEvent) -> Any:
        seal = (
            AuditSeal.objects.filter(era=event.era)
            .filter(Q(last_tx__gt=event.tx) | Q(last_tx=event.tx, last_id__gte=event.pk))
            .order_by("last_tx", "last_id")
            .defer("leaves")
            .first()
        )
        return seal or _("Not yet")


def _name_of(model: type[Model], column: str, **which: Any) -> Subquery:
    return Subquery(model._default_manager.filter(**which).values(column)[:1])


def _member_name(here: dict[str, Any], of_member: str, of_history: str, which: Any) -> Coalesce:
    """Return the expression of a member's name, or of one who has left."""
    left = MembershipHistory.objects.filter(**{of_history: which}, **here).order_by("-pgh_id")
    return Coalesce(
        _name_of(Membership, "user__name", **{of_member: which}, **here), Subquery(left.values("user__name")[:1])
    )


def _was_staff(here: dict[str, Any]) -> Any:
    """Return the condition that an event's actor works at its restaurant, or did when they acted."""
    known = {"user__public_id": OuterRef("actor_id"), **here}
    until_then = MembershipHistory.objects.filter(**known, pgh_created_at__lte=OuterRef("at")).order_by("-pgh_id")
    return Case(
        When(Exists(Membership.objects.filter(**known)), then=True),
        When(Exact(Subquery(until_then.values("pgh_label")[:1]), "removed"), then=False),
        default=Exists(until_then),
    )


def _target_name(here: dict[str, Any], of_house: dict[str, Any], *, person: Any) -> Case:
    """Return the expression of what an event's target is called; none for what is not the readers' to know.

    :param here: which rows of a restaurant the readers may know
    :param of_house: the same for the rows of a partner app
    """
    by_id = {"public_id": OuterRef("target_uuid")}
    member = _member_name(here, "pk", "pgh_obj_id", OuterRef("target_number"))
    names = {
        "accounts.user": person,
        "accounts.membership": member,
        "partners.partnerapp": _name_of(PartnerApp, "name", **by_id, **here),
        "partners.partnergrant": _name_of(PartnerGrant, "app__name", **by_id, **of_house),
        "partners.endpoint": _name_of(Endpoint, "url", **by_id, **of_house),
    }
    return Case(
        *(When(target_type=kind, then=name) for kind, name in names.items()), default=None, output_field=CharField()
    )


def _own_houses(request: HttpRequest) -> list[UUID]:
    ids = restaurant_ids_where(request.user, Ability.MANAGE_STAFF)
    houses = Restaurant.objects.all() if ids is None else Restaurant.objects.filter(pk__in=ids)
    return list(houses.values_list("public_id", flat=True))


def _last_event(alert: SecurityAlert) -> AuditEvent | None:
    if alert.last_event_id is None:
        return None
    return AuditEvent.objects.filter(public_id=alert.last_event_id).defer("address").first()


def _address(term: str) -> str:
    """Return what finds the events from an address; an IPv6 household's may be given by its prefix, as it is shown."""
    address = term.removesuffix(f"/{PREFIX}")
    try:
        ipaddress.ip_address(address)
    except ValueError:
        return ""
    return address_index(household(address))


def _flat(value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(_flat(each) for each in value)
    if isinstance(value, dict):
        return ", ".join(f"{name} {_flat(each)}" for name, each in value.items())
    return str(value)


# --- The chain ---------------------------------------------------------------------------------------------------


@admin.register(AuditSeal)
class AuditSealAdmin(ReadOnly):
    list_display = ["number", "at", "rows", "digest"]
    search_fields = ["digest", "=number"]
    date_hierarchy = "at"
    list_per_page = 50
    fieldsets = [
        (None, {"fields": ["number", "at", "rows", "digest", "previous", "rows_digest", "era", "last_tx", "last_id"]})
    ]

    def get_queryset(self, request: HttpRequest) -> QuerySet[AuditSeal]:
        return super().get_queryset(request).defer("leaves")


@admin.register(AuditCheckpoint)
class AuditCheckpointAdmin(ReadOnly):
    list_display = ["seal_number", "at", "seal_digest"]
    fieldsets = [(None, {"fields": ["seal_number", "at", "seal_digest"]})]


# --- Alerts ------------------------------------------------------------------------------------------------------


class RuleFilter(admin.SimpleListFilter):
    title = _("rule")
    parameter_name = "rule"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [(rule.name, rule.label) for rule in rules.RULES.values()]

    def queryset(self, request: HttpRequest, queryset: QuerySet[SecurityAlert]) -> QuerySet[SecurityAlert]:
        return queryset.filter(rule=self.value()) if self.value() else queryset


@admin.register(SecurityAlert)
class SecurityAlertAdmin(ReadOnly):
    list_display = ["raised_at", "what", "shown_state", "about", "count", "last_seen_at"]
    list_filter = ["state", RuleFilter, "raised_at"]
    search_fields = ["=public_id", "=subject"]
    date_hierarchy = "raised_at"
    actions = ["acknowledge", "close"]
    change_form_outer_after_template = "admin/audit/handle_alert.html"
    fieldsets = [
        (None, {"fields": ["what", "state", "about", "count", "first_seen_at", "last_seen_at", "raised_at"]}),
        (_("Events"), {"fields": ["events"]}),
        (_("What was done"), {"fields": ["handled_by", "handled_at", "remark"]}),
    ]

    def has_handle_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return reads_all(request)

    @display(description=_("what"), ordering="rule")
    def what(self, alert: SecurityAlert) -> str:
        return str(alert)

    @display(
        description=_("state"),
        ordering="state",
        label={"open": "danger", "acknowledged": "warning", "closed": "success"},
    )
    def shown_state(self, alert: SecurityAlert) -> tuple[str, str]:
        return alert.state, alert.get_state_display()

    @display(description=_("about"))
    def about(self, alert: SecurityAlert) -> Any:
        """Name the person, the restaurant or the address it is about, as far as there is one."""
        if not alert.subject:
            return "–"
        if alert.subject_kind == rules.ADDRESS:
            return self._address(alert)
        model: type[Model] = Restaurant if alert.subject_kind == rules.RESTAURANT else User
        rows = model._default_manager.annotate(_id=Cast("public_id", CharField()))
        name = rows.filter(_id=alert.subject).values_list("name", flat=True).first()
        return name or alert.subject

    def _address(self, alert: SecurityAlert) -> Any:
        event = _last_event(alert)
        try:
            return (readable(event.address) if event is not None else "") or "–"
        except CannotDecrypt:
            return "–"

    @display(description=_("events"))
    def events(self, alert: SecurityAlert) -> Any:
        """Lead to the events that it was raised for."""
        event = _last_event(alert)
        if event is None:
            return "–"
        about = event.actor_id if alert.subject_kind == rules.ACTOR else event.target_id or event.action
        if alert.subject_kind == rules.ADDRESS:
            about = self._address(alert)
        where = reverse("admin:audit_auditevent_changelist")
        return format_html('<a class="t-button t-small" href="{}?q={}">{}</a>', where, about, _("Look at the events"))

    @display(description=_("by"))
    def handled_by(self, alert: SecurityAlert) -> Any:
        if alert.handled_by_id is None:
            return "–"
        return User.objects.filter(public_id=alert.handled_by_id).first() or alert.handled_by_id

    # --- Taking up and closing -----------------------------------------------------------------------------------

    def get_urls(self) -> list[URLPattern]:
        wrap = self.admin_site.admin_view
        return [
            path("<int:pk>/handle/", wrap(require_POST(self.handle_one)), name="audit_securityalert_handle"),
            *super().get_urls(),
        ]

    def handle_one(self, request: HttpRequest, pk: int) -> HttpResponse:
        if not self.has_handle_permission(request):
            raise PermissionDenied
        if not SecurityAlert.objects.filter(pk=pk).exists():
            raise Http404(_now("We could not find that."))
        try:
            if request.POST.get("state") == SecurityAlert.State.CLOSED:
                remark = request.POST.get("remark", "").replace("\x00", "").strip()[:2000]
                watching.close(alert_id=pk, person=person_of(request), remark=remark)
                self.message_user(request, _now("The alert is closed."), messages.SUCCESS)
            else:
                watching.acknowledge(alert_id=pk, person=person_of(request))
                self.message_user(request, _now("You are looking into it now."), messages.SUCCESS)
        except DomainError as refusal:
            self.message_user(request, str(refusal), messages.ERROR)
        return HttpResponseRedirect(reverse("admin:audit_securityalert_change", args=[pk]))

    @admin.action(description=_("Look into them"), permissions=["handle"])
    def acknowledge(self, request: HttpRequest, queryset: QuerySet[SecurityAlert]) -> None:
        self._each(request, queryset, watching.acknowledge)

    @admin.action(description=_("Close"), permissions=["handle"])
    def close(self, request: HttpRequest, queryset: QuerySet[SecurityAlert]) -> None:
        self._each(request, queryset, watching.close)

    def _each(self, request: HttpRequest, alerts: QuerySet[SecurityAlert], handle: Any) -> None:
        done = 0
        for alert in alerts:
            try:
                handle(alert_id=alert.pk, person=person_of(request))
            except DomainError as refusal:
                self.message_user(request, f"{alert}: {refusal}", messages.ERROR)
            else:
                done += 1
        if done:
            sentence = ngettext("%(count)d alert is changed.", "%(count)d alerts are changed.", done)
            self.message_user(request, sentence % {"count": done}, messages.SUCCESS)
