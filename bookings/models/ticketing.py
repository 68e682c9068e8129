"""Evenings that are sold by ticket: what is on sale, who ordered, and each ticket."""

import uuid

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from bookings.models.tables import Block
from bookings.states import (
    EVENT_MACHINE,
    ORDER_LIVE,
    ORDER_MACHINE,
    TICKET_MACHINE,
    ActorKind,
    Channel,
    EventRoom,
    EventStatus,
    OrderStatus,
    PaidBy,
    PaidWhen,
    TicketDeed,
    TicketState,
)
from core.audit.row_history import never_emptied
from core.encryption import BlindIndexed, BlindIndexField, BlindIndexQuerySet, EncryptedTextField

# Words that mean something else elsewhere: what has happened, and what comes before what.
EVENT = pgettext_lazy("for guests", "event")
ORDER = pgettext_lazy("of tickets", "order")


class TicketedEvent(models.Model):
    """An evening with a capacity of its own. While it is on sale, `block` keeps the part of the floor that it uses."""

    public_id = models.UUIDField(default=uuid.uuid4, editable=False)
    restaurant = models.ForeignKey(
        "restaurants.Restaurant", models.PROTECT, related_name="+", verbose_name=_("restaurant")
    )
    name = models.CharField(_("name"), max_length=120)
    description = models.TextField(
        _("description"), max_length=3000, blank=True, help_text=_("The menu, the music, how to dress.")
    )
    status = models.CharField(_("status"), max_length=10, choices=EventStatus.choices, default=EventStatus.DRAFT)
    starts_at = models.DateTimeField(_("begins"))
    ends_at = models.DateTimeField(_("ends"))
    room = models.CharField(_("takes from the floor"), max_length=5, choices=EventRoom.choices, default=EventRoom.FLOOR)
    area = models.ForeignKey(
        "restaurants.Area", models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("area")
    )
    # One that the house had made before may keep the tables for several events, and outlives them.
    block = models.ForeignKey(Block, models.SET_NULL, null=True, blank=True, editable=False, related_name="+")
    is_block_its_own = models.BooleanField(default=True, editable=False)
    capacity = models.PositiveSmallIntegerField(_("most guests"), help_text=_("Over all kinds of tickets."))
    minimum_age = models.PositiveSmallIntegerField(_("minimum age"), default=0, help_text=_("0: any age."))
    sale_from = models.DateTimeField(_("on sale from"), null=True, blank=True, help_text=_("Empty: at once."))
    sale_until = models.DateTimeField(
        _("on sale until"), null=True, blank=True, help_text=_("Empty: until the evening begins.")
    )
    most_per_order = models.PositiveSmallIntegerField(_("most guests in one order"), default=10)
    most_unpaid = models.PositiveSmallIntegerField(
        _("most unpaid places of one guest"),
        null=True,
        blank=True,
        help_text=_(
            "Over all their orders online, so that nobody keeps the evening from others. Empty: as in one order."
        ),
    )
    paid_when = models.CharField(_("to be paid"), max_length=8, choices=PaidWhen.choices, default=PaidWhen.AT_THE_HOUSE)
    hold_minutes = models.PositiveSmallIntegerField(
        _("places are held for (minutes)"),
        default=45,
        help_text=_("For the payment to come. An account for a bank transfer often lives 30 minutes."),
    )
    payment_instructions = models.TextField(
        _("how to pay"), max_length=600, blank=True, help_text=_("Your account, and what to write with the transfer.")
    )
    return_hours = models.PositiveSmallIntegerField(
        _("can be given back until (hours before)"), null=True, blank=True, default=48, help_text=_("Empty: never.")
    )
    may_be_passed_on = models.BooleanField(_("tickets may be passed on to somebody else"), default=True)
    # When it was moved, and from what to what: whoever ordered before has to read it. As bookings.ticketing.Move says.
    moves = models.JSONField(default=list, db_default=[], editable=False)
    version = models.PositiveIntegerField(default=1, editable=False)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+", editable=False
    )
    created_at = models.DateTimeField(_("made"), auto_now_add=True)
    updated_at = models.DateTimeField(_("last change"), auto_now=True)

    class Meta:
        verbose_name = _("ticketed event")
        verbose_name_plural = _("ticketed events")
        ordering = ["starts_at", "pk"]
        constraints = [
            models.UniqueConstraint(fields=["public_id"], name="ticketed_event_public_id_is_unique"),
            models.CheckConstraint(condition=Q(ends_at__gt=F("starts_at")), name="event_ends_after_it_begins"),
            models.CheckConstraint(condition=Q(status__in=EventStatus.values), name="event_status_is_known"),
            models.CheckConstraint(
                condition=Q(room=EventRoom.AREA, area__isnull=False)
                | (Q(room__in=(EventRoom.FLOOR, EventRoom.NONE)) & Q(area__isnull=True)),
                name="event_names_the_area_it_takes",
            ),
            models.CheckConstraint(condition=Q(capacity__range=(1, 5000)), name="event_capacity_is_believable"),
            models.CheckConstraint(condition=Q(minimum_age__lte=25), name="event_minimum_age_is_believable"),
            models.CheckConstraint(condition=Q(most_per_order__range=(1, 100)), name="event_order_is_believable"),
            models.CheckConstraint(
                condition=Q(most_unpaid__isnull=True) | Q(most_unpaid__range=(1, 1000)),
                name="event_unpaid_places_are_believable",
            ),
            models.CheckConstraint(condition=Q(hold_minutes__range=(5, 4320)), name="event_hold_is_believable"),
            models.CheckConstraint(
                condition=Q(return_hours__isnull=True) | Q(return_hours__lte=2160), name="event_return_is_believable"
            ),
        ]
        indexes = [
            models.Index(fields=["restaurant", "starts_at"], name="events_of_a_restaurant"),
            models.Index(fields=["starts_at"], condition=Q(status=EventStatus.ON_SALE), name="events_on_sale_by_start"),
        ]

    def __str__(self) -> str:
        return self.name

    def move_to(self, status: EventStatus) -> None:
        """Set the state if the move is legal; the service saves and publishes.

        :raises core.states.IllegalMove:
        """
        EVENT_MACHINE.check(EventStatus(self.status), status)
        self.status = status


