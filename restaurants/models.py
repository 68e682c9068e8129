import uuid
from typing import Any

from django.conf import settings
from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.contrib.postgres.search import SearchVector
from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import F, Func, Q, Value
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from core.audit.row_history import keeps_history
from core.encryption import BlindIndexed, BlindIndexField, BlindIndexQuerySet, EncryptedTextField
from restaurants.states import (
    NAMED_BY_THE_HOUSE,
    PUBLIC_STATUSES,
    TAXES,
    Allergen,
    ChargeBase,
    ChargeWhat,
    ClaimStatus,
    DepositDue,
    Heat,
    PriceBand,
    RestaurantStatus,
    TableShape,
    Weekday,
)


class City(models.Model):
    """A city or town that diners search in."""

    slug = models.SlugField(_("short name in addresses"), max_length=60)
    name = models.CharField(_("name"), max_length=80)
    state = models.CharField(_("state"), max_length=60)
    latitude = models.FloatField(_("latitude"))
    longitude = models.FloatField(_("longitude"))

    class Meta:
        verbose_name = _("city")
        verbose_name_plural = _("cities")
        ordering = ["name"]
        constraints = [models.UniqueConstraint(fields=["slug"], name="city_slug_is_unique")]

    def __str__(self) -> str:
        return self.name


class Cuisine(models.Model):
    """A kind of cooking; its translated name comes from `restaurants.vocabulary`."""

    slug = models.SlugField(_("short name in addresses"), max_length=40)
    name = models.CharField(_("name"), max_length=60)

    class Meta:
        verbose_name = _("cuisine")
        verbose_name_plural = _("cuisines")
        ordering = ["name"]
        constraints = [models.UniqueConstraint(fields=["slug"], name="cuisine_slug_is_unique")]

    def __str__(self) -> str:
        return self.name


class Amenity(models.Model):
    """Something a house offers: parking, generator, family section."""

    slug = models.SlugField(_("short name in addresses"), max_length=40)
    name = models.CharField(_("name"), max_length=60)

    class Meta:
        verbose_name = _("amenity")
        verbose_name_plural = _("amenities")
        ordering = ["name"]
        constraints = [models.UniqueConstraint(fields=["slug"], name="amenity_slug_is_unique")]

    def __str__(self) -> str:
        return self.name


class RestaurantQuerySet(models.QuerySet["Restaurant"]):
    def public(self) -> "RestaurantQuerySet":
        """Those that diners may see."""
        return self.filter(status__in=PUBLIC_STATUSES)

    def bookable(self) -> "RestaurantQuerySet":
        return self.filter(status=RestaurantStatus.LIVE)


