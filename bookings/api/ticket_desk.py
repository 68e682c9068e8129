"""Single tickets, the door of an event and the money for an order, for machines."""

from collections.abc import Callable
from uuid import UUID

from drf_spectacular.utils import extend_schema
from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.partners.access import LetsPartnersIn
from accounts.partners.states import Scope
from bookings import errors, limits, services
from bookings.api import ticket_bodies as bodies
from bookings.api import ticket_examples as examples
from bookings.api import ticket_words as words
from bookings.api.entry import HasProof, app_of, user_of
from bookings.api.ticket_entry import (
    OrderEntry,
    TicketEntry,
    no_such_ticket,
    order_entry_to,
    staffed_event,
    staffed_ticket,
    ticket_entry_to,
    was_sold_by,
)
from bookings.api.ticketing import NO_ORDER, ORDER_TAGS, again, order_etag, shown
from bookings.api.views import IF_MATCH, STALE, TOKEN
from bookings.models import Ticket, TicketHistory, TicketOrder
from bookings.services import Actor
from bookings.states import ActorKind, TicketDeed
from core import audit
from core.api.asking import read, token_in
from core.api.etags import etag_of, seen_version, with_etag
from core.api.idempotency import idempotent
from core.api.schema import answered, asked, problem_response
from localization.languages import current_language
from restaurants.api.bodies import money

DOOR_TAGS = ["Door"]
NO_TICKET = problem_response("There is no such ticket, or it is not yours.", ticket_not_found={})


def ticket_etag(ticket: Ticket, *, is_staff: bool, knows_order: bool) -> str:
    order = ticket.order
    changes = (ticket.version, order.version, bodies.status_of(order), order.event.updated_at)
    return etag_of(ticket.public_id, *changes, is_staff, knows_order, current_language().code)


def _etag(found: TicketEntry) -> str:
    return ticket_etag(found.ticket, is_staff=found.is_staff, knows_order=found.order_entry is not None)


# --- One ticket ------------------------------------------------------------------------------------------------------


class TicketView(APIView):
    permission_classes = (HasProof,)

    @extend_schema(
        operation_id="ticket",
        summary="A ticket",
        description=(
            "For whoever has it: its buyer, or whom it was passed on to, by its token; and for staff. Its buyer finds "
            "a ticket that was passed on no more."
        ),
        tags=ORDER_TAGS,
        parameters=[TOKEN],
        responses={200: words.HeldTicketSerializer, 404: NO_TICKET},
        examples=[answered("As whoever has it sees it", examples.HELD_TICKET)],
    )
    def get(self, request: Request, id: UUID) -> Response:
        found = ticket_entry_to(request, id)
        entry = found.order_entry
        if entry is not None and entry.is_staff and not entry.is_buyer:
            audit.record(
                "tickets.viewed", actor=entry.user, target=entry.order, restaurant_id=entry.order.event.restaurant_id
            )
        body = bodies.held_ticket_body(
            found.ticket, for_staff=found.is_staff, for_holder=found.is_holder, knows_order=entry is not None
        )
        return with_etag(request, _etag(found), Response(body))


class TransferView(LetsPartnersIn, APIView):
    permission_classes = (HasProof,)
    partner_scopes = {"POST": Scope.BOOKINGS_WRITE}
    proof_in = staticmethod(token_in)

    @extend_schema(
        operation_id="transfer_ticket",
        summary="Pass a ticket on",
        description=(
            "Makes it somebody else's: it gets another id and another code, and the old one opens nothing any more. "
            "With `email` the new holder is written to; without it the answer has `handover`, to be given to them."
        ),
        tags=ORDER_TAGS,
        parameters=[TOKEN, IF_MATCH],
        request=words.TransferAskSerializer,
        responses={
            200: words.PassedOnTicketSerializer,
            404: NO_TICKET,
            409: problem_response(
                "The terms do not have it, or it is used, given back, or not paid.",
                ticket_not_transferable={},
                ticket_not_valid={},
            ),
            412: STALE,
        },
        examples=[
            asked("By e-mail", {"name": "Bola Adeyemi", "email": "bola@example.com"}),
            answered("Passed on", examples.PASSED_ON),
        ],
    )
    @idempotent
    def post(self, request: Request, id: UUID) -> Response:
        found = ticket_entry_to(request, id)
        by = found.for_change()
        ask = read(request, words.TransferAskSerializer)
        email = ask.get("email") or ""
        limits.pass_on(request, found.ticket.order_id)
        passed = services.pass_on(
            ticket=found.ticket,
            name=ask["name"],
            email=email,
            language=ask.get("language", ""),
            by=by,
            expected_version=seen_version(request, _etag(found), found.ticket.version),
        )
        passed.kind = found.ticket.kind
        handover = None if email else bodies.handover_body(passed)
        restaurant = found.ticket.order.event.restaurant
        body = bodies.ticket_body(passed, restaurant, for_staff=found.is_staff and by.kind == ActorKind.STAFF)
        return Response({**body, "handover": handover})

    def check_again(self, request: Request, id: UUID) -> None:
        """Refuse staff and apps, whose rights may be over; the id that they name is gone in any case.

        A stranger's kept answer hangs on the token. Of people who bought it for themselves the history knows.
        """
        user, app = user_of(request), app_of(request)
        if user is None and app is None:
            return
        mine = TicketHistory.objects.filter(actor=user, actor_kind=ActorKind.DINER, deed=TicketDeed.PASSED_ON)
        if app is not None or not mine.exists():
            raise no_such_ticket()


