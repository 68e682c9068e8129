"""Who asks, and as what they may see or touch a booking."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from rest_framework.exceptions import NotAuthenticated
from rest_framework.permissions import BasePermission
from rest_framework.request import Request
from rest_framework.views import APIView

from accounts.doors import staff_may
from accounts.models import User
from accounts.partners.models import PartnerApp
from accounts.selectors import may
from accounts.states import Ability
from bookings import access, errors, selectors
from bookings.models import Booking
from bookings.services import Actor
from bookings.states import Channel
from core.api.asking import token_in
from core.errors import InvalidInput, NotAllowed
from restaurants.identity import key_of
from restaurants.service_plan import ServicePlan, plan_of
from restaurants.states import PUBLIC_STATUSES


class SignedInToRead(BasePermission):
    """Anybody may book; only somebody has bookings to list."""

    def has_permission(self, request: Request, view: APIView) -> bool:
        return request.method != "GET" or bool(request.user and request.user.is_authenticated)


class HasProof(BasePermission):
    """Somebody who is logged in, or shows the booking's token; what either opens is decided by entry_to()."""

    # For the description of the API: nobody need be logged in.
    lets_strangers_in = True

    def has_permission(self, request: Request, view: APIView) -> bool:
        if user_of(request) is None and app_of(request) is None and not token_in(request):
            raise NotAuthenticated(_("Log in, or send the booking's token."))
        return True


@dataclass(frozen=True)
class Entry:
    """A booking that the asker may see, and how they came by it."""

    booking: Booking
    user: User | None
    is_diner: bool
    is_staff: bool
    by_token: bool
    app: PartnerApp | None = None

    @property
    def actor(self) -> Actor:
        """As whom the asker changes the booking: their own as its diner, even where they work."""
        if self.app is not None:
            return Actor.partner(self.app)
        if self.is_diner or self.user is None:
            return Actor.diner(self.user, Channel.API)
        return Actor.staff(self.user)

    def for_staff(self) -> Actor:
        """Return as whom staff act.

        :raises NotAllowed: when they may see the booking but not run the service
        :raises accounts.doors.SecondFactorRequired: when their role would, with a second factor
        """
        if self.app is not None and may(self.app, Ability.RUN_SERVICE, restaurant_id=self.booking.restaurant_id):
            return Actor.partner(self.app)
        where = self.booking.restaurant_id
        if self.user is None or not staff_may(self.user, Ability.RUN_SERVICE, restaurant_id=where):
            raise NotAllowed
        return Actor.staff(self.user)

    def for_people(self) -> Actor:
        """Return as whom the house's own people act: what they decide, no app decides for them.

        :raises NotAllowed: also to an app that may run the service
        :raises accounts.doors.SecondFactorRequired: as for_staff()
        """
        if self.app is not None:
            raise NotAllowed(_("Only the restaurant’s own people do this, not an app."))
        return self.for_staff()

    def for_desk(self) -> Actor:
        """Return as whom somebody acts at the house's desk, beyond the limits of online booking.

        :raises NotAllowed: also to an app that is not the house's own
        :raises accounts.doors.SecondFactorRequired: as for_staff()
        """
        if self.app is not None:
            refuse_at_the_desk(self.app)
        return self.for_staff()

    def for_change(self) -> Actor:
        """:raises NotAllowed: as for_staff(), unless it is their own"""
        return self.actor if self.is_diner else self.for_staff()


def refuse_at_the_desk(app: PartnerApp) -> None:
    """:raises NotAllowed: to an app of many restaurants: only a house's own stands at its desk, as a till does"""
    if app.restaurant_id is None:
        raise NotAllowed(_("Only staff of this restaurant, and its own app, book beyond the limits of online booking."))


def user_of(request: Request) -> User | None:
    return request.user if isinstance(request.user, User) else None


def app_of(request: Request) -> PartnerApp | None:
    return request.user if isinstance(request.user, PartnerApp) else None


def entry_to(request: Request, public_id: UUID, *, to_change: bool = False) -> Entry:
    """Return a booking to its diner, to staff who see it, to an app the house lets see it, to whoever holds its token.

    :param to_change: the row is enough; what the answer shows is read once the change is made
    :raises BookingNotFound: when it is not there or not theirs, which nobody can tell apart
    :raises accounts.doors.SecondFactorRequired: to staff of the house whose session has not shown theirs
    """
    user = user_of(request)
    find = selectors.booking_to_change if to_change else selectors.booking_by_public_id
    booking = find(public_id)
    if booking is None:
        raise errors.BookingNotFound
    app = app_of(request)
    if app is not None:
        if not may(app, Ability.SEE_BOOKINGS, restaurant_id=booking.restaurant_id):
            raise errors.BookingNotFound
        return Entry(booking, None, False, False, False, app)
    by_token = access.opens(token_in(request), public_id)
    is_own = user is not None and booking.diner_id == user.pk
    asks = may if by_token or is_own else staff_may
    is_staff = user is not None and asks(user, Ability.SEE_BOOKINGS, restaurant_id=booking.restaurant_id)
    if not (by_token or is_own or is_staff):
        raise errors.BookingNotFound
    return Entry(booking, user, is_own or by_token, is_staff, by_token)


def public_plan(public_id: UUID) -> ServicePlan:
    """Return the plan of a restaurant that somebody wants to book at.

    :raises InvalidInput: naming the field, when there is none such
    """
    key = key_of(public_id)
    plan = None if key is None else plan_of(key)
    if plan is None or plan.status not in PUBLIC_STATUSES:
        raise _no_such_restaurant()
    return plan


def public_day(public_id: UUID, starts_at: datetime) -> selectors.SeenDay:
    """Return the service day at which somebody wants to book, and the plan of the restaurant; read in one statement.

    :raises InvalidInput: as public_plan
    """
    key = key_of(public_id)
    seen = None if key is None else selectors.day_at(key, starts_at, now=timezone.now())
    if seen is None or seen.plan.status not in PUBLIC_STATUSES:
        raise _no_such_restaurant()
    return seen


def _no_such_restaurant() -> InvalidInput:
    return InvalidInput(errors={"restaurant": [_("We know no such restaurant.")]})


def table_ids_of(plan: ServicePlan, names: list[str]) -> list[int]:
    """Return the keys of tables that staff named.

    :raises UnknownTable: when the house has no such table
    """
    by_name = {name.casefold(): pk for pk, name in plan.table_names.items()}
    try:
        return [by_name[name.casefold()] for name in names]
    except KeyError as error:
        raise errors.UnknownTable from error