class Restaurant(models.Model):
    """A house that feeds people: a bookable restaurant, or an unverified listing of one."""

    public_id = models.UUIDField(default=uuid.uuid4, editable=False)
    slug = models.SlugField(_("short name in addresses"), max_length=80, allow_unicode=False)
    name = models.CharField(_("name"), max_length=120)
    status = models.CharField(
        _("status"), max_length=10, choices=RestaurantStatus.choices, default=RestaurantStatus.DRAFT
    )
    description = models.TextField(_("description"), blank=True, max_length=2000)

    city = models.ForeignKey(City, models.PROTECT, related_name="restaurants", verbose_name=_("city"))
    neighbourhood = models.CharField(_("neighbourhood"), max_length=80, blank=True)
    street = models.CharField(_("street"), max_length=160, blank=True)
    landmark = models.CharField(
        _("landmark"), max_length=200, blank=True, help_text=_("How one finds it: opposite, beside, after …")
    )
    latitude = models.FloatField(_("latitude"), validators=[MinValueValidator(-90), MaxValueValidator(90)])
    longitude = models.FloatField(_("longitude"), validators=[MinValueValidator(-180), MaxValueValidator(180)])
    time_zone = models.CharField(_("time zone"), max_length=40, default="Africa/Lagos")

    phone = models.CharField(_("phone"), max_length=16, blank=True, help_text=_("International form, +234…"))
    email = models.EmailField(_("e-mail address"), blank=True)
    website = models.URLField(_("website"), blank=True)

    price_band = models.PositiveSmallIntegerField(_("price band"), choices=PriceBand.choices, null=True, blank=True)
    cuisines = models.ManyToManyField(Cuisine, related_name="restaurants", blank=True, verbose_name=_("cuisines"))
    amenities = models.ManyToManyField(Amenity, related_name="restaurants", blank=True, verbose_name=_("amenities"))
    house_rules = models.TextField(_("house rules"), blank=True, max_length=2000)

    # Who sells, as receipts name them.
    legal_name = models.CharField(
        _("registered name"), max_length=160, blank=True, help_text=_("Of the business, as on its tax papers.")
    )
    tax_number = models.CharField(
        _("tax number (TIN)"), max_length=20, blank=True, help_text=_("Stands on every receipt.")
    )
    receipt_address = models.CharField(
        _("address on receipts"), max_length=240, blank=True, help_text=_("Empty: the address of the house.")
    )

    source = models.CharField(_("source"), max_length=20, blank=True, help_text=_("Where a listing came from."))
    source_ref = models.CharField(_("reference at the source"), max_length=64, blank=True)
    source_digest = models.CharField(_("digest of the source"), max_length=64, blank=True, editable=False)
    attribution = models.CharField(_("attribution"), max_length=120, blank=True)

    search_text = models.TextField(editable=False, default="")
    plan_version = models.PositiveBigIntegerField(
        editable=False, default=1, help_text=_("Raised by every change of hours, tables, shifts, special days, policy.")
    )
    created_at = models.DateTimeField(_("since"), auto_now_add=True)
    updated_at = models.DateTimeField(_("last change"), auto_now=True)

    objects = RestaurantQuerySet.as_manager()

    class Meta:
        verbose_name = _("restaurant")
        verbose_name_plural = _("restaurants")
        ordering = ["name", "pk"]
        constraints = [
            models.UniqueConstraint(fields=["public_id"], name="restaurant_public_id_is_unique"),
            models.UniqueConstraint(fields=["slug"], name="restaurant_slug_is_unique"),
            models.UniqueConstraint(
                fields=["source", "source_ref"], condition=~Q(source=""), name="one_listing_per_source_reference"
            ),
            models.CheckConstraint(condition=Q(status__in=RestaurantStatus.values), name="restaurant_status_is_known"),
            models.CheckConstraint(
                condition=Q(latitude__range=(-90, 90), longitude__range=(-180, 180)),
                name="restaurant_lies_on_the_globe",
            ),
        ]
        indexes = [
            models.Index(fields=["city", "name", "id"], name="restaurants_of_a_city"),
            models.Index(fields=["name", "id"], name="restaurants_by_name"),
            GinIndex(SearchVector("search_text", config="simple"), name="restaurants_by_words"),
        ]

    def __str__(self) -> str:
        return self.name

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Save what people edit; version and search text are kept up in the database alone, never from memory."""
        if not self._state.adding and kwargs.get("update_fields") is None:
            kept_up = {"plan_version", "search_text", "id"}
            kwargs["update_fields"] = [field.name for field in self._meta.concrete_fields if field.name not in kept_up]
        super().save(*args, **kwargs)

    @property
    def is_bookable(self) -> bool:
        return self.status == RestaurantStatus.LIVE


# As many as any field for a party takes.
LARGEST_GROUP = 400
THREE_DAYS = 3 * 24 * 60
MOST_KOBO = 10**12
# A head: what is charged to a card while its holder is away stays within what a dinner costs.
MOST_FEE_KOBO = 100_000_000


class BookingPolicy(models.Model):
    """The house's rules for taking bookings. What a diner accepted is kept on their booking."""

    restaurant = models.OneToOneField(Restaurant, models.CASCADE, related_name="policy", verbose_name=_("restaurant"))
    min_party_online = models.PositiveSmallIntegerField(_("smallest party online"), default=1)
    max_party_online = models.PositiveSmallIntegerField(
        _("largest party online"), default=8, help_text=_("Larger groups ask, or are asked to call.")
    )
    max_party_on_request = models.PositiveSmallIntegerField(
        _("largest group on request"),
        default=0,
        help_text=_("Larger parties up to this size may ask online, and you decide. 0: they are asked to call."),
    )
    window_days = models.PositiveSmallIntegerField(
        _("booking window (days)"), default=60, help_text=_("How far ahead diners may book.")
    )
    min_lead_minutes = models.PositiveIntegerField(
        _("shortest notice (minutes)"), default=30, help_text=_("How shortly before the time diners may still book.")
    )
    buffer_minutes = models.PositiveSmallIntegerField(
        _("buffer (minutes)"), default=0, help_text=_("To clear and lay the table between two parties.")
    )
    grace_minutes = models.PositiveSmallIntegerField(
        _("grace (minutes)"), default=20, help_text=_("How long a late party keeps its table.")
    )
    free_cancellation_hours = models.PositiveSmallIntegerField(
        _("free cancellation (hours before)"), default=2, help_text=_("A later cancellation counts as late.")
    )
    needs_approval = models.BooleanField(
        _("approve each booking"), default=False, help_text=_("Online bookings are requests until staff confirm them.")
    )
    deposit_kobo_per_guest = models.PositiveBigIntegerField(_("deposit a head (kobo)"), default=0)
    deposit_from_party = models.PositiveSmallIntegerField(_("deposit from a party of"), default=6)
    deposit_due = models.CharField(
        _("the deposit is due"),
        max_length=12,
        choices=DepositDue.choices,
        default=DepositDue.AT_THE_HOUSE,
        db_default=DepositDue.AT_THE_HOUSE,
        help_text=_("Before the visit: an online booking is held until the deposit has come."),
    )
    deposit_minutes = models.PositiveSmallIntegerField(
        _("a table is held for its deposit (minutes)"),
        default=45,
        db_default=45,
        help_text=_("Longer than a bank transfer may take: some accounts for one transfer live 30 minutes."),
    )
    deposit_instructions = models.TextField(
        _("how the deposit is paid"),
        blank=True,
        default="",
        db_default="",
        max_length=500,
        help_text=_("The guest reads it while the table is held: your account, and what to write with the transfer."),
    )
    no_show_fee_kobo_per_guest = models.PositiveBigIntegerField(
        _("fee if nobody comes, a head (kobo)"), default=0, db_default=0
    )
    late_cancellation_fee_kobo_per_guest = models.PositiveBigIntegerField(
        _("fee for cancelling late, a head (kobo)"), default=0, db_default=0
    )
    fee_from_party = models.PositiveSmallIntegerField(_("fees from a party of"), default=1, db_default=1)
    asks_for_card = models.BooleanField(
        _("ask for a card when they book"),
        default=True,
        db_default=True,
        help_text=_("A fee is charged to it. Without a card the guest is sent a link to pay the fee."),
    )
    note = models.TextField(_("what diners should know"), blank=True, max_length=1000)
    suggests_times = models.BooleanField(
        _("suggest other times"),
        default=True,
        help_text=_("Beside the time asked for, up to two that leave more room for others, with a bonus of points."),
    )
    suggestion_minutes = models.PositiveSmallIntegerField(_("suggested times lie at most (minutes) away"), default=90)
    suggestion_points = models.PositiveSmallIntegerField(
        _("largest bonus (points)"),
        default=200,
        help_text=_("For the time that helps most; others get less, by how much they help."),
    )

    class Meta:
        verbose_name = _("booking policy")
        verbose_name_plural = _("booking policies")
        constraints = [
            models.CheckConstraint(
                condition=Q(min_party_online__gte=1) & Q(max_party_online__gte=F("min_party_online")),
                name="online_party_sizes_make_a_range",
            ),
            models.CheckConstraint(
                condition=Q(max_party_on_request=0)
                | Q(max_party_on_request__gt=F("max_party_online"), max_party_on_request__lte=LARGEST_GROUP),
                name="groups_on_request_are_larger",
                violation_error_message=_("A group on request is larger than the largest party online, up to 400."),
            ),
            models.CheckConstraint(condition=Q(buffer_minutes__lte=120), name="buffer_is_at_most_two_hours"),
            models.CheckConstraint(
                condition=Q(window_days__range=(1, 730)), name="booking_window_is_at_most_two_years"
            ),
            models.CheckConstraint(
                condition=Q(suggestion_minutes__range=(15, 180)), name="suggested_times_are_within_three_hours"
            ),
            models.CheckConstraint(
                condition=Q(suggestion_points__range=(0, 10_000)), name="suggestion_points_are_believable"
            ),
            models.CheckConstraint(
                condition=Q(deposit_due__in=DepositDue.values), name="deposit_is_due_at_a_known_time"
            ),
            models.CheckConstraint(
                condition=Q(deposit_minutes__range=(5, THREE_DAYS)),
                name="deposit_is_waited_for_five_minutes_to_three_days",
                violation_error_message=_("A table is held for its deposit for at least 5 minutes and at most 3 days."),
            ),
            models.CheckConstraint(
                condition=Q(
                    no_show_fee_kobo_per_guest__lte=MOST_FEE_KOBO,
                    late_cancellation_fee_kobo_per_guest__lte=MOST_FEE_KOBO,
                ),
                name="policy_fees_are_believable",
                violation_error_message=_("A fee is at most ₦1,000,000 a head."),
            ),
        ]

    def __str__(self) -> str:
        return str(_("Booking policy"))


