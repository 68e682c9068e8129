"""A restaurant's own page: who and where it is, its terms, its hours, its pictures, and the way to the rest."""

from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _
from unfold.admin import StackedInline, TabularInline
from unfold.decorators import display
from unfold.forms import PaginationInlineFormSet
from unfold.widgets import UnfoldAdminCheckboxSelectMultipleWidget

from accounts.scoping import ScopedInline, ScopedPage, runs_platform
from core import phones
from core.forms import FIRST_DAY, LAST_DAY
from core.uploads import PictureField
from restaurants.admin.fields import CheckboxesField, NairaField, PercentField, PlanPage
from restaurants.models import (
    Area,
    BookingPolicy,
    ChargeLine,
    Menu,
    OpeningHours,
    Photo,
    Restaurant,
    Shift,
    SpecialDay,
    SpecialTerms,
    Table,
)
from restaurants.states import RestaurantStatus, Weekday

# What a house decides itself; listing and closing for good are the platform's.
OWN_STATUSES = (RestaurantStatus.DRAFT, RestaurantStatus.LIVE, RestaurantStatus.PAUSED)


class PolicyForm(forms.ModelForm):
    deposit_kobo_per_guest = NairaField(label=_("Deposit a head (₦)"), required=False, initial=0)
    no_show_fee_kobo_per_guest = NairaField(
        label=_("Fee if nobody comes, a head (₦)"),
        required=False,
        initial=0,
        help_text=_("Of guests who book online. What you keep of a deposit comes off it. 0: none."),
    )
    late_cancellation_fee_kobo_per_guest = NairaField(
        label=_("Fee for cancelling late, a head (₦)"),
        required=False,
        initial=0,
        help_text=_("After the time in which cancelling is free. 0: none."),
    )

    class Meta:
        model = BookingPolicy
        fields = [
            "min_party_online", "max_party_online", "max_party_on_request", "window_days", "min_lead_minutes",
            "buffer_minutes", "grace_minutes", "free_cancellation_hours", "needs_approval",
            "deposit_kobo_per_guest", "deposit_from_party", "deposit_due", "deposit_minutes", "deposit_instructions",
            "no_show_fee_kobo_per_guest", "late_cancellation_fee_kobo_per_guest", "fee_from_party", "asks_for_card",
            "note",
            "suggests_times", "suggestion_minutes", "suggestion_points",
        ]  # fmt: skip

    def clean_deposit_kobo_per_guest(self) -> int:
        return self.cleaned_data["deposit_kobo_per_guest"] or 0

    def clean_no_show_fee_kobo_per_guest(self) -> int:
        return self.cleaned_data["no_show_fee_kobo_per_guest"] or 0

    def clean_late_cancellation_fee_kobo_per_guest(self) -> int:
        return self.cleaned_data["late_cancellation_fee_kobo_per_guest"] or 0


class PolicyInline(ScopedInline, StackedInline):
    model = BookingPolicy
    form = PolicyForm
    tab = True
    can_delete = False


AMOUNTS = (
    "deposit_kobo_per_guest",
    "deposit_kobo_per_party",
    "minimum_spend_kobo_per_guest",
    "minimum_spend_kobo_per_party",
    "no_show_fee_kobo_per_guest",
    "late_cancellation_fee_kobo_per_guest",
)


