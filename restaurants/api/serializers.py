"""The words of the API about restaurants: what the schema says, and a contract test holds the answers to."""

from typing import Any

from rest_framework import serializers

from core.api.fields import StrictSerializer
from restaurants.states import (
    PUBLIC_STATUSES,
    Allergen,
    ChargeBase,
    ChargeWhat,
    Heat,
    PriceBand,
    RestaurantStatus,
)

Words = StrictSerializer
SHOWN = [choice for choice in RestaurantStatus.choices if choice[0] in PUBLIC_STATUSES]


class MoneySerializer(Words):
    amount = serializers.CharField(help_text="In naira with two decimals, as text: `4500.00`.")
    currency = serializers.CharField(help_text="ISO 4217: `NGN`.")


class WordSerializer(Words):
    slug = serializers.CharField(help_text="Stable; what filters take.")
    name = serializers.CharField(help_text="In the asker's language where we have it.")


class CitySerializer(Words):
    slug = serializers.CharField()
    name = serializers.CharField()
    state = serializers.CharField()


class PositionSerializer(Words):
    latitude = serializers.FloatField()
    longitude = serializers.FloatField()


class RatingSerializer(Words):
    mean = serializers.FloatField(help_text="Of the overall scores, 1 to 5, to a tenth.")
    count = serializers.IntegerField(help_text="How many reviews are published.")


class ShortRestaurantSerializer(Words):
    """A restaurant as a list shows it."""

    id = serializers.UUIDField()
    slug = serializers.CharField()
    name = serializers.CharField()
    url = serializers.URLField(help_text="Its page, in the asker's language.")
    status = serializers.ChoiceField(
        SHOWN,
        help_text="`live` takes bookings, `paused` does not just now, `listed` is not run by its owner on Buka.",
    )
    bookable = serializers.BooleanField()
    city = CitySerializer()
    neighbourhood = serializers.CharField()
    cuisines = WordSerializer(many=True)
    price_band = serializers.ChoiceField(
        PriceBand.choices, allow_null=True, help_text="Usual spend a head, from 1 (modest) to 4; null if unknown."
    )
    position = PositionSerializer()
    image = serializers.URLField(help_text="A photo, or the house's own pattern where there is none.")
    rating = RatingSerializer(allow_null=True, help_text="Null while nobody has written a review.")
    attribution = serializers.CharField(allow_null=True, help_text="Whom to name when a listing is shown.")


class AddressSerializer(Words):
    street = serializers.CharField()
    neighbourhood = serializers.CharField()
    city = serializers.CharField()
    state = serializers.CharField()
    country = serializers.CharField(help_text="ISO 3166: `NG`.")


class AreaSerializer(Words):
    id = serializers.UUIDField()
    name = serializers.CharField()
    outdoor = serializers.BooleanField()


class StretchSerializer(Words):
    opens = serializers.CharField(help_text="By the wall clock, `12:00`.")
    closes = serializers.CharField(help_text="By the wall clock, `23:00`.")
    closes_next_day = serializers.BooleanField(help_text="It closes after midnight.")


class HoursSerializer(StretchSerializer):
    weekday = serializers.ChoiceField(["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"])


class SpecialDaySerializer(Words):
    date = serializers.DateField()
    name = serializers.CharField()
    closed = serializers.BooleanField()
    note = serializers.CharField()
    hours = StretchSerializer(many=True, help_text="Empty and not closed: the weekday's hours hold.")


class DepositTermsSerializer(Words):
    per_guest = MoneySerializer()
    from_party = serializers.IntegerField(help_text="Asked of parties of this size and larger.")


class FeeTermsSerializer(Words):
    no_show_per_guest = MoneySerializer()
    late_cancellation_per_guest = MoneySerializer()
    from_party = serializers.IntegerField(help_text="Asked of parties of this size and larger.")


