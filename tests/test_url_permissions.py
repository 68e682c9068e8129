"""Every address says who may come in: none is open because nobody thought of it."""

from typing import Any

import pytest
from django.test import Client
from rest_framework.views import APIView

from tests.populated import House, populated
from tests.walking import Address, addresses

# What a stranger may open, and why. Everything else must ask who is there, or not be there at all.
OPEN = {
    "localization:root": "leads to the start page in one's language",
    "localization:switch_language": "a cookie of one's own",
    "bookings:home": "the start page",
    "bookings:search": "anybody may look for a table",
    "bookings:restaurant": "anybody may look at a restaurant",
    "bookings:slots": "its free times",
    "bookings:widget": "the same, for the restaurant's own site",
    "machines:widget_script": "puts them there",
    "machines:calendar_feed": "the signature in the address opens it",
    "bookings:book": "one books without an account",
    "bookings:booking": "strangers with the link or the browser that booked; others: not there",
    "bookings:change": "the same",
    "bookings:cancel": "the same",
    "bookings:calendar": "the same",
    "bookings:take_back_allergies": "the same",
    "bookings:wait": "one waits without an account; limited",
    "bookings:standby": "strangers with the link or the browser that joined; others: not there",
    "bookings:standby_act": "the same",
    "bookings:stop_alert": "the same",
    "bookings:queue": "the same",
    "bookings:leave_queue": "the same",
    "bookings:events": "anybody may look what is on",
    "bookings:event": "the same",
    "bookings:order_tickets": "one buys without an account; limited",
    "bookings:ticket_order": "strangers with the link or the browser that bought; others: not there",
    "bookings:cancel_tickets": "the same",
    "bookings:order_calendar": "the same",
    "bookings:ticket": "strangers with the ticket's link or the browser that bought it; others: not there",
    "bookings:name_ticket": "the same",
    "bookings:pass_ticket_on": "the same",
    "bookings:give_ticket_back": "the same",
    "payments:pay": "whoever has the link pays; limited",
    "payments:back": "the same",
    "payments:subject": "strangers with the link or the browser that booked; others: not there",
    "payments:pay_all": "the same",
    "payments:share": "the same",
    "payments:receipt": "its payer, a token of what was paid for, who handles money there; others: not there",
    "payments:receipt_pdf": "the same",
    "payments:link_receipt": "whoever has the link reads what was paid with it; limited",
    "payments:link_receipt_pdf": "the same",
    "payments_api:paystack_webhook": "a signature over the body is the proof",
    "payments_api:flutterwave_webhook": "a secret of theirs is the proof; what it says is asked about",
    "machines:short": "the key in the address opens it",
    "bookings:reviews": "anybody may read what guests say",
    "bookings:review": "strangers with the link or the browser that booked; others: not there",
    "bookings:no_thanks": "the same",
    "bookings:find_booking": "the code and what its guest knows; limited",
    "restaurants:claim": "asks to log in by itself",
    "restaurant_assets:restaurant_art": "drawn from a name",
    "restaurant_assets:dish_art": "drawn from a name",
    "restaurant_assets:preview": "a public picture",
    "restaurant_assets:photo": "a public picture",
    "machines:robots": "for search engines",
    "machines:manifest": "for browsers",
    "machines:favicon": "for browsers",
    "machines:sitemap": "for search engines",
    "machines:sitemap_section": "for search engines",
    "core_api:errors": "documentation",
    "privacy:notice": "what the law wants told",
    "privacy:terms": "what the law wants told",
    "privacy:request": "a right of people without an account, too; limited",
    "privacy:request_sent": "says that it was sent, to whoever asks",
    "privacy:guest_archive": "the link's key opens it",
    "privacy:keep_account": "the link's key opens it",
    "invitations:invitation": "the link's token opens it",
    "invitations:accept": "leads back to the invitation, which asks to log in",
    "invitations:decline": "leads back to the invitation, which asks to log in",
    "account_login": "how one gets in",
    "account_request_login_code": "how one gets in",
    "account_confirm_login_code": "a step of getting in",
    "account_signup": "how one gets in",
    "account_email_verification_sent": "a step of getting in",
    "account_verify_phone": "a step of getting in",
    "account_inactive": "says that an account is closed, to whoever asks",
    "account_reset_password": "how one gets in again",
    "account_confirm_password_reset_code": "a step of getting in again",
    "account_complete_password_reset": "a step of getting in again",
    "account_password_reset_completed": "says that it is done, to whoever asks",
    "account_logout": "nobody is there to be logged out",
    "mfa_authenticate": "a step of getting in",
    "mfa_login_webauthn": "how one gets in",
    "socialaccount_login_cancelled": "how one gets in",
    "socialaccount_login_error": "how one gets in",
    "socialaccount_signup": "a step of getting in",
    "google_login": "how one gets in",
    "google_callback": "how one gets in",
    "facebook_login": "how one gets in",
    "facebook_callback": "how one gets in",
    "admin:login": "leads to the log-in",
    "admin:logout": "nobody is there to be logged out",
}
UNNAMED_AND_OPEN = {"/csp-reports": "browsers report here what a policy forbade; limited"}


def is_said_in_code(view: Any) -> bool:
    """Tell whether an API view, or what it is made of, names its permissions."""
    return any(
        "permission_classes" in each.__dict__ or "get_permissions" in each.__dict__
        for each in view.__mro__
        if not each.__module__.startswith("rest_framework")
    )


@pytest.mark.parametrize(
    "address", [each for each in addresses() if isinstance(each.view, type)], ids=lambda a: a.route
)
def test_every_view_of_the_api_names_its_permissions(address: Address) -> None:
    if issubclass(address.view, APIView):
        assert is_said_in_code(address.view), f"{address.view.__qualname__} says nothing of permission_classes."


@pytest.mark.django_db
class TestPages:
    @pytest.fixture
    def calm(self) -> House:
        return populated("calm")

    def test_ask_who_is_there_unless_they_are_meant_for_everybody(self, calm: House) -> None:
        stranger = Client(raise_request_exception=False)
        open_to_strangers = []
        for number, address in enumerate(addresses()):
            is_api = isinstance(address.view, type) and issubclass(address.view, APIView)
            if is_api or address.name in OPEN or address.route in UNNAMED_AND_OPEN:
                continue
            path = address.path(calm.values(address))
            for method in ("GET", "POST"):
                answer = stranger.generic(method, path, REMOTE_ADDR=f"10.1.{number // 250}.{number % 250}")
                if not asks_who_is_there(answer):
                    open_to_strangers.append(f"{method} {path} ({address.name}) → {answer.status_code}")

        assert open_to_strangers == [], "Close them, or say in OPEN why anybody may come in."

    def test_none_is_called_open_that_is_gone(self) -> None:
        assert set(OPEN) - {address.name for address in addresses()} == set()
        assert set(UNNAMED_AND_OPEN) - {address.route for address in addresses()} == set()


def asks_who_is_there(answer: Any) -> bool:
    if answer.status_code in (302, 303):
        return any(part in answer["Location"] for part in ("/log-in/", "/admin/login/"))
    return answer.status_code in (401, 403, 404, 405)
