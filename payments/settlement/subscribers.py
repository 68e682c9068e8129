"""What settlement does when it hears that guests have come."""

from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction

from payments.settlement.selectors import terms_of
from payments.settlement.services import commission
from payments.states import Kind
from payments.subjects import subject_of
from restaurants.models import Restaurant


def charge_for_guests(*, booking_id: UUID, at: datetime, restaurant_id: UUID | None = None, **_more: Any) -> None:
    """Take the fixed sum for each guest who came, where the house's terms know one."""
    if restaurant_id is None:
        return
    house = Restaurant.objects.filter(public_id=restaurant_id).values_list("pk", flat=True).first()
    if house is None or terms_of(house, at=at).per_guest_kobo == 0:
        return
    guests = subject_of(Kind.DEPOSIT).background(booking_id).party_size
    with transaction.atomic():
        commission.charge_for_guests(restaurant_id=house, booking_id=str(booking_id), guests=guests, at=at)
