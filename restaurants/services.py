"""Everything that can be done to a restaurant."""

from collections.abc import Iterable, Mapping
from dataclasses import asdict
from datetime import date, datetime, time, timedelta

from django.db import IntegrityError, transaction
from django.db.models import F
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from accounts.services import add_member
from accounts.states import Role
from core import audit
from core.errors import DomainError, InvalidInput
from core.outbox import publish
from core.text import search_form
from restaurants.events import ClaimApproved, ClaimRefused, ListingClaimed
from restaurants.floor_plan import Place, version_of
from restaurants.models import (
    Area,
    BookingPolicy,
    Dish,
    DishPrice,
    ListingClaim,
    OpeningHours,
    Restaurant,
    Shift,
    Table,
    TurnTime,
)
from restaurants.service_plan import DEFAULT_TURN_MINUTES
from restaurants.states import ClaimStatus, RestaurantStatus, TableShape, Weekday

# As the constraint of a table has it.
LARGEST_TABLE = 200


class NotClaimable(DomainError):
    code = "restaurant_not_claimable"
    message = _("This restaurant has an owner on Buka already.")


class AlreadyClaimed(DomainError):
    code = "restaurant_already_claimed"
    message = _("You have claimed this listing already. We will write to you when we have checked it.")


class ClaimDecided(DomainError):
    code = "restaurant_claim_decided"
    message = _("This claim has been decided already.")


class FloorPlanMovedOn(DomainError):
    """Somebody moved tables since the asker last saw the plan."""

    code = "floor_plan_version"
    message = _("Somebody else has moved tables meanwhile. Look at the plan again before you change it.")
    status = 412


# --- The plan and the search -------------------------------------------------------------------------------------


def raise_plan_version(*restaurant_ids: int) -> None:
    """Say that hours, tables, shifts, special days or policy of these restaurants have changed."""
    Restaurant.objects.filter(pk__in=restaurant_ids).update(plan_version=F("plan_version") + 1)


def arrange_tables(*, restaurant_id: int, places: Mapping[int, Place], seen_version: str, by: User) -> str:
    """Put tables in their places on the floor plan, all or none, and return the plan's new version.

    :param places: the tables that were moved, by their keys
    :raises FloorPlanMovedOn: when the plan is no longer of the version seen
    :raises core.errors.InvalidInput: for a table that is not the restaurant's, or no longer in use
    """
    with transaction.atomic():
        # One plan after the other: the house's own row is the lock.
        house = Restaurant.objects.select_for_update(of=("self",), no_key=True).get(pk=restaurant_id)
        tables = list(Table.objects.filter(restaurant_id=restaurant_id, is_active=True).order_by("pk"))
        if version_of(tables) != seen_version:
            raise FloorPlanMovedOn
        if places.keys() - {table.pk for table in tables}:
            raise InvalidInput(errors={"tables": [_("This restaurant has no such table.")]})
        for table in tables:
            for name, value in asdict(places[table.pk]).items() if table.pk in places else ():
                setattr(table, name, value)
        moved = [table for table in tables if table.pk in places]
        Table.objects.bulk_update(moved, ["x", "y", "width", "height", "shape", "rotation"])
        audit.record("floor_plan.arranged", actor=by, target=house, details={"tables": [table.name for table in moved]})
        return version_of(tables)


def add_table(
    *, restaurant_id: int, area_id: int, name: str, min_party: int, max_party: int, place: Place, by: User
) -> Table:
    """Put a new table on the floor plan and return it.

    :raises core.errors.InvalidInput: for a name that another table has, an area that is not the restaurant's, or party
        sizes that are no range
    """
    if not Area.objects.filter(pk=area_id, restaurant_id=restaurant_id).exists():
        raise InvalidInput(errors={"area": [_("This restaurant has no such area.")]})
    if not 1 <= min_party <= max_party <= LARGEST_TABLE:
        raise InvalidInput(errors={"max_party": [_("The largest party is at least as large as the smallest.")]})
    try:
        with transaction.atomic():
            table = Table.objects.create(
                restaurant_id=restaurant_id,
                area_id=area_id,
                name=name,
                min_party=min_party,
                max_party=max_party,
                **asdict(place),
            )
            audit.record("floor_plan.table_added", actor=by, target=table.restaurant, details={"table": name})
            return table
    except IntegrityError as clash:
        raise InvalidInput(errors={"name": [_("There is a table of this name already.")]}) from clash


