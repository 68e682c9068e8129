"""The words of the API about ticketed events: what it takes in, and what the schema says it answers."""

from django.conf import settings
from rest_framework import serializers

from bookings.api.serializers import STAFF_CHANNELS, GuestAskSerializer, GuestSerializer, NamedAreaSerializer, Words
from bookings.states import Channel, EventStatus, OrderStatus, PaidBy, PaidWhen, TicketState
from core.api.fields import AmountField, LineField, NameField
from restaurants.api.serializers import CitySerializer, MoneySerializer
from restaurants.states import ChargeWhat

SHOWN_EVENTS = [choice for choice in EventStatus.choices if choice[0] != EventStatus.DRAFT]
MOST_OF_A_KIND = 1000
MOST_KINDS = 40

# --- In --------------------------------------------------------------------------------------------------------------


class WantedSerializer(Words):
    kind = serializers.UUIDField(help_text="A kind of ticket of this event.")
    count = serializers.IntegerField(min_value=1, max_value=MOST_OF_A_KIND, help_text="Tickets, or tables.")


class PaidAskSerializer(Words):
    """That all of an order is paid in the moment it is taken."""

    means = serializers.ChoiceField(PaidBy.choices)
    reference = LineField(max_length=100, required=False, allow_blank=True, help_text="Of the receipt or the transfer.")


class OrderAskSerializer(Words):
    """Tickets that somebody wants together."""

    tickets = serializers.ListField(child=WantedSerializer(), max_length=MOST_KINDS)
    guest = GuestAskSerializer(required=False, help_text="What a signed-in diner leaves out is taken from the account.")
    amount = AmountField(
        required=False,
        help_text="What the buyer was told all of it costs, in naira; another price now is answered 409.",
    )
    channel = serializers.ChoiceField(
        STAFF_CHANNELS,
        required=False,
        help_text="Staff only: sells before and after the public sale and in any number there is.",
    )
    paid = PaidAskSerializer(
        required=False, help_text="Staff only, with `channel`: the sale and its payment are written down as one."
    )


class TransferAskSerializer(Words):
    """Who has the ticket from now on."""

    name = NameField(max_length=100)
    email = serializers.EmailField(
        max_length=254,
        required=False,
        allow_blank=True,
        allow_null=True,
        help_text="Where the ticket is sent. Without it the answer has what opens it, once.",
    )
    language = serializers.ChoiceField(
        settings.LANGUAGES, required=False, help_text="Of the message to them; otherwise the order's."
    )


class GiveBackAskSerializer(Words):
    reason = LineField(max_length=300, required=False, allow_blank=True, help_text="Why; staff must say so.")


class UndoCheckInAskSerializer(Words):
    reason = LineField(max_length=300, required=False, allow_blank=True, help_text="Why; it has to be said.")


class CheckInAskSerializer(Words):
    code = LineField(max_length=200, help_text="As it was read or typed: spaces and small letters do not matter.")


class MoneyAskSerializer(Words):
    """Money that came, or went back."""

    amount = AmountField(help_text="In naira: `15000.00`.")
    means = serializers.ChoiceField(PaidBy.choices, required=False, allow_blank=True, help_text="How it came or went.")
    reference = LineField(
        max_length=100, required=False, allow_blank=True, help_text="The bank's. Each counts once for an order."
    )


# --- Events, out -----------------------------------------------------------------------------------------------------


class EventHouseSerializer(Words):
    id = serializers.UUIDField()
    slug = serializers.CharField()
    name = serializers.CharField()
    url = serializers.URLField(help_text="Its page, in the asker's language.")
    city = CitySerializer()
    time_zone = serializers.CharField()


class TicketKindSerializer(Words):
    """A ticket for one, or a table for several that is sold as a whole."""

    id = serializers.UUIDField()
    name = serializers.CharField()
    note = serializers.CharField(help_text="What it includes.")
    guests = serializers.IntegerField(help_text="1: a ticket. More: a table for so many.")
    price = MoneySerializer(help_text="Of the ticket, or of the whole table.")
    left = serializers.IntegerField(help_text="How many can still be bought.")


class EventSaleSerializer(Words):
    open = serializers.BooleanField(help_text="Whether tickets can be bought at this moment, if there are any.")
    opens_at = serializers.DateTimeField(allow_null=True, help_text="Null: it has been on sale from the first.")
    closes_at = serializers.DateTimeField()
    most_guests = serializers.IntegerField(help_text="In one order.")


class EventTermsSerializer(Words):
    """What a buyer agrees to; an order keeps what was agreed then."""

    paid = serializers.ChoiceField(PaidWhen.choices, help_text="`before`: places are held until the money has come.")
    hold_minutes = serializers.IntegerField(allow_null=True, help_text="For how long, where it is paid before.")
    returnable_until = serializers.DateTimeField(allow_null=True, help_text="Null: tickets are not taken back.")
    transferable = serializers.BooleanField(help_text="Whether they may be passed on to somebody else.")
    minimum_age = serializers.IntegerField(help_text="0: any age.")


class EventLinksSerializer(Words):
    self = serializers.URLField()
    orders = serializers.URLField(help_text="POST here to order.")


class EventSerializer(Words):
    """An evening that is sold by ticket."""

    id = serializers.UUIDField()
    url = serializers.URLField(help_text="Its page, in the asker's language.")
    name = serializers.CharField()
    description = serializers.CharField()
    status = serializers.ChoiceField(SHOWN_EVENTS)
    restaurant = EventHouseSerializer()
    starts_at = serializers.DateTimeField()
    ends_at = serializers.DateTimeField()
    area = NamedAreaSerializer(allow_null=True, help_text="The part of the house, where it is one only.")
    kinds = TicketKindSerializer(many=True)
    price_from = MoneySerializer(
        allow_null=True,
        help_text="The lowest price of what is left, or once all is sold, was; null: nothing is for sale.",
    )
    guests_left = serializers.IntegerField(help_text="Over all kinds.")
    sale = EventSaleSerializer()
    terms = EventTermsSerializer()
    links = EventLinksSerializer()


