"""The words of the API about free times and bookings: what it takes in, and what the schema says it answers."""

from typing import Any

from django.utils.translation import gettext_lazy as _
from rest_framework import serializers

from bookings.availability import Reason
from bookings.offers import LONGEST
from bookings.services import MOST_MINUTES
from bookings.states import AdvanceState, Channel, Occasion, Status
from core.api.fields import AmountField, InstantField, LineField, NameField, PhoneField, StrictSerializer, TextField
from restaurants.api.serializers import MoneySerializer, ShortRestaurantSerializer
from restaurants.states import DepositDue

# In kobo: a thousand million naira, as at the desk.
MOST_OF_A_DEPOSIT = 1_000_000_000 * 100

Words = StrictSerializer
LARGEST_PARTY = 400
STAFF_CHANNELS = [(choice.value, choice.label) for choice in (Channel.ADMIN, Channel.PHONE, Channel.WHATSAPP)]
OCCASIONS = [(choice.value, choice.label) for choice in Occasion if choice != Occasion.NONE]
REASONS = [(reason.value, reason.value) for reason in Reason]
# Tables that were held for a form only are nobody's booking; those that wait for a deposit, or did, are listed.
ASKABLE = Status.choices


# --- Free times --------------------------------------------------------------------------------------------------


class NamedAreaSerializer(Words):
    id = serializers.UUIDField()
    name = serializers.CharField()


class FreeSlotSerializer(Words):
    """A time that is free."""

    starts_at = serializers.DateTimeField(help_text="With the restaurant's offset from UTC; book it with this value.")
    ends_at = serializers.DateTimeField(help_text="Until when the table is kept.")
    shift = serializers.CharField(help_text="As the house calls it: Lunch, Dinner.")
    areas = NamedAreaSerializer(many=True, help_text="Where there is room.")


class SlotSerializer(FreeSlotSerializer):
    """A time of a service day, free or not."""

    available = serializers.BooleanField()
    reason = serializers.ChoiceField(REASONS, allow_null=True, help_text="Why it is not available.")
    deposit = MoneySerializer(allow_null=True, help_text="For the whole party.")
    minimum_spend = MoneySerializer(allow_null=True, help_text="The least bill of the whole party.")


class SpecialDayNoteSerializer(Words):
    name = serializers.CharField()
    note = serializers.CharField()


class SuggestedSlotSerializer(FreeSlotSerializer):
    points = serializers.IntegerField(help_text="The bonus promised to whoever books it with the token.")


class SuggestionsSerializer(Words):
    """Times that leave more room for others than the one asked for."""

    asked_at = serializers.DateTimeField()
    available = serializers.BooleanField(help_text="Whether the time asked for can be had.")
    times = SuggestedSlotSerializer(many=True, help_text="At most two, the one that helps most first.")
    token = serializers.CharField(help_text="Send it as `suggestion` with the booking or hold, within a day.")


class AvailabilitySerializer(Words):
    """The times of one service day; one after midnight belongs to the day the night began."""

    restaurant = serializers.UUIDField()
    date = serializers.DateField()
    party_size = serializers.IntegerField()
    area = serializers.UUIDField(allow_null=True, help_text="The area that was asked for.")
    step_free = serializers.BooleanField(help_text="Whether only tables without steps were looked at.")
    time_zone = serializers.CharField()
    bookable = serializers.BooleanField(help_text="False where no bookings are taken on Buka.")
    closed = serializers.BooleanField(help_text="No meal is served for bookings that day.")
    special_day = SpecialDayNoteSerializer(allow_null=True)
    deposit = MoneySerializer(
        allow_null=True, help_text="For the whole party, the most that any of the times asks for; each says its own."
    )
    deposit_due = serializers.ChoiceField(
        DepositDue.choices, help_text="`before`: a table is held until the deposit has come."
    )
    needs_approval = serializers.BooleanField()
    reason = serializers.ChoiceField(REASONS, allow_null=True, help_text="Why this party can have no time at all.")
    note = serializers.CharField(help_text="A sentence for people, or nothing.")
    slots = SlotSerializer(many=True)
    suggestions = SuggestionsSerializer(
        allow_null=True, help_text="With `starts_at`: what the house suggests beside that time."
    )


