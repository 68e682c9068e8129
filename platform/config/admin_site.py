"""The back office: one site for restaurants' staff and the platform's own people, and its navigation."""

from collections.abc import Callable, Iterable
from functools import wraps
from typing import Any, cast
from urllib.parse import urlencode

from allauth.mfa.models import Authenticator
from django.contrib import admin, messages
from django.contrib.admin.models import LogEntry
from django.contrib.admin.views.autocomplete import AutocompleteJsonView
from django.contrib.contenttypes.models import ContentType
from django.core.exceptions import BadRequest, PermissionDenied
from django.db.models import CharField, Q, QuerySet
from django.db.models.functions import Cast
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import SimpleTemplateResponse
from django.urls import URLPattern, reverse
from django.utils import timezone
from django.utils.decorators import method_decorator
from django.utils.functional import SimpleLazyObject
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext, pgettext_lazy
from django.views.decorators.cache import never_cache
from unfold.sites import UnfoldAdminSite

from accounts.doors import person_of
from accounts.scoping import InScope, runs_platform
from accounts.selectors import (
    is_restaurant_staff,
    may_on_platform,
    may_somewhere,
    opens_back_office,
    roles_held,
    second_factors_of,
)
from accounts.states import Ability
from core.audit.back_office import recorded
from core.back_office import closed
from core.views import refusal
from localization import back_office as translations
from localization import formatting
from payments.reconciliation import selectors as comparisons


class ForwardChoices(AutocompleteJsonView):
    """Django's autocomplete, which stumbles over the far end of a relation: a form has no field for it."""

    def process_request(self, request: HttpRequest) -> tuple[Any, ...]:
        found: tuple[Any, ...] = super().process_request(request)
        if found[2].auto_created:
            raise PermissionDenied
        return found