class Area(models.Model):
    """A named part of the floor: terrace, bar, family section."""

    restaurant = models.ForeignKey(Restaurant, models.CASCADE, related_name="areas", verbose_name=_("restaurant"))
    public_id = models.UUIDField(default=uuid.uuid4, editable=False)
    name = models.CharField(_("name"), max_length=60)
    is_outdoor = models.BooleanField(_("outdoors"), default=False)
    position = models.PositiveSmallIntegerField(_("order"), default=0)

    class Meta:
        verbose_name = _("area")
        verbose_name_plural = _("areas")
        ordering = ["position", "pk"]
        constraints = [
            models.UniqueConstraint(fields=["public_id"], name="area_public_id_is_unique"),
            models.UniqueConstraint(fields=["restaurant", "name"], name="area_name_is_unique_in_its_restaurant"),
        ]

    def __str__(self) -> str:
        return self.name


class Table(models.Model):
    """A table with its place on the floor plan: x, y, width and height on a grid of 100 by 100.

    Without x and y nobody has placed it yet; `restaurants.floor_plan` finds it a place.
    """

    restaurant = models.ForeignKey(Restaurant, models.CASCADE, related_name="tables", verbose_name=_("restaurant"))
    area = models.ForeignKey(Area, models.PROTECT, related_name="tables", verbose_name=_("area"))
    public_id = models.UUIDField(default=uuid.uuid4, editable=False)
    name = models.CharField(_("name"), max_length=20)
    min_party = models.PositiveSmallIntegerField(
        _("smallest party"), default=1, help_text=_("Keeps a table for six from a couple.")
    )
    max_party = models.PositiveSmallIntegerField(_("largest party"))
    is_sold_online = models.BooleanField(_("sold online"), default=True)
    is_accessible = models.BooleanField(_("step-free"), default=False)
    is_active = models.BooleanField(_("in use"), default=True)
    shape = models.CharField(_("shape"), max_length=6, choices=TableShape.choices, default=TableShape.SQUARE)
    x = models.FloatField(_("x"), null=True, blank=True)
    y = models.FloatField(_("y"), null=True, blank=True)
    width = models.FloatField(_("width"), default=8)
    height = models.FloatField(_("height"), default=8)
    rotation = models.SmallIntegerField(_("rotation (degrees)"), default=0)

    class Meta:
        verbose_name = _("table")
        verbose_name_plural = _("tables")
        ordering = ["area__position", "name"]
        constraints = [
            models.UniqueConstraint(fields=["public_id"], name="table_public_id_is_unique"),
            models.UniqueConstraint(fields=["restaurant", "name"], name="table_name_is_unique_in_its_restaurant"),
            models.CheckConstraint(
                condition=Q(min_party__gte=1) & Q(max_party__gte=F("min_party")) & Q(max_party__lte=200),
                name="table_party_sizes_make_a_range",
            ),
        ]

    def __str__(self) -> str:
        return self.name