class SpecialTermsForm(forms.ModelForm):
    weekdays = CheckboxesField(
        label=_("On these weekdays"),
        choices=Weekday.choices,
        coerce=int,
        required=False,
        help_text=_("Tick none, and they hold on every day."),
    )
    deposit_kobo_per_guest = NairaField(
        label=_("Deposit for each guest (₦)"),
        required=False,
        initial=0,
        help_text=_("In place of the deposit in your booking policy. 0: none. It comes off the bill."),
    )
    deposit_kobo_per_party = NairaField(
        label=_("Deposit for the whole party (₦)"),
        required=False,
        initial=0,
        help_text=_("The same however many come. Filled in besides the other, both are asked for."),
    )
    minimum_spend_kobo_per_guest = NairaField(
        label=_("Least bill for each guest (₦)"),
        required=False,
        initial=0,
        help_text=_("Guests read it before they book. 0: none."),
    )
    minimum_spend_kobo_per_party = NairaField(
        label=_("Least bill for the whole party (₦)"),
        required=False,
        initial=0,
        help_text=_("The same however many come. Filled in besides the other, the two are added."),
    )
    no_show_fee_kobo_per_guest = NairaField(
        label=_("Fee if nobody comes, for each guest (₦)"),
        required=False,
        initial=0,
        help_text=_("One of the two fees filled in replaces both of your booking policy."),
    )
    late_cancellation_fee_kobo_per_guest = NairaField(
        label=_("Fee for cancelling late, for each guest (₦)"), required=False, initial=0
    )

    class Meta:
        model = SpecialTerms
        fields = [
            "name", "position", "from_party", "to_party", "weekdays", "starts_from", "starts_before", "special_day",
            "area", *AMOUNTS, "free_cancellation_hours", "note",
        ]  # fmt: skip
        labels = {
            "name": _("What you call them"),
            "position": _("Which goes first"),
            "from_party": _("Smallest party"),
            "to_party": _("Largest party"),
            "starts_from": _("For tables booked from"),
            "starts_before": _("And before"),
            "special_day": _("Only on this special day"),
            "area": _("Only in this area"),
            "free_cancellation_hours": _("Free to cancel until so many hours before"),
            "note": _("What guests should know"),
        }
        help_texts = {
            "name": _("For you and your colleagues: Friday nights, Large tables."),
            "position": _("Where several of these fit one booking, only the one with the lowest number holds."),
            "to_party": _("Empty: however many."),
            "starts_from": _("The time at which guests sit down. Empty: from the first time of the day."),
            "starts_before": _("This time itself no longer counts. Empty: to the end of the day."),
            "special_day": _("Such as Eid or Christmas. Empty: on every day that fits the rest."),
            "area": _("They hold for guests who ask for this area. Empty: in the whole house."),
            "free_cancellation_hours": _("Empty: as in your booking policy."),
            "note": _("Stands beside the deposit when they book, and in the confirmation."),
        }

    def clean(self) -> dict[str, Any]:
        answers = super().clean() or {}
        # An empty amount asks for nothing.
        return answers | {name: answers[name] or 0 for name in AMOUNTS if name in answers}


class SpecialTermsInline(ScopedInline, StackedInline):
    model = SpecialTerms
    form = SpecialTermsForm
    extra = 0
    tab = True
    fieldsets = [
        (None, {"fields": [("name", "position")]}),
        (
            _("For which bookings they hold"),
            {"fields": [("from_party", "to_party"), "weekdays", ("starts_from", "starts_before"),
                        ("special_day", "area")]},
        ),
        (
            _("What you ask of these guests"),
            {"fields": [("deposit_kobo_per_guest", "deposit_kobo_per_party"),
                        ("minimum_spend_kobo_per_guest", "minimum_spend_kobo_per_party"),
                        ("no_show_fee_kobo_per_guest", "late_cancellation_fee_kobo_per_guest"),
                        "free_cancellation_hours", "note"]},
        ),
    ]  # fmt: skip


class ChargeLineForm(forms.ModelForm):
    rate_bp = PercentField(label=_("Rate (%)"), help_text=_("7.5 for seven and a half per cent."))

    class Meta:
        model = ChargeLine
        fields = [
            "what", "own_name", "rate_bp", "base", "is_included", "for_meals", "for_tickets", "position", "from_day",
            "until_day",
        ]  # fmt: skip
        help_texts = {
            "base": _("A tax on the net price with charges is reckoned on the service charge, too."),
            "position": _("In which order they stand on the bill."),
        }