class ReturnView(LetsPartnersIn, APIView):
    permission_classes = (HasProof,)
    partner_scopes = {"POST": Scope.BOOKINGS_WRITE}
    proof_in = staticmethod(token_in)

    @extend_schema(
        operation_id="return_ticket",
        summary="Give a ticket back",
        description=(
            "Its place goes back to sale, at a table with all tickets of it; the last place cancels the order. For "
            "the buyer, within the time the terms name, and for staff, who say why. Answers the order."
        ),
        tags=ORDER_TAGS,
        parameters=[TOKEN, IF_MATCH],
        request=words.GiveBackAskSerializer,
        responses={
            200: words.TicketOrderSerializer,
            404: NO_TICKET,
            409: problem_response(
                "It is too late, it was given back already, or somebody has come in with it.",
                tickets_too_late_to_give_back={},
                ticket_not_valid={},
                ticket_used_already=examples.USED_ALREADY,
            ),
            412: STALE,
            422: problem_response("Staff gave no reason.", booking_reason_missing={}),
        },
        examples=[asked("As its buyer", {}), answered("Given back", examples.PARTLY_RETURNED)],
    )
    @idempotent
    def post(self, request: Request, id: UUID) -> Response:
        found = ticket_entry_to(request, id)
        if found.order_entry is None:
            # What was paid is owed to whoever bought it.
            raise no_such_ticket()
        by = found.for_change()
        ask = read(request, words.GiveBackAskSerializer)
        seen = seen_version(request, _etag(found), found.ticket.order.version)
        services.give_back(ticket=found.ticket, by=by, reason=ask.get("reason", ""), expected_version=seen)
        return shown(request, again(found.order_entry))

    def check_again(self, request: Request, id: UUID) -> None:
        """Refuse whoever may no longer; a stranger's kept answer hangs on the token anyway."""
        if user_of(request) is not None or app_of(request) is not None:
            ticket_entry_to(request, id).for_change()


# --- The door --------------------------------------------------------------------------------------------------------


class CheckInView(LetsPartnersIn, APIView):
    permission_classes = (IsAuthenticated,)
    partner_scopes = {"POST": Scope.BOOKINGS_WRITE}

    @extend_schema(
        operation_id="check_in_ticket",
        summary="Let in whoever shows a code",
        description=(
            "Once for each ticket. Each refusal has a code of its own, for a sign at the door: no ticket of this "
            "event, used already (and when), passed on, not paid, given back, not the time."
        ),
        tags=DOOR_TAGS,
        request=words.CheckInAskSerializer,
        responses={
            200: words.AdmissionSerializer,
            404: problem_response(
                "No ticket of this event, or no event of yours.", ticket_not_found={}, event_not_found={}
            ),
            409: problem_response(
                "Nobody comes in with it.",
                ticket_used_already=examples.USED_ALREADY,
                ticket_passed_on={},
                ticket_not_paid={},
                ticket_not_valid={},
                event_doors_not_open={"opens_at": "2026-12-24T14:00:00+01:00"},
            ),
        },
        examples=[asked("A code", {"code": "K7F3 WD2M"}), answered("Come in", examples.ADMISSION)],
    )
    @idempotent
    def post(self, request: Request, id: UUID) -> Response:
        event, by = staffed_event(request, id)
        limits.admit(request)
        ask = read(request, words.CheckInAskSerializer)
        ticket = services.admit(event=event, code=ask["code"], by=by)
        ticket.order.event = event
        return _admission(request, ticket, by)

    def check_again(self, request: Request, id: UUID) -> None:
        staffed_event(request, id)


def _admission(request: Request, ticket: Ticket, by: Actor) -> Response:
    """Answer a ticket as the people at the door need it, with its ETag."""
    is_staff = by.app is None
    with_code = is_staff or (by.app is not None and was_sold_by(by.app, ticket.order))
    body = bodies.admission_body(ticket, ticket.order.event.restaurant, for_staff=is_staff, with_code=with_code)
    return with_etag(request, ticket_etag(ticket, is_staff=is_staff, knows_order=True), Response(body))