class TableCombination(models.Model):
    """Tables pushed together: taking it takes every member."""

    restaurant = models.ForeignKey(
        Restaurant, models.CASCADE, related_name="combinations", verbose_name=_("restaurant")
    )
    name = models.CharField(_("name"), max_length=60)
    tables = models.ManyToManyField(Table, related_name="combinations", verbose_name=_("tables"))
    min_party = models.PositiveSmallIntegerField(_("smallest party"))
    max_party = models.PositiveSmallIntegerField(_("largest party"))
    is_sold_online = models.BooleanField(_("sold online"), default=True)
    is_active = models.BooleanField(_("in use"), default=True)

    class Meta:
        verbose_name = _("combination of tables")
        verbose_name_plural = _("combinations of tables")
        ordering = ["name"]
        constraints = [
            models.UniqueConstraint(fields=["restaurant", "name"], name="combination_name_is_unique_in_its_restaurant"),
            models.CheckConstraint(
                condition=Q(min_party__gte=1) & Q(max_party__gte=F("min_party")) & Q(max_party__lte=400),
                name="combination_party_sizes_make_a_range",
            ),
        ]

    def __str__(self) -> str:
        return self.name


class SpecialDay(models.Model):
    """A dated override: closed, or with hours and shifts of its own in place of the weekday's."""

    restaurant = models.ForeignKey(
        Restaurant, models.CASCADE, related_name="special_days", verbose_name=_("restaurant")
    )
    date = models.DateField(_("date"))
    name = models.CharField(_("name"), max_length=80)
    is_closed = models.BooleanField(_("closed"), default=True)
    note = models.CharField(_("what diners should know"), max_length=300, blank=True)

    class Meta:
        verbose_name = _("special day")
        verbose_name_plural = _("special days")
        ordering = ["date"]
        constraints = [
            models.UniqueConstraint(fields=["restaurant", "date"], name="one_special_day_per_restaurant_and_date")
        ]

    def __str__(self) -> str:
        return f"{self.date:%d/%m/%Y} {self.name}"


class OpeningHours(models.Model):
    """When the doors are open, by the wall clock. An end not after its beginning lies past midnight."""

    restaurant = models.ForeignKey(
        Restaurant, models.CASCADE, related_name="opening_hours", verbose_name=_("restaurant")
    )
    weekday = models.PositiveSmallIntegerField(
        _("weekday"), choices=Weekday.choices, null=True, blank=True, help_text=_("Leave empty on a special day.")
    )
    special_day = models.ForeignKey(
        SpecialDay, models.CASCADE, related_name="opening_hours", null=True, blank=True, verbose_name=_("special day")
    )
    opens = models.TimeField(_("opens"))
    closes = models.TimeField(_("closes"))

    class Meta:
        verbose_name = _("opening hours")
        verbose_name_plural = _("opening hours")
        ordering = ["weekday", "opens"]
        constraints = [
            models.CheckConstraint(
                condition=Q(weekday__isnull=False, special_day__isnull=True)
                | Q(weekday__isnull=True, special_day__isnull=False),
                name="hours_belong_to_a_weekday_or_a_special_day",
            ),
            models.CheckConstraint(
                condition=Q(weekday__isnull=True) | Q(weekday__lte=6), name="hours_weekday_is_a_day"
            ),
            models.UniqueConstraint(
                fields=["restaurant", "weekday", "opens"], name="one_opening_per_weekday_and_time", nulls_distinct=True
            ),
        ]

    def __str__(self) -> str:
        return f"{self.opens:%H:%M}–{self.closes:%H:%M}"


