"""The guest book in the back office: guests with visits, notes and tags; merging and blocking; the rules of tags."""

from collections.abc import Callable
from typing import Any

from django.contrib import admin, messages
from django.db.models import Exists, OuterRef, Prefetch, Q, QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.template.loader import render_to_string
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods, require_POST
from unfold.admin import ModelAdmin, TabularInline
from unfold.decorators import display

from accounts.doors import person_of
from accounts.scoping import OwnRowsFilter, ScopedInline, ScopedPage
from accounts.sensitive import ask_again
from accounts.states import Ability
from bookings import errors, guest_book
from bookings.forms.guests import BlockGuestForm, GuestForm, GuestTagForm, NoteForm
from bookings.models import Booking, GuestNote, GuestTag, GuestTagging, HouseGuest
from bookings.services import guests, tagging
from bookings.states import TagRule
from core import phones
from core.contact_search import FindsByContact, is_list
from core.errors import DomainError
from core.text import search_form
from localization import formatting

VISITS_SHOWN = 20


class NoteInline(ScopedInline, TabularInline):
    model = GuestNote
    form = NoteForm
    fields = ["text", "written_by", "written_at"]
    readonly_fields = ["written_by", "written_at"]
    # Without a script nothing adds a row.
    extra = 1
    restaurant_path = "guest__restaurant_id"
    sees = Ability.KEEP_GUEST_BOOK
    edits = Ability.KEEP_GUEST_BOOK

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        # A note is written, or taken out; it is not put into somebody else's mouth.
        return False