class DaySummarySerializer(Words):
    date = serializers.DateField()
    closed = serializers.BooleanField()
    special_day = SpecialDayNoteSerializer(allow_null=True)
    slots = serializers.IntegerField(help_text="Times of the day.")
    available = serializers.IntegerField(help_text="Of these, free for this party.")
    first_at = serializers.DateTimeField(allow_null=True)
    last_at = serializers.DateTimeField(allow_null=True)


class CalendarSerializer(Words):
    """How much is free on each of some days."""

    restaurant = serializers.UUIDField()
    to = serializers.DateField()
    party_size = serializers.IntegerField()
    area = serializers.UUIDField(allow_null=True)
    step_free = serializers.BooleanField()
    time_zone = serializers.CharField()
    bookable = serializers.BooleanField()
    reason = serializers.ChoiceField(REASONS, allow_null=True)
    note = serializers.CharField()
    days = DaySummarySerializer(many=True)

    def get_fields(self) -> dict[str, Any]:
        # `from` is a word of Python's.
        return {"from": serializers.DateField(), **super().get_fields()}


# --- The list ----------------------------------------------------------------------------------------------------


class FoundRestaurantSerializer(ShortRestaurantSerializer):
    """A restaurant in a list."""

    distance_km = serializers.FloatField(required=False, help_text="From `near`, where that was given.")
    free_slots = FreeSlotSerializer(
        many=True, required=False, help_text="The nearest times to the wanted one, where one was asked for."
    )


class FacetSerializer(Words):
    value = serializers.CharField(help_text="What the filter takes.")
    name = serializers.CharField()
    count = serializers.IntegerField()


class FacetsSerializer(Words):
    city = FacetSerializer(many=True)
    cuisine = FacetSerializer(many=True)
    price_band = FacetSerializer(many=True)


class RestaurantPageSerializer(Words):
    """A page of what was found, bookable houses first, then by name; the nearest first with `near`."""

    results = FoundRestaurantSerializer(many=True)
    next = serializers.URLField(allow_null=True)
    previous = serializers.URLField(allow_null=True)
    facets = FacetsSerializer(required=False, help_text="With `facets=true`: counts over all that was found.")


# --- Bookings, in ------------------------------------------------------------------------------------------------


def party_field(**more: Any) -> serializers.IntegerField:
    messages: dict[str, Any] = {
        "invalid": _("Write the number of guests as a whole number."),
        "min_value": _("A party has at least one guest."),
        "max_value": _("No restaurant here seats more than {max_value} guests at once."),
    }
    return serializers.IntegerField(min_value=1, max_value=LARGEST_PARTY, error_messages=messages, **more)


class GuestAskSerializer(Words):
    """Who comes, and how the house reaches them: a phone number or an e-mail address is needed."""

    name = NameField(max_length=100, required=False)
    phone = PhoneField(
        max_length=40,
        required=False,
        allow_blank=True,
        allow_null=True,
        help_text="`0803 123 4567`, or with + and a country code; null for none, as answers say it.",
    )
    email = serializers.EmailField(
        max_length=254, required=False, allow_blank=True, allow_null=True, help_text="Null for none, as answers say it."
    )

    def to_internal_value(self, data: Any) -> Any:
        return {name: "" if value is None else value for name, value in super().to_internal_value(data).items()}


class WishSerializer(Words):
    restaurant = serializers.UUIDField()
    starts_at = InstantField(help_text="ISO 8601 with the offset from UTC, as free times carry it.")
    party_size = party_field()
    area = serializers.UUIDField(required=False, allow_null=True, help_text="An area's id; otherwise anywhere.")
    step_free = serializers.BooleanField(required=False, default=False, help_text="Only at tables without steps.")
    suggestion = LineField(
        max_length=LONGEST,
        required=False,
        allow_blank=True,
        help_text="The `token` of the suggestions that were shown, whichever time is taken; it carries the bonus.",
    )


class WishesSerializer(Words):
    notes = TextField(
        max_length=500, required=False, allow_blank=True, help_text="For the house: allergies, a wheelchair, a cake."
    )
    occasion = serializers.ChoiceField(OCCASIONS, required=False, allow_blank=True, allow_null=True)


