"""Into which account a house is paid: named by its owners, seen by whoever handles money there."""

from datetime import timedelta
from typing import Any

from django.conf import settings
from django.contrib import admin, messages
from django.core import signing
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import URLPattern, reverse
from django.utils.html import format_html
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _
from unfold.admin import ModelAdmin
from unfold.decorators import display

from accounts.doors import person_of
from accounts.scoping import OwnRowsFilter, runs_platform
from accounts.selectors import restaurant_ids_where
from accounts.sensitive import ask_again
from accounts.states import Ability
from core import audit
from core.back_office import PlatformPage
from core.encryption import decrypt, encrypt
from core.errors import DomainError
from core.forms import ServiceForm
from payments import limits
from payments.admin.shared import clock
from payments.settlement import selectors
from payments.settlement.admin.shared import SettlementPage, sent
from payments.settlement.banks import bank_name, looks_mistyped
from payments.settlement.forms import AccountForm, ConfirmForm
from payments.settlement.models import PayoutAccount, Subaccount
from payments.settlement.services import accounts, splitting
from payments.settlement.states import AccountState, SubaccountState

STATE_LABELS = {"confirmed": "warning", "active": "success", "replaced": "info", "called_off": "info",
                "refused": "danger"}  # fmt: skip
SUBACCOUNT_LABELS = {"asked": "warning", "made": "success", "refused": "danger"}
SALT = "settlement.account"
# So long the name that the bank says stays on the page.
CONFIRM_SECONDS = 900