class TaggingInline(ScopedInline, TabularInline):
    model = GuestTagging
    fields = ["tag", "given_by", "given_at"]
    readonly_fields = ["given_by", "given_at"]
    extra = 1
    restaurant_path = "guest__restaurant_id"
    sees = Ability.KEEP_GUEST_BOOK
    edits = Ability.KEEP_GUEST_BOOK

    def get_queryset(self, request: HttpRequest) -> QuerySet[GuestTagging]:
        # What a rule gave it takes again; beside the entry's own page it stands in the list.
        return super().get_queryset(request).filter(tag__rule=TagRule.BY_HAND)

    def choices_of(self, request: HttpRequest, model: Any) -> QuerySet[Any] | None:
        rows = super().choices_of(request, model)
        return rows.filter(rule=TagRule.BY_HAND) if rows is not None and model is GuestTag else rows

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(HouseGuest)
class HouseGuestAdmin(FindsByContact, ScopedPage, ModelAdmin):
    sees = Ability.KEEP_GUEST_BOOK
    edits = Ability.KEEP_GUEST_BOOK
    form = GuestForm
    inlines = [NoteInline, TaggingInline]
    list_display = [
        "name",
        "masked_phone",
        "visits",
        "no_shows",
        "last_visit",
        "shown_tags",
        "shown_block",
        "restaurant",
    ]
    list_filter = [("restaurant", OwnRowsFilter), ("blocked_at", admin.EmptyFieldListFilter)]
    list_select_related = ["restaurant"]
    list_per_page = 50
    search_fields = ["name"]
    search_help_text = _("Name, or a whole phone number or e-mail address")
    ordering = ["name", "pk"]
    actions = ["merge"]
    change_form_outer_after_template = "admin/bookings/guest.html"
    fieldsets = [
        (None, {"fields": ["restaurant", "name", "phone", "email", "birthday", "anniversary"]}),
        (_("Health and faith"), {"fields": ["allergies", "has_agreed", "allergies_agreed_at"]}),
        (
            _("Figures"),
            {"fields": ["visits", "covers", "no_shows", "late_cancellations", "spend", "last_visit", "created_at"]},
        ),
        (_("Visits"), {"fields": ["visit_lines"]}),
    ]
    readonly_fields = [
        "restaurant", "allergies_agreed_at", "visits", "covers", "no_shows", "late_cancellations", "spend",
        "last_visit", "created_at", "visit_lines",
    ]  # fmt: skip

    def get_queryset(self, request: HttpRequest) -> QuerySet[HouseGuest]:
        found = super().get_queryset(request)
        if not is_list(request):
            return found
        tags = GuestTagging.objects.select_related("tag").order_by("tag__name")
        # The list shows none of these, so it opens none of them.
        hidden = ("email", "birthday", "anniversary", "allergies", "block_reason")
        return found.defer(*hidden).prefetch_related(Prefetch("taggings", queryset=tags))

    def get_search_results(self, request: HttpRequest, queryset: Any, search_term: str) -> Any:
        """Find a name whatever its tone marks and the order of its words, also one that a guest has booked under."""
        found, may_repeat = super().get_search_results(request, queryset, search_term)
        words = search_form(search_term).split()
        if not words:
            return found, may_repeat
        alike, booked = Q(), Booking.objects.filter(guest=OuterRef("pk"))
        for word in words:
            alike &= Q(sorted_name__contains=word)
        # What an entry was called before it was merged stands in its bookings, which came along.
        for word in search_term.split():
            booked = booked.filter(guest_name__icontains=word)
        return found | queryset.filter(alike | Exists(booked)), may_repeat

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        # Whoever books is entered; nobody is made up.
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        # People are forgotten when they ask for it, in all their bookings at once, or after their time.
        return False

    def has_rule_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self.may(request, Ability.RULE_GUEST_BOOK, self.house_of(obj) if obj is not None else None)

    # --- What is shown -------------------------------------------------------------------------------------------

    @display(description=_("phone"))
    def masked_phone(self, guest: HouseGuest) -> str:
        return format_html('<bdi dir="ltr">{}</bdi>', phones.mask(guest.phone)) if guest.phone else "–"

    @display(description=_("last visit"), ordering="last_visit_at")
    def last_visit(self, guest: HouseGuest) -> str:
        return (
            formatting.short_day(guest.last_visit_at, zone=guest.restaurant.time_zone) if guest.last_visit_at else "–"
        )

    @display(description=_("tags"))
    def shown_tags(self, guest: HouseGuest) -> str:
        return formatting.list_of(each.tag.name for each in guest.taggings.all()) or "–"

    @display(description=_("online"), label={"blocked": "danger"})
    def shown_block(self, guest: HouseGuest) -> Any:
        return ("blocked", _now("Blocked")) if guest.is_blocked else "–"

    @display(description=_("spend"))
    def spend(self, guest: HouseGuest) -> str:
        return formatting.money(guest.spend_kobo)

    @display(description=_("visits"))
    def visit_lines(self, guest: HouseGuest) -> str:
        context = {
            "visits": guest_book.visits_of(guest)[:VISITS_SHOWN],
            "restaurant": guest.restaurant,
            "zone": guest.restaurant.time_zone,
        }
        return render_to_string("admin/bookings/_visits.html", context)

    def render_change_form(self, request: HttpRequest, context: Any, *args: Any, **kwargs: Any) -> Any:
        guest = kwargs.get("obj")
        if guest is not None:
            context |= {
                "may_rule": self.has_rule_permission(request, guest),
                "duplicates": list(guest_book.duplicates_of(guest)[:5]),
                "block_form": BlockGuestForm(auto_id="block_%s"),
                "tags": guest.taggings.select_related("tag").order_by("tag__name"),
            }
        return super().render_change_form(request, context, *args, **kwargs)

    # --- Changing ------------------------------------------------------------------------------------------------

    def save_model(self, request: HttpRequest, obj: HouseGuest, form: Any, change: bool) -> None:
        told = {name: form.cleaned_data[name] for name in GuestForm.Meta.fields}
        guests.change_guest(
            guest=obj, by=person_of(request), has_agreed=form.cleaned_data.get("has_agreed", False), **told
        )

    def save_formset(self, request: HttpRequest, form: Any, formset: Any, change: bool) -> None:
        by = person_of(request)
        for row in formset.save(commit=False):
            if isinstance(row, GuestNote):
                guests.note(guest=form.instance, text=row.text, by=by)
            else:
                guests.give_tag(guest=form.instance, tag=row.tag, by=by)
        for row in formset.deleted_objects:
            row.delete()

    # --- Merging and blocking ------------------------------------------------------------------------------------

    def get_urls(self) -> list[URLPattern]:
        wrap = self.admin_site.admin_view
        both = require_http_methods(["GET", "HEAD", "POST"])
        return [
            path("<int:pk>/block/", wrap(require_POST(self.block_one)), name="bookings_houseguest_block"),
            path("<int:pk>/unblock/", wrap(require_POST(self.unblock_one)), name="bookings_houseguest_unblock"),
            path("<int:pk>/merge/<int:other>/", wrap(both(self.merge_two)), name="bookings_houseguest_merge"),
            *super().get_urls(),
        ]

    def _one(self, request: HttpRequest, pk: int) -> HouseGuest:
        guest = self.get_queryset(request).select_related("restaurant").filter(pk=pk).first()
        if guest is None or not self.has_rule_permission(request, guest):
            raise Http404(_now("We could not find that."))
        return guest

    def _page_of(self, pk: int) -> HttpResponseRedirect:
        return HttpResponseRedirect(reverse("admin:bookings_houseguest_change", args=[pk]))

    def _do(self, request: HttpRequest, guest: HouseGuest, do: Callable[[], Any], sentence: str) -> HttpResponse:
        try:
            do()
        except DomainError as refusal:
            self.message_user(request, str(refusal), messages.ERROR)
        else:
            self.log_change(request, guest, sentence)
            self.message_user(request, sentence, messages.SUCCESS)
        return self._page_of(guest.pk)

    def block_one(self, request: HttpRequest, pk: int) -> HttpResponse:
        guest = self._one(request, pk)
        form = BlockGuestForm(request.POST)
        if not form.is_valid():
            for sentence in form.errors.get("reason", []):
                self.message_user(request, sentence, messages.ERROR)
            return self._page_of(pk)
        by, reason = person_of(request), form.cleaned_data["reason"]
        return self._do(
            request,
            guest,
            lambda: guests.block_guest(guest=guest, by=by, reason=reason),
            _now("This guest can no longer book online."),
        )

    def unblock_one(self, request: HttpRequest, pk: int) -> HttpResponse:
        guest = self._one(request, pk)
        by = person_of(request)
        return self._do(
            request, guest, lambda: guests.unblock_guest(guest=guest, by=by), _now("This guest can book online again.")
        )

    @admin.action(description=_("Merge two guests…"), permissions=["rule"])
    def merge(self, request: HttpRequest, queryset: QuerySet[HouseGuest]) -> HttpResponse | None:
        two = list(queryset.order_by("pk")[:3])
        if len(two) != 2:
            self.message_user(request, _now("Choose exactly two entries of the same person."), messages.ERROR)
            return None
        return HttpResponseRedirect(reverse("admin:bookings_houseguest_merge", args=[two[0].pk, two[1].pk]))

    def merge_two(self, request: HttpRequest, pk: int, other: int) -> HttpResponse:
        keeps, goes = self._one(request, pk), self._one(request, other)
        if request.method == "POST":
            # Nothing takes it back.
            ask_again(request)
            by = person_of(request)
            return self._do(
                request,
                keeps,
                lambda: guests.merge_guests(keeps=keeps, goes=goes, by=by),
                _now("The two entries are one now."),
            )
        preview = guest_book.merge_preview(keeps=keeps, goes=goes)
        sentences = [
            _now("%(goes)s becomes part of %(keeps)s. This cannot be taken back.")
            % {"goes": goes.name or "–", "keeps": keeps.name or "–"},
            _now("What %(keeps)s says stays; what it leaves open is taken from the other.") % {"keeps": keeps.name},
        ]
        if not guest_book.have_something_in_common(keeps, goes):
            sentences.insert(
                0, _now("These two share no phone number, no e-mail address and no name. Are they one person?")
            )
        if preview.are_two_accounts:
            sentences = [str(errors.GuestsWithTwoAccounts.message)]
        context = {
            **self.admin_site.each_context(request),
            "title": _now("Merge these two guests?"),
            "sentences": sentences,
            "items": [
                _now("Bookings that move: %(count)d") % {"count": preview.bookings},
                _now("Notes that move: %(count)d") % {"count": preview.notes},
                _now("Tags that move: %(count)d") % {"count": preview.tags},
            ],
            "button": _now("Yes, merge them"),
            "opts": self.opts,
            "back": reverse("admin:bookings_houseguest_change", args=[pk]),
        }
        return render(request, "admin/confirm.html", context)


@admin.register(GuestTag)
class GuestTagAdmin(ScopedPage, ModelAdmin):
    sees = Ability.KEEP_GUEST_BOOK
    edits = Ability.KEEP_GUEST_BOOK
    list_display = ["name", "restaurant", "rule", "threshold", "months"]
    list_filter = [("restaurant", OwnRowsFilter), "rule"]
    list_select_related = ["restaurant"]
    search_fields = ["name"]
    form = GuestTagForm
    fields = ["restaurant", "name", "rule", "least", "spend", "months"]

    @display(description=_("from"), ordering="least")
    def threshold(self, tag: GuestTag) -> str:
        if tag.least is None:
            return "–"
        return formatting.money(tag.least) if tag.rule == TagRule.SPEND else formatting.number(tag.least)

    def save_model(self, request: HttpRequest, obj: GuestTag, form: Any, change: bool) -> None:
        super().save_model(request, obj, form, change)
        if obj.rule != TagRule.BY_HAND:
            tagging.apply(obj)