class BukaAdminSite(UnfoldAdminSite):
    """Unfold's admin with Today in it, and with a log that keeps to the reader's own houses."""

    def register(self, model_or_iterable: Any, admin_class: Any = None, **options: Any) -> None:
        """Register a page so that what is done on it is recorded and its list has no other filters than its own."""
        super().register(model_or_iterable, recorded(closed(admin_class or admin.ModelAdmin)), **options)

    def allows(self, request: HttpRequest, ability: str) -> bool:
        """Tell whether who asks has an ability for the whole platform; pages of the lower floors ask here."""
        return may_on_platform(request.user, Ability(ability))

    def admin_view(self, view: Callable[..., Any], cacheable: bool = False) -> Callable[..., Any]:
        """Show times by the clock of Nigeria; where a restaurant's own clock counts, its page says so itself."""
        inner = super().admin_view(view, cacheable)

        @wraps(inner)
        def at_home(request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
            if "%00" in request.META.get("QUERY_STRING", ""):
                # Lists, their filters and searches hand what stands there to PostgreSQL, which knows no null character.
                raise BadRequest("A null character in the address")
            with timezone.override(formatting.HOME_ZONE):
                response = inner(request, *args, **kwargs)
                # Else the template would be rendered after the clock has been put back.
                return response.render() if isinstance(response, SimpleTemplateResponse) else response

        return at_home

    # --- Who comes in ------------------------------------------------------------------------------------------------

    def has_permission(self, request: HttpRequest) -> bool:
        """Tell whether who asks may do anything here now; nobody by a password alone."""
        return opens_back_office(request.user)

    @method_decorator(never_cache)
    def login(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """Lead to what is missing: to logging in, to setting up a second factor, to showing it. No form stands here.

        Whose roles open nothing here is told what is open to them.
        """
        where = self._wanted(request)
        if self.has_permission(request):
            return HttpResponseRedirect(where)
        if not request.user.is_authenticated:
            return HttpResponseRedirect(_with_next("account_login", where))
        if is_restaurant_staff(request.user):
            return self._ask_for_second_factor(request, where)
        if roles_held(request.user):
            sentence = _(
                "You are logged in. Your role carries orders to diners; nothing of that is done in the back office."
            )
        else:
            sentence = _("You are logged in, but you work at no restaurant here. Ask its owner to invite you.")
        return refusal(request, 403, "no_back_office", str(sentence))

    def _wanted(self, request: HttpRequest) -> str:
        where = request.GET.get("next") or request.POST.get("next") or ""
        if url_has_allowed_host_and_scheme(where, {request.get_host()}, require_https=request.is_secure()):
            # Coming back to this very page would lead in circles.
            return where if not where.startswith(reverse("admin:login")) else reverse("admin:index")
        return reverse("admin:index")

    def _ask_for_second_factor(self, request: HttpRequest, where: str) -> HttpResponse:
        factors = set(second_factors_of(person_of(request)).values_list("type", flat=True))
        if not factors:
            messages.info(
                request,
                _("Whoever works for a restaurant logs in with a second factor. Set up an authenticator app now."),
            )
            return HttpResponseRedirect(_with_next("mfa_activate_totp", where))
        messages.info(request, _("Show your second factor to go on to the back office."))
        has_app = Authenticator.Type.TOTP in factors
        return HttpResponseRedirect(
            _with_next("mfa_reauthenticate" if has_app else "mfa_reauthenticate_webauthn", where)
        )

    def password_change(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """Passwords change in one place, where other log-ins are closed and the person is told."""
        return HttpResponseRedirect(reverse("account_change_password"))

    def password_change_done(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        return HttpResponseRedirect(reverse("account_change_password"))

    # --- What they find ----------------------------------------------------------------------------------------------

    def extra_urls(self) -> list[URLPattern]:
        from bookings.admin import calendar, floor, moving_days, today, waiting, widget

        of_bookings = today.urls(self) + floor.urls(self) + waiting.urls(self) + moving_days.urls(self)
        return of_bookings + calendar.urls(self) + widget.urls(self) + translations.urls(self)

    def autocomplete_view(self, request: HttpRequest) -> Any:
        return ForwardChoices.as_view(admin_site=self)(request)

    def index(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """Send a house's staff and translators to the page they work on; the platform's own people get the overview."""
        if not runs_platform(request) and may_somewhere(request.user, Ability.SEE_BOOKINGS):
            return HttpResponseRedirect(reverse("admin:today"))
        if not runs_platform(request) and self.allows(request, Ability.TRANSLATE):
            return HttpResponseRedirect(reverse("admin:translations"))
        return super().index(request, {**(extra_context or {}), "waiting": waiting_for(request)})

    def plan_to_change(self, request: HttpRequest, restaurant_id: int) -> None:
        """Called by the same pages before the first of their changes is written."""
        from bookings.admin.out_of_plan import note

        note(request, restaurant_id)

    def plan_saved(self, request: HttpRequest, restaurant_id: int) -> None:
        """Called by the restaurants' pages, which may not know bookings, after hours, tables or shifts were saved."""
        from bookings.admin.out_of_plan import warn

        warn(request, restaurant_id)

    def get_log_entries(self, request: HttpRequest) -> "QuerySet[LogEntry]":
        """Return recent actions on rows that the reader still sees.

        Django asks for them on every page, and one page shows them: the question is put together when it is asked.
        """
        return cast("QuerySet[LogEntry]", SimpleLazyObject(lambda: self._entries_seen_by(request)))

    def _entries_seen_by(self, request: HttpRequest) -> "QuerySet[LogEntry]":
        entries = super().get_log_entries(request)
        if runs_platform(request):
            return entries
        seen = Q(pk__in=[])
        for model, page in self._registry.items():
            if isinstance(page, InScope) and page.has_module_permission(request):
                keys = page.get_queryset(request).order_by().annotate(_key=Cast("pk", CharField())).values("_key")
                seen |= Q(content_type=ContentType.objects.get_for_model(model), object_id__in=keys)
        return entries.filter(seen)


def _with_next(name: str, where: str) -> str:
    return f"{reverse(name)}?{urlencode({'next': where})}"


def waiting_for(request: HttpRequest) -> list[tuple[str, str]]:
    """Return what waits for those who run the platform: a sentence with a number, and where it is seen to."""
    if not may_on_platform(request.user, Ability.RUN_PLATFORM):
        return []
    differing, stuck = comparisons.open_findings(), comparisons.stuck_runs()
    counted = [
        (
            differing,
            ngettext("%(count)s difference with a gateway", "%(count)s differences with gateways", differing),
            f"{reverse('admin:reconciliation_finding_changelist')}?state__exact=open",
        ),
        (
            stuck,
            ngettext(
                "%(count)s comparison with a gateway has come to a halt",
                "%(count)s comparisons with gateways have come to a halt",
                stuck,
            ),
            f"{reverse('admin:reconciliation_run_changelist')}?state__exact=stuck",
        ),
    ]
    return [(words % {"count": formatting.number(number)}, where) for number, words, where in counted if number]


def navigation(request: HttpRequest) -> list[dict[str, Any]]:
    """Return the sidebar: what this person may open, nothing else."""
    translates = may_on_platform(request.user, Ability.TRANSLATE)
    groups = [
        (_("Service"), [
            (_("Today"), "today", reverse("admin:today"), _may(request, Ability.SEE_BOOKINGS)),
            _page(request, _("Bookings"), "menu_book", "bookings_booking"),
            _page(request, _("Repeated bookings"), "event_repeat", "bookings_bookingseries"),
            _page(request, _("Blocked tables"), "block", "bookings_block"),
            _page(request, pgettext_lazy("for guests", "Events"), "confirmation_number", "bookings_ticketedevent"),
            _page(request, _("Ticket orders"), "receipt_long", "bookings_ticketorder"),
            _page(request, _("Guests"), "contacts", "bookings_houseguest"),
            _page(request, _("Tags for guests"), "sell", "bookings_guesttag"),
            _page(request, _("Reviews"), "reviews", "reviews_review"),
        ]),
        (_("Your restaurant"), [
            _page(request, _("Restaurants"), "storefront", "restaurants_restaurant"),
            _page(request, _("Tables"), "table_restaurant", "restaurants_table"),
            _page(request, _("Combinations of tables"), "join", "restaurants_tablecombination"),
            _page(request, _("Shifts"), "schedule", "restaurants_shift"),
            _page(request, _("Special days"), "celebration", "restaurants_specialday"),
        ]),
        (_("Menu"), [
            _page(request, _("Menus"), "restaurant_menu", "restaurants_menu"),
            _page(request, _("Dishes"), "ramen_dining", "restaurants_dish"),
        ]),
        (_("People"), [
            _page(request, _("Staff"), "badge", "accounts_membership"),
            _page(request, _("Invitations"), "forward_to_inbox", "accounts_invitation"),
            _page(request, _("People"), "group", "accounts_user"),
            _page(request, _("Audit trail"), "policy", "audit_auditevent"),
        ]),
        (_("Partner apps"), [
            _page(request, _("Apps"), "apps", "partners_partnerapp"),
            _page(request, _("Access of apps"), "key", "partners_partnergrant"),
            _page(request, _("Webhooks"), "webhook", "partners_endpoint"),
            _page(request, _("Deliveries of webhooks"), "outgoing_mail", "partners_delivery"),
        ]),
        (pgettext_lazy("of the platform", "Money"), [
            _page(request, _("Payments"), "payments", "payments_payment"),
            (_("Figures"), "bar_chart", reverse("admin:payments_payment_figures"), _may(request, Ability.HANDLE_MONEY)),
            _page(request, _("Fees"), "money_off", "bookings_fee"),
            _page(request, _("Refunds"), "undo", "payments_refund"),
            _page(request, _("Receipts"), "receipt_long", "payments_receipts_receipt"),
            _page(request, _("Disputes"), "gavel", "payments_dispute"),
            _page(request, _("Statements"), "summarize", "settlement_issuedstatement"),
            _page(request, _("Payouts"), "output", "settlement_payout"),
            _page(request, _("Accounts for payouts"), "account_balance_wallet", "settlement_payoutaccount"),
            _page(request, _("Terms of settlement"), "contract", "settlement_settlementterms"),
            _page(request, _("Subaccounts"), "call_split", "settlement_subaccount"),
            _page(request, _("Webhooks of gateways"), "webhook", "payments_webhookevent"),
            _page(request, _("Payments to be looked at"), "fact_check", "fraud_case"),
            _page(request, _("Fraud rules"), "rule", "fraud_rule"),
            _page(request, _("Fraud decisions"), "gavel", "fraud_decision"),
            _page(request, _("Ledger accounts"), "account_tree", "ledger_account"),
            _page(request, _("Ledger transactions"), "receipt", "ledger_transaction"),
            _page(request, _("Differences with gateways"), "difference", "reconciliation_finding"),
            _page(request, _("Comparisons with gateways"), "compare_arrows", "reconciliation_run"),
        ]),
        (_("Personal data"), [
            _page(request, _("Requests about data"), "contact_support", "privacy_datarequest"),
            _page(request, _("Breaches"), "gpp_bad", "privacy_breach"),
            _page(request, _("Archives"), "folder_zip", "privacy_export"),
            _page(request, _("Erasures"), "person_remove", "privacy_erasure"),
            _page(request, _("List of the forgotten"), "person_off", "privacy_erased"),
            _page(request, _("Consents"), "approval_delegation", "privacy_consent"),
            _page(request, _("Retention"), "auto_delete", "privacy_retentionrun"),
            _page(request, _("Who answers for the data"), "account_balance", "privacy_privacysettings"),
        ]),
        (_("Platform"), [
            _page(request, _("Claims of listings"), "approval", "restaurants_listingclaim"),
            _page(request, _("Cities"), "location_city", "restaurants_city"),
            _page(request, _("Cuisines"), "skillet", "restaurants_cuisine"),
            _page(request, _("Amenities"), "wifi", "restaurants_amenity"),
            _page(request, _("Security alerts"), "gpp_maybe", "audit_securityalert"),
            (_("Translations"), "translate", reverse("admin:translations"), translates),
            _page(request, _("Messages"), "mail", "notifications_message"),
            _page(request, _("Outbox events"), "outbox", "core_outboxevent"),
            _page(request, _("Deliveries of events"), "send", "core_eventdelivery"),
        ]),
    ]  # fmt: skip
    here = _nearest(request.path, (link for _title, links in groups for _name, _icon, link, _allowed in links))
    return [
        {"title": title, "separator": True, "items": items}
        for title, links in groups
        if (
            items := [
                {"title": name, "icon": icon, "link": link, "active": str(link).partition("?")[0] == here}
                for name, icon, link, allowed in links
                if allowed
            ]
        )
    ]


def _nearest(path: str, links: Iterable[str]) -> str:
    """Return which of these a page belongs to: of those that begin its path the longest, empty for none."""
    index = reverse("admin:index")
    paths = {str(link).partition("?")[0] for link in links}
    above = (each for each in paths if each == path or (each and each != index and path.startswith(each)))
    return max(above, key=len, default="")


def _may(request: HttpRequest, ability: Ability) -> bool:
    return may_somewhere(request.user, ability)


def _page(request: HttpRequest, title: Any, icon: str, name: str) -> tuple[Any, str, str, bool]:
    app_label, model_name = name.rsplit("_", 1)
    page = next(
        (
            page
            for model, page in admin.site._registry.items()
            if (model._meta.app_label, model._meta.model_name) == (app_label, model_name)
        ),
        None,
    )
    allowed = page is not None and page.has_module_permission(request)
    return title, icon, reverse(f"admin:{name}_changelist") if page is not None else "", allowed