@admin.register(PayoutAccount)
class PayoutAccountAdmin(SettlementPage):
    list_display = ["shown_restaurant", "bank", "shown_number", "shown_state", "used_from", "version"]
    list_filter = ["state", ("restaurant", OwnRowsFilter)]
    list_select_related = ["restaurant"]
    search_fields = ["restaurant__name", "last4"]
    search_help_text = _("Restaurant, or the last four digits")
    change_form_outer_after_template = "admin/settlement/account_ways.html"
    fieldsets = [
        (None, {"fields": ["shown_restaurant", "bank", "shown_number", "shown_holder", "state_words", "version"]}),
        (_("When"), {"fields": ["confirmed", "used_from", "ended"]}),
        (_("Who"), {"fields": ["named_by", "ended_by"]}),
    ]

    def get_queryset(self, request: HttpRequest) -> Any:
        return super().get_queryset(request).select_related("restaurant", "named_by", "ended_by")

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self.may(request, Ability.NAME_PAYOUT_ACCOUNT)

    def may_act(self, request: HttpRequest, row: PayoutAccount) -> bool:
        is_owner = self.may(request, Ability.NAME_PAYOUT_ACCOUNT, row.restaurant_id)
        return is_owner or runs_platform(request)

    @display(description=_("restaurant"), ordering="restaurant__name")
    def shown_restaurant(self, row: PayoutAccount) -> str:
        return row.restaurant.name

    @display(description=_("bank"))
    def bank(self, row: PayoutAccount) -> str:
        return bank_name(row.bank_code)

    @display(description=_("account number"))
    def shown_number(self, row: PayoutAccount) -> str:
        return format_html('<bdi dir="ltr">•••••• {}</bdi>', row.last4)

    @display(description=_("name of the account"))
    def shown_holder(self, row: PayoutAccount) -> str:
        return row.holder

    @display(description=_("state"), ordering="state", label=STATE_LABELS)
    def shown_state(self, row: PayoutAccount) -> tuple[str, str]:
        return row.state, str(row.get_state_display())

    @display(description=_("state"))
    def state_words(self, row: PayoutAccount) -> str:
        return str(row.get_state_display())

    @display(description=_("confirmed"))
    def confirmed(self, row: PayoutAccount) -> str:
        return clock(row.confirmed_at)

    @display(description=_("in use from"), ordering="active_from")
    def used_from(self, row: PayoutAccount) -> str:
        return clock(row.active_from)

    @display(description=_("ended"))
    def ended(self, row: PayoutAccount) -> str:
        return clock(row.ended_at)

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        parts = super().get_fieldsets(request, obj)
        if obj is None or self.may_act(request, obj):
            return parts
        # A manager knows to which account money goes, and not whose it is.
        return [(title, {"fields": [name for name in options["fields"] if name != "shown_holder"]})
                for title, options in parts]  # fmt: skip

    def render_change_form(self, request: HttpRequest, context: Any, *args: Any, **kwargs: Any) -> Any:
        row = kwargs.get("obj")
        if row is not None:
            context |= {
                "may_call_off": row.state == AccountState.CONFIRMED and self.may_act(request, row),
                "may_refuse": row.state in (AccountState.CONFIRMED, AccountState.ACTIVE) and runs_platform(request),
            }
            audit.record("settlement.account_seen", target=row, restaurant_id=row.restaurant_id)
        return super().render_change_form(request, context, *args, **kwargs)

    def get_urls(self) -> list[URLPattern]:
        return [
            self.act("<int:pk>/call-off/", self.call_off, "call_off"),
            self.act("<int:pk>/refuse/", self.refuse, "refuse"),
            *super().get_urls(),
        ]

    def call_off(self, request: HttpRequest, row: PayoutAccount) -> HttpResponse:
        def do(_form: ServiceForm) -> str:
            accounts.call_off(account=row, by=person_of(request))
            return _now("The change is called off. Payouts go on as before.")

        facts = [_now("Nothing is paid into this account, and the one that is in use stays.")]
        return self.ask_for(request, row, do, title=_now("Call the change off"), facts=facts)

    def refuse(self, request: HttpRequest, row: PayoutAccount) -> HttpResponse:
        if not runs_platform(request):
            raise PermissionDenied

        def do(_form: ServiceForm) -> str:
            accounts.refuse(account=row, by=person_of(request))
            return _now("Nothing is paid into this account any more. The owners are told.")

        facts = [_now("The restaurant is paid nothing until its owner has named another account.")]
        return self.ask_for(request, row, do, title=_now("Refuse this account"), facts=facts, is_grave=True)

    # --- Naming one --------------------------------------------------------------------------------------------------

    def add_view(self, request: HttpRequest, form_url: str = "", extra_context: Any = None) -> HttpResponse:
        """Ask for an account, show the name that the bank says, and keep it once that was confirmed."""
        ids = restaurant_ids_where(request.user, Ability.NAME_PAYOUT_ACCOUNT)
        if ids is not None and not ids:
            raise PermissionDenied
        houses = selectors.houses_named(ids)
        if request.method == "POST":
            ask_again(request)
            if "signed" in request.POST:
                return self._confirm(request, {str(key) for key, _name in houses}, houses)
        form = AccountForm(sent(request), houses=houses)
        if request.method == "POST" and form.is_valid():
            answers = form.cleaned_data
            try:
                limits.LOOK_UP_ACCOUNT.take(str(person_of(request).pk))
                found = accounts.look_up(bank_code=answers["bank_code"], number=answers["number"])
            except DomainError as refused:
                form.refused(refused)
            else:
                return self._show_name(request, int(answers["restaurant"]), found, dict(houses))
        facts = [
            _now("The bank is asked for the name of the account, and you confirm it on the next page."),
            _now(
                "Every owner is told by e-mail. A restaurant's first account is used at once; a change after "
                "%(hours)d hours, and it can be called off until then."
            )
            % {"hours": settings.PAYOUT_ACCOUNT_WAITS // timedelta(hours=1)},
        ]
        return self._answer(
            request, form, facts, _now("Show the name"), status=200 if form.is_valid() or not form.is_bound else 422
        )

    def _show_name(
        self, request: HttpRequest, house: int, found: accounts.Found, names: dict[int, str]
    ) -> HttpResponse:
        # Encrypted besides being signed: the page may be kept by a browser.
        kept = {"house": house, "bank": found.bank_code, "number": encrypt(found.number, aad=SALT),
                "holder": found.holder, "by": person_of(request).pk}  # fmt: skip
        form = ConfirmForm(initial={"signed": signing.dumps(kept, salt=SALT)})
        facts = [
            _now("Restaurant: %(name)s") % {"name": names[house]},
            _now("Bank: %(bank)s, account number ending in %(last4)s")
            % {"bank": bank_name(found.bank_code), "last4": found.number[-4:]},
            _now("The bank says that this account belongs to: %(holder)s") % {"holder": found.holder},
        ]
        if looks_mistyped(found.bank_code, found.number):
            facts.append(_now("The number's last digit is unusual for this bank. Please compare it once more."))
        return self._answer(request, form, facts, _now("Yes, pay into this account"))

    def _confirm(self, request: HttpRequest, ours: set[str], houses: list[tuple[int, str]]) -> HttpResponse:
        form = AccountForm(houses=houses)
        try:
            kept = signing.loads(request.POST["signed"], salt=SALT, max_age=CONFIRM_SECONDS)
        except signing.BadSignature:
            kept = None
        if kept is None or str(kept["house"]) not in ours or kept["by"] != person_of(request).pk:
            return self._answer(
                request, form, [_now("The page was open for too long. Please write the account once more.")],
                _now("Show the name"), status=422,
            )  # fmt: skip
        found = accounts.Found(kept["bank"], decrypt(kept["number"], aad=SALT), kept["holder"])
        try:
            made = accounts.name_account(restaurant_id=kept["house"], found=found, by=person_of(request))
        except DomainError as refused:
            return self._answer(request, form, [str(refused)], _now("Show the name"), status=refused.status)
        said = (
            _now("The restaurant is paid into this account from now on.")
            if made.state == AccountState.ACTIVE
            else _now("The account is used from %(when)s on.") % {"when": clock(made.active_from)}
        )
        self.message_user(request, said, messages.SUCCESS)
        return HttpResponseRedirect(reverse("admin:settlement_payoutaccount_changelist"))

    def _answer(
        self, request: HttpRequest, form: ServiceForm, facts: list[str], button: str, *, status: int = 200
    ) -> HttpResponse:
        context = {
            **self.admin_site.each_context(request),
            "title": _now("Account for payouts"),
            "opts": self.opts,
            "facts": facts,
            "form": form,
            "button": button,
            "back": reverse("admin:settlement_payoutaccount_changelist"),
        }
        return render(request, "admin/settlement/account.html", context, status=status)


@admin.register(Subaccount)
class SubaccountAdmin(PlatformPage, ModelAdmin):
    """Where gateways divide sales to; what was asked for without an answer waits for a look at the gateway's page."""

    list_display = ["shown_restaurant", "gateway", "mode", "code", "shown_state", "why"]
    list_filter = ["state", "gateway", "mode"]
    list_select_related = ["account__restaurant"]
    show_full_result_count = False
    actions: Any = ["ask_again_at_gateway"]
    fieldsets = [(None, {"fields": ["shown_restaurant", "gateway", "mode", "code", "state", "why", "asked_at"]})]

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return [name for _title, part in self.get_fieldsets(request, obj) for name in part["fields"]]

    @display(description=_("restaurant"))
    def shown_restaurant(self, row: Subaccount) -> str:
        return row.account.restaurant.name

    @display(description=_("state"), ordering="state", label=SUBACCOUNT_LABELS)
    def shown_state(self, row: Subaccount) -> tuple[str, str]:
        return row.state, str(row.get_state_display())

    @admin.action(description=_("There is none at the gateway: ask for it once more"))
    def ask_again_at_gateway(self, request: HttpRequest, rows: Any) -> None:
        ask_again(request)
        for row in rows.select_related("account__restaurant"):
            try:
                made = splitting.ask_again(subaccount=row)
            except DomainError as refused:
                self.message_user(request, str(refused), messages.ERROR)
                continue
            is_made = made.state == SubaccountState.MADE
            level = messages.SUCCESS if is_made else messages.WARNING
            self.message_user(request, f"{made.gateway}: {made.get_state_display()}", level)