class ChargeLineFormSet(PaginationInlineFormSet):
    def clean(self) -> None:
        super().clean()
        if any(form.instance.pk and form.instance.has_begun for form in self.deleted_forms):
            raise forms.ValidationError(_("A line that has begun is not deleted: give it a last day."))
        if any(self.errors):
            return
        forms_left = [form for form in self.forms if form.cleaned_data.get("what") and form not in self.deleted_forms]
        lines = [form.instance for form in forms_left]
        for form, line in zip(forms_left, lines, strict=True):
            for name in ("from_day", "until_day"):
                day = getattr(line, name)
                if day is not None and not FIRST_DAY <= day <= LAST_DAY:
                    form.add_error(name, _("Please choose a day from 2020 to 2099."))
        # Of two who save at once the second sees what the first has made.
        Restaurant.objects.select_for_update().filter(pk=self.instance.pk).first()
        known = ChargeLine.objects.filter(restaurant=self.instance.pk or 0)
        elsewhere = list(known.exclude(pk__in=[form.instance.pk for form in self.forms if form.instance.pk]))
        for number, form in enumerate(forms_left):
            if any(_is_twice(lines[number], other) for other in [*lines[:number], *elsewhere]):
                form.add_error("from_day", _("There is such a line already on some of these days."))
        for line in lines:
            same_day = [other for other in [*lines, *elsewhere] if _share_a_day(line, other)]
            if any(
                sum(other.rate_bp for other in same_day if getattr(other, on)) > MOST_TOGETHER
                for on in ("for_meals", "for_tickets")
            ):
                raise forms.ValidationError(_("Together the lines of one day are more than the half of a price."))


# More than all taxes and charges of a bill have ever come to together, in hundredths of a per cent.
MOST_TOGETHER = 5_000


def _share_a_day(one: ChargeLine, other: ChargeLine) -> bool:
    """Tell whether there is a day on which one begins, or stands, beside the other: on the first day of the one."""
    return other.from_day <= one.from_day and (other.until_day is None or one.from_day <= other.until_day)


def _is_twice(one: ChargeLine, other: ChargeLine) -> bool:
    if (one.what, one.own_name) != (other.what, other.own_name):
        return False
    is_on_both = (one.for_meals and other.for_meals) or (one.for_tickets and other.for_tickets)
    return is_on_both and (_share_a_day(one, other) or _share_a_day(other, one))


class ChargeLineInline(ScopedInline, StackedInline):
    """What stands on the house's bills, and from when: a new rate is a new line."""

    model = ChargeLine
    form = ChargeLineForm
    formset = ChargeLineFormSet
    extra = 0
    tab = True
    fieldsets = [
        (
            None,
            {"fields": [("what", "own_name"), ("rate_bp", "base"), ("is_included", "for_meals", "for_tickets"),
                        ("from_day", "until_day", "position")]},
        ),
    ]  # fmt: skip


class AreaInline(ScopedInline, TabularInline):
    model = Area
    fields = ["name", "is_outdoor", "position"]
    extra = 0
    tab = True
    can_delete = False
    show_change_link = True


class TableInline(ScopedInline, TabularInline):
    """Tables are taken out of use here; deleting one is for its own page, where what stands in the way is said."""

    model = Table
    fields = ["name", "area", "min_party", "max_party", "shape", "is_sold_online", "is_accessible", "is_active"]
    extra = 0
    tab = True
    can_delete = False
    show_change_link = True


class HoursInline(ScopedInline, TabularInline):
    model = OpeningHours
    fields = ["weekday", "opens", "closes"]
    extra = 0
    tab = True

    def get_queryset(self, request: HttpRequest) -> QuerySet[OpeningHours]:
        return super().get_queryset(request).filter(special_day=None)

    def get_formset(self, request: HttpRequest, obj: Any = None, **kwargs: Any) -> Any:
        formset = super().get_formset(request, obj, **kwargs)
        formset.form.base_fields["weekday"].required = True
        return formset


class _LookedAt(ScopedInline, TabularInline):
    """Rows that have a page of their own: a list with the way there."""

    extra = 0
    tab = True
    show_change_link = True
    can_delete = False

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return self.fields or ()

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class ShiftInline(_LookedAt):
    model = Shift
    fields = ["name", "first_seating", "last_seating", "max_covers_per_slot", "is_online", "is_active"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Shift]:
        return super().get_queryset(request).filter(special_day=None)


class SpecialDayInline(_LookedAt):
    model = SpecialDay
    fields = ["date", "name", "is_closed", "note"]