class TicketKind(models.Model):
    """What can be bought for an event: a ticket for one, or a table for several at one price."""

    public_id = models.UUIDField(default=uuid.uuid4, editable=False)
    event = models.ForeignKey(TicketedEvent, models.CASCADE, related_name="kinds", verbose_name=EVENT)
    name = models.CharField(_("name"), max_length=80)
    note = models.CharField(_("what it includes"), max_length=200, blank=True)
    guests = models.PositiveSmallIntegerField(
        _("guests"), default=1, help_text=_("1: a ticket for one person. More: a table, sold as a whole.")
    )
    price_kobo = models.PositiveBigIntegerField(_("price (kobo)"), help_text=_("Of the ticket, or of the whole table."))
    stock = models.PositiveSmallIntegerField(_("how many there are"))
    is_on_sale = models.BooleanField(_("on sale"), default=True)
    position = models.PositiveSmallIntegerField(_("position"), default=0)

    class Meta:
        verbose_name = _("kind of ticket")
        verbose_name_plural = _("kinds of tickets")
        ordering = ["position", "pk"]
        constraints = [
            models.UniqueConstraint(fields=["public_id"], name="ticket_kind_public_id_is_unique"),
            models.UniqueConstraint(fields=["event", "name"], name="an_event_has_a_kind_of_ticket_once"),
            models.CheckConstraint(condition=Q(guests__range=(1, 100)), name="ticket_guests_are_believable"),
            models.CheckConstraint(condition=Q(stock__lte=5000), name="ticket_stock_is_believable"),
            models.CheckConstraint(condition=Q(price_kobo__lte=10**10), name="ticket_price_is_believable"),
        ]

    def __str__(self) -> str:
        return self.name