class Shift(models.Model):
    """A named stretch of a service day with its own rules: lunch, dinner, iftar.

    First and last seating are wall-clock times; a last seating not after the first lies past midnight.
    """

    restaurant = models.ForeignKey(Restaurant, models.CASCADE, related_name="shifts", verbose_name=_("restaurant"))
    special_day = models.ForeignKey(
        SpecialDay,
        models.CASCADE,
        related_name="shifts",
        null=True,
        blank=True,
        verbose_name=_("special day"),
        help_text=_("On this special day only, in place of the weekday's shifts."),
    )
    name = models.CharField(_("name"), max_length=40)
    weekdays = ArrayField(
        models.PositiveSmallIntegerField(choices=Weekday.choices), default=list, blank=True, verbose_name=_("weekdays")
    )
    valid_from = models.DateField(_("from date"), null=True, blank=True)
    valid_to = models.DateField(_("to date"), null=True, blank=True)
    first_seating = models.TimeField(_("first seating"))
    last_seating = models.TimeField(_("last seating"))
    hard_close = models.TimeField(
        _("hard close"), null=True, blank=True, help_text=_("No party may stay beyond it; usually empty.")
    )
    slot_minutes = models.PositiveSmallIntegerField(_("minutes between slots"), default=15)
    max_covers_per_slot = models.PositiveSmallIntegerField(
        _("most covers starting in a slot"), null=True, blank=True, help_text=_("Protects kitchen and door.")
    )
    max_parties_per_slot = models.PositiveSmallIntegerField(_("most parties starting in a slot"), null=True, blank=True)
    cutoff_minutes = models.PositiveIntegerField(
        _("online cut-off (minutes before the first seating)"), null=True, blank=True
    )
    large_tables_released_hours = models.PositiveSmallIntegerField(
        _("large tables are kept until (hours before)"),
        null=True,
        blank=True,
        help_text=_(
            "Until so many hours before the first seating, tables for six and more go to parties that need them. "
            "Empty: to anybody they fit."
        ),
    )
    is_online = models.BooleanField(_("bookable online"), default=True)
    is_active = models.BooleanField(_("in use"), default=True)

    class Meta:
        verbose_name = _("shift")
        verbose_name_plural = _("shifts")
        ordering = ["first_seating", "pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(slot_minutes__in=(5, 10, 15, 20, 30, 60)), name="slot_minutes_divide_the_hour"
            ),
        ]

    def __str__(self) -> str:
        return self.name


class SpecialTerms(models.Model):
    """Other terms than the policy's for some parties, days or hours: a minimum spend on Fridays, a deposit on Eid.

    Of those that fit a booking the first replaces the policy's deposit: a special day's own before the others, then by
    position. Times are the wall clock of the start, the first included and the last not; before six in the morning
    they lie past midnight, on the same service day. An area's terms hold for whoever asks for that area.
    """

    restaurant = models.ForeignKey(
        Restaurant, models.CASCADE, related_name="special_terms", verbose_name=_("restaurant")
    )
    name = models.CharField(_("name"), max_length=60, help_text=_("As you speak of it: Friday nights, Large tables."))
    position = models.PositiveSmallIntegerField(
        _("order"), default=0, help_text=_("Where several fit, the lowest number holds.")
    )
    from_party = models.PositiveSmallIntegerField(_("from a party of"), default=1)
    to_party = models.PositiveSmallIntegerField(_("up to a party of"), null=True, blank=True)
    weekdays = ArrayField(
        models.PositiveSmallIntegerField(choices=Weekday.choices), default=list, blank=True, verbose_name=_("weekdays")
    )
    starts_from = models.TimeField(_("starting from"), null=True, blank=True)
    starts_before = models.TimeField(_("starting before"), null=True, blank=True)
    special_day = models.ForeignKey(
        SpecialDay,
        models.CASCADE,
        related_name="special_terms",
        null=True,
        blank=True,
        verbose_name=_("special day"),
        help_text=_("On this day only."),
    )
    area = models.ForeignKey(
        Area,
        # Without its area the row would hold for the whole house.
        models.CASCADE,
        related_name="special_terms",
        null=True,
        blank=True,
        verbose_name=_("area"),
        help_text=_("For guests who ask for this area."),
    )
    deposit_kobo_per_guest = models.PositiveBigIntegerField(_("deposit a head (kobo)"), default=0)
    deposit_kobo_per_party = models.PositiveBigIntegerField(_("deposit a party (kobo)"), default=0)
    minimum_spend_kobo_per_guest = models.PositiveBigIntegerField(_("minimum spend a head (kobo)"), default=0)
    minimum_spend_kobo_per_party = models.PositiveBigIntegerField(_("minimum spend a table (kobo)"), default=0)
    no_show_fee_kobo_per_guest = models.PositiveBigIntegerField(
        _("fee if nobody comes, a head (kobo)"), default=0, db_default=0
    )
    late_cancellation_fee_kobo_per_guest = models.PositiveBigIntegerField(
        _("fee for cancelling late, a head (kobo)"), default=0, db_default=0
    )
    free_cancellation_hours = models.PositiveSmallIntegerField(
        _("free cancellation (hours before)"), null=True, blank=True, help_text=_("Empty: as in the policy.")
    )
    note = models.CharField(_("what diners should know"), max_length=300, blank=True)

    class Meta:
        verbose_name = _("special terms")
        verbose_name_plural = _("special terms")
        ordering = ["position", "pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(from_party__range=(1, LARGEST_GROUP))
                & (Q(to_party__isnull=True) | Q(to_party__gte=F("from_party"), to_party__lte=LARGEST_GROUP)),
                name="special_terms_party_sizes_make_a_range",
                violation_error_message=_("The largest party is at least the smallest."),
            ),
            models.CheckConstraint(
                condition=Q(weekdays__contained_by=list(range(7))), name="special_terms_weekdays_are_days"
            ),
            models.CheckConstraint(
                condition=Q(starts_from__isnull=True)
                | Q(starts_before__isnull=True)
                | ~Q(starts_from=F("starts_before")),
                name="special_terms_times_differ",
                violation_error_message=_("The two times are the same: nothing starts between them."),
            ),
            models.CheckConstraint(
                condition=Q(
                    deposit_kobo_per_guest__lte=MOST_KOBO,
                    deposit_kobo_per_party__lte=MOST_KOBO,
                    minimum_spend_kobo_per_guest__lte=MOST_KOBO,
                    minimum_spend_kobo_per_party__lte=MOST_KOBO,
                ),
                name="special_terms_amounts_are_believable",
            ),
            models.CheckConstraint(
                condition=Q(
                    no_show_fee_kobo_per_guest__lte=MOST_FEE_KOBO,
                    late_cancellation_fee_kobo_per_guest__lte=MOST_FEE_KOBO,
                ),
                name="special_terms_fees_are_believable",
                violation_error_message=_("A fee is at most ₦1,000,000 a head."),
            ),
        ]

    def __str__(self) -> str:
        return self.name