class MenuInline(_LookedAt):
    model = Menu
    fields = ["name", "is_active", "position"]


class PhotoForm(forms.ModelForm):
    image = PictureField(label=_("Picture"))

    class Meta:
        model = Photo
        fields = ["image", "alt", "position"]


class PhotoInline(ScopedInline, StackedInline):
    model = Photo
    form = PhotoForm
    fields = ["preview", "image", "alt", "position"]
    readonly_fields = ["preview"]
    extra = 0
    tab = True

    @display(description=_("picture"))
    def preview(self, photo: Photo) -> str:
        if not photo.pk or not photo.image:
            return "–"
        return format_html('<img src="{}" alt="{}" width="240" loading="lazy">', photo.image.url, photo.alt)


class RestaurantForm(forms.ModelForm):
    """Numbers are cleaned to their international form."""

    def clean_phone(self) -> str:
        number = self.cleaned_data.get("phone", "")
        return phones.normalise(number) if number else ""


@admin.register(Restaurant)
class RestaurantAdmin(ScopedPage, PlanPage):
    restaurant_path = "pk"
    form = RestaurantForm
    list_display = ["name", "shown_status", "city", "neighbourhood", "phone"]
    list_filter = ["status", "city__state"]
    list_select_related = ["city"]
    search_fields = ["name", "neighbourhood", "city__name", "=slug"]
    list_per_page = 50
    warn_unsaved_form = True
    inlines = [
        PolicyInline, AreaInline, TableInline, HoursInline, ShiftInline, SpecialDayInline, SpecialTermsInline,
        ChargeLineInline, MenuInline, PhotoInline,
    ]  # fmt: skip
    change_form_after_template = "admin/restaurants/ways.html"

    def get_list_filter(self, request: HttpRequest) -> Any:
        return self.list_filter if runs_platform(request) else []

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        sets: list[Any] = [
            (
                _("Basics"),
                {
                    "classes": ["tab"],
                    "fields": ["name", "status", "description", "cuisines", "amenities", "price_band", "house_rules"],
                },
            ),
            (
                _("Address and contact"),
                {
                    "classes": ["tab"],
                    "fields": [
                        "city", "neighbourhood", "street", "landmark", ("latitude", "longitude"), "phone", "email",
                        "website",
                    ],
                },
            ),
        ]  # fmt: skip
        sets.append(
            (
                _("Receipts"),
                {
                    "classes": ["tab"],
                    "description": _("Who sells: as every receipt for your guests names you."),
                    "fields": ["legal_name", "tax_number", "receipt_address"],
                },
            )
        )
        if runs_platform(request):
            platform = ["slug", "time_zone", "source", "source_ref", "attribution"]
            sets.append((_("Platform"), {"classes": ["tab"], "fields": platform}))
        return sets

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return ["source", "source_ref"] if obj is not None else []

    def get_inlines(self, request: HttpRequest, obj: Any = None) -> Any:
        return self.inlines if obj is not None else []

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        if db_field.name in ("cuisines", "amenities"):
            kwargs["widget"] = UnfoldAdminCheckboxSelectMultipleWidget()
            # A list of the platform's: no button beside it leads anywhere for a house.
            return db_field.formfield(**kwargs)
        if db_field.name == "website":
            kwargs["assume_scheme"] = "https"
        return super().formfield_for_dbfield(db_field, request, **kwargs)

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        form = super().get_form(request, obj, change=change, **kwargs)
        status = form.base_fields.get("status")
        if status is not None and not runs_platform(request):
            allowed = {*OWN_STATUSES, *([obj.status] if obj else [])}
            status.choices = [choice for choice in RestaurantStatus.choices if choice[0] in allowed]
        return form

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return runs_platform(request)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return runs_platform(request)

    @display(
        description=_("status"),
        ordering="status",
        label={"live": "success", "paused": "warning", "draft": "info", "closed": "danger", "listed": "info"},
    )
    def shown_status(self, restaurant: Restaurant) -> tuple[str, str]:
        return restaurant.status, restaurant.get_status_display()
