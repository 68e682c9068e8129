"""Claims of listings: the platform's people check and decide, the services do the rest."""

from typing import Any

from django.contrib import admin, messages
from django.db.models import Case, QuerySet, Value, When
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST
from unfold.admin import ModelAdmin
from unfold.decorators import display

from accounts.doors import person_of
from accounts.scoping import ForThePlatform, runs_platform
from accounts.sensitive import ask_again
from core import phones
from core.contact_search import FindsByContact, is_list
from core.errors import DomainError
from restaurants import services
from restaurants.models import ListingClaim
from restaurants.states import ClaimStatus


@admin.register(ListingClaim)
class ListingClaimAdmin(FindsByContact, ForThePlatform, ModelAdmin):
    list_display = ["restaurant", "shown_status", "claimant", "job", "masked_phone", "created_at"]
    list_filter = ["status", "created_at"]
    list_select_related = ["restaurant", "claimant"]
    search_fields = ["restaurant__name", "claimant__name", "claimant__email"]
    search_help_text = _("Listing, name, e-mail address or whole phone number")
    actions = ["approve", "refuse"]
    fieldsets = [
        (None, {"fields": ["listing", "status", "claimant", "job", "phone", "proof", "created_at"]}),
        (_("What they told"), {"fields": ["opens", "closes", "tables_for_two", "tables_for_four", "tables_for_six"]}),
        (_("Decision"), {"fields": ["decided_by", "decided_at", "reason"]}),
    ]
    change_form_outer_after_template = "admin/restaurants/decide.html"

    def get_queryset(self, request: HttpRequest) -> QuerySet[ListingClaim]:
        claims = super().get_queryset(request)
        return claims.defer("proof") if is_list(request) else claims

    def get_ordering(self, request: HttpRequest) -> list[Any]:
        waiting = Case(When(status=ClaimStatus.PENDING, then=Value(0)), default=Value(1))
        return [waiting.asc(), "-created_at"]

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        # A claim is decided, never edited.
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_decide_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return runs_platform(request)

    @display(
        description=_("status"),
        ordering="status",
        label={"pending": "warning", "approved": "success", "refused": "danger"},
    )
    def shown_status(self, claim: ListingClaim) -> tuple[str, str]:
        return claim.status, claim.get_status_display()

    @display(description=_("phone"))
    def masked_phone(self, claim: ListingClaim) -> str:
        return format_html('<bdi dir="ltr">{}</bdi>', phones.mask(claim.phone))

    @display(description=_("listing"))
    def listing(self, claim: ListingClaim) -> str:
        where = reverse("admin:restaurants_restaurant_change", args=[claim.restaurant_id])
        return format_html('<a href="{}">{}</a>', where, claim.restaurant)

    # --- Deciding ------------------------------------------------------------------------------------------------

    def get_urls(self) -> list[URLPattern]:
        wrap = self.admin_site.admin_view
        return [
            path("<int:pk>/approve/", wrap(require_POST(self.approve_one)), name="restaurants_listingclaim_approve"),
            path("<int:pk>/refuse/", wrap(require_POST(self.refuse_one)), name="restaurants_listingclaim_refuse"),
            *super().get_urls(),
        ]

    def _claim(self, request: HttpRequest, pk: int) -> ListingClaim:
        claim = self.get_queryset(request).select_related("restaurant", "claimant").filter(pk=pk).first()
        if claim is None or not self.has_decide_permission(request):
            raise Http404(_now("We could not find that."))
        return claim

    def approve_one(self, request: HttpRequest, pk: int) -> HttpResponse:
        claim = self._claim(request, pk)
        # It makes somebody the owner of a house.
        ask_again(request)
        try:
            restaurant = services.approve_claim(claim=claim, by=person_of(request))
        except DomainError as refusal:
            self.message_user(request, str(refusal), messages.ERROR)
            return HttpResponseRedirect(reverse("admin:restaurants_listingclaim_change", args=[pk]))
        self.log_change(request, claim, _now("Approved"))
        self.message_user(
            request,
            _now("%(restaurant)s takes bookings now, and %(person)s is its owner.")
            % {"restaurant": restaurant.name, "person": claim.claimant},
            messages.SUCCESS,
        )
        return HttpResponseRedirect(reverse("admin:restaurants_restaurant_change", args=[restaurant.pk]))

    def refuse_one(self, request: HttpRequest, pk: int) -> HttpResponse:
        claim = self._claim(request, pk)
        reason = request.POST.get("reason", "").strip()
        if not reason:
            self.message_user(request, _now("Write a reason: the claimant reads it."), messages.ERROR)
            return HttpResponseRedirect(reverse("admin:restaurants_listingclaim_change", args=[pk]))
        try:
            services.refuse_claim(claim=claim, by=person_of(request), reason=reason)
        except DomainError as refusal:
            self.message_user(request, str(refusal), messages.ERROR)
            return HttpResponseRedirect(reverse("admin:restaurants_listingclaim_change", args=[pk]))
        self.log_change(request, claim, _now("Refused"))
        self.message_user(request, _now("The claim is refused."), messages.SUCCESS)
        return HttpResponseRedirect(reverse("admin:restaurants_listingclaim_changelist"))

    @admin.action(description=_("Approve"), permissions=["decide"])
    def approve(self, request: HttpRequest, queryset: QuerySet[ListingClaim]) -> None:
        ask_again(request)
        done = 0
        for claim in queryset:
            try:
                services.approve_claim(claim=claim, by=person_of(request))
            except DomainError as refusal:
                self.message_user(request, f"{claim}: {refusal}", messages.ERROR)
            else:
                self.log_change(request, claim, _now("Approved"))
                done += 1
        if done:
            sentence = ngettext("%(count)d claim is approved.", "%(count)d claims are approved.", done)
            self.message_user(request, sentence % {"count": done}, messages.SUCCESS)

    @admin.action(description=_("Refuse…"), permissions=["decide"])
    def refuse(self, request: HttpRequest, queryset: QuerySet[ListingClaim]) -> HttpResponse | None:
        reason = request.POST.get("reason", "").strip()
        if not reason:
            context = {
                **self.admin_site.each_context(request),
                "title": _("Refuse claims"),
                "claims": queryset,
                "was_empty": "reason" in request.POST,
                "opts": self.opts,
            }
            return render(request, "admin/restaurants/refuse.html", context)
        done = 0
        for claim in queryset:
            try:
                services.refuse_claim(claim=claim, by=person_of(request), reason=reason)
            except DomainError as refusal:
                self.message_user(request, f"{claim}: {refusal}", messages.ERROR)
            else:
                self.log_change(request, claim, _now("Refused"))
                done += 1
        if done:
            sentence = ngettext("%(count)d claim is refused.", "%(count)d claims are refused.", done)
            self.message_user(request, sentence % {"count": done}, messages.SUCCESS)
        return None