class TableNamesField(serializers.ListField):
    child = LineField(max_length=20)

    def __init__(self, **more: Any) -> None:
        super().__init__(min_length=1, max_length=40, **more)


class AllergiesSerializer(Words):
    allergies = TextField(
        max_length=300,
        required=False,
        allow_blank=True,
        help_text="What the house may keep for later visits, too. Only together with `allergies_consent`.",
    )
    allergies_consent = serializers.BooleanField(
        required=False,
        default=False,
        help_text="The guest has read and agreed to the words of the consent `sensitive` (GET /api/account/consents).",
    )


class BookingAskSerializer(WishSerializer, WishesSerializer, AllergiesSerializer):
    """A wish for a table."""

    guest = GuestAskSerializer(required=False, help_text="What a signed-in diner leaves out is taken from the account.")
    channel = serializers.ChoiceField(
        STAFF_CHANNELS, required=False, help_text="Staff only: books for a guest, without the limits of online booking."
    )
    tables = TableNamesField(required=False, help_text="Staff only, with `channel`: these tables, by name.")
    pass_pacing = serializers.BooleanField(
        required=False, default=False, help_text="Staff only, with `channel`: even if many arrive at that time."
    )
    ask_deposit = serializers.BooleanField(
        required=False,
        default=False,
        help_text="Staff only, with `channel`: hold the table until the deposit of the terms has come.",
    )


class BookingChangeSerializer(WishesSerializer):
    """What is to be another; what is left out stays."""

    starts_at = InstantField(required=False)
    party_size = party_field(required=False)
    area = serializers.UUIDField(required=False, allow_null=True, help_text="Null: anywhere.")
    step_free = serializers.BooleanField(required=False, help_text="Only at tables without steps, or at any.")
    guest = GuestAskSerializer(required=False)
    tables = TableNamesField(required=False, help_text="Staff only: put the party at these tables, by name.")
    pass_pacing = serializers.BooleanField(required=False, default=False, help_text="Staff only.")


class NothingAskSerializer(Words):
    """A body that says nothing, for what needs none."""


class LateAskSerializer(Words):
    minutes = serializers.IntegerField(min_value=0, max_value=MOST_MINUTES, help_text="0: on time after all.")


class CancelAskSerializer(Words):
    reason = LineField(max_length=300, required=False, allow_blank=True, help_text="Staff must give the guest one.")


class DeclineAskSerializer(Words):
    reason = LineField(max_length=300, help_text="For the guest.")


class SeatAskSerializer(Words):
    tables = TableNamesField(required=False, help_text="At these tables instead of those kept.")


class ReceiptAskSerializer(Words):
    amount = AmountField(least=1, most=MOST_OF_A_DEPOSIT, help_text="In naira, of this time: `20000.00`.")
    reference = LineField(
        max_length=100, required=False, allow_blank=True, help_text="Of the transfer or receipt; it counts once."
    )


class ReturnAskSerializer(Words):
    reference = LineField(max_length=100, required=False, allow_blank=True)


class HoldAskSerializer(WishSerializer):
    """A table to keep while details or payment are found."""


class HoldConfirmSerializer(WishesSerializer):
    guest = GuestAskSerializer(required=False, help_text="What a signed-in diner leaves out is taken from the account.")


# --- Bookings, out -----------------------------------------------------------------------------------------------


class GuestSerializer(Words):
    name = serializers.CharField()
    phone = serializers.CharField(allow_null=True, help_text="E.164.")
    email = serializers.CharField(allow_null=True)


class RestaurantInfoSerializer(Words):
    slug = serializers.CharField()
    name = serializers.CharField()
    url = serializers.URLField()
    phone = serializers.CharField(allow_null=True)
    time_zone = serializers.CharField()


class TermsSerializer(Words):
    """What the diner accepted; later edits by the house do not touch it."""

    free_cancellation_until = serializers.DateTimeField(help_text="Later it counts as late.")
    grace_minutes = serializers.IntegerField(help_text="How long a late party keeps its table.")
    deposit = MoneySerializer(allow_null=True)
    minimum_spend = MoneySerializer(allow_null=True)
    no_show_fee = MoneySerializer(allow_null=True, help_text="Charged if nobody comes; what is kept comes off it.")
    late_cancellation_fee = MoneySerializer(allow_null=True, help_text="Charged if it is cancelled late.")
    asks_for_card = serializers.BooleanField(
        help_text="The table is `held` until a card guarantees it: `POST /api/delivery/payment` with `guarantee`."
    )
    note = serializers.CharField()