class EventPageSerializer(Words):
    """A page of events to come, the next one first."""

    results = EventSerializer(many=True)
    next = serializers.URLField(allow_null=True)
    previous = serializers.URLField(allow_null=True)


# --- Orders and tickets, out -----------------------------------------------------------------------------------------


class ShortKindSerializer(Words):
    id = serializers.UUIDField()
    name = serializers.CharField()
    guests = serializers.IntegerField()


class HolderSerializer(Words):
    name = serializers.CharField()
    email = serializers.EmailField(required=False, allow_null=True, help_text="For staff only.")


class EventTicketSerializer(Words):
    """One person's right to come in."""

    id = serializers.UUIDField(allow_null=True, help_text="Null: it was passed on, and is somebody else's now.")
    code = serializers.CharField(
        allow_null=True, help_text="What opens the door; for whoever has the ticket, and for the house."
    )
    kind = ShortKindSerializer()
    place = serializers.IntegerField(help_text="The tickets of a table share one; they are given back together.")
    state = serializers.ChoiceField(TicketState.choices)
    holder = HolderSerializer()
    passed_on = serializers.BooleanField()
    admitted_at = serializers.DateTimeField(allow_null=True)


class HandoverSerializer(Words):
    """What the new holder opens their ticket with: shown once, where no e-mail address was given."""

    id = serializers.UUIDField()
    url = serializers.URLField(help_text="The ticket's page: whoever has this has the ticket.")
    token = serializers.CharField(help_text="Send it as X-Booking-Token with `GET /api/tickets/{id}`.")


class PassedOnTicketSerializer(EventTicketSerializer):
    """A ticket that is somebody else's from now on."""

    handover = HandoverSerializer(allow_null=True)


class ShortEventSerializer(Words):
    id = serializers.UUIDField()
    url = serializers.URLField(help_text="Its page, in the asker's language.")
    name = serializers.CharField()
    status = serializers.ChoiceField(SHOWN_EVENTS)
    starts_at = serializers.DateTimeField()
    ends_at = serializers.DateTimeField()
    restaurant = EventHouseSerializer()


class HeldTicketSerializer(EventTicketSerializer):
    """A ticket, and what it is for."""

    order = serializers.UUIDField(allow_null=True, help_text="Null for a holder who did not buy it.")
    event = ShortEventSerializer()


class ContainedSerializer(Words):
    kind = serializers.ChoiceField(ChargeWhat.choices)
    name = serializers.CharField(help_text="As a receipt calls it, in the asker's language.")
    tax = serializers.BooleanField(help_text="Whether it goes to the state; a charge stays with the house.")
    rate = serializers.CharField(help_text='Per cent, as `"7.50"`.')
    amount = MoneySerializer()


class OrderMoneySerializer(Words):
    """What is due for the tickets that live, what has come, and what went back; the other two follow from these."""

    due = MoneySerializer()
    paid = MoneySerializer()
    paid_back = MoneySerializer()
    outstanding = MoneySerializer(help_text="Still to be paid.")
    owed_back = MoneySerializer(help_text="The house has it, and no tickets for it any more.")
    contains = ContainedSerializer(many=True, help_text="Taxes and charges that `due` contains: nothing is added.")


class OrderTermsSerializer(Words):
    """What was agreed to with the order."""

    paid = serializers.ChoiceField(PaidWhen.choices)
    returnable_until = serializers.DateTimeField(allow_null=True)
    transferable = serializers.BooleanField()
    minimum_age = serializers.IntegerField()


class OrderForStaffSerializer(Words):
    has_account = serializers.BooleanField()


class OrderLinksSerializer(Words):
    self = serializers.URLField()
    page = serializers.URLField(help_text="For people.")


class TicketOrderSerializer(Words):
    """Tickets that were bought together."""

    id = serializers.UUIDField()
    code = serializers.CharField()
    status = serializers.ChoiceField(OrderStatus.choices)
    event = ShortEventSerializer()
    guest = GuestSerializer()
    tickets = EventTicketSerializer(many=True)
    money = OrderMoneySerializer()
    hold_expires_at = serializers.DateTimeField(allow_null=True, help_text="Until when the money has to come.")
    payment_instructions = serializers.CharField(
        allow_null=True, help_text="How to pay, while something is to be paid before."
    )
    terms = OrderTermsSerializer()
    channel = serializers.ChoiceField(Channel.choices)
    version = serializers.IntegerField()
    created_at = serializers.DateTimeField()
    updated_at = serializers.DateTimeField()
    links = OrderLinksSerializer()
    manage_url = serializers.URLField(allow_null=True, help_text="For a buyer without an account: keep it secret.")
    token = serializers.CharField(allow_null=True, help_text="The same for programs: send it as X-Booking-Token.")
    staff = OrderForStaffSerializer(required=False, help_text="For staff only.")


class TicketOrderPageSerializer(Words):
    results = TicketOrderSerializer(many=True)
    next = serializers.URLField(allow_null=True)
    previous = serializers.URLField(allow_null=True)


class AdmissionSerializer(EventTicketSerializer):
    """A ticket at the door."""

    order = serializers.UUIDField()
    order_code = serializers.CharField()
    buyer = serializers.CharField(help_text="Who bought it.")
    minimum_age = serializers.IntegerField(help_text="0: any age.")
