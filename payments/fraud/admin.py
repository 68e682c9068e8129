"""The rules against fraud, what they decided, and what waits for a person's look: for those who run the platform."""

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.db.models import F, QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.loader import render_to_string
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html, format_html_join
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext
from django.views.decorators.http import require_POST
from unfold.admin import ModelAdmin
from unfold.decorators import display

from accounts.doors import person_of
from accounts.sensitive import AsksAgain, ask_again
from core.back_office import PlatformPage
from core.errors import DomainError
from core.text import clean_text
from localization import formatting
from payments.fraud import selectors
from payments.fraud.models import Case, Decision, Rule
from payments.fraud.reasons import DIFFERS
from payments.fraud.services import looking, ruling
from payments.fraud.states import MEASURES, UNITS, CaseState, RuleKind, Unit

SHARED = {
    "card": _("card"),
    "payer_id": _("account"),
    "device": _("device"),
    "phone_index": _("phone"),
    "email_index": _("e-mail address"),
}


def figure(kind: str, number: int) -> str:
    """Return a figure with what it counts."""
    unit = MEASURES[RuleKind(kind)].unit
    if unit == Unit.FLAG:
        return str(UNITS[unit]) if number else pgettext("unit of a threshold", "no")
    return f"{formatting.number(number)} {UNITS[unit]}"


class RuleForm(forms.ModelForm):
    class Meta:
        model = Rule
        fields = ruling.FIELDS

    def clean(self) -> dict[str, Any] | None:
        cleaned = super().clean() or self.cleaned_data
        if "kind" in cleaned and "answer" in cleaned:
            try:
                ruling.expect_to_fit(kind=cleaned["kind"], answer=cleaned["answer"])
            except DomainError as refusal:
                raise ValidationError({"answer": str(refusal)}) from refusal
        return cleaned


@admin.register(Rule)
class RuleAdmin(PlatformPage, AsksAgain, ModelAdmin):
    """Present rules. Saving makes a new version; nothing is deleted: a rule is put out of force."""

    form = RuleForm
    list_display = ["shown_kind", "shown_from", "shown_window", "shown_answer", "restaurant", "is_active", "version"]
    list_filter = ["kind", "answer", "is_active"]
    list_select_related = ["restaurant"]
    list_per_page = 100
    search_fields = ["restaurant__name", "note"]
    search_help_text = _("Restaurant, or words of the note")
    autocomplete_fields = ["restaurant"]
    readonly_fields = ["shown_versions"]
    show_full_result_count = False
    actions: Any = None

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self.has_module_permission(request)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self.has_module_permission(request)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Rule]:
        return super().get_queryset(request).filter(replaced_at=None)

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        parts = [(None, {"fields": list(ruling.FIELDS)})]
        return parts if obj is None else [*parts, (_("Earlier versions"), {"fields": ["shown_versions"]})]

    def save_model(self, request: HttpRequest, obj: Rule, form: Any, change: bool) -> None:
        said = {name: form.cleaned_data[name] for name in ruling.FIELDS if name in form.cleaned_data}
        by = person_of(request)
        made = ruling.change_rule(rule=obj, by=by, **said) if change else ruling.make_rule(by=by, **said)
        # What is said and logged of it names the version that was made.
        obj.pk, obj.version = made.pk, made.version

    @display(description=_("looks at"), ordering="kind")
    def shown_kind(self, rule: Rule) -> str:
        return str(rule.get_kind_display())

    @display(description=_("from"), ordering="threshold")
    def shown_from(self, rule: Rule) -> str:
        return figure(rule.kind, rule.threshold)

    @display(description=_("within"))
    def shown_window(self, rule: Rule) -> str:
        if not MEASURES[RuleKind(rule.kind)].has_window:
            return "–"
        return _now("%(minutes)s minutes") % {"minutes": formatting.number(rule.window_minutes)}

    @display(
        description=_("answer"),
        ordering="answer",
        label={"allow": "info", "step_up": "warning", "hold": "warning", "refuse": "danger"},
    )
    def shown_answer(self, rule: Rule) -> tuple[str, str]:
        return rule.answer, rule.get_answer_display()

    @display(description=_("versions"))
    def shown_versions(self, rule: Rule) -> str:
        lines = [
            (
                formatting.day_and_time(version.made_at),
                version.made_by or "Buka",
                version,
                "" if version.is_active else _now("(out of force)"),
            )
            for version in selectors.versions_of(rule)
        ]
        return format_html("<ol>{}</ol>", format_html_join("", "<li>{} · {} · {} {}</li>", lines))


