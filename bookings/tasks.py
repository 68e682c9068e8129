"""Celery entry points of bookings."""

from datetime import date
from uuid import UUID

from celery import shared_task

from bookings import services
from bookings.services import Actor, guest_figures, guests, tagging


@shared_task(name="bookings.release_expired_holds")
def release_expired_holds() -> None:
    services.release_expired_holds()


@shared_task(name="bookings.expire_unanswered_requests")
def expire_unanswered_requests() -> None:
    services.expire_unanswered_requests()


@shared_task(name="bookings.send_reminders")
def send_reminders() -> None:
    services.send_due_reminders()


@shared_task(name="bookings.extend_series")
def extend_series() -> None:
    services.extend_series()


@shared_task(name="bookings.price_changed_rooms")
def price_changed_rooms() -> None:
    for restaurant_id in services.rooms_to_price():
        price_room.delay(restaurant_id)


@shared_task(name="bookings.price_all_rooms")
def price_all_rooms() -> None:
    for restaurant_id in services.rooms_to_price(all_of_them=True):
        price_room.delay(restaurant_id)


@shared_task(name="bookings.price_room")
def price_room(restaurant_id: int) -> None:
    services.price_room(restaurant_id=restaurant_id)


@shared_task(name="bookings.rearrange_services")
def rearrange_services() -> None:
    for restaurant_id, day, shift_name in services.services_to_rearrange():
        rearrange_service.delay(restaurant_id, day.isoformat(), shift_name)


@shared_task(name="bookings.rearrange_service")
def rearrange_service(restaurant_id: int, day: str, shift_name: str) -> None:
    services.rearrange_tables(
        restaurant_id=restaurant_id, day=date.fromisoformat(day), shift_name=shift_name, by=Actor.system()
    )


@shared_task(name="bookings.look_after_waiting")
def look_after_waiting() -> None:
    services.look_after_waiting()


@shared_task(name="bookings.look_after_queues")
def look_after_queues() -> None:
    services.look_after_queues()


@shared_task(name="bookings.release_unpaid_tickets")
def release_unpaid_tickets() -> None:
    services.release_unpaid_orders()


@shared_task(name="bookings.look_after_deposits")
def look_after_deposits() -> None:
    services.give_back_unpaid_dates()
    services.send_deposit_reminders()


@shared_task(name="bookings.charge_fee")
def charge_fee(fee_id: str) -> None:
    services.charge_fee(fee_id=UUID(fee_id))


@shared_task(name="bookings.look_after_fees")
def look_after_fees() -> None:
    """Charge the fees whose time has come, and let go of cards that guarantee nothing any more."""
    services.charge_due_fees()
    services.forget_cards()


@shared_task(name="bookings.send_event_reminders")
def send_event_reminders() -> None:
    services.send_event_reminders()


@shared_task(name="bookings.keep_guest_book")
def keep_guest_book() -> None:
    """Every night: enter who is missing, mend what does not agree, give and take tags by the day."""
    while guests.enter_bookings_without_guest():
        pass
    guest_figures.mend(key for key, _differs in guest_figures.out_of_step())
    tagging.retag_everybody()