def refresh_search_text(*restaurant_ids: int) -> None:
    """Write anew what a text search finds these restaurants by: name, place, cuisines, dishes."""
    restaurants = Restaurant.objects.filter(pk__in=restaurant_ids).select_related("city").prefetch_related("cuisines")
    dishes: dict[int, list[str]] = {}
    rows = Dish.objects.filter(section__menu__restaurant_id__in=restaurant_ids).values_list(
        "section__menu__restaurant_id", "name", "other_names"
    )
    for restaurant_id, name, other_names in rows:
        dishes.setdefault(restaurant_id, []).extend([name, *_texts(other_names)])
    changed = []
    for restaurant in restaurants:
        text = search_text_of(
            restaurant,
            cuisines=[cuisine.name for cuisine in restaurant.cuisines.all()],
            dishes=dishes.get(restaurant.pk, []),
        )
        if text != restaurant.search_text:
            restaurant.search_text = text
            changed.append(restaurant)
    Restaurant.objects.bulk_update(changed, ["search_text"], batch_size=500)


def search_text_of(restaurant: Restaurant, *, cuisines: Iterable[str], dishes: Iterable[str] = ()) -> str:
    """Return what a text search finds a restaurant by."""
    city = restaurant.city
    where = (restaurant.neighbourhood, restaurant.street, restaurant.landmark, city.name, city.state)
    words = (restaurant.name, *where, *cuisines, *dishes)
    return search_form(" ".join(word for word in words if word))[:8000]


def _texts(other_names: object) -> list[str]:
    return [str(name) for name in other_names.values()] if isinstance(other_names, dict) else []


# --- Listings and their owners -----------------------------------------------------------------------------------


def claim_listing(
    *,
    restaurant: Restaurant,
    claimant: User,
    job: str,
    phone: str,
    proof: str,
    opens: time,
    closes: time,
    tables_for_two: int = 0,
    tables_for_four: int = 0,
    tables_for_six: int = 0,
) -> ListingClaim:
    """Record that somebody says a listing is theirs; an administrator decides.

    :raises NotClaimable: when it is not an unverified listing
    :raises AlreadyClaimed: when this person's claim is waiting
    :raises core.errors.InvalidInput: without a single table
    """
    if restaurant.status != RestaurantStatus.LISTED:
        raise NotClaimable
    if tables_for_two + tables_for_four + tables_for_six < 1:
        raise InvalidInput(errors={"tables_for_two": [_("Tell us of at least one table.")]})
    try:
        with transaction.atomic():
            claim = ListingClaim.objects.create(
                restaurant=restaurant,
                claimant=claimant,
                job=job,
                phone=phone,
                proof=proof,
                opens=opens,
                closes=closes,
                tables_for_two=tables_for_two,
                tables_for_four=tables_for_four,
                tables_for_six=tables_for_six,
            )
            publish(ListingClaimed(claim_id=claim.pk))
            audit.record("claim.made", actor=claimant, target=claim)
            return claim
    except IntegrityError as clash:
        raise AlreadyClaimed from clash


@transaction.atomic
def approve_claim(*, claim: ListingClaim, by: User) -> Restaurant:
    """Make the listing a bookable restaurant with the claimant as its owner.

    It begins with what the claim told: hours, one dining room, its tables, one shift a day. The owner edits the rest,
    the phone too: the claimant's own number was given to us, not to every diner.

    :raises ClaimDecided: when it is no longer waiting
    :raises NotClaimable: when the listing has been given to somebody else meanwhile
    """
    claim = _locked_claim(claim)
    restaurant = Restaurant.objects.select_for_update().get(pk=claim.restaurant_id)
    if restaurant.status != RestaurantStatus.LISTED:
        raise NotClaimable
    _set_up(restaurant, claim)
    restaurant.status = RestaurantStatus.LIVE
    restaurant.email = restaurant.email or claim.claimant.email
    restaurant.save()
    add_member(user=claim.claimant, restaurant_id=restaurant.pk, role=Role.OWNER)
    _decide(claim, ClaimStatus.APPROVED, by)
    audit.record("claim.approved", actor=by, target=claim, on_behalf_of=claim.claimant)
    publish(ClaimApproved(claim_id=claim.pk))
    raise_plan_version(restaurant.pk)
    return restaurant