class TicketOrder(BlindIndexed):
    """Tickets that somebody bought together. Where they are paid before, they are HELD until `hold_expires_at`.

    The account of the money is three numbers: what is due is told by the tickets that live, what has come and what
    went back by `paid_kobo` and `paid_back_kobo`.
    """

    public_id = models.UUIDField(default=uuid.uuid4, editable=False)
    code = models.CharField(_("code"), max_length=6)
    event = models.ForeignKey(TicketedEvent, models.PROTECT, related_name="orders", verbose_name=EVENT)
    diner = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+", verbose_name=_("account")
    )
    guest_name = models.CharField(_("name"), max_length=100)
    guest_phone = EncryptedTextField(_("phone"), max_length=16, blank=True, aad="bookings.ticketorder.guest_phone")
    guest_phone_index = BlindIndexField(of="guest_phone", kind="phone")
    guest_email = EncryptedTextField(
        _("e-mail address"), max_length=254, blank=True, aad="bookings.ticketorder.guest_email"
    )
    guest_email_index = BlindIndexField(of="guest_email", kind="email")
    language = models.CharField(_("language"), max_length=10, default="en")
    status = models.CharField(_("status"), max_length=10, choices=OrderStatus.choices)
    channel = models.CharField(_("taken through"), max_length=10, choices=Channel.choices)
    hold_expires_at = models.DateTimeField(_("held until"), null=True, blank=True)
    terms = models.JSONField(_("terms accepted"), default=dict)
    paid_kobo = models.PositiveBigIntegerField(_("received (kobo)"), default=0, editable=False)
    paid_back_kobo = models.PositiveBigIntegerField(_("paid back (kobo)"), default=0, editable=False)
    reminded_at = models.DateTimeField(null=True, blank=True, editable=False)
    request_key = models.UUIDField(null=True, blank=True, editable=False)
    version = models.PositiveIntegerField(default=1, editable=False)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+", editable=False
    )
    created_at = models.DateTimeField(_("ordered"), auto_now_add=True)
    updated_at = models.DateTimeField(_("last change"), auto_now=True)

    objects = BlindIndexQuerySet["TicketOrder"].as_manager()

    class Meta:
        verbose_name = _("ticket order")
        verbose_name_plural = _("ticket orders")
        ordering = ["-created_at", "-pk"]
        constraints = [
            models.UniqueConstraint(fields=["public_id"], name="ticket_order_public_id_is_unique"),
            models.UniqueConstraint(
                fields=["code"], condition=Q(status__in=sorted(ORDER_LIVE)), name="code_is_unique_among_live_orders"
            ),
            models.UniqueConstraint(
                fields=["request_key"], condition=Q(request_key__isnull=False), name="one_order_per_request_key"
            ),
            models.CheckConstraint(condition=Q(status__in=OrderStatus.values), name="order_status_is_known"),
            models.CheckConstraint(
                condition=~Q(status=OrderStatus.HELD) | Q(hold_expires_at__isnull=False),
                name="a_held_order_has_an_expiry",
            ),
            models.CheckConstraint(
                condition=Q(paid_back_kobo__lte=F("paid_kobo")), name="no_more_of_an_order_is_paid_back_than_came"
            ),
        ]
        indexes = [
            models.Index(fields=["event", "status"], name="orders_of_an_event"),
            models.Index(fields=["code"], name="orders_by_code"),
            models.Index(fields=["diner", "-created_at"], condition=Q(diner__isnull=False), name="orders_of_a_diner"),
            models.Index(fields=["guest_phone_index"], condition=~Q(guest_phone_index=""), name="orders_by_phone"),
            models.Index(fields=["guest_email_index"], condition=~Q(guest_email_index=""), name="orders_by_email"),
            models.Index(fields=["hold_expires_at"], condition=Q(status=OrderStatus.HELD), name="held_orders"),
        ]

    def __str__(self) -> str:
        return f"{self.code} · {self.guest_name}"

    def move_to(self, status: OrderStatus) -> None:
        """Set the state if the move is legal; the service saves, writes the history and publishes.

        :raises core.states.IllegalMove:
        """
        ORDER_MACHINE.check(OrderStatus(self.status), status)
        self.status = status