class UndoCheckInView(LetsPartnersIn, APIView):
    permission_classes = (IsAuthenticated,)
    partner_scopes = {"POST": Scope.BOOKINGS_WRITE}

    @extend_schema(
        operation_id="undo_check_in",
        summary="Take an admission back",
        description=(
            "The wrong line was pressed: the ticket lets somebody in again. The reason stands in the order's history "
            "and in the audit trail."
        ),
        tags=DOOR_TAGS,
        parameters=[IF_MATCH],
        request=words.UndoCheckInAskSerializer,
        responses={
            200: words.AdmissionSerializer,
            404: NO_TICKET,
            409: problem_response(
                "Nobody has come in with it.",
                illegal_move={
                    "detail": "This is “Valid” and cannot become “Valid”.",
                    "from": "valid",
                    "to": "valid",
                    "allowed": ["admitted", "void"],
                },
            ),
            412: STALE,
            422: problem_response(
                "No reason was given.", booking_reason_missing={"detail": "Please write down why it is taken back."}
            ),
        },
        examples=[
            asked("The wrong line", {"reason": "The wrong line was pressed."}),
            answered("Valid again", {**examples.ADMISSION, "state": "valid", "admitted_at": None}),
        ],
    )
    @idempotent
    def post(self, request: Request, id: UUID) -> Response:
        ticket, by = staffed_ticket(request, id)
        order, kind = ticket.order, ticket.kind
        ask = read(request, words.UndoCheckInAskSerializer)
        etag = ticket_etag(ticket, is_staff=by.app is None, knows_order=True)
        changed = services.undo_admission(
            ticket=ticket,
            by=by,
            reason=ask.get("reason", ""),
            expected_version=seen_version(request, etag, ticket.version),
        )
        changed.kind, changed.order = kind, order
        return _admission(request, changed, by)

    def check_again(self, request: Request, id: UUID) -> None:
        staffed_ticket(request, id)


# --- Money -----------------------------------------------------------------------------------------------------------


class _MoneyView(APIView):
    """The house writes down money that came or went by ways that are not Buka's. Programs of others do not."""

    permission_classes = (IsAuthenticated,)

    def check_again(self, request: Request, id: UUID) -> None:
        self._entry(request, id)

    def _entry(self, request: Request, public_id: UUID) -> tuple[OrderEntry, Actor]:
        entry = order_entry_to(request, public_id)
        if not entry.is_staff:
            # That it is there its buyer knows; that money came they do not say.
            raise errors.OrderNotFound
        return entry, entry.for_staff()

    def _written(self, request: Request, public_id: UUID, service: Callable[..., TicketOrder]) -> Response:
        entry, by = self._entry(request, public_id)
        ask = read(request, words.MoneyAskSerializer)
        service(
            order=entry.order,
            amount_kobo=ask["amount"],
            reference=ask.get("reference", ""),
            means=ask.get("means", ""),
            by=by,
            expected_version=seen_version(request, order_etag(entry), entry.order.version),
        )
        return shown(request, again(entry))


NOTED_OTHERWISE = {
    "detail": "This reference is noted already, with ₦4,000. Correct the amount, or write another reference.",
    "amount_kobo": 400_000,
}
OF_ANOTHER_AMOUNT = problem_response(
    "Money of another amount stands under this reference.", payment_reference_of_another_amount=NOTED_OTHERWISE
)
NO_AMOUNT = problem_response(
    "Nothing is no money.", booking_not_an_amount={"detail": "Write how much money came, more than nothing."}
)


class PaymentsView(_MoneyView):
    @extend_schema(
        operation_id="record_ticket_payment",
        summary="Write down a payment",
        description=(
            "For staff. With all of the money the order is confirmed; when it comes late and the places are gone, the "
            "order stays `expired` and the money is `owed_back`. One `reference` counts once."
        ),
        tags=ORDER_TAGS,
        parameters=[IF_MATCH],
        request=words.MoneyAskSerializer,
        responses={
            200: words.TicketOrderSerializer,
            404: NO_ORDER,
            409: OF_ANOTHER_AMOUNT,
            412: STALE,
            422: NO_AMOUNT,
        },
        examples=[
            asked("A transfer", {"amount": "35000.00", "means": "transfer", "reference": "TRF-88231"}),
            answered("Confirmed", examples.STAFF_ORDER),
        ],
    )
    @idempotent
    def post(self, request: Request, id: UUID) -> Response:
        return self._written(request, id, services.receive_payment)


class RefundsView(_MoneyView):
    @extend_schema(
        operation_id="record_ticket_refund",
        summary="Write down money paid back",
        description="For staff; never more than is `owed_back`. One `reference` counts once.",
        tags=ORDER_TAGS,
        parameters=[IF_MATCH],
        request=words.MoneyAskSerializer,
        responses={
            200: words.TicketOrderSerializer,
            404: NO_ORDER,
            409: problem_response(
                "It is more than what is owed to the buyer, or the reference stands there with another amount.",
                payment_reference_of_another_amount=NOTED_OTHERWISE,
                tickets_more_than_owed_back={
                    "detail": "This is more than what is owed to the buyer.",
                    "owed": {"amount": "5000.00", "currency": "NGN"},
                },
            ),
            412: STALE,
            422: NO_AMOUNT,
        },
        examples=[
            asked("A transfer", {"amount": "5000.00", "reference": "BACK-112"}),
            answered("Paid back", examples.PAID_BACK),
        ],
    )
    @idempotent
    def post(self, request: Request, id: UUID) -> Response:
        try:
            return self._written(request, id, services.pay_back)
        except errors.MoreThanOwedBack as refused:
            raise errors.MoreThanOwedBack(owed=money(refused.details["owed_kobo"])) from refused