class PolicySerializer(Words):
    min_party = serializers.IntegerField()
    max_party = serializers.IntegerField(help_text="Larger parties ask first, or are asked to call.")
    max_party_on_request = serializers.IntegerField(
        allow_null=True, help_text="Larger parties up to this size may ask; the house decides. null: they have to call."
    )
    window_days = serializers.IntegerField(help_text="How far ahead it can be booked.")
    min_notice_minutes = serializers.IntegerField()
    grace_minutes = serializers.IntegerField(help_text="How long a late party keeps its table.")
    free_cancellation_hours = serializers.IntegerField(help_text="Before the time; later it counts as late.")
    needs_approval = serializers.BooleanField(help_text="Bookings are requests until the house confirms them.")
    deposit = DepositTermsSerializer(allow_null=True)
    fees = FeeTermsSerializer(allow_null=True, help_text="Charged if nobody comes, or of a late cancellation.")
    note = serializers.CharField()


class PhotoSerializer(Words):
    url = serializers.URLField()
    alt = serializers.CharField()
    width = serializers.IntegerField()
    height = serializers.IntegerField()


class PageSerializer(Words):
    tag = serializers.CharField(help_text="BCP 47.")
    url = serializers.URLField()


class RestaurantLinksSerializer(Words):
    self = serializers.URLField()
    menu = serializers.URLField()
    availability = serializers.URLField()
    reviews = serializers.URLField()


class ChargeLineSerializer(Words):
    kind = serializers.ChoiceField(ChargeWhat.choices)
    name = serializers.CharField(help_text="As a bill calls it, in the asker's language.")
    tax = serializers.BooleanField(help_text="Whether it goes to the state; a charge stays with the house.")
    rate = serializers.CharField(help_text='Per cent, as `"7.50"`.')
    on = serializers.ChoiceField(ChargeBase.choices, help_text="What it is reckoned on.")
    included = serializers.BooleanField(help_text="Whether the prices of the menu contain it.")
    meals = serializers.BooleanField()
    tickets = serializers.BooleanField(help_text="The price of a ticket always contains it.")
    until = serializers.DateField(allow_null=True, help_text="Its last day; null while no other is known.")

    def get_fields(self) -> dict[str, Any]:
        # A word of Python's own.
        return {**super().get_fields(), "from": serializers.DateField(help_text="Its first day.")}


class RestaurantSerializer(ShortRestaurantSerializer):
    """All of a restaurant but its menu and its free times."""

    description = serializers.CharField()
    address = AddressSerializer()
    landmark = serializers.CharField(help_text="How one finds it.")
    time_zone = serializers.CharField(help_text="IANA name; hours are by its clock.")
    phone = serializers.CharField(allow_null=True, help_text="E.164.")
    email = serializers.CharField(allow_null=True)
    website = serializers.CharField(allow_null=True)
    amenities = WordSerializer(many=True)
    areas = AreaSerializer(many=True)
    hours = HoursSerializer(many=True)
    special_days = SpecialDaySerializer(many=True, help_text="Of the next 90 days.")
    policy = PolicySerializer(allow_null=True, help_text="Null where no bookings are taken on Buka.")
    charges = ChargeLineSerializer(many=True, help_text="Taxes and charges on today's bills, in their order.")
    house_rules = serializers.CharField()
    photos = PhotoSerializer(many=True)
    languages = PageSerializer(many=True, help_text="Its page in each language.")
    links = RestaurantLinksSerializer()
    updated_at = serializers.DateTimeField()


class DishSerializer(Words):
    id = serializers.UUIDField()
    name = serializers.CharField()
    other_names = serializers.DictField(child=serializers.CharField(), help_text='As `{"yo": "ẹ̀gúsí"}`.')
    description = serializers.CharField()
    course = serializers.CharField(allow_null=True)
    price = MoneySerializer(allow_null=True, help_text="Today's.")
    allergens = serializers.ListField(child=serializers.ChoiceField(Allergen.choices))
    removable_allergens = serializers.ListField(
        child=serializers.ChoiceField(Allergen.choices), help_text="Usual, but can be left out."
    )
    heat = serializers.ChoiceField(Heat.choices, help_text="0 (no pepper) to 3 (very hot).")
    vegetarian = serializers.BooleanField()
    vegan = serializers.BooleanField()
    available = serializers.BooleanField(help_text="False when it is finished for now.")
    image = serializers.URLField()


class SectionSerializer(Words):
    name = serializers.CharField()
    dishes = DishSerializer(many=True)


class CardSerializer(Words):
    name = serializers.CharField()
    sections = SectionSerializer(many=True)


class MenuSerializer(Words):
    restaurant = serializers.UUIDField()
    currency = serializers.CharField()
    menus = CardSerializer(many=True)