class Ticket(BlindIndexed):
    """One person's right to come in. Its code changes when it is passed on, so that the old one opens nothing.

    `units` and `price_kobo` stand on the first ticket of a place and are 0 on the rest of a table, so that what is
    sold and what is due are plain sums. A place is given back as a whole: it is sold as a whole.
    """

    public_id = models.UUIDField(default=uuid.uuid4, editable=False)
    order = models.ForeignKey(TicketOrder, models.CASCADE, related_name="tickets", verbose_name=ORDER)
    kind = models.ForeignKey(TicketKind, models.PROTECT, related_name="+", verbose_name=_("kind"))
    place = models.PositiveSmallIntegerField(_("place"), help_text=_("Which ticket or table of the order this is."))
    code = models.CharField(_("code"), max_length=8)
    state = models.CharField(_("state"), max_length=8, choices=TicketState.choices, default=TicketState.VALID)
    units = models.PositiveSmallIntegerField(default=0, editable=False)
    price_kobo = models.PositiveBigIntegerField(_("price (kobo)"), default=0, editable=False)
    holder_name = models.CharField(_("comes"), max_length=100)
    holder_email = EncryptedTextField(
        _("e-mail address"), max_length=254, blank=True, aad="bookings.ticket.holder_email"
    )
    holder_email_index = BlindIndexField(of="holder_email", kind="email")
    holder_language = models.CharField(max_length=10, blank=True, editable=False)
    is_passed_on = models.BooleanField(_("passed on"), default=False, editable=False)
    admitted_at = models.DateTimeField(_("admitted"), null=True, blank=True, editable=False)
    version = models.PositiveIntegerField(default=1, editable=False)

    objects = BlindIndexQuerySet["Ticket"].as_manager()

    class Meta:
        verbose_name = _("ticket")
        verbose_name_plural = _("tickets")
        ordering = ["order", "place", "pk"]
        constraints = [
            models.UniqueConstraint(fields=["public_id"], name="ticket_public_id_is_unique"),
            models.UniqueConstraint(fields=["code"], name="ticket_code_is_unique"),
            models.CheckConstraint(condition=Q(state__in=TicketState.values), name="ticket_state_is_known"),
            models.CheckConstraint(
                condition=Q(state=TicketState.ADMITTED, admitted_at__isnull=False)
                | (~Q(state=TicketState.ADMITTED) & Q(admitted_at__isnull=True)),
                name="who_was_admitted_came_at_a_time",
            ),
        ]
        indexes = [
            models.Index(fields=["kind", "state"], name="tickets_of_a_kind"),
            models.Index(fields=["holder_email_index"], condition=~Q(holder_email_index=""), name="tickets_by_email"),
        ]

    def __str__(self) -> str:
        return f"{self.code} · {self.holder_name}"

    def move_to(self, state: TicketState) -> None:
        """Set the state if the move is legal; the service saves and writes the history.

        :raises core.states.IllegalMove:
        """
        TICKET_MACHINE.check(TicketState(self.state), state)
        self.state = state


class TicketHistory(models.Model):
    """Who did what with an order or one of its tickets, when, through which door. Of a ticket, the code it had then."""

    order = models.ForeignKey(TicketOrder, models.CASCADE, related_name="history")
    ticket = models.ForeignKey(Ticket, models.CASCADE, null=True, blank=True, related_name="history")
    at = models.DateTimeField(_("when"), auto_now_add=True)
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+", verbose_name=_("who")
    )
    partner = models.ForeignKey(
        "partners.PartnerApp", models.SET_NULL, null=True, blank=True, related_name="+", verbose_name=_("partner app")
    )
    actor_kind = models.CharField(_("as"), max_length=10, choices=ActorKind.choices)
    channel = models.CharField(_("through"), max_length=10, choices=Channel.choices)
    deed = models.CharField(_("what"), max_length=10, choices=TicketDeed.choices)
    code = models.CharField(_("code"), max_length=8, blank=True)
    # By what a ticket was known before it was passed on, for whoever asks there once more.
    former_public_id = models.UUIDField(null=True, blank=True, editable=False)
    amount_kobo = models.PositiveBigIntegerField(_("amount (kobo)"), default=0)
    means = models.CharField(_("how"), max_length=10, choices=PaidBy.choices, blank=True, default="", db_default="")
    reference = models.CharField(_("reference"), max_length=100, blank=True)
    reason = models.CharField(_("reason"), max_length=300, blank=True)

    class Meta:
        verbose_name = _("entry of an order's history")
        verbose_name_plural = _("history of an order")
        ordering = ["at", "pk"]
        triggers = [never_emptied()]
        constraints = [
            models.UniqueConstraint(
                fields=["order", "deed", "reference"],
                condition=~Q(reference=""),
                name="one_payment_of_an_order_per_reference",
            ),
        ]
        indexes = [
            models.Index(fields=["code"], condition=~Q(code=""), name="ticket_history_by_code"),
            models.Index(
                fields=["former_public_id"],
                condition=Q(former_public_id__isnull=False),
                name="ticket_history_by_former_id",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.at:%Y-%m-%d %H:%M} {self.deed}"
