"""Tags that rules give and take: at once for the guest whose booking has moved, every night for everybody."""

from datetime import date, timedelta

from django.db import transaction
from django.db.models import Count, Q, QuerySet, Sum
from django.utils import timezone

from bookings import guest_book, selectors
from bookings.models import GuestTag, GuestTagging, HouseGuest
from bookings.states import Status, TagRule

DAYS_OF_A_MONTH = 30


def retag(guest: HouseGuest) -> None:
    """Give and take the tags of one guest by the rules of the house."""
    tags = GuestTag.objects.filter(restaurant_id=guest.restaurant_id).exclude(rule=TagRule.BY_HAND).order_by("pk")
    for tag in tags:
        apply(tag, guest=guest)


def retag_everybody() -> int:
    """Give and take the tags of all guests by all rules, and return how many tags have one."""
    tags = list(GuestTag.objects.exclude(rule=TagRule.BY_HAND).order_by("restaurant_id", "pk"))
    for tag in tags:
        apply(tag)
    return len(tags)


@transaction.atomic
def apply(tag: GuestTag, *, guest: HouseGuest | None = None) -> None:
    """Let exactly those wear a tag whom its rule means; of one guest only, when given."""
    house = HouseGuest.objects.filter(restaurant_id=tag.restaurant_id)
    worn = GuestTagging.objects.filter(tag=tag)
    if guest is not None:
        house, worn = house.filter(pk=guest.pk), worn.filter(guest=guest)
    wanted = _meant(tag, house)
    worn.exclude(guest_id__in=wanted).delete()
    missing = wanted - set(worn.values_list("guest_id", flat=True))
    GuestTagging.objects.bulk_create(
        [GuestTagging(guest_id=key, tag=tag) for key in sorted(missing)], ignore_conflicts=True
    )


def _meant(tag: GuestTag, house: QuerySet[HouseGuest]) -> set[int]:
    least = tag.least or 1
    if tag.rule == TagRule.BIRTHDAY:
        return _with_birthday_near(tag.restaurant_id, house, timedelta(days=least))
    column = {TagRule.VISITS: "visits", TagRule.NO_SHOWS: "no_shows", TagRule.SPEND: "spend_kobo"}[TagRule(tag.rule)]
    if tag.months is None:
        return set(house.filter(**{f"{column}__gte": least}).values_list("pk", flat=True))
    # Whoever has too few altogether has too few lately: most guests need no look at their bookings.
    house = house.filter(**{f"{column}__gte": least})
    since = timezone.now() - timedelta(days=tag.months * DAYS_OF_A_MONTH)
    lately = Q(bookings__starts_at__gte=since)
    if tag.rule == TagRule.SPEND:
        counted = house.annotate(lately=Sum("bookings__spend_kobo", filter=lately, default=0))
    else:
        status = Status.COMPLETED if tag.rule == TagRule.VISITS else Status.NO_SHOW
        counted = house.annotate(lately=Count("bookings", filter=lately & Q(bookings__status=status)))
    return set(counted.filter(lately__gte=least).order_by().values_list("pk", flat=True))


def _with_birthday_near(restaurant_id: int, house: QuerySet[HouseGuest], within: timedelta) -> set[int]:
    today: date = selectors.service_day_of(restaurant_id)
    rows = house.only("pk", "birthday").order_by("pk")
    return {row.pk for row in rows.iterator(chunk_size=500) if guest_book.is_near(row.birthday, today, within)}