class DepositSerializer(Words):
    """Money on account of the bill, and where it stands."""

    amount = MoneySerializer(help_text="For the whole party.")
    due = serializers.ChoiceField(DepositDue.choices)
    state = serializers.ChoiceField(
        AdvanceState.choices, allow_null=True, help_text="Null where it is payable at the house and none has come."
    )
    due_at = serializers.DateTimeField(allow_null=True, help_text="While something is awaited.")
    table_given_back = serializers.BooleanField(
        help_text="Whether the table goes to others at `due_at`: one that is `held` does, and a date of a series."
    )
    received = MoneySerializer()
    missing = MoneySerializer(help_text="Of what is still awaited.")
    owed_back = MoneySerializer()
    instructions = serializers.CharField(help_text="How it is paid, in the house's words, or nothing.")


class BookingLinksSerializer(Words):
    self = serializers.URLField()
    page = serializers.URLField()
    calendar = serializers.URLField()


class StaffViewSerializer(Words):
    """What only the house sees."""

    notes = serializers.CharField()
    has_account = serializers.BooleanField()
    table_promised = serializers.BooleanField()
    arrived_at = serializers.DateTimeField(allow_null=True)
    seated_at = serializers.DateTimeField(allow_null=True)
    left_at = serializers.DateTimeField(allow_null=True)


class ClaimSerializer(Words):
    id = serializers.UUIDField()
    status = serializers.ChoiceField(Status.choices)
    starts_at = serializers.DateTimeField(help_text="With the restaurant's offset from UTC.")
    ends_at = serializers.DateTimeField()
    party_size = serializers.IntegerField()
    restaurant = serializers.UUIDField()
    area = NamedAreaSerializer(allow_null=True, help_text="The area that was asked for.")
    step_free = serializers.BooleanField(help_text="The party sits at tables without steps only.")


class BookingSerializer(ClaimSerializer):
    code = serializers.CharField(help_text="What the guest says at the door.")
    restaurant_info = RestaurantInfoSerializer()
    tables = serializers.ListField(
        child=serializers.CharField(),
        help_text="Where the house means to seat the party. It may move it until the meal; none once it is over.",
    )
    service_day = serializers.DateField(help_text="The day the night began.")
    shift = serializers.CharField()
    guest = GuestSerializer()
    notes = serializers.CharField()
    occasion = serializers.ChoiceField(OCCASIONS, allow_null=True)
    channel = serializers.ChoiceField(Channel.choices)
    hold_expires_at = serializers.DateTimeField(allow_null=True)
    terms = TermsSerializer()
    deposit = DepositSerializer(allow_null=True)
    minimum_spend = MoneySerializer(allow_null=True, help_text="The least bill of the whole party.")
    asked_at = serializers.DateTimeField(allow_null=True, help_text="The time first asked for, where that is known.")
    bonus_points = serializers.IntegerField(
        help_text=(
            "Promised for a suggested time, or as an apology; earned by coming, and nought when it comes to nothing. "
            "Of a table that the house took back: promised with the next booking."
        )
    )
    minutes_late = serializers.IntegerField(help_text="How late the party says that it comes.")
    late_cancellation = serializers.BooleanField()
    version = serializers.IntegerField()
    created_at = serializers.DateTimeField()
    updated_at = serializers.DateTimeField()
    links = BookingLinksSerializer()
    manage_url = serializers.URLField(allow_null=True, help_text="For a guest without an account: keep it secret.")
    token = serializers.CharField(allow_null=True, help_text="The same for programs: send it as X-Booking-Token.")
    staff = StaffViewSerializer(required=False, help_text="For staff of the restaurant only.")


class HoldSerializer(ClaimSerializer):
    expires_at = serializers.DateTimeField()
    token = serializers.CharField(help_text="Send it as X-Booking-Token to confirm the hold or give it back.")


class BookingPageSerializer(Words):
    results = BookingSerializer(many=True)
    next = serializers.URLField(allow_null=True)
    previous = serializers.URLField(allow_null=True)