class ChargeLine(models.Model):
    """A tax or charge on a house's bills, from one day to another, both included, by the house's clock.

    From the day after its first it stays as it is, but for its last day: what comes instead is a line of its own.
    """

    restaurant = models.ForeignKey(
        Restaurant, models.CASCADE, related_name="charge_lines", verbose_name=_("restaurant")
    )
    what = models.CharField(_("what it is"), max_length=20, choices=ChargeWhat.choices)
    own_name = models.CharField(
        _("its name"), max_length=60, blank=True, help_text=_("For another tax or charge: as it stands on the bill.")
    )
    rate_bp = models.PositiveIntegerField(
        _("rate (hundredths of a per cent)"), validators=[MinValueValidator(1), MaxValueValidator(5_000)]
    )
    base = models.CharField(_("reckoned on"), max_length=20, choices=ChargeBase.choices, default=ChargeBase.NET)
    is_included = models.BooleanField(
        _("prices include it"), default=False, help_text=_("The prices on your menu contain it already.")
    )
    for_meals = models.BooleanField(_("on meals and orders"), default=True)
    for_tickets = models.BooleanField(
        _("on tickets"), default=True, help_text=_("The price of a ticket contains all of its lines.")
    )
    position = models.PositiveSmallIntegerField(_("order"), default=0)
    from_day = models.DateField(_("first day"), default=timezone.localdate)
    until_day = models.DateField(
        _("last day"), null=True, blank=True, help_text=_("Empty: until you say otherwise. A new rate is a new line.")
    )

    class Meta:
        verbose_name = _("tax or charge")
        verbose_name_plural = _("taxes and charges")
        ordering = ["position", "from_day", "pk"]
        constraints = [
            models.CheckConstraint(condition=Q(what__in=ChargeWhat.values), name="charge_line_is_known"),
            models.CheckConstraint(condition=Q(base__in=ChargeBase.values), name="charge_line_base_is_known"),
            models.CheckConstraint(condition=Q(rate_bp__range=(1, 5_000)), name="charge_line_rate_is_up_to_half"),
            models.CheckConstraint(
                condition=Q(until_day__isnull=True) | Q(until_day__gte=F("from_day")),
                name="charge_line_ends_after_it_begins",
                violation_error_message=_("The last day lies before the first."),
            ),
            models.CheckConstraint(
                condition=Q(for_meals=True) | Q(for_tickets=True),
                name="charge_line_is_for_something",
                violation_error_message=_("Say whether it is on meals or on tickets."),
            ),
            models.CheckConstraint(
                condition=Q(what__in=[what.value for what in NAMED_BY_THE_HOUSE]) ^ Q(own_name=""),
                name="charge_line_has_one_name",
                violation_error_message=_("Another tax or charge has a name of its own; the others do not."),
            ),
            *(
                ExclusionConstraint(
                    name=f"one_charge_line_of_a_kind_on_{on}",
                    expressions=[
                        (Func(F("restaurant"), F("restaurant"), Value("[]"), function="int8range"), "&&"),
                        # The same name as a number in a range of one, for ranges need no extension.
                        (
                            Func(
                                Func(F("what"), function="hashtext"),
                                Func(F("what"), function="hashtext"),
                                Value("[]"),
                                function="int8range",
                            ),
                            "&&",
                        ),
                        (
                            Func(
                                Func(F("own_name"), function="hashtext"),
                                Func(F("own_name"), function="hashtext"),
                                Value("[]"),
                                function="int8range",
                            ),
                            "&&",
                        ),
                        (Func(F("from_day"), F("until_day"), Value("[]"), function="daterange"), "&&"),
                    ],
                    condition=Q(**{f"for_{on}": True}),
                    violation_error_message=_("There is such a line already on some of these days."),
                )
                for on in ("meals", "tickets")
            ),
        ]

    def __str__(self) -> str:
        return f"{self.name} {self.rate_bp / 100:g} %"

    @property
    def name(self) -> str:
        """Its name on a bill, in the active language."""
        return self.own_name or str(ChargeWhat(self.what).label)

    @property
    def is_tax(self) -> bool:
        return self.what in TAXES

    def clean(self) -> None:
        """:raises ValidationError: when it has begun, and more than its last day would change"""
        super().clean()
        if self.pk is None:
            return
        before = ChargeLine.objects.get(pk=self.pk)
        today = timezone.localdate()
        kept = [name for name in CHARGE_LINE_KEPT if getattr(before, name) != getattr(self, name)]
        if before.has_begun and kept:
            raise ValidationError(dict.fromkeys(kept, _("It has begun: end it, and make a new line.")))
        if before.has_begun and self.until_day != before.until_day and self.until_day and self.until_day < today:
            raise ValidationError({"until_day": _("Bills of that day are written: today is the first day to end it.")})

    @property
    def has_begun(self) -> bool:
        """Whether its first day is over, and bills were written by it."""
        return self.from_day < timezone.localdate()