@transaction.atomic
def refuse_claim(*, claim: ListingClaim, by: User, reason: str) -> ListingClaim:
    """Turn a claim down; the listing stays as it was.

    :raises ClaimDecided: when it is no longer waiting
    """
    claim = _locked_claim(claim)
    claim.reason = reason[:300]
    _decide(claim, ClaimStatus.REFUSED, by)
    audit.record("claim.refused", actor=by, target=claim)
    publish(ClaimRefused(claim_id=claim.pk, reason=claim.reason))
    return claim


def _locked_claim(claim: ListingClaim) -> ListingClaim:
    claim = ListingClaim.objects.select_for_update(of=("self",)).select_related("claimant").get(pk=claim.pk)
    if claim.status != ClaimStatus.PENDING:
        raise ClaimDecided
    return claim


def _decide(claim: ListingClaim, status: ClaimStatus, by: User) -> None:
    claim.status = status
    claim.decided_by = by
    claim.decided_at = timezone.now()
    claim.save()


LAST_SEATING_BEFORE_CLOSING = timedelta(minutes=90)


def _set_up(restaurant: Restaurant, claim: ListingClaim) -> None:
    BookingPolicy.objects.get_or_create(restaurant=restaurant)
    room, _new = Area.objects.get_or_create(restaurant=restaurant, name="Dining room")
    number = 0
    for seats, count in ((2, claim.tables_for_two), (4, claim.tables_for_four), (6, claim.tables_for_six)):
        for _each in range(count):
            number += 1
            Table.objects.get_or_create(
                restaurant=restaurant,
                name=str(number),
                defaults={
                    "area": room,
                    "min_party": max(1, seats // 2),
                    "max_party": seats,
                    "shape": TableShape.SQUARE,
                    "x": float(number * 11 % 99),
                    "y": float(number * 11 // 99 * 12),
                },
            )
    for weekday in Weekday:
        OpeningHours.objects.get_or_create(
            restaurant=restaurant, weekday=weekday, opens=claim.opens, defaults={"closes": claim.closes}
        )
    shift, is_new = Shift.objects.get_or_create(
        restaurant=restaurant,
        name="All day",
        defaults={
            "weekdays": list(Weekday.values),
            "first_seating": claim.opens,
            "last_seating": last_seating(claim.opens, claim.closes),
        },
    )
    if is_new:
        TurnTime.objects.bulk_create(
            TurnTime(shift=shift, up_to_party=min(largest, 400), minutes=minutes)
            for largest, minutes in DEFAULT_TURN_MINUTES
        )


def last_seating(opens: time, closes: time) -> time:
    """Return the latest start, on the quarter hour, that leaves a party an hour and a half before closing."""
    day = datetime(2026, 1, 1, tzinfo=timezone.get_default_timezone())
    opening, closing = datetime.combine(day, opens), datetime.combine(day, closes)
    if closing <= opening:
        closing += timedelta(days=1)
    last = max(opening, closing - LAST_SEATING_BEFORE_CLOSING)
    quarters = int((last - opening) / timedelta(minutes=15))
    return (opening + timedelta(minutes=15 * quarters)).time()


def finish_dish(*, dish: Dish, is_finished: bool) -> Dish:
    """Say that a dish is finished for now, or back; it shows at once."""
    if dish.is_finished != is_finished:
        dish.is_finished = is_finished
        dish.save(update_fields=["is_finished"])
    return dish


def price_dish(*, dish: Dish, kobo: int, valid_from: date) -> DishPrice:
    """Let a dish cost something from a day on; what was sold before keeps its price."""
    price, _is_new = DishPrice.objects.update_or_create(dish=dish, valid_from=valid_from, defaults={"kobo": kobo})
    return price