@admin.register(Decision)
class DecisionAdmin(PlatformPage, ModelAdmin):
    """What the rules answered, from which figures."""

    list_display = ["made", "moment", "shown_answer", "shown_restaurant", "shown_hits"]
    list_filter = ["answer", "moment"]
    list_select_related = ["request__restaurant"]
    list_per_page = 50
    search_fields = ["payment__reference"]
    search_help_text = _("Reference of the payment")
    show_full_result_count = False
    actions: Any = None
    fieldsets = [
        (None, {"fields": ["made", "moment", "answer", "is_proven", "shown_restaurant", "shown_payment"]}),
        (_("Why"), {"fields": ["shown_hits", "shown_inputs"]}),
    ]

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return [name for _title, part in self.get_fieldsets(request, obj) for name in part["fields"]]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Decision]:
        return super().get_queryset(request).select_related("payment").prefetch_related("hits__rule")

    @display(description=_("decided"), ordering="made_at")
    def made(self, decision: Decision) -> str:
        return formatting.day_and_time(decision.made_at)

    @display(
        description=_("answer"),
        ordering="answer",
        label={"allow": "success", "step_up": "warning", "hold": "warning", "refuse": "danger"},
    )
    def shown_answer(self, decision: Decision) -> tuple[str, str]:
        return decision.answer, decision.get_answer_display()

    @display(description=_("restaurant"))
    def shown_restaurant(self, decision: Decision) -> str:
        return decision.request.restaurant.name

    @display(description=_("payment"))
    def shown_payment(self, decision: Decision) -> str:
        return decision.payment.reference if decision.payment else "–"

    @display(description=_("rules that answered"))
    def shown_hits(self, decision: Decision) -> str:
        return hits_of(decision)

    @display(description=_("all figures"))
    def shown_inputs(self, decision: Decision) -> str:
        lines = []
        for key, number in sorted(decision.inputs.items()):
            kind, _slash, minutes = key.partition("/")
            label = RuleKind(kind).label if kind in RuleKind.values else kind
            within = f" ({_now('%(minutes)s minutes') % {'minutes': minutes}})" if minutes else ""
            lines.append((label, within, "–" if number is None else figure(kind, number)))
        return format_html("<ul>{}</ul>", format_html_join("", "<li>{}{}: {}</li>", lines)) if lines else "–"


def hits_of(decision: Decision | None) -> str:
    """Return the rules that answered in a decision, with what each found and from when on it answers."""
    if decision is None:
        return str(DIFFERS)
    lines = [
        (
            hit.rule.get_kind_display(),
            figure(hit.rule.kind, hit.measured),
            figure(hit.rule.kind, hit.rule.threshold),
            hit.rule.get_answer_display(),
            hit.rule.version,
        )
        for hit in decision.hits.all()
    ]
    if not lines:
        return "–"
    return format_html("<ul>{}</ul>", format_html_join("", "<li>{}: {} ≥ {} · {} (v{})</li>", lines))