# What stays as it is once a line has begun.
CHARGE_LINE_KEPT = (
    "restaurant", "what", "own_name", "rate_bp", "base", "is_included", "for_meals", "for_tickets", "position",
    "from_day",
)  # fmt: skip


class TurnTime(models.Model):
    """How long a party of at most this size is expected to keep its table, in this shift."""

    shift = models.ForeignKey(Shift, models.CASCADE, related_name="turn_times", verbose_name=_("shift"))
    up_to_party = models.PositiveSmallIntegerField(_("up to a party of"))
    minutes = models.PositiveSmallIntegerField(_("minutes"))

    class Meta:
        verbose_name = _("turn time")
        verbose_name_plural = _("turn times")
        ordering = ["up_to_party"]
        constraints = [
            models.UniqueConstraint(fields=["shift", "up_to_party"], name="one_turn_time_per_shift_and_size"),
            models.CheckConstraint(condition=Q(minutes__range=(15, 720)), name="turn_time_is_between_15_min_and_12_h"),
        ]

    def __str__(self) -> str:
        return f"≤{self.up_to_party}: {self.minutes}′"


class Menu(models.Model):
    """A card of dishes in sections."""

    restaurant = models.ForeignKey(Restaurant, models.CASCADE, related_name="menus", verbose_name=_("restaurant"))
    name = models.CharField(_("name"), max_length=80)
    is_active = models.BooleanField(_("shown"), default=True)
    position = models.PositiveSmallIntegerField(_("order"), default=0)

    class Meta:
        verbose_name = _("menu")
        verbose_name_plural = _("menus")
        ordering = ["position", "pk"]
        constraints = [
            models.UniqueConstraint(fields=["restaurant", "name"], name="menu_name_is_unique_in_its_restaurant")
        ]

    def __str__(self) -> str:
        return self.name


class MenuSection(models.Model):
    menu = models.ForeignKey(Menu, models.CASCADE, related_name="sections", verbose_name=_("menu"))
    name = models.CharField(_("name"), max_length=80)
    position = models.PositiveSmallIntegerField(_("order"), default=0)

    class Meta:
        verbose_name = _("section of a menu")
        verbose_name_plural = _("sections of menus")
        ordering = ["position", "pk"]

    def __str__(self) -> str:
        return self.name


class Dish(models.Model):
    """A dish on a menu. Its prices are dated rows, so that an accepted order keeps the price it was sold at."""

    section = models.ForeignKey(MenuSection, models.CASCADE, related_name="dishes", verbose_name=_("section"))
    public_id = models.UUIDField(default=uuid.uuid4, editable=False)
    slug = models.SlugField(_("short name"), max_length=80, help_text=_("Chooses the artwork."))
    name = models.CharField(_("name"), max_length=120)
    other_names = models.JSONField(
        _("names in other languages"), default=dict, blank=True, help_text=_('As {"yo": "ẹ̀gúsí"}.')
    )
    description = models.TextField(_("description"), blank=True, max_length=600)
    course = models.CharField(_("course"), max_length=20, blank=True)
    allergens = ArrayField(
        models.CharField(max_length=12, choices=Allergen.choices), default=list, blank=True, verbose_name=_("contains")
    )
    removable_allergens = ArrayField(
        models.CharField(max_length=12, choices=Allergen.choices),
        default=list,
        blank=True,
        verbose_name=_("usual, but can be left out"),
    )
    heat = models.PositiveSmallIntegerField(_("heat"), choices=Heat.choices, default=Heat.NONE)
    is_vegetarian = models.BooleanField(_("vegetarian"), default=False)
    is_vegan = models.BooleanField(_("vegan"), default=False)
    is_finished = models.BooleanField(_("finished for now"), default=False)
    position = models.PositiveSmallIntegerField(_("order"), default=0)

    class Meta:
        verbose_name = _("dish")
        verbose_name_plural = _("dishes")
        ordering = ["position", "pk"]
        constraints = [models.UniqueConstraint(fields=["public_id"], name="dish_public_id_is_unique")]

    def __str__(self) -> str:
        return self.name


@keeps_history("DishPriceHistory", verbose_name=_("history of prices"))
class DishPrice(models.Model):
    """What a dish costs from a day on, in kobo; the latest that has begun holds."""

    dish = models.ForeignKey(Dish, models.CASCADE, related_name="prices", verbose_name=_("dish"))
    kobo = models.PositiveBigIntegerField(_("price (kobo)"))
    valid_from = models.DateField(_("from"))

    class Meta:
        verbose_name = _("price")
        verbose_name_plural = _("prices")
        ordering = ["-valid_from"]
        constraints = [
            models.UniqueConstraint(fields=["dish", "valid_from"], name="one_price_per_dish_and_day"),
            models.CheckConstraint(condition=Q(kobo__lte=10**12), name="price_is_believable"),
        ]

    def __str__(self) -> str:
        return f"₦{self.kobo / 100:,.2f}"


class Photo(models.Model):
    """A picture of a house, re-encoded on upload and kept in three widths."""

    restaurant = models.ForeignKey(Restaurant, models.CASCADE, related_name="photos", verbose_name=_("restaurant"))
    image = models.ImageField(_("picture"), upload_to="photos/", width_field="width", height_field="height")
    width = models.PositiveIntegerField(editable=False, default=0)
    height = models.PositiveIntegerField(editable=False, default=0)
    alt = models.CharField(_("what it shows"), max_length=200, help_text=_("For people who cannot see it."))
    position = models.PositiveSmallIntegerField(_("order"), default=0)
    created_at = models.DateTimeField(_("since"), auto_now_add=True)

    class Meta:
        verbose_name = _("photo")
        verbose_name_plural = _("photos")
        ordering = ["position", "pk"]

    def __str__(self) -> str:
        return self.alt


class ListingClaim(BlindIndexed):
    """Somebody says that a listing is theirs; an approval makes it a bookable restaurant with them as owner."""

    restaurant = models.ForeignKey(Restaurant, models.CASCADE, related_name="claims", verbose_name=_("listing"))
    claimant = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+", verbose_name=_("claimant"))
    job = models.CharField(_("role in the house"), max_length=80)
    phone = EncryptedTextField(_("phone"), max_length=16, aad="restaurants.listingclaim.phone")
    phone_index = BlindIndexField(of="phone", kind="phone")
    # Registration numbers, names and addresses of whoever can vouch for them.
    proof = EncryptedTextField(_("how we can check it"), max_length=1000, aad="restaurants.listingclaim.proof")
    opens = models.TimeField(_("usual opening time"))
    closes = models.TimeField(_("usual closing time"))
    tables_for_two = models.PositiveSmallIntegerField(_("tables for two"), default=0)
    tables_for_four = models.PositiveSmallIntegerField(_("tables for four"), default=0)
    tables_for_six = models.PositiveSmallIntegerField(_("tables for six"), default=0)
    status = models.CharField(_("status"), max_length=10, choices=ClaimStatus.choices, default=ClaimStatus.PENDING)
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+", verbose_name=_("decided by")
    )
    decided_at = models.DateTimeField(_("decided"), null=True, blank=True)
    reason = models.CharField(_("reason"), max_length=300, blank=True)
    created_at = models.DateTimeField(_("since"), auto_now_add=True)

    objects = BlindIndexQuerySet["ListingClaim"].as_manager()

    class Meta:
        verbose_name = _("claim")
        verbose_name_plural = _("claims")
        ordering = ["-created_at"]
        constraints = [
            models.UniqueConstraint(
                fields=["restaurant", "claimant"], condition=Q(status="pending"), name="one_open_claim_per_person"
            ),
            models.CheckConstraint(
                condition=Q(tables_for_two__lte=200, tables_for_four__lte=200, tables_for_six__lte=200),
                name="claimed_tables_are_believable",
            ),
        ]
        indexes = [models.Index(fields=["phone_index"], name="claims_by_phone")]

    def __str__(self) -> str:
        return f"{self.restaurant} · {self.claimant}"