@admin.register(Case)
class CaseAdmin(PlatformPage, ModelAdmin):
    """The queue: what waits the longest first, and then what has been looked at."""

    list_display = ["waits_since", "shown_restaurant", "amount", "shown_state", "has_asked", "shown_why"]
    list_filter = ["state"]
    list_select_related = ["request__restaurant", "payment", "decision"]
    list_per_page = 50
    search_fields = ["payment__reference"]
    search_help_text = _("Reference of the payment")
    show_full_result_count = False
    actions: Any = None
    shows_people = True
    change_form_outer_after_template = "admin/fraud/look.html"
    fieldsets = [
        (None, {"fields": ["waits_since", "state", "shown_restaurant", "kind", "amount", "shown_payment", "card"]}),
        (_("Why"), {"fields": ["shown_why", "figures", "appealed", "appeal"]}),
        (_("The same card, account, device, phone or address"), {"fields": ["history"]}),
        (_("What was decided"), {"fields": ["note", "closed_at", "closed_by"]}),
    ]

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return [name for _title, part in self.get_fieldsets(request, obj) for name in part["fields"]]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Case]:
        rows = super().get_queryset(request).select_related("closed_by")
        return rows.prefetch_related("decision__hits__rule")

    def get_ordering(self, request: HttpRequest) -> Any:
        return [F("closed_at").desc(nulls_first=True), "opened_at"]

    def get_urls(self) -> list[URLPattern]:
        look = self.admin_site.admin_view(require_POST(self.look))
        return [path("<int:pk>/look/", look, name="fraud_case_look"), *super().get_urls()]

    def look(self, request: HttpRequest, pk: int) -> HttpResponse:
        if not self.has_module_permission(request):
            raise PermissionDenied
        case = self.get_queryset(request).filter(pk=pk).first()
        if case is None:
            raise Http404(_now("We could not find that."))
        ask_again(request)
        act = looking.let_through if "let" in request.POST else looking.give_back
        try:
            note = clean_text(request.POST.get("note", "")[:1000], max_length=1000)
            act(case=case, note=note, by=person_of(request))
        except DomainError as refusal:
            self.message_user(request, str(refusal), messages.ERROR)
        except ValidationError as refusal:
            self.message_user(request, " ".join(refusal.messages), messages.ERROR)
        else:
            self.message_user(request, _now("It is done, and the payer is told."), messages.SUCCESS)
        return HttpResponseRedirect(reverse("admin:fraud_case_change", args=[pk]))

    @display(description=_("waits since"), ordering="opened_at")
    def waits_since(self, case: Case) -> str:
        return formatting.day_and_time(case.opened_at)

    @display(description=_("restaurant"))
    def shown_restaurant(self, case: Case) -> str:
        return case.request.restaurant.name

    @display(description=_("for"))
    def kind(self, case: Case) -> str:
        return str(case.request.get_kind_display())

    @display(description=_("amount"))
    def amount(self, case: Case) -> str:
        payment = case.payment
        kobo = (payment.received_kobo or payment.amount_kobo) if payment else case.request.missing_kobo
        return format_html('<bdi dir="ltr">{}</bdi>', formatting.money(kobo))

    @display(
        description=_("state"),
        ordering="state",
        label={"open": "warning", "let": "success", "back": "danger", "shut": "danger"},
    )
    def shown_state(self, case: Case) -> tuple[str, str]:
        return case.state, case.get_state_display()

    @display(description=_("the payer asked for a person"), boolean=True)
    def has_asked(self, case: Case) -> bool:
        return case.appealed_at is not None

    @display(description=_("the payer asked for a person"))
    def appealed(self, case: Case) -> str:
        return formatting.day_and_time(case.appealed_at) if case.appealed_at else "–"

    @display(description=_("why"))
    def shown_why(self, case: Case) -> str:
        return hits_of(case.decision) if case.decision else f"{DIFFERS} {case.why}".strip()

    @display(description=_("all figures"))
    def figures(self, case: Case) -> str:
        if case.decision is None:
            return "–"
        address = reverse("admin:fraud_decision_change", args=[case.decision_id])
        return format_html('<a href="{}">{}</a>', address, case.decision)

    @display(description=_("payment"))
    def shown_payment(self, case: Case) -> str:
        return case.payment.reference if case.payment else _now("Was not let begin")

    @display(description=_("card"))
    def card(self, case: Case) -> str:
        payment = case.payment
        if payment is None or not payment.card_last4:
            return "–"
        told = [payment.brand_name, f"•••• {payment.card_last4}", payment.card_bank, payment.card_country]
        return format_html('<bdi dir="ltr">{}</bdi>', " · ".join(each for each in told if each))

    @display(description=_("history"))
    def history(self, case: Case) -> str:
        rows = [
            {
                "when": payment.created_at,
                "restaurant": payment.request.restaurant.name,
                "amount": formatting.money(payment.received_kobo or payment.amount_kobo),
                "state": payment.get_state_display(),
                "review": payment.get_review_display(),
                "refunded": formatting.money(payment.refunded_kobo) if payment.refunded_kobo else "",
                "reference": payment.reference,
                "by": formatting.list_of(str(SHARED[name]) for name in by),
            }
            for payment, by in selectors.related_payments(case)
        ]
        return render_to_string("admin/fraud/_history.html", {"rows": rows})

    def change_view(self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None) -> Any:
        context = {**(extra_context or {}), "open_state": CaseState.OPEN.value}
        return super().change_view(request, object_id, form_url, context)
